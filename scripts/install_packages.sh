#!/usr/bin/env bash
# Installs what is missing of the named sections of packages.txt. Says nothing where nothing is missing.
#   scripts/install_packages.sh build|tests|node|bench...
set -euo pipefail
list=$(dirname "$0")/packages.txt
[ $# -gt 0 ] || { echo "usage: $0 build|tests|node|bench..." >&2; exit 2; }

packages_of() {
  awk -v want="[$1]" '/^\[/ { inside = ($0 == want); next } inside && NF && !/^#/ { print $1 }' "$list"
}

if ! command -v apt-get >/dev/null; then
  echo "This is not Debian: taking it that the equivalents of scripts/packages.txt are installed." >&2
  exit 0
fi

missing=()
for section in "$@"; do
  packages=$(packages_of "$section")
  [ -n "$packages" ] || { echo "packages.txt has no section [$section]" >&2; exit 2; }
  for package in $packages; do
    status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    [ "${status:0:2}" = ii ] || missing+=("$package")
  done
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    echo "Please install as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi

echo "Installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# --no-remove: a package of yours that conflicts (libboost1.74-dev does) is yours to take away.
if ! { "${as_root[@]}" apt-get update -q &&
       "${as_root[@]}" apt-get install -q -y -o DPkg::Lock::Timeout=120 --no-remove --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  exit 1
fi
