# Sourced by ./dev: the benchmark.
# shellcheck shell=bash

command_bench() {
  begin "bench"
  title "crmsync bench"
  ensure_packages
  build release "build (release)" --product crmsync
  build release "build (tool)" --product crmsync-bench
  start_servers
  venv venv-bench 'psycopg[binary]==3.3.9' pika==1.4.4 simple-salesforce==1.12.10
  secret demo-veeva >/dev/null
  write_test_environment
  # shellcheck disable=SC1091 # written just above
  source "$LOCAL/env"
  foreground "$VENV/bin/python" "$ROOT/bench/bench.py" "$@"
}
