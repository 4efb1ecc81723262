#!/usr/bin/env bash
# Prints RabbitMQ definitions with one administrator and some virtual hosts, without the password in clear, and with a
# policy that leaves counting deliveries to crmsync:
#   definitions.sh USER PASSWORD_FILE VIRTUAL_HOST…
set -euo pipefail

unhex() {
  local i
  for ((i = 0; i < ${#1}; i += 2)); do printf '%b' "\\x${1:i:2}"; done
}

# The stored form of a password: base64 of salt and SHA-256(salt, password).
password_hash() {
  local salt digest
  salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
  digest=$({ unhex "$salt" && cat "$1"; } | sha256sum | cut -c1-64)
  unhex "$salt$digest" | base64 -w0
}

user=$1
hash=$(password_hash "$2")
shift 2
hosts='' permissions='' policies=''
for host in "$@"; do
  hosts+="{\"name\":\"$host\"},"
  permissions+="{\"user\":\"$user\",\"vhost\":\"$host\",\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"},"
  policies+="{\"vhost\":\"$host\",\"name\":\"crmsync\",\"pattern\":\"^crmsync\\\\.v1\\\\.\",\"apply-to\":\"queues\",
    \"definition\":{\"delivery-limit\":1000000}},"
done
cat <<JSON
{"users": [{"name": "$user", "password_hash": "$hash",
  "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": "administrator"}],
 "vhosts": [${hosts%,}], "permissions": [${permissions%,}],
 "policies": [${policies%,}]}
JSON
