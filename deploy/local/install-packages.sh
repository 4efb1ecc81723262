#!/usr/bin/env bash
# Installs Debian packages without starting the services that come with them: install-packages.sh NAME…
set -euo pipefail

exec 8>/run/lock/crmsync-apt.lock
flock 8 # other clones may be at it

# Where systemd runs, only a policy keeps a package from starting its service; elsewhere the run level does.
policy=/usr/sbin/policy-rc.d
if [[ -d /run/systemd/system && ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
