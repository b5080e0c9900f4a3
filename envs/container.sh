#!/usr/bin/env bash
# Set REX up in a bare Debian 12, as root: what envs/Dockerfile and envs/rex.def run. container.sh [VENV]
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends ca-certificates git procps python3 python3-venv
"$(dirname "$0")/install.sh" "${1:-/opt/rex-venv}"
