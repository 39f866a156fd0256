#!/usr/bin/env bash
# weir beside nginx and HAProxy, in one run: see README.md here. Installs the peers where apt can.
#   bench/compare.sh [--rounds N] [--seconds S] [--only PART...] [--json FILE]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh build tests bench
scripts/build.sh release all >/dev/null
exec python3 bench/compare.py "$@"
