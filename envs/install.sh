#!/usr/bin/env bash
# Make a virtual environment with everything REX needs: install.sh PYTHON VENV REQUIREMENTS
set -euo pipefail
python=$1 venv=$2 requirements=$3
here=$(cd "$(dirname "$0")" && pwd)

"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
  echo "install.sh: $python is not Python 3.11; set PYTHON=/path/to/python3.11" >&2
  exit 2
}
# one without pip is left where making it was stopped, or where Debian's python3.11-venv was missing
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check)

echo "== packages (about 2 GB; one to four minutes)"
"${pip[@]}" install --progress-bar off -r "$requirements"

echo "== Detectron2"
if ! "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("detectron2") is None)'; then
  "$here/detectron2.sh" "$venv/bin/python"
fi

echo "== REX"
"${pip[@]}" install --quiet --no-deps --no-build-isolation -e "$here/.."
