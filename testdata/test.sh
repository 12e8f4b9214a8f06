#!/usr/bin/env bash
# Runs vet and every test by the test command that it is given, such as
# "go test -race". The control plane that the tests of clusters need is built
# beside the tests of everything else, which come first; a build that fails
# fails the tests, and its log is shown. However this ends, the build does, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
go=$1
test=("$@")

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop/controlplane
log=$(mktemp)
build= # its process group
since=$SECONDS

say() { echo "test: $*"; }

end_build() {
	if [[ -n $build ]]; then
		kill -- "-$build" 2>/dev/null || true # it may be over
		wait "$build" 2>/dev/null || true
	fi
	rm -f "$log"
}
trap end_build EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Where no namespaces can be made, no control plane can run, and its tests say so.
runs_controlplane() {
	[[ $(uname) == Linux ]] && unshare --net --pid --mount --fork true 2>/dev/null
}

start_build() {
	set -m # a process group of its own, which can be ended whole
	nice -n 19 testdata/controlplane/build.sh "$cache" >"$log" 2>&1 </dev/null &
	build=$!
	set +m
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

say 'on two idle processors vet and the compilers take about 4 minutes when nothing is compiled yet, the tests about 15'
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
"${test[@]}" $others || failed=$?
await_build
"${test[@]}" ./scenario/kube || failed=$?
exit "$failed"
