# SPDX-License-Identifier: Apache-2.0
"""Tools that run before or after a model: converters and scorers."""
