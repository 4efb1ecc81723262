#!/usr/bin/env bash
# Both private servers of this checkout side by side: servers.sh start | stop | wipe | status
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  start)
    prepare_local
    # A server that runs keeps its port, and the other one its own beside it.
    if ! "$HERE/postgres.sh" status >/dev/null && ! "$HERE/rabbitmq.sh" status >/dev/null; then choose_ports; fi
    ;;
  stop | wipe) ;;
  status)
    "$HERE/postgres.sh" status >/dev/null && "$HERE/rabbitmq.sh" status >/dev/null
    exit
    ;;
  *) fail "usage: servers.sh start | stop | wipe | status" ;;
esac

"$HERE/postgres.sh" "$1" &
postgres=$!
"$HERE/rabbitmq.sh" "$1" &
rabbitmq=$!
status=0
wait "$postgres" || status=1
wait "$rabbitmq" || status=1
exit "$status"
