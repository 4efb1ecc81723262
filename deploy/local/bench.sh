# Sourced by ./dev: the benchmark.
# shellcheck shell=bash

command_bench() {
  begin "bench"
  title "crmsync bench"
  ensure_packages
  build release "build (release)" --product crmsync
  start_servers
  fresh_stores bench
  venv venv-bench 'psycopg[binary]==3.3.9' simple-salesforce==1.12.10
  foreground "$VENV/bin/python" "$ROOT/bench/bench.py" "$@"
}
