# SPDX-License-Identifier: Apache-2.0
"""The one error for what a user can put right: a file, a flag, a checkpoint.

Everything in the project may import this file, and it imports nothing.
Mistakes in our own code stay ordinary exceptions and show their traceback.
"""


class InputError(ValueError):
    """Says what is needed, what was received, and in which file and line.

    Run scripts print the message alone and exit with status 2.
    """


class PeerLostError(Exception):
    """Says that another process of a run in several ended before its end.

    Run scripts print the message alone and exit with the status of a run that may
    be started again.
    """
