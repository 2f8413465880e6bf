# SPDX-License-Identifier: Apache-2.0
"""BioBERT on TensorFlow 2: text to features, features to predictions."""

import os

# TensorFlow reports a missing GPU as several errors, which alarms whoever has
# none. They are silenced only there, and only if the user chose no level. What it
# writes as it is loaded, before levels count, stays: that oneDNN is on, and that there
# are no CUDA drivers.
if not os.path.exists("/proc/driver/nvidia"):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
