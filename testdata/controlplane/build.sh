#!/bin/bash
# Builds the control plane into CACHE_DIR: Kubernetes' programs, which take
# minutes once for each version, and the harness. --is-built builds nothing, and
# exits 0 when the programs are there.
set -euo pipefail

ask=
if [ "${1-}" = --is-built ]; then
	ask=yes
	shift
fi
if [ $# -ne 1 ]; then
	echo "usage: build.sh [--is-built] CACHE_DIR" >&2
	exit 2
fi
mkdir -p "$1"
cache=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Without inlining the compiler takes two thirds of the time. The harness is
# built as the programs are, and so finds most of what it imports compiled.
export CGO_ENABLED=0
go=(go build -trimpath -gcflags=all=-l -ldflags '-s -w')

cd "$here/binaries"
kubernetes=$(sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[^ ]*\)$|\1|p' go.mod)
version=$kubernetes-$(cat go.mod go.sum ./*.go "$here/build.sh" | sha256sum | cut -c 1-12)
built=$cache/$version
if [ -n "$ask" ]; then
	[ -x "$built/programs" ]
	exit
fi

# One at a time: another run of the tests may be building, too.
exec 9>"$cache/lock"
flock 9

if [ ! -x "$built/programs" ]; then
	mkdir -p "$built"
	for name in kube-apiserver kube-proxy controllers; do
		ln -sfn programs "$built/$name"
	done
	# Renamed only when complete, so that an interrupted build is not taken for one.
	"${go[@]}" -o "$built/partial" .
	mv "$built/partial" "$built/programs"
fi
ln -sfn "$version" "$cache/current"

cd "$here"
"${go[@]}" -o "$cache/controlplane" .
