#!/usr/bin/env bash
# Make a virtual environment with everything REX needs: install.sh VENV [PYTHON [check]]
# Without PYTHON, the first suitable interpreter of the PATH is taken. Run again, it goes on; an environment
# of another Python than PYTHON is refused, and with `check` that is all that is looked at.
set -euo pipefail
venv=$1 wanted=${2:-} check=${3:-}
here=$(cd "$(dirname "$0")" && pwd)

suitable() {
  command -v "$1" >/dev/null &&
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

python=
for candidate in ${wanted:-python3 python3.11 python3.12 python3.13}; do
  if suitable "$candidate"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "install.sh: ${wanted:-no python3 here} is not Python 3.11, 3.12 or 3.13; install one, or set PYTHON=/path/to/it" >&2
  exit 2
fi
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

there=$(version "$venv/bin/python") || there=
asked=$(version "$python")
if [ -n "$wanted" ] && [ -n "$there" ] && [ "$there" != "$asked" ]; then
  echo "install.sh: $venv has Python $there, and $wanted is $asked; set VENV to another folder" >&2
  exit 2
fi
[ -z "$check" ] || exit 0
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
  echo "install.sh: $python cannot make virtual environments; on Debian: apt install python3-venv" >&2
  exit 2
}
# an environment without pip is what an interrupted attempt leaves
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check)

echo "== packages for $("$venv/bin/python" --version)"
"${pip[@]}" install --quiet --progress-bar off --require-hashes -r "$here/requirements.lock"

echo "== Detectron2"
if ! "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("detectron2") is None)'; then
  "$here/detectron2.sh" "$venv/bin/python"
fi

echo "== REX"
# Snakemake finds its plugins on the path alone, which is what an editable install of this mode adds
"${pip[@]}" install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat \
  -e "$here/.."
