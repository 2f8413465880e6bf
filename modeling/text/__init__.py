# SPDX-License-Identifier: Apache-2.0
"""Strings to WordPieces to ids; no TensorFlow."""
