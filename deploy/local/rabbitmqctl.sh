#!/usr/bin/env bash
# rabbitmqctl against this checkout's private broker.
exec "$(dirname "${BASH_SOURCE[0]}")/rabbitmq.sh" ctl "$@"
