#!/usr/bin/env bash
# Makes weir_VERSION_ARCH.deb and weir-VERSION-Linux.tar.gz, and prints where.
#   scripts/package.sh [FOLDER [TREE]]        default: build/packages; TREE is a built one, and nothing is built then
set -euo pipefail
folder=$(readlink -m "${1:-$(dirname "$0")/../build/packages}")
tree=${2:-}
[ -z "$tree" ] || tree=$(readlink -f "$tree")
cd "$(dirname "$0")/.."
if [ -z "$tree" ]; then
  tree=build/release
  scripts/build.sh release >/dev/null
  cmake --build "$tree" --target package_files -- --quiet >&2
fi

# dpkg-shlibdeps, which finds out what the binary depends on, comes with build-essential.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
cpack --config "$tree/CPackConfig.cmake" -B "$work" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
mkdir -p "$folder"
for package in "$work"/*.deb "$work"/*.tar.gz; do
  mv "$package" "$folder/"
  echo "$folder/$(basename "$package")"
done
