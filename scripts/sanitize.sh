#!/usr/bin/env bash
# All C++ tests under clang's address and undefined-behaviour sanitizers; those that touch threads and shared state
# under its thread sanitizer too. A report fails the test that caused it. With WEIR_SLOW=1 also those that take minutes.
#   scripts/sanitize.sh [PRESET...]           default: clang-asan clang-tsan
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- clang-asan clang-tsan

left_out=(-LE slow)
[ -z "${WEIR_SLOW:-}" ] || left_out=()
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
for preset in "$@"; do
  scripts/build.sh "$preset" cpp_tests >/dev/null
  echo "Testing build/$preset"
  ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure --no-tests=error --progress \
    "${left_out[@]}"
done
