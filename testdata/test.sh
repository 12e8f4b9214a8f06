#!/usr/bin/env bash
# Runs vet and every test by the test command that it is given, such as
# "go test -race". The control plane that the tests of clusters need is built
# beside the tests of everything else, which come first; a build that fails
# fails the tests, and its log is shown. However this ends, what it started does,
# too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=$1
test=("$@")

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop/controlplane
log=$(mktemp)
build= # the process group that builds the control plane
tests= # the one that tests
since=$SECONDS

say() { echo "test: $*"; }

end() {
	local group
	for group in $build $tests; do
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

# Both run in process groups of their own, which can be ended whole, and at once:
# a shell that waits for a program does not hear a signal.
start_build() {
	set -m
	nice -n 19 testdata/controlplane/build.sh "$cache" >"$log" 2>&1 </dev/null &
	build=$!
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

await_build() {
	[[ -n $build ]] || return 0
	local code=0
	if kill -0 "$build" 2>/dev/null; then
		say "waiting for the control plane, which has been building for $((SECONDS - since)) s"
	fi
	wait "$build" || code=$?
	build=
	if ((code)); then
		say "the control plane cannot be built (exit status $code):"
		cat "$log"
	fi >&2
	return "$code"
}

say 'on two idle processors vet and the compilers take about 4 minutes when nothing is compiled yet, the tests about 20'
if runs_controlplane; then
	if ! testdata/controlplane/build.sh --is-built "$cache"; then
		say 'the control plane is not built yet: it is built beside the tests, about 4 minutes of two idle processors, once for each version'
	fi
	start_build # the harness is built anew
fi

"$go" vet ./...
failed=0
others=$("$go" list ./... | grep -v '/scenario/kube$')
# Unquoted: a package a word.
# shellcheck disable=SC2086
run_tests $others || failed=$?
await_build
run_tests ./scenario/kube || failed=$?
exit "$failed"
