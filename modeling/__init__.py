# SPDX-License-Identifier: Apache-2.0
"""BioBERT on TensorFlow 2: text to features, features to predictions."""

import os

# TensorFlow reports a missing GPU as several errors, which alarms whoever has
# none. They are silenced only there, and only if the user chose no level.
if not os.path.exists("/proc/driver/nvidia"):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
