#!/usr/bin/env bash
# Runs vet, then every test with the given test command, such as "go test -race".
# The cluster tests need a control plane, which is built while the other tests
# run; if the build fails, the script prints its log and fails. When the script
# ends, everything that it started ends too.
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

# Each runs in its own process group, so that the whole group can be ended at
# once: a shell that waits for a program does not handle signals.
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
		say "waiting for the control plane build, running for $((SECONDS - since)) s"
	fi
	wait "$build" || code=$?
	build=
	if ((code)); then
		say "cannot build the control plane (exit status $code):"
		cat "$log"
	fi >&2
	return "$code"
}

say 'on two idle processors, vet and a first compilation take about 4 minutes, the tests about 20'
if runs_controlplane; then
	if ! testdata/controlplane/build.sh --is-built "$cache"; then
		say 'building the control plane while the tests run: about 4 minutes on two idle processors, once per version'
	fi
	start_build # the harness is always rebuilt
fi

"$go" vet ./...
failed=0
others=$("$go" list ./... | grep -v '/scenario/kube$')
# Unquoted: one word per package.
# shellcheck disable=SC2086
run_tests $others || failed=$?
await_build
run_tests ./scenario/kube || failed=$?
exit "$failed"
