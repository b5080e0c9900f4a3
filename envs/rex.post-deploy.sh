#!/usr/bin/env bash
# Snakemake runs this inside the conda environment it has just made from rex.yaml.
set -euo pipefail
envs=$(cd "${SNAKEMAKE_WORKFLOW_DIR:-$PWD}" && pwd)/envs
"$CONDA_PREFIX/bin/python" -m pip install --require-hashes -r "$envs/requirements.lock"
"$envs/detectron2.sh" "$CONDA_PREFIX/bin/python"
"$CONDA_PREFIX/bin/python" -m pip install --no-deps --no-build-isolation -e "$envs/.."
