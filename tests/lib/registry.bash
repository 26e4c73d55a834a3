# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# registry: Debian's docker-registry on a free loopback port, with its own storage and no other life than the test's.
#
#   registry_start NAME [plain|tls|mtls|token]   sets NAME_addr (127.0.0.1:PORT), NAME_dir, NAME_pid; waits until it answers
#   registry_stop NAME                      ends it by its pid and removes its directory
#
# plain  plain HTTP, anonymous
# tls    TLS with a CA made for this registry (NAME_dir/ca.crt) and Basic auth: user "alice", password "secret"
# mtls   TLS that wants a client's certificate (NAME_dir/client.crt, client.key); anonymous
# token  plain HTTP, Bearer tokens from tests/lib/token-server; anonymous may pull public/*, alice:secret may do all
#
#   flaky_start, flaky_stop                 flaky-registry, the one that misbehaves: sets flaky (its directory) and there (its address)
#
# REGISTRY_HOME names the directory the registries live under (default: ${BATS_FILE_TMPDIR:-/tmp}).

registry_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A port nobody listens on now. The caller tries again if somebody takes it in between.
free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a condition holds: wait_for SECONDS COMMAND…
wait_for() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

# Makes a CA and a server certificate for 127.0.0.1 and localhost in DIR.
registry_certificates() {
	local dir=$1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=tare test CA' \
		-keyout "$dir/ca.key" -out "$dir/ca.crt" 2>/dev/null || return
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
		-keyout "$dir/server.key" -out "$dir/server.csr" 2>/dev/null || return
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost') -out "$dir/server.crt" 2>/dev/null
}

registry_config() {
	local dir=$1 kind=$2 port=$3
	cat <<-END
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage:
		  filesystem: {rootdirectory: $dir/data}
		  delete: {enabled: true}
		validation:
		  manifests:
		    urls: {allow: ['.*']}
		http:
		  addr: 127.0.0.1:$port
	END
	case $kind in
	tls)
		cat <<-END
			  tls: {certificate: $dir/server.crt, key: $dir/server.key}
			auth:
			  htpasswd: {realm: tare-test, path: $dir/htpasswd}
		END
		;;
	mtls)
		cat <<-END
			  tls: {certificate: $dir/server.crt, key: $dir/server.key, clientcas: [$dir/ca.crt]}
		END
		;;
	token)
		cat <<-END
			auth:
			  token:
			    realm: http://127.0.0.1:$(cat "$dir/token.port")/token
			    service: tare-test
			    issuer: tare-test-issuer
			    rootcertbundle: $dir/token.crt
		END
		;;
	esac
}

registry_prepare() {
	local dir=$1 kind=$2
	mkdir -p "$dir/data"
	case $kind in
	tls)
		registry_certificates "$dir" || return
		perl -e 'print "alice:", crypt("secret", q($2b$05$) . "abcdefghijklmnopqrstuu"), "\n"' >"$dir/htpasswd"
		;;
	mtls)
		registry_certificates "$dir" || return
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client -keyout "$dir/client.key" -out "$dir/client.csr" 2>/dev/null || return
		openssl x509 -req -in "$dir/client.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 2 \
			-extfile <(echo 'extendedKeyUsage=clientAuth') -out "$dir/client.crt" 2>/dev/null
		;;
	token)
		/usr/bin/python3 "$registry_lib/token-server" "$dir" >"$dir/token.log" 2>&1 3>&- 4>&- &
		echo $! >"$dir/token.pid"
		wait_for 10 test -s "$dir/token.port" || { cat "$dir/token.log" >&2; return 1; }
		;;
	esac
}

registry_answers() {
	local dir=$2 client=()
	[ ! -e "$dir/client.crt" ] || client=(--cert "$dir/client.crt" --key "$dir/client.key")
	curl -s -k -o /dev/null "${client[@]}" "$1/v2/"
}

registry_start() {
	local name=$1 kind=${2:-plain} dir port pid scheme=http try
	dir=$(mktemp -d "${REGISTRY_HOME:-${BATS_FILE_TMPDIR:-/tmp}}/registry-$name.XXXXXX") || return
	registry_prepare "$dir" "$kind" || return
	[[ $kind != *tls ]] || scheme=https
	for try in 1 2 3 4 5; do
		port=$(free_port)
		registry_config "$dir" "$kind" "$port" >"$dir/config.yml"
		OTEL_TRACES_EXPORTER=none docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- 4>&- &
		pid=$!
		if wait_for 10 registry_answers "$scheme://127.0.0.1:$port" "$dir" && kill -0 $pid 2>/dev/null; then
			printf -v "${name}_addr" %s "127.0.0.1:$port"
			printf -v "${name}_dir" %s "$dir"
			printf -v "${name}_pid" %s "$pid"
			return 0
		fi
		kill $pid 2>/dev/null
		wait $pid 2>/dev/null
	done
	echo "registry_start: docker-registry does not answer after $try tries:" >&2
	tail -5 "$dir/log" >&2
	return 1
}

registry_stop() {
	local name=$1 dir pid
	dir="${name}_dir"; dir=${!dir}
	pid="${name}_pid"; pid=${!pid}
	[ -n "$dir" ] || return 0
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	if [ -s "$dir/token.pid" ]; then
		kill "$(cat "$dir/token.pid")" 2>/dev/null
		wait "$(cat "$dir/token.pid")" 2>/dev/null
	fi
	rm -rf "$dir"
	printf -v "${name}_dir" %s ''
}

# registry_push NAME LAYOUT REPOSITORY[:TAG] [skopeo options…]: pushes the "latest" of an OCI layout.
registry_push() {
	local name=$1 layout=$2 repository=$3 addr
	shift 3
	addr="${name}_addr"
	skopeo copy -q --insecure-policy --dest-tls-verify=false "$@" "oci:$layout:latest" "docker://${!addr}/$repository"
}

flaky_start() {
	flaky=$(mktemp -d "${REGISTRY_HOME:-${BATS_FILE_TMPDIR:-/tmp}}/flaky.XXXXXX") || return
	/usr/bin/python3 "$registry_lib/flaky-registry" "$flaky" >"$flaky/log" 2>&1 3>&- 4>&- &
	echo $! >"$flaky/pid"
	wait_for 10 test -s "$flaky/port" || { cat "$flaky/log" >&2; return 1; }
	there=127.0.0.1:$(cat "$flaky/port")
}

flaky_stop() {
	[ -n "$flaky" ] || return 0
	kill "$(cat "$flaky/pid")" 2>/dev/null
	wait "$(cat "$flaky/pid")" 2>/dev/null
	rm -rf "$flaky"
	flaky=
}
