#!/usr/bin/env bash
# Runs vet, then every test with the given test command, such as "go test -race";
# of some packages if it names any, as in "go test -run Scale ./scenario/kube".
# The cluster tests need a control plane, which is built meanwhile. They mostly
# wait, and in a network of their own, so they run beside the others; what they
# print comes at the end. When the script ends, everything that it started ends
# too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=$1
test=()
packages=()
for word in "$@"; do
	case $word in
	./* | nodrop | nodrop/*) packages+=("$word") ;;
	*) test+=("$word") ;;
	esac
done
[[ ${#packages[@]} -gt 0 ]] || packages=(./...)

kube=nodrop/scenario/kube
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop/controlplane
log=$(mktemp)
cluster= # the process group that builds the control plane, then tests in it
tests=   # the one that runs the other tests

say() { echo "test: $*"; }

end() {
	local group
	for group in $cluster $tests; do
		kill -- "-$group" 2>/dev/null || true # it may have ended
		wait "$group" 2>/dev/null || true
	done
	rm -f "$log"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Without namespaces no control plane can run, and its tests say so.
runs_controlplane() {
	[[ $(uname) == Linux ]] && unshare --net --pid --mount --fork true 2>/dev/null
}

build() {
	runs_controlplane || return 0
	if ! testdata/controlplane/build.sh --is-built "$cache"; then
		say 'building the control plane: about 4 minutes on two idle processors, once per version'
	fi
	nice -n 19 testdata/controlplane/build.sh "$cache" || {
		say "cannot build the control plane (exit status $?)"
		return 1
	} # the harness is always rebuilt
}

# Each runs in its own process group, so that the whole group can be ended at
# once: a shell that waits for a program does not handle signals.
start_cluster() {
	set -m
	{ build && "${test[@]}" "$kube"; } >"$log" 2>&1 </dev/null &
	cluster=$!
	set +m
}

run_tests() {
	local code=0
	set -m
	"${test[@]}" "$@" </dev/null &
	tests=$!
	set +m
	wait "$tests" || code=$?
	tests=
	return "$code"
}

await_cluster() {
	[[ -n $cluster ]] || return 0
	local code=0
	if kill -0 "$cluster" 2>/dev/null; then
		say 'waiting for the cluster tests'
	fi
	wait "$cluster" || code=$?
	cluster=
	cat "$log"
	return "$code"
}

all=$("$go" list "${packages[@]}")
others=$(grep -vx "$kube" <<<"$all" || true)
if [[ $all != "$others" ]]; then
	start_cluster
fi
"$go" vet "${packages[@]}"
failed=0
if [[ -n $others ]]; then
	# Unquoted: one word per package.
	# shellcheck disable=SC2086
	run_tests $others || failed=$?
fi
await_cluster || failed=$?
exit "$failed"
