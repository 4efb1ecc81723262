#!/usr/bin/env bash
# psql as the superuser of this checkout's private PostgreSQL: psql.sh [psql's arguments]
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

load_ports || fail "This checkout's servers have not been started." "./dev up starts them."
PGPASSFILE=$SECRETS/pgpass exec psql -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PORT_POSTGRES" -U postgres "$@"
