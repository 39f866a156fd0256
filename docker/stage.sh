#!/usr/bin/env bash
# Lays out what the container's image has beyond its packages: the binary, its licence, its configuration's folder.
#   docker/stage.sh FOLDER [BINARY]           without BINARY it is built
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: $0 FOLDER [BINARY]" >&2; exit 2; }
folder=$(readlink -m "$1")
binary=${2:-}
cd "$(dirname "$0")/.."
[ -n "$binary" ] || binary=$(scripts/build.sh release)

install -d "$folder/usr/bin" "$folder/usr/share/doc/weir" "$folder/etc/weir"
install -m 755 "$binary" "$folder/usr/bin/weir"
strip --strip-unneeded "$folder/usr/bin/weir"
install -m 644 LICENSE "$folder/usr/share/doc/weir/copyright"
install -m 644 config/weir.example.yaml "$folder/usr/share/doc/weir/"
