#!/bin/bash
# Run once by the image on an empty data folder: our role and database.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username postgres <<'SQL'
\set password `cat /run/secrets/postgres_password`
create role crmsync login password :'password';
create database crmsync owner crmsync;
SQL
