#!/usr/bin/env bash
# What is too slow for every change: clang-tidy, the compiler that ships under its own sanitizers, each public header by
# itself, a thousand reloads and 200,000 requests under load, the end-to-end tests against a sanitized binary, the simulator
# with sanitizers, and long fuzzing.
#   scripts/nightly.sh [SECONDS]              default: 600 for each fuzz target
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_packages.sh build tests

compile_headers() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  find include -name '*.hpp' -print0 | xargs -0 -n 1 -P "$(nproc)" bash -c '
    for compiler in g++ clang++-14; do
      $compiler -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -Iinclude -include "$0" -x c++ /dev/null || exit 255
    done'
}

test_sanitized_binary() (
  binary=$(scripts/build.sh clang-asan weir pretend_providers encode) || return
  tests=$(dirname "$binary")/tests
  cd tests/e2e || return
  WEIR_BINARY=$binary PRETEND_PROVIDERS_BINARY=$tests/pretend_providers ENCODE_BINARY=$tests/encode timeout 30m node --test
)

# What fails doesn't keep the rest of the night from telling what it knows.
failed=()
stage() {
  local name=$1
  shift
  echo "== $name, $(date +%H:%M)"
  "$@" || failed+=("$name")
}

stage "each public header by itself" compile_headers
stage "tests, 1,000 reloads, 200,000 requests" env WEIR_TEST_RELOADS=1000 WEIR_TEST_SOAK=200000 scripts/test.sh
stage "clang-tidy" scripts/tidy.sh
stage "fuzzers" scripts/fuzz.sh "${1:-600}"
stage "end-to-end tests against the sanitized binary" test_sanitized_binary
for preset in gcc-asan clang-asan clang-tsan; do
  stage "$preset, with the simulator" env WEIR_SLOW=1 scripts/sanitize.sh $preset
done

if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "The night is clean, $(date +%H:%M)"
