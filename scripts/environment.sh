#!/bin/sh
# Makes a virtual environment and installs pinned, hash-checked wheels into it.
# Also on a Python without ensurepip, as Debian ships it, as long as it has pip.
# A file NAME_source.txt names what exists as source alone: it is installed last, built by
# what the others brought.
# Usage: environment.sh PYTHON DIRECTORY REQUIREMENTS_FILE...
set -eu
python=$1
directory=$2
shift 2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Ostiary needs Python 3.11 or newer; '$python' is not." >&2
    echo "Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi

inside=$directory/bin/python
if ! "$inside" -c '' 2>/dev/null; then
    rm -rf "$directory"
    if "$python" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null; then
        "$python" -m venv "$directory"
    elif "$python" -c 'import pip, venv' 2>/dev/null; then
        "$python" -m venv --without-pip "$directory"
    else
        echo "'$python' can neither make an environment with pip nor lend its own:" >&2
        echo "install it (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
fi

if "$inside" -c 'import pip' 2>/dev/null; then
    pip="$inside -m pip"
else
    pip="$python -m pip --python $inside"
fi
wheels=
sources=
for file in "$@"; do
    case $file in
    *_source.txt) sources="$sources --requirement $file" ;;
    *) wheels="$wheels --requirement $file" ;;
    esac
done
export PIP_DISABLE_PIP_VERSION_CHECK=1
# shellcheck disable=SC2086 # both are lists of words
$pip install --quiet --require-hashes --only-binary :all: $wheels
if [ -n "$sources" ]; then
    # shellcheck disable=SC2086
    $pip install --quiet --require-hashes --no-build-isolation $sources
fi
