#!/usr/bin/env bash
# What is too slow for every change: clang-tidy, the compiler that ships under its own sanitizers, each public header by
# itself, a thousand reloads and 200,000 requests under load, the end-to-end tests against a sanitized binary, the simulator
# with sanitizers, and long fuzzing.
#   scripts/nightly.sh [SECONDS]              default: 600 for each fuzz target
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh build tests
echo "Compiling each public header by itself"
# shellcheck disable=SC2016  # expanded by the inner shell
find include -name '*.hpp' -print0 | xargs -0 -n 1 -P "$(nproc)" bash -c '
  for compiler in g++ clang++-14; do
    $compiler -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -Iinclude -include "$0" -x c++ /dev/null || exit 255
  done'

WEIR_TEST_RELOADS=1000 WEIR_TEST_SOAK=200000 scripts/test.sh
scripts/tidy.sh
scripts/fuzz.sh "${1:-600}"
binary=$(scripts/build.sh clang-asan weir pretend_providers encode)
tests=$(dirname "$binary")/tests
echo "The SDK against the sanitized binary"
(cd tests/e2e && WEIR_BINARY=$binary PRETEND_PROVIDERS_BINARY=$tests/pretend_providers ENCODE_BINARY=$tests/encode node --test)
WEIR_SLOW=1 scripts/sanitize.sh gcc-asan clang-asan clang-tsan
