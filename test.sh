#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up .venv for development, checks the style and runs the fast tests.
#
# Usage: ./test.sh [ARGUMENT_OF_PYTEST ...]
#
# For example ./test.sh tests/nn, ./test.sh -k attention, or ./test.sh -m slow; of
# two -m the last one counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

./set_up.sh requirements-dev.txt
readonly PYTHON=.venv/bin/python

echo "test.sh: ruff check"
"$PYTHON" -m ruff check .
echo "test.sh: ruff format --check"
"$PYTHON" -m ruff format --check .
echo "test.sh: pytest, without what is slow or needs Beam, a GPU or Horovod"
"$PYTHON" -m pytest --numprocesses=2 --dist=loadfile --timeout=300 \
  -m "not slow and not beam and not gpu and not horovod" "$@"
