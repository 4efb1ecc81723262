# Sourced: what a program needs to know of this checkout's servers.
# shellcheck shell=bash source-path=SCRIPTDIR

# What the tests read. Prints lines that a shell can source.
test_environment() {
  load_ports
  cat <<ENV
export CRMSYNC_TEST_POSTGRES_URL='postgresql://postgres:$(secret postgres-superuser)@127.0.0.1:$PORT_POSTGRES/postgres'
export CRMSYNC_TEST_RABBITMQ_URL='amqp://crmsync:$(secret rabbitmq)@127.0.0.1:$PORT_AMQP/test'
export CRMSYNC_TEST_RABBITMQ_MANAGEMENT_URL='http://crmsync:$(secret rabbitmq)@127.0.0.1:$PORT_MANAGEMENT'
export CRMSYNC_TEST_RABBITMQ_CTL='$HERE/rabbitmqctl.sh'
export CRMSYNC_TEST_POSTGRES_CTL='$HERE/postgres.sh'
export CRMSYNC_TEST_BROKER_CTL='$HERE/rabbitmq.sh'
export CRMSYNC_TEST_BINARY="\${CRMSYNC_TEST_BINARY:-$ROOT/.build/debug/crmsync}"
export CRMSYNC_TEST_VENV='$LOCAL/venv'
export CRMSYNC_TEST_SCALE="\${CRMSYNC_TEST_SCALE:-1}"
ENV
}

write_test_environment() { (umask 077 && test_environment >"$LOCAL/env"); }
