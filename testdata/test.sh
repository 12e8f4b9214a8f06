#!/usr/bin/env bash
# Runs vet and every test by the test command that it is given, such as
# "go test -race". The tests of clusters run beside those of everything else,
# which they leave most of the processors to, once the control plane that they
# need is built; a build that fails fails them, and its log is shown. However
# this ends, what it started does, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=$1
test=("$@")

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop/controlplane
log=$(mktemp)
clusters= # the process group that runs the tests of clusters
others=   # the one that runs all others
since=$SECONDS

say() { echo "test: $*"; }

end() {
	local group
	for group in $clusters $others; do
		kill -- "-$group" 2>/dev/null || true # it may be over
		wait "$group" 2>/dev/null || true
	done
	rm -f "$log"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Where no namespaces can be made, no control plane can run, and its tests say so.
runs_controlplane() {
	[[ $(uname) == Linux ]] && unshare --net --pid --mount --fork true 2>/dev/null
}

test_clusters() {
	if runs_controlplane; then
		nice -n 19 testdata/controlplane/build.sh "$cache" || { # the harness is built anew
			echo "the control plane cannot be built (exit status $?)"
			return 1
		}
	fi
	"${test[@]}" ./scenario/kube
}

test_others() {
	local packages
	packages=$("$go" list ./... | grep -v '/scenario/kube$')
	# Unquoted: a package a word.
	# shellcheck disable=SC2086
	"${test[@]}" $packages
}

# Both run in process groups of their own, which can be ended whole.
start() {
	set -m
	test_clusters >"$log" 2>&1 </dev/null &
	clusters=$!
	test_others </dev/null &
	others=$!
	set +m
}

await_others() {
	local code=0
	wait "$others" || code=$?
	others=
	return "$code"
}

await_clusters() {
	local code=0
	if kill -0 "$clusters" 2>/dev/null; then
		say "waiting for the tests of clusters, which have been running for $((SECONDS - since)) s"
	fi
	wait "$clusters" || code=$?
	clusters=
	cat "$log"
	return "$code"
}

say 'on two idle processors vet and the compilers take about 4 minutes when nothing is compiled yet, the tests about 15'
if runs_controlplane && ! testdata/controlplane/build.sh --is-built "$cache"; then
	say 'the control plane is not built yet: it is built beside the tests, about 4 minutes of two idle processors, once for each version'
fi
"$go" vet ./...
failed=0
start
await_others || failed=$?
await_clusters || failed=$?
exit "$failed"
