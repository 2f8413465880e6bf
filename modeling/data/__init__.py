# SPDX-License-Identifier: Apache-2.0
"""Files to examples to features to `tf.data`."""
