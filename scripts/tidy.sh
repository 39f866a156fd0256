#!/usr/bin/env bash
# Looks for mistakes with clang-tidy, in all sources or in those named.
#   scripts/tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh clang-asan weir >/dev/null
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(find src -name '*.cpp' | sort)
echo "Looking into ${#files[@]} files"
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/clang-asan --quiet 2> >(grep -v 'warnings generated' >&2 || true)
echo "Nothing found"
