# SPDX-License-Identifier: Apache-2.0
"""Makes TensorFlow's import shorter; programs import it before anything that needs it.

TensorFlow imports Keras's optimizers as it is imported itself, a fifth of its time,
unless `TF_USE_LEGACY_KERAS` names the package of Keras 2 in their place. Nothing here
uses either. It is left to programs, as others may want `tf.keras`: modules that they
import must not import this one.
"""

import gc
import os

VARIABLE = "TF_USE_LEGACY_KERAS"

os.environ.setdefault(VARIABLE, "1")

# Imports make many objects and hardly any garbage: all of them need not be looked
# through every time there are a quarter more.
gc.set_threshold(*gc.get_threshold()[:2], 100)
