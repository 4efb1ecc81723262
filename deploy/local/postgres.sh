#!/usr/bin/env bash
# The private PostgreSQL of this checkout: postgres.sh start | stop | restart | kill | wipe | status
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

prepare_local
DIR=$(servers_dir)/postgres
DATA=$DIR/data
SERVER_USER=$(server_user postgres)
BIN=$(find /usr/lib/postgresql -maxdepth 2 -name bin -type d 2>/dev/null | sort -V | tail -1)

become "$SERVER_USER"

postgres_as_user() { (cd / && "${AS[@]}" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "$@" 9>&-); }

create() {
  local staging=$DIR/data.new password
  password=$(secret postgres-superuser)
  rm -rf "$staging"
  mkdir -p "$DIR" && chmod 700 "$DIR"
  install -m 600 /dev/null "$DIR/password" && printf '%s' "$password" >"$DIR/password"
  if ((EUID == 0)); then chown -R "$SERVER_USER" "$DIR"; fi
  postgres_as_user "$BIN/initdb" -D "$staging" -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=reject \
    --auth-host=scram-sha-256 --pwfile="$DIR/password" --no-sync >"$LOGS/initdb.log" 2>&1 ||
    fail "initdb failed." "$(tail -5 "$LOGS/initdb.log")"
  rm -f "$DIR/password"
  echo "include_if_exists = '../crmsync.conf'" >>"$staging/postgresql.conf"
  mv "$staging" "$DATA"
}

# Durable as in production, with the memory that a busy server has.
configure() {
  cat >"$DIR/crmsync.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $PORT_POSTGRES
unix_socket_directories = ''
max_connections = 300
shared_buffers = 512MB
max_wal_size = 4GB
log_min_duration_statement = 5s
cluster_name = 'crmsync-$IDENTITY'
CONF
  chmod 644 "$DIR/crmsync.conf"
}

# The postmaster's id if it runs: by its own file, which is there from its first moment, and its own command line.
running() {
  local pid
  pid=$(head -1 "$DATA/postmaster.pid" 2>/dev/null) || return 1
  [[ $pid ]] && is_alive "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "-D $DATA" && printf '%s' "$pid"
}

# A server that was started before may still be recovering from a crash.
await_recovery() {
  local end=$((SECONDS + 300))
  load_ports || return
  until postgres_as_user "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PORT_POSTGRES"; do
    if ((SECONDS > end)); then
      fail "PostgreSQL runs, but takes no connections (log: $DIR/server.log)." "$(tail -5 "$DIR/server.log" 2>/dev/null)"
    fi
    sleep 0.2
  done
}

start() {
  if running >/dev/null; then
    await_recovery
    return
  fi
  [[ $BIN ]] || fail "PostgreSQL is not installed." "./dev up installs it."
  load_ports || choose_ports
  [[ -d $DATA ]] || create
  configure
  postgres_as_user "$BIN/pg_ctl" -D "$DATA" -l "$DIR/server.log" -w -t 300 start >"$LOGS/pg_ctl.log" 2>&1 ||
    fail "PostgreSQL does not start (log: $DIR/server.log)." "$(tail -5 "$DIR/server.log" 2>/dev/null)"
  prepare_databases
}

# A role and a database for working by hand, beside those that the demo and the tests make for themselves.
prepare_databases() {
  if [[ -f $DIR/prepared ]]; then return; fi
  printf '127.0.0.1:*:*:postgres:%s\n' "$(secret postgres-superuser)" >"$SECRETS/pgpass" && chmod 600 "$SECRETS/pgpass"
  "$HERE/psql.sh" -q postgres <<SQL
set log_statement = 'none';
select 'create role crmsync login' where not exists (select from pg_roles where rolname = 'crmsync') \gexec
alter role crmsync password '$(secret postgres-crmsync)';
select 'create database crmsync owner crmsync' where not exists (select from pg_database where datname = 'crmsync') \gexec
SQL
  touch "$DIR/prepared"
}

stop() {
  if running >/dev/null; then
    postgres_as_user "$BIN/pg_ctl" -D "$DATA" -m fast -w -t 30 stop >"$LOGS/pg_ctl.log" 2>&1 ||
      postgres_as_user "$BIN/pg_ctl" -D "$DATA" -m immediate -w -t 10 stop >>"$LOGS/pg_ctl.log" 2>&1 || kill_it
  fi
}

# As if the machine had lost its power: the server and all its backends at once.
kill_it() {
  local pid children
  if pid=$(running); then
    children=$(pgrep -P "$pid" || true)
    # shellcheck disable=SC2086 # a list of ids
    kill -KILL "$pid" $children 2>/dev/null || true
    while running >/dev/null; do sleep 0.05; done
    for child in $children; do while is_alive "$child"; do sleep 0.02; done; done
  fi
}

# Forgets everything it held; starts again if it ran.
wipe() {
  local ran=
  if running >/dev/null; then ran=1; fi
  stop
  rm -rf "$DIR"
  if [[ $ran ]]; then start; fi
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  kill) kill_it ;;
  wipe) wipe ;;
  status) running ;;
  *) fail "usage: postgres.sh start | stop | restart | kill | wipe | status" ;;
esac
