#!/usr/bin/env bash
# Makes the passwords that docker-compose.yml hands to its containers, once, as files that stay on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mkdir -p secrets
chmod 700 secrets # the folder is closed; the files are open to the containers' own users
for name in postgres-superuser postgres rabbitmq veeva; do
  if [[ ! -s secrets/$name ]]; then od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"; fi
done
if [[ ! -s secrets/rabbitmq-definitions.json ]]; then
  ../rabbitmq/definitions.sh crmsync secrets/rabbitmq crmsync >secrets/rabbitmq-definitions.json
fi
chmod 644 secrets/*
echo "Passwords are in $PWD/secrets."
