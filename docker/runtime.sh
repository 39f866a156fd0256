#!/usr/bin/env bash
# Makes a bare debian:12-slim one that weir runs in: the packages of [runtime], and a home for its state that
# belongs to the user it runs as. It lies beside install_packages.sh and packages.txt, and takes all three away.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
readonly user=10001

"$here/install_packages.sh" runtime
install -d -m 700 -o "$user" -g "$user" /var/lib/weir
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log "$here"
