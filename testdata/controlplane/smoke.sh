#!/bin/bash
# Checks that the control plane works on this machine. Needs root and the Debian
# packages etcd-server, iproute2 and nftables.
set -euo pipefail

if [ $# -ne 1 ]; then
	echo "usage: smoke.sh CACHE_DIR" >&2
	exit 2
fi
"$(dirname "${BASH_SOURCE[0]}")/build.sh" "$1"
exec "$1/controlplane" --binaries "$1" --proxy -- "$1/controlplane" smoke
