#!/usr/bin/env bash
# Runs every fuzz target for so many seconds, from its checked-in corpus on. What it finds stands in build/fuzz/found;
# what it learns is kept in build/fuzz/learnt.
#   scripts/fuzz.sh [SECONDS [TARGET...]]     default: 60, all targets
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
wanted=("${@:2}")
scripts/build.sh clang-asan fuzzers >/dev/null

fuzz_one() {
  local binary=$1 seconds=$2 name seeds learnt log
  name=$(basename "$binary")
  seeds=tests/fuzz/$(basename "$(dirname "$binary")")/corpus
  learnt=build/fuzz/learnt/$name
  log=build/fuzz/$name.log
  mkdir -p "$learnt" build/fuzz/found
  if "$binary" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found/$name-" "$learnt" "$seeds" >"$log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs, nothing found"
  else
    echo "$name: FAILED"
    tail -n 60 "$log"
    return 1
  fi
}
export -f fuzz_one

if [ ${#wanted[@]} -eq 0 ]; then
  mapfile -t binaries < <(find build/clang-asan/tests/fuzz -name 'fuzz_*' -type f -executable | sort)
else
  binaries=("${wanted[@]/#/build/clang-asan/tests/fuzz/*/fuzz_}")
  # shellcheck disable=SC2206  # the pattern is meant to be expanded
  binaries=(${binaries[@]})
fi
[ ${#binaries[@]} -gt 0 ] || { echo "no fuzz target was built" >&2; exit 1; }
echo "Fuzzing ${#binaries[@]} targets for $seconds seconds each"
# shellcheck disable=SC2016  # expanded by the inner shell
printf '%s\0' "${binaries[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'fuzz_one "$1" "$0"' "$seconds"
