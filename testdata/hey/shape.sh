#!/usr/bin/env bash
# Compares the shape of hey's text report with nodrop's. Both run in turn, with the
# same arguments, against nginx and against httpbin under gunicorn. shape.py
# defines the shape and lists the accepted differences.
#
#   shape.sh            compares; prints a diff for each run that differs, exits 1
#   shape.sh --record   writes hey's output to NAME.out next to this script
#
# NODROP is the command to compare with hey; by default the script builds nodrop.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # nginx is often not on a user's PATH

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

record=
case ${1-} in
--record) record=yes ;;
'') ;;
*)
	echo "usage: shape.sh [--record]" >&2
	exit 2
	;;
esac

# name · server · path · arguments
runs='
nginx-keepalive    nginx    /                -n 200 -c 10
nginx-close        nginx    /                -n 200 -c 10 -disable-keepalive
nginx-one          nginx    /                -n 1 -c 1
nginx-duration     nginx    /                -z 1s -c 5
nginx-notfound     nginx    /404             -n 50 -c 5
nginx-large        nginx    /large           -n 50 -c 5
httpbin-keepalive  httpbin  /                -n 200 -c 10
httpbin-close      httpbin  /                -n 200 -c 10 -disable-keepalive
httpbin-one        httpbin  /                -n 1 -c 1
httpbin-duration   httpbin  /                -z 1s -c 5
httpbin-notfound   httpbin  /status/404      -n 50 -c 5
httpbin-large      httpbin  /bytes/65536     -n 50 -c 5
refused            nobody   /                -n 50 -c 5
'

tmp=$(mktemp -d)
pids=()
# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
	local status=$?
	if ((${#pids[@]})); then
		kill "${pids[@]}" 2>/dev/null || true
		wait "${pids[@]}" 2>/dev/null || true
	fi
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# free_ports N prints N free ports below the ephemeral range: there, a
# connection to a dead port could connect to itself.
free_ports() {
	python3 - "$1" <<'PY'
import random, socket, sys
held = []
for port in random.sample(range(10000, 32768), 2000):
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        continue
    held.append(s)
    if len(held) == int(sys.argv[1]):
        break
print(*(s.getsockname()[1] for s in held))
PY
}

# wait_for NAME PID PORT returns when the server responds.
wait_for() {
	local deadline=$((SECONDS + 30))
	until python3 - "$3" 2>/dev/null <<'PY'; do
import sys, urllib.request
urllib.request.urlopen("http://127.0.0.1:%s/" % sys.argv[1], timeout=5).read()
PY
		if ! kill -0 "$2" 2>/dev/null || ((SECONDS > deadline)); then
			echo "shape.sh: $1 does not respond; its log:" >&2
			cat "$tmp/$1.log" >&2
			exit 1
		fi
		sleep 0.1
	done
}

read -r nginx_port httpbin_port nobody_port < <(free_ports 3)
declare -A port=([nginx]=$nginx_port [httpbin]=$httpbin_port [nobody]=$nobody_port)

mkdir "$tmp/nginx"
head -c 65536 /dev/zero | tr '\0' x >"$tmp/nginx/large"
cat >"$tmp/nginx.conf" <<CONF
user $(id -un) $(id -gn);
daemon off;
worker_processes 1;
pid $tmp/nginx.pid;
error_log stderr;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path $tmp/nginx/body;
	proxy_temp_path $tmp/nginx/proxy;
	fastcgi_temp_path $tmp/nginx/fastcgi;
	uwsgi_temp_path $tmp/nginx/uwsgi;
	scgi_temp_path $tmp/nginx/scgi;
	server {
		listen 127.0.0.1:$nginx_port;
		location = / { return 200 "hello\n"; }
		location = /404 { return 404; }
		location = /large { root $tmp/nginx; }
	}
}
CONF
nginx -e stderr -c "$tmp/nginx.conf" -p "$tmp/nginx" >"$tmp/nginx.log" 2>&1 &
pids+=($!)
gunicorn -b "127.0.0.1:$httpbin_port" -w 2 --worker-tmp-dir "$tmp" httpbin:app >"$tmp/httpbin.log" 2>&1 &
pids+=($!)
wait_for nginx "${pids[0]}" "$nginx_port"
wait_for httpbin "${pids[1]}" "$httpbin_port"

if [[ -n $record ]]; then
	nodrop=()
elif [[ -n ${NODROP-} ]]; then
	read -ra nodrop <<<"$NODROP"
else
	go build -o "$tmp/bin-nodrop" .
	nodrop=("$tmp/bin-nodrop")
fi

# load OUT COMMAND... runs a load generator and reports a failure.
load() {
	local out=$1
	shift
	if ! "$@" >"$out" 2>"$tmp/stderr" </dev/null; then
		echo "failed: $*"
		cat "$tmp/stderr"
		return 1
	fi
}

differ=0
while read -r name server path arguments; do
	[[ -n $name ]] || continue
	read -ra args <<<"$arguments"
	at=${port[$server]}
	args+=("http://127.0.0.1:$at$path")
	shown="$server: $arguments $path"

	load "$tmp/hey" hey "${args[@]}" || exit 1
	if [[ -n $record ]]; then
		"$here/shape.py" --raw --port "$at" <"$tmp/hey" >"$here/$name.out"
		echo "recorded: $shown"
		continue
	fi
	if ! load "$tmp/nodrop" "${nodrop[@]}" "${args[@]}"; then
		differ=1
		continue
	fi
	"$here/shape.py" --accept --port "$at" <"$tmp/hey" >"$tmp/hey.shape"
	# Accepted differences must not hide that nodrop prints what hey prints, unless
	# hey is compared with itself.
	accept=()
	[[ ${nodrop[0]##*/} != hey ]] || accept=(--accept)
	"$here/shape.py" "${accept[@]}" --port "$at" <"$tmp/nodrop" >"$tmp/nodrop.shape"
	if diff -u --label "hey $arguments" --label "nodrop $arguments" "$tmp/hey.shape" "$tmp/nodrop.shape"; then
		echo "same shape: $shown"
	else
		echo "different shape: $shown"
		differ=1
	fi
done <<<"$runs"
exit "$differ"
