# SPDX-License-Identifier: Apache-2.0
"""Building blocks as `tf.Module`s; they know sizes, not tasks."""
