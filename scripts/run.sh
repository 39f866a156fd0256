#!/usr/bin/env bash
# Installs what is missing, builds weir and starts it: with your configuration or your provider keys where there are
# any, else the demo, which needs neither.
#   scripts/run.sh [COMMAND] [OPTION...]      for example: scripts/run.sh --listen 127.0.0.1:9000
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
binary=$("$here/build.sh" release)

# The places that `weir serve` looks at, in its order.
has_configuration() {
  local option
  for option in "$@"; do
    case $option in --config | --config=* | --env-file | --env-file=*) return 0 ;; esac
  done
  [ -n "${WEIR_CONFIG:-}" ] || [ -f weir.yaml ] || [ -f /etc/weir/weir.yaml ] ||
    [ -f "${XDG_CONFIG_HOME:-$HOME/.config}/weir/weir.yaml" ]
}

has_provider_key() {
  local variable
  for variable in $(sed -n 's/^key_variables: *\[\(.*\)\].*/\1/p' "$here"/../config/presets/*.yaml | tr ',' ' '); do
    [ -z "${!variable:-}" ] || return 0
    ! grep -qsE "^(export )?$variable=." .env || return 0
  done
  return 1
}

case ${1:-} in
  "" | --*)
    if has_configuration "$@" || has_provider_key; then
      command=serve
    else
      command=demo
      echo "No weir.yaml and no provider key found: starting the demo with pretend providers." >&2
    fi
    exec "$binary" "$command" "$@"
    ;;
  *) exec "$binary" "$@" ;;
esac
