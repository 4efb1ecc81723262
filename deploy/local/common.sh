# Sourced by every script of this folder: where things are, how they talk, how they end.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
HERE=$ROOT/deploy/local
LOCAL=$ROOT/.local
SECRETS=$LOCAL/secrets
RUN=$LOCAL/run
LOGS=$LOCAL/log
IDENTITY=$(printf '%s' "$ROOT" | sha256sum | cut -c1-10) # tells one checkout from another on the same machine
export ROOT HERE

# ---------------------------------------------------------------- output

if [[ -t 1 ]]; then TERMINAL=1; else TERMINAL=; fi
BOLD='' DIM='' RED='' GREEN='' PLAIN=''
if [[ $TERMINAL && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
fi
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
  *UTF-8* | *utf8*) TICK='✓' CROSS='✗' ;;
  *) TICK='ok' CROSS='!!' ;;
esac

say() { printf '%s\n' "$*"; }
title() { printf '%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '  %s%s%s\n' "$DIM" "$*" "$PLAIN"; }
clear_line() { if [[ $TERMINAL ]]; then printf '\r\e[K'; fi; }

# One finished step: what, what came of it, and how long it took.
ok() {
  clear_line
  printf '  %s%s%s %-22s %s%s\n' "$GREEN" "$TICK" "$PLAIN" "$1" "${2:-}" "${3:+  $DIM$3$PLAIN}"
}

# What happened, and what to do about it.
fail() {
  clear_line >&2
  printf '  %s%s%s %s\n' "$RED" "$CROSS" "$PLAIN" "$1" >&2
  shift
  if (($#)); then printf '    %s\n' "$@" >&2; fi
  exit 1
}

duration() {
  local s=$1
  if ((s >= 60)); then printf '%dm%02ds' $((s / 60)) $((s % 60)); else printf '%d s' "$s"; fi
}

thousands() { printf "%s" "$1" | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta'; }

# ---------------------------------------------------------------- state of this checkout

# The folders of this checkout's state. State that was copied along with another checkout is not ours to use.
prepare_local() {
  mkdir -p "$LOCAL" "$SECRETS" "$RUN" "$LOGS"
  chmod 711 "$LOCAL" # the servers' users pass through it; they cannot list it
  chmod 700 "$SECRETS"
  if [[ $(cat "$LOCAL/checkout" 2>/dev/null) != "$ROOT" ]]; then
    rm -rf "$RUN" "$LOCAL/ports" "$LOCAL/servers"
    mkdir -p "$RUN"
    printf '%s' "$ROOT" >"$LOCAL/checkout"
  fi
}

# A random password in a file of its own, made once.
secret() {
  local file=$SECRETS/$1
  if [[ ! -s $file ]]; then
    (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
  fi
  cat "$file"
}

# One command at a time in a checkout, since they share its servers.
take_turn() {
  exec 9>>"$LOCAL/lock"
  if ! flock -n 9; then
    fail "'./dev $(cat "$LOCAL/lock.owner" 2>/dev/null || echo '…')' is already running in this folder." \
      "Wait for it or end it. Another clone of the repository can work at the same time."
  fi
  printf '%s' "$1 (process $$)" >"$LOCAL/lock.owner"
}

# ---------------------------------------------------------------- users

# PostgreSQL refuses to run as root, and RabbitMQ should not: as root, each server gets its package's user.
server_user() {
  if ((EUID != 0)); then
    id -un
  elif id -u "$1" >/dev/null 2>&1; then
    printf '%s' "$1"
  else
    printf 'nobody'
  fi
}

# become USER: sets AS to the words before a command that make it run as USER, in the same process.
become() {
  AS=()
  if ((EUID == 0)); then
    AS=(setpriv "--reuid=$1" "--regid=$(id -g "$1")" --init-groups --inh-caps=-all)
  fi
}

# Where the servers keep their data: below .local where their users can get there, else in a folder of our own
# under /var/tmp that carries this checkout's identity (a checkout under /root, say, is closed to every other user).
servers_dir() {
  local dir=$LOCAL/servers user reachable=1
  [[ $dir =~ ^[A-Za-z0-9/._-]+$ ]] || reachable= # RabbitMQ's scripts do not quote their paths
  for user in postgres rabbitmq; do
    become "$(server_user $user)"
    (cd / && "${AS[@]}" test -x "$LOCAL") || reachable=
  done
  if [[ ! $reachable ]]; then dir=/var/tmp/crmsync-$EUID-$IDENTITY; fi
  mkdir -m 711 "$dir" 2>/dev/null || true
  if [[ -L $dir || ! -d $dir || ! -O $dir ]]; then
    fail "$dir exists and belongs to somebody else." "Remove it, or use a checkout that other users can reach."
  fi
  printf '%s' "$dir"
}

# ---------------------------------------------------------------- ports

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

block_is_free() {
  local port
  for ((port = $1; port < $1 + 16; port++)); do port_is_free "$port" || return 1; done
}

# Sixteen ports in a row, below the ones that outgoing connections use; the same ones each time as long as they are
# free. Sets PORT_POSTGRES, PORT_AMQP, …
load_ports() {
  PORT_BASE=$(cat "$LOCAL/ports" 2>/dev/null) || PORT_BASE=
  [[ $PORT_BASE =~ ^[0-9]+$ ]] || return 1
  PORT_POSTGRES=$PORT_BASE PORT_AMQP=$((PORT_BASE + 1)) PORT_DISTRIBUTION=$((PORT_BASE + 2))
  PORT_EPMD=$((PORT_BASE + 3)) PORT_MANAGEMENT=$((PORT_BASE + 4)) PORT_PROMETHEUS=$((PORT_BASE + 5))
  PORT_VEEVA=$((PORT_BASE + 6)) PORT_OPERATIONS=$((PORT_BASE + 7))
  export PORT_POSTGRES PORT_AMQP PORT_DISTRIBUTION PORT_EPMD PORT_MANAGEMENT PORT_PROMETHEUS PORT_VEEVA
  export PORT_OPERATIONS
}

choose_ports() {
  local attempt base
  if load_ports && block_is_free "$PORT_BASE"; then return; fi
  base=$((20000 + (16#${IDENTITY:0:6} % 780) * 16))
  for ((attempt = 0; attempt < 50; attempt++)); do
    if block_is_free "$base"; then
      printf '%s' "$base" >"$LOCAL/ports"
      load_ports
      return
    fi
    base=$((20000 + (RANDOM % 780) * 16))
  done
  fail "No sixteen free ports in a row between 20000 and 32480 on 127.0.0.1."
}

# ---------------------------------------------------------------- processes

# When a process was started, in clock ticks: with the id it names a process for good.
started_at() { { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null || true; } | cut -d' ' -f20; }

record_process() { printf '%s %s' "$2" "$(started_at "$2")" >"$RUN/$1.pid"; }

# The id of a recorded process if it still runs, else failure.
process_of() {
  local pid ticks
  read -r pid ticks 2>/dev/null <"$RUN/$1.pid" || [[ ${pid:-} ]] || return 1
  [[ ${ticks:-} && $(started_at "$pid") == "$ticks" ]] && is_alive "$pid" || return 1
  printf '%s' "$pid"
}

# Neither gone nor a zombie that nobody has collected yet.
is_alive() {
  local state
  state=$({ sed 's/.*) //' "/proc/$1/stat" 2>/dev/null || true; } | cut -d' ' -f1)
  [[ $state && $state != [ZX] ]]
}

# launch NAME LOG COMMAND…: a process in a session of its own, with nothing of this terminal but its log.
launch() {
  local name=$1 log=$2
  shift 2
  setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
  record_process "$name" $!
  disown $!
}

# end NAME SECONDS: asks a recorded process to end, with all it started; insists when it takes too long.
end() {
  local name=$1 patience=$2 pid deadline
  if pid=$(process_of "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    deadline=$((SECONDS + patience))
    while process_of "$name" >/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
    while process_of "$name" >/dev/null; do sleep 0.05; done
  fi
  rm -f "$RUN/$name.pid"
}

# wait_until SECONDS PROCESS COMMAND…: until COMMAND succeeds, as long as PROCESS lives.
wait_until() {
  local deadline=$((SECONDS + $1)) process=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    process_of "$process" >/dev/null || return 1
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}
