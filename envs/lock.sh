#!/usr/bin/env bash
# Write requirements.lock: exact versions and hashes of what pyproject.toml asks for, with what that
# needs, for Python 3.11 to 3.13. Versions that are locked stay; `lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet uv==0.13.9
"$venv/bin/uv" --quiet pip compile pyproject.toml --extra all --extra test --no-emit-package rex-vqa \
  --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
  --no-emit-find-links --custom-compile-command 'make lock' -o envs/requirements.lock "$@"
