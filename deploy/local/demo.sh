# Sourced by ./dev: the whole cluster on one machine, from an empty database to a verified copy.
# shellcheck shell=bash

DEMO=$LOCAL/demo

command_demo() {
  local records=100000 workers=2 keep='' configuration=release seed=1 begin
  while (($#)); do
    case $1 in
      --records) records=$(number_after "$@") || exit 2; shift 2 ;;
      --workers) workers=$(number_after "$@") || exit 2; shift 2 ;;
      --seed) seed=$(number_after "$@") || exit 2; shift 2 ;;
      --keep) keep=1 && shift ;;
      --debug) configuration=debug && shift ;;
      *) usage_error "demo has no option '$1'." ;;
    esac
  done
  begin "demo"
  title "crmsync demo: copying a simulated Veeva org with $(thousands "$records") Person Accounts"
  ensure_packages
  build "$configuration" "build ($configuration)" --product crmsync
  start_servers
  fresh_stores demo
  write_demo_configuration
  start_org "$records" "$seed"
  start_cluster "$workers"
  say
  begin=$SECONDS
  in_demo foreground "$BINARY" status --watch --until-synced ||
    fail "The copy did not finish." "Logs: ${DEMO#"$ROOT/"}/logs"
  say
  title "Copied in $(duration $((SECONDS - begin))). Comparing source and destination:"
  in_demo foreground "$BINARY" verify acme || fail "The copy differs from the org."
  say
  show_delta
  if [[ $keep ]]; then keep_demo; fi
  end_roles
  ok "ended" "coordinator, workers, simulated org"
}

# Changes the org as its users would, and lets the next delta bring the changes without waiting for its pause.
show_delta() {
  title "Users of the org change, add and delete some records. The next delta brings just those:"
  tell_org changes '[{"op":"update","object":"Account","sample":200,"seed":1,"set":{"PersonTitle":"Head of Department"}},
    {"op":"insert","object":"Call2_vod__c","count":25}, {"op":"delete","object":"Account","sample":5,"seed":2}]'
  # The org's clock, not ours: a delta stays some seconds behind it.
  tell_org clock '{"advanceSeconds": 60}'
  in_demo "$BINARY" sync now acme >/dev/null
  wait_until 120 role-coordinator delta_is_done || fail "The delta did not come." "Logs: ${DEMO#"$ROOT/"}/logs"
  in_demo foreground "$BINARY" status
  in_demo foreground "$BINARY" verify acme || fail "The copy differs from the org."
  say
}

tell_org() {
  curl -sf -o /dev/null -X POST -H 'Content-Type: application/json' -d "$2" \
    "http://127.0.0.1:$PORT_VEEVA/simulator/$1" || fail "The simulated org does not take the $1."
}

# Whether a delta of accounts and one of calls have brought something.
delta_is_done() {
  in_demo "$BINARY" status --json | /usr/bin/python3 -c '
import json, sys
objects = {o["object"]: o for o in json.load(sys.stdin)["objects"]}
done = [o["kind"] == "delta" and o["phase"] == "done" for o in (objects["Account"], objects["Call2_vod__c"])]
sys.exit(0 if all(done) else 1)'
}

# Passwords reach the processes by their environment, never by a command line.
in_demo() {
  CRMSYNC_CONFIG=$DEMO/crmsync.yaml DEMO_POSTGRES_PASSWORD=$(secret postgres-crmsync) \
    DEMO_RABBITMQ_PASSWORD=$(secret rabbitmq) "$@"
}

write_demo_configuration() {
  rm -rf "$DEMO"
  mkdir -p "$DEMO/logs"
  cat >"$DEMO/crmsync.yaml" <<YAML
# Written by ./dev demo.
postgres: { url: "postgresql://crmsync:\${DEMO_POSTGRES_PASSWORD}@127.0.0.1:$PORT_POSTGRES/demo" }
rabbitmq: { url: "amqp://crmsync:\${DEMO_RABBITMQ_PASSWORD}@127.0.0.1:$PORT_AMQP/demo" }
worker: { slots: 4 }
tenants:
  acme:
    veeva:
      loginURL: http://127.0.0.1:$PORT_VEEVA
      apiVersion: "62.0"
      auth:
        flow: client-credentials
        clientID: demo
        clientSecretFile: $SECRETS/demo-veeva
    destination:
      postgres: { url: "postgresql://crmsync:\${DEMO_POSTGRES_PASSWORD}@127.0.0.1:$PORT_POSTGRES/demo", schema: acme }
    objects:
      personAccounts: {}
      users: {}
      calls: {}
      callKeyMessages: {}
      custom: [Multichannel_Activity_vod__c]
YAML
}

start_org() {
  secret demo-veeva >/dev/null
  role veeva "$DEMO/logs/veeva.log" "$BINARY" simulate veeva --listen "127.0.0.1:$PORT_VEEVA" \
    --records "$1" --seed "$2" --client-id demo --client-secret-file "$SECRETS/demo-veeva" --spool "$LOCAL/spool"
  wait_until 60 role-veeva curl -sf -o /dev/null "http://127.0.0.1:$PORT_VEEVA/services/data" ||
    fail "The simulated org does not start." "$(tail -5 "$DEMO/logs/veeva.log")"
  ok "simulated Veeva org" "http://127.0.0.1:$PORT_VEEVA"
}

start_cluster() {
  local i
  in_demo role coordinator "$DEMO/logs/coordinator.log" "$BINARY" coordinator
  for ((i = 1; i <= $1; i++)); do
    in_demo role "worker-$i" "$DEMO/logs/worker-$i.log" "$BINARY" worker
  done
  ok "cluster" "1 coordinator, $1 workers (logs in ${DEMO#"$ROOT/"}/logs)"
}

keep_demo() {
  title "Everything stays up. Ctrl-C ends it."
  cat <<TEXT

  In another terminal, in this folder:

    source .local/demo/env
    crmsync status --watch             what is going on
    crmsync plan                       what a sync costs
    psql                               the copy: schema acme; the checkpoints: schema crmsync
    kill -9 \$(cut -d' ' -f1 .local/run/role-worker-1.pid)     a worker dies; the rest carry on

  RabbitMQ's own pages: http://127.0.0.1:$PORT_MANAGEMENT, user crmsync, password in .local/secrets/rabbitmq
TEXT
  (umask 077 && cat >"$DEMO/env" <<ENV
export CRMSYNC_CONFIG='$DEMO/crmsync.yaml' PATH='$(dirname "$BINARY")':\$PATH
export DEMO_POSTGRES_PASSWORD='$(secret postgres-crmsync)' DEMO_RABBITMQ_PASSWORD='$(secret rabbitmq)'
export PGHOST=127.0.0.1 PGPORT=$PORT_POSTGRES PGUSER=crmsync PGDATABASE=demo PGPASSWORD='$(secret postgres-crmsync)'
ENV
  )
  foreground tail -f /dev/null || true
}
