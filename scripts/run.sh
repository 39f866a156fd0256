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

# Whether serve would find a provider by the environment. Where something is wrong it is serve that says so.
has_provider() {
  local said
  said=$("$binary" check 2>/dev/null) || return 0
  case $said in *": fine, 0 providers"*) ;; *) return 0 ;; esac
  grep ': warning: ' <<<"$said" >&2 || true
  return 1
}

case ${1:-} in
  "" | --*)
    if has_configuration "$@" || has_provider; then
      command=serve
    else
      command=demo
      echo "No weir.yaml, and no provider key that can be used: starting the demo with pretend providers." >&2
    fi
    exec "$binary" "$command" "$@"
    ;;
  *) exec "$binary" "$@" ;;
esac
