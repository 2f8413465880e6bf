# SPDX-License-Identifier: Apache-2.0
"""Schedule, optimizer, checkpoints and loops; they know no task."""
