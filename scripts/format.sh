#!/usr/bin/env bash
# Formats all C++ as .clang-format has it; with --check only says what differs.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh tests
mode=(-i)
[ "${1:-}" != --check ] || mode=(--dry-run -Werror)
find src include tests bench \( -name '*.cpp' -o -name '*.hpp' \) -not -path '*/node_modules/*' -print0 |
  xargs -0 clang-format-14 "${mode[@]}"
