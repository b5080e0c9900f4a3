#!/usr/bin/env bash
# Install Detectron2's Python code into the environment of the interpreter given: detectron2.sh PYTHON
# The wheel is tagged for Python 3.10, though it is pure Python: hence --python-version and --target.
# A build from Detectron2's own source (with its compiled operators) serves as well: where one is
# installed, this script is not needed.
set -euo pipefail
python=$1
here=$(cd "$(dirname "$0")" && pwd)
site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
"$python" -m pip --disable-pip-version-check install --progress-bar off --no-deps \
  --only-binary=:all: --implementation cp --python-version 3.10 \
  --target "$site" --require-hashes -r "$here/detectron2.txt"
