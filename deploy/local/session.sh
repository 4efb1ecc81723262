# Sourced by ./dev: one command from start to end. Whatever it starts ends with it, however it ends.
# shellcheck shell=bash source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

STEP=        # the process group of the step under way
OWNS_SERVERS= # whether this command started the servers, and so stops them
ROLES=()

begin() {
  prepare_local
  take_turn "$1"
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

# The trap of every exit. The terminal may be gone by now, so nothing here depends on printing.
finish() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  set +e
  clear_line 2>/dev/null
  if [[ $STEP ]]; then
    kill -TERM -- "-$STEP" 2>/dev/null
    for _ in {1..50}; do is_alive "$STEP" && sleep 0.1; done
    kill -KILL -- "-$STEP" 2>/dev/null
  fi
  end_roles
  if [[ $OWNS_SERVERS ]]; then stop_servers 2>/dev/null; fi
  if ((status > 128)); then note "interrupted; everything it started has ended" 2>/dev/null; fi
  exit "$status"
}

# ---------------------------------------------------------------- steps

# foreground COMMAND…: with this terminal's output; ends with this command even where it ignores Ctrl-C.
foreground() {
  local status=0
  setsid "$@" </dev/null 9>&- &
  STEP=$!
  wait "$STEP" || status=$?
  kill -TERM -- "-$STEP" 2>/dev/null || true
  STEP=
  return "$status"
}

# quietly LABEL LOG COMMAND…: with its output in LOG and its last line shown while it runs.
quietly() {
  local label=$1 log=$2 begin=$SECONDS shown=$SECONDS line status=0
  shift 2
  setsid "$@" >"$log" 2>&1 </dev/null 9>&- &
  STEP=$!
  while is_alive "$STEP"; do
    sleep 0.2
    if [[ $TERMINAL ]]; then
      line=$(tail -c 400 "$log" | tr '\r' '\n' | awk 'NF { last = $0 } END { print last }' | cut -c1-$((${COLUMNS:-80} - 40)))
      printf '\r\e[K  %s· %-22s %5s  %s%s' "$DIM" "$label" "$(duration $((SECONDS - begin)))" "$line" "$PLAIN"
    elif ((SECONDS - shown >= 60)); then
      shown=$SECONDS
      note "$label: $(duration $((SECONDS - begin))), $(tail -1 "$log" | cut -c1-100)"
    fi
  done
  wait "$STEP" || status=$?
  STEP=
  clear_line
  ELAPSED=$(duration $((SECONDS - begin)))
  if ((status != 0)); then
    grep -aE 'error:' "$log" | sort -u | head -20 >&2 || true
    tail -n 15 "$log" >&2
    fail "$label failed after $ELAPSED." "The whole log: ${log#"$ROOT/"}"
  fi
}

# ---------------------------------------------------------------- packages

PACKAGES=(rabbitmq-server postgresql postgresql-client librabbitmq-dev libcurl4-openssl-dev libpq-dev zlib1g-dev
  pkg-config python3-venv curl ca-certificates procps)

ensure_packages() {
  local missing=() name
  for name in "${PACKAGES[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  if ! ((${#missing[@]})); then
    ok "Debian packages" "all present"
  elif ! command -v apt-get >/dev/null; then
    fail "This machine has no apt-get, and these Debian packages are missing: ${missing[*]}."
  elif ((EUID != 0)); then
    fail "Debian packages are missing, and only root can install them:" \
      "sudo RUNLEVEL=1 apt-get install --no-install-recommends ${missing[*]}"
  else
    quietly "Debian packages" "$LOGS/apt.log" "$HERE/install-packages.sh" "${missing[@]}"
    ok "Debian packages" "installed ${missing[*]}" "$ELAPSED"
  fi
}

ensure_swift() {
  command -v swift >/dev/null ||
    fail "Swift 6.3 or later is needed to build, and there is no 'swift' in the PATH." "https://www.swift.org/install"
}

# ---------------------------------------------------------------- servers

# Uses the servers that `./dev up` left running, or starts them for this command alone.
start_servers() {
  local begin=$SECONDS how=running
  if [[ ! -f $RUN/up ]]; then
    stop_leftovers
    OWNS_SERVERS=1
  fi
  if ! "$HERE/servers.sh" status >/dev/null; then
    how=started
    quietly "servers" "$LOGS/servers.log" "$HERE/servers.sh" start
  fi
  load_ports
  ok "servers" "PostgreSQL 127.0.0.1:$PORT_POSTGRES, RabbitMQ 127.0.0.1:$PORT_AMQP ($how)" \
    "$(duration $((SECONDS - begin)))"
}

stop_servers() {
  rm -f "$RUN/up"
  "$HERE/servers.sh" stop
}

# What a command that was killed outright could not end.
stop_leftovers() {
  local file
  for file in "$RUN"/role-*.pid; do
    if [[ -e $file ]]; then end "$(basename "$file" .pid)" 5; fi
  done
  stop_servers
}

# broker METHOD PATH [JSON]: the management API, with the password from a file.
broker() {
  curl -sf -m 30 -o /dev/null -K "$SECRETS/rabbitmq.curlrc" -X "$1" -H 'Content-Type: application/json' \
    ${3:+-d "$3"} "http://127.0.0.1:$PORT_MANAGEMENT/api/$2"
}

# An empty database and an empty virtual host of this name.
fresh_stores() {
  "$HERE/psql.sh" -q postgres <<SQL
set client_min_messages = warning;
drop database if exists "$1" with (force);
create database "$1" owner crmsync;
SQL
  broker DELETE "vhosts/$1" || true
  broker PUT "vhosts/$1"
  broker PUT "permissions/$1/crmsync" '{"configure": ".*", "write": ".*", "read": ".*"}'
}

# ---------------------------------------------------------------- our own processes

# role NAME LOG COMMAND…: a process of the cluster, ended with this command.
role() {
  local name=$1 log=$2
  shift 2
  ROLES+=("$name")
  launch "role-$name" "$log" "$@"
}

# All at once, since each may use its whole grace.
end_roles() {
  local name
  for name in "${ROLES[@]}"; do end "role-$name" 20 & done
  wait
  ROLES=()
}

# ---------------------------------------------------------------- build

# build CONFIGURATION LABEL ARGUMENT…: a release is built as the container image's is. CRMSYNC_BINARY names one that
# is built already.
build() {
  local configuration=$1 label=$2
  shift 2
  if [[ -x ${CRMSYNC_BINARY:-} ]]; then
    export BINARY=$CRMSYNC_BINARY
    ok "$label" "skipped: $BINARY"
    return
  fi
  ensure_swift
  if [[ $configuration == release ]]; then set -- "$@" --static-swift-stdlib; fi
  quietly "$label" "$LOGS/build.log" swift build --package-path "$ROOT" -c "$configuration" "$@"
  BINARY=$(swift build --package-path "$ROOT" -c "$configuration" --show-bin-path)/crmsync
  export BINARY
  ok "$label" "${BINARY#"$ROOT/"}" "$ELAPSED"
}

# venv NAME REQUIREMENT…: a Python environment below .local with these packages; VENV is its folder.
venv() {
  VENV=$LOCAL/$1
  shift
  local wanted="$*"
  if [[ $(cat "$VENV/complete" 2>/dev/null) != "$wanted" ]]; then
    rm -rf "$VENV"
    # shellcheck disable=SC2016 # expanded by the inner shell
    quietly "Python environment" "$LOGS/venv.log" bash -euc '
      /usr/bin/python3 -m venv "$0" && "$0/bin/pip" install --disable-pip-version-check --no-input "$@"' "$VENV" "$@"
    printf '%s' "$wanted" >"$VENV/complete"
  fi
  ok "Python environment" "$wanted" "${ELAPSED:-}"
}
