# SPDX-License-Identifier: Apache-2.0
"""Pages that show what a run did; need neither TensorFlow nor a plotting library."""
