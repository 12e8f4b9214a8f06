#!/bin/bash
# Builds the control plane's programs and the harness into CACHE_DIR. The
# programs are kept there by version, the harness is built anew each time.
set -euo pipefail

if [ $# -ne 1 ]; then
	echo "usage: build.sh CACHE_DIR" >&2
	exit 2
fi
mkdir -p "$1"
cache=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cd "$here/binaries"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
for program in kube-apiserver kube-controller-manager kube-proxy; do
	built="$cache/$version/$program"
	[ -x "$built" ] && continue
	mkdir -p "$cache/$version"
	# Renamed only when complete, so that an interrupted build is not taken for one.
	go build -trimpath -ldflags "-s -w" -o "$built.partial" "k8s.io/kubernetes/cmd/$program"
	mv "$built.partial" "$built"
done
ln -sfn "$version" "$cache/current"

cd "$here"
CGO_ENABLED=0 go build -trimpath -o "$cache/controlplane" .
