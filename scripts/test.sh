#!/usr/bin/env bash
# Installs what the tests need, builds weir as it ships and runs everything: lints, C++ tests, and the official
# SDKs against the binary.
#   scripts/test.sh [CTEST OPTION...]         for example: scripts/test.sh -R Ledger
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh build tests
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then scripts/install_packages.sh node; fi
sdk=tests/e2e
if [ ! -f $sdk/node_modules/.package-lock.json ] || [ $sdk/package-lock.json -nt $sdk/node_modules/.package-lock.json ]; then
  echo "Installing the SDKs into $sdk/node_modules"
  npm ci --prefix $sdk --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null
  touch $sdk/node_modules/.package-lock.json
fi

scripts/build.sh release all >/dev/null
echo "Testing build/release"
ctest --test-dir build/release -j "$(nproc)" --output-on-failure --no-tests=error --progress "$@"
