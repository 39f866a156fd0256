#!/usr/bin/env bash
# The unit is one that systemd takes without a word, and exposes no more than kMost tenths of a point, as
# systemd-analyze counts (100 is all there is). Skipped, with a message, where systemd-analyze isn't there.
#   tests/contrib/systemd_unit_test.sh contrib/systemd/weir.service
set -euo pipefail
unit=$1
kMost=15

if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: systemd-analyze is not installed (package systemd)"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The binary is installed later; anything that can be executed does for looking.
sed "s|^ExecStart=[a-z/]*/weir |ExecStart=/bin/true |" "$unit" >"$folder/weir.service"

said=$(systemd-analyze verify --man=no --recursive-errors=no "$folder/weir.service" 2>&1) ||
  { echo "$said"; exit 1; }
if grep -q 'weir\.service' <<<"$said"; then
  echo "$said"
  exit 1
fi
systemd-analyze security --offline=true --threshold="$kMost" --no-pager "$folder/weir.service" >"$folder/report" ||
  { cat "$folder/report"; exit 1; }
tail -n 1 "$folder/report"
