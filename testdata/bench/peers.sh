#!/usr/bin/env bash
# Installs the load generators that nodrop is compared with, and builds nodrop.
#
#   peers.sh DIR NAME...   NAME: nodrop base pool wrk hey hey-debian ab h2load bombardier plow vegeta oha
#
# Prints a line for each, with fields separated by tabs: name, version, path; or
# name, "-" and why the tool is not available. Only nodrop must be available. DIR
# holds this build of nodrop; builds of the others are cached by version. wrk,
# hey-debian, ab and h2load come from Debian if apt-get exists, else from PATH.
#
# PEERS   Go modules, path@version; a module's program is the peer of that name
# OHA     version of the crate
# BASE    the revision of nodrop that base is
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:$HOME/.cargo/bin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop-bench
patience=600 # seconds for one build; the next call continues it

have() { command -v "$1" >/dev/null 2>&1; }

found() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }
lacking() { printf '%s\t-\t%s\n' "$1" "$2"; }

as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif have sudo; then
		sudo -n "$@"
	else
		return 1
	fi
}

# patiently COMMAND... runs it with a time limit; it ends when this script ends.
child=
trap 'kill "$child" 2>/dev/null; exit 143' TERM INT
patiently() {
	local status=0
	timeout "$patience" "$@" &
	child=$!
	wait "$child" || status=$?
	child=
	return "$status"
}

# debian NAME PROGRAM PACKAGE
debian() {
	if ! have "$2" && have apt-get && [[ -e /etc/debian_version ]]; then
		echo "peers.sh: installing $3" >&2
		{
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update || true
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$3"
		} >&2 || true
		hash -r
	fi
	if ! have "$2"; then
		lacking "$1" "$2 is not on the PATH (Debian package $3)"
		return
	fi
	local version=
	if have dpkg-query; then
		# shellcheck disable=SC2016 # dpkg-query's own format
		version=$(dpkg-query -W -f '${Version}' "$3" 2>/dev/null) || version=
	fi
	found "$1" "${version:-of unknown version}" "$(command -v "$2")"
}

# gomodule NAME builds it in its own module: go install would also request the
# list of versions, which not every proxy serves.
gomodule() {
	local module name=$1 at version base
	for module in ${PEERS-}; do
		at=${module%@*} version=${module##*@} base=${module%@*}
		[[ ! ${base##*/} =~ ^v[0-9]+$ ]] || base=${base%/*}
		[[ ${base##*/} == "$name" ]] || continue
		local bin=$cache/$name@$version work=$dir/build-$name
		if [[ ! -x $bin ]]; then
			echo "peers.sh: building $module" >&2
			mkdir -p "$work"
			if ! {
				go -C "$work" mod init peer &&
					go -C "$work" mod edit -require="$module" &&
					patiently go -C "$work" build -mod=mod -o "$bin" "$at"
			} >"$work/log" 2>&1; then
				lacking "$name" "$(tail -n 1 "$work/log")"
				return
			fi
		fi
		found "$name" "$version" "$bin"
		return
	done
	lacking "$name" "not in PEERS"
}

oha() {
	local bin=$cache/oha@${OHA-}/bin/oha
	if [[ -z ${OHA-} ]]; then
		lacking oha "not requested (make bench OHA=version; needs cargo and 15 minutes)"
		return
	fi
	if [[ ! -x $bin ]]; then
		have cargo || {
			lacking oha "cargo is not installed"
			return
		}
		echo "peers.sh: building oha $OHA, at most $patience s" >&2
		if ! patiently env CARGO_TARGET_DIR="$cache/target" nice \
			cargo install oha --version "$OHA" --locked --root "$cache/oha@$OHA" >"$cache/oha.log" 2>&1; then
			lacking oha "not built (limit $patience s): $(tail -n 1 "$cache/oha.log")"
			return
		fi
		rm -rf "$cache/target"
	fi
	found oha "$OHA" "$bin"
}

# base builds nodrop at the revision $BASE.
base() {
	local source="$dir/base-source" rev
	[[ -n ${BASE:-} ]] || {
		lacking base "not requested (make bench-gate BASE=revision)"
		return
	}
	rev=$(git -C "$here" rev-parse --short --verify "$BASE^{commit}")
	mkdir -p "$source"
	git -C "$here/../.." archive "$rev" | tar -x -C "$source"
	patiently env CGO_ENABLED=0 go -C "$source" build -o "$dir/base" .
	rm -rf "$source"
	found base "$rev" "$dir/base"
}

dir=$1
shift
mkdir -p "$cache"
for name in "$@"; do
	case $name in
	nodrop)
		patiently env CGO_ENABLED=0 go -C "$here/../.." build -o "$dir/nodrop" .
		found nodrop "$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)" "$dir/nodrop"
		;;
	base) base ;;
	pool) found pool "$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown) --engine pool" "$dir/nodrop" ;;
	wrk) debian wrk wrk wrk ;;
	hey-debian) debian hey-debian hey hey ;;
	ab) debian ab ab apache2-utils ;;
	h2load) debian h2load h2load nghttp2-client ;;
	oha) oha ;;
	*) gomodule "$name" ;;
	esac
done
