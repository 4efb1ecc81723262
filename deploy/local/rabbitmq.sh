#!/usr/bin/env bash
# The private RabbitMQ of this checkout: rabbitmq.sh start | stop | restart | kill | wipe | ctl … | status
#   wipe      stops it, forgets everything it held, and starts it again if it ran
#   ctl …     rabbitmqctl with these arguments against this node
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

prepare_local
DIR=$(servers_dir)/rabbitmq
SERVER_USER=$(server_user rabbitmq)
BIN=/usr/lib/rabbitmq/bin # not /usr/sbin: those wrappers change users and are for the system's own node

become "$SERVER_USER"

# Sets NODE to the words before a command that give it the node's user and whole environment. Distribution and epmd stay
# on loopback; each checkout has an epmd of its own, so that several can run at once.
describe_node() {
  load_ports || return 1
  NODE=("${AS[@]}" env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "HOME=$DIR"
    "RABBITMQ_NODENAME=crmsync-$IDENTITY@localhost"
    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 "RABBITMQ_NODE_PORT=$PORT_AMQP" "RABBITMQ_DIST_PORT=$PORT_DISTRIBUTION"
    "ERL_EPMD_PORT=$PORT_EPMD" ERL_EPMD_ADDRESS=127.0.0.1
    "RABBITMQ_MNESIA_BASE=$DIR/mnesia" "RABBITMQ_LOG_BASE=$DIR/log" RABBITMQ_CONF_ENV_FILE=/dev/null
    "RABBITMQ_CONFIG_FILE=$DIR/rabbitmq.conf" "RABBITMQ_ADVANCED_CONFIG_FILE=$DIR/advanced.config"
    "RABBITMQ_ENABLED_PLUGINS_FILE=$DIR/enabled_plugins" "RABBITMQ_PID_FILE=$DIR/node.pid"
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} $IDLE_QUIETLY"
    RUNNING_UNDER_SYSTEMD=true)
}
IDLE_QUIETLY="+sbwt none +sbwtdcpu none +sbwtdio none" # no spinning: the processors belong to the work

configure() {
  mkdir -p "$DIR"
  chmod 700 "$DIR"
  cat >"$DIR/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$PORT_AMQP
management.tcp.ip = 127.0.0.1
management.tcp.port = $PORT_MANAGEMENT
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $PORT_PROMETHEUS
load_definitions = $DIR/definitions.json
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 500MB
log.console = false
CONF
  echo '[rabbitmq_management,rabbitmq_prometheus].' >"$DIR/enabled_plugins"
  echo '[].' >"$DIR/advanced.config"
  # One virtual host for working by hand and one for each command that must start clean. They are loaded at every boot,
  # so a wiped broker has them again.
  secret rabbitmq >/dev/null
  (umask 077 && "$ROOT/deploy/rabbitmq/definitions.sh" crmsync "$SECRETS/rabbitmq" crmsync demo test bench \
    >"$DIR/definitions.json")
  if [[ ! -s $DIR/.erlang.cookie ]]; then secret erlang-cookie >"$DIR/.erlang.cookie"; fi
  chmod 400 "$DIR/.erlang.cookie"
  (umask 077 && printf 'user = "crmsync:%s"\n' "$(secret rabbitmq)" >"$SECRETS/rabbitmq.curlrc")
  if ((EUID == 0)); then chown -R "$SERVER_USER" "$DIR"; fi
}

# The management API answers, with our user and virtual hosts, only after all else has started.
is_ready() {
  curl -sf -m 5 -o /dev/null -K "$SECRETS/rabbitmq.curlrc" "http://127.0.0.1:$PORT_MANAGEMENT/api/vhosts/crmsync" &&
    ! port_is_free "$PORT_AMQP"
}

start() {
  if process_of rabbitmq >/dev/null; then return; fi
  [[ -x $BIN/rabbitmq-server ]] || fail "RabbitMQ is not installed." "./dev up installs it."
  load_ports || choose_ports
  configure
  describe_node
  cd /
  if ! process_of epmd >/dev/null; then
    launch epmd "$LOGS/epmd.log" "${NODE[@]}" epmd -port "$PORT_EPMD" -address 127.0.0.1
  fi
  : >"$LOGS/rabbitmq.log"
  launch rabbitmq "$LOGS/rabbitmq.log" "${NODE[@]}" "$BIN/rabbitmq-server"
  if ! wait_until 120 rabbitmq is_ready; then
    stop
    fail "RabbitMQ does not start (logs: $LOGS/rabbitmq.log, $DIR/log)." "$(tail -5 "$LOGS/rabbitmq.log")"
  fi
}

stop() {
  end rabbitmq 30
  end epmd 2
}

kill_it() {
  local pid
  if pid=$(process_of rabbitmq); then
    kill -KILL "$pid"
    end rabbitmq 0
  fi
}

wipe() {
  local ran=
  if process_of rabbitmq >/dev/null; then ran=1; fi
  kill_it
  rm -rf "$DIR/mnesia"
  if [[ $ran ]]; then start; fi
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  kill) kill_it ;;
  wipe) wipe ;;
  status) process_of rabbitmq ;;
  ctl)
    shift
    describe_node || fail "This checkout's servers have not been started." "./dev up starts them."
    cd / && exec "${NODE[@]}" "$BIN/rabbitmqctl" "$@"
    ;;
  *) fail "usage: rabbitmq.sh start | stop | restart | kill | wipe | ctl … | status" ;;
esac
