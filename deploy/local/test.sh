# Sourced by ./dev: the tests, set up as on a fresh machine.
# shellcheck shell=bash

PHASES=()

phase() {
  PHASES+=("$(printf '%-22s %s' "$1" "$(duration $((SECONDS - PHASE_BEGAN)))")")
  PHASE_BEGAN=$SECONDS
}

swift_test() { foreground swift test --package-path "$ROOT" --disable-xctest --skip-build "$@"; }

# With filters: one run of what matches. Without: all, those that restart the servers after the rest.
run_tests() {
  local status=0 filter arguments=()
  if (($#)); then
    for filter in "$@"; do arguments+=(--filter "$filter"); done
    title "tests matching: $*"
    swift_test "${arguments[@]}" || status=$?
    phase "tests"
    return "$status"
  fi
  title "unit and server tests"
  swift_test --skip '^Acceptance\.' || status=$?
  phase "unit and server tests"
  title "acceptance tests"
  "$HERE/servers.sh" start # a test that failed may have left one stopped
  swift_test --no-parallel --filter '^Acceptance\.' || status=$?
  phase "acceptance tests"
  return "$status"
}

command_test() {
  local status=0 line
  begin "test"
  title "crmsync test"
  PHASE_BEGAN=$SECONDS
  ensure_packages
  phase "packages"
  build debug "build (debug)" --build-tests
  phase "build"
  start_servers
  fresh_stores test
  venv venv simple-salesforce==1.12.10
  write_test_environment
  # shellcheck disable=SC1091 # written just above
  source "$LOCAL/env"
  phase "servers"
  run_tests "$@" || status=$?
  title "time"
  for line in "${PHASES[@]}"; do say "  $line"; done
  say "  $(printf '%-22s %s' total "$(duration $SECONDS)")"
  exit "$status"
}
