# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# netns: hosts and containers as network namespaces, for tests of networks without images and containers. "host" is a
# namespace made for the test, so the stack of the machine is not touched; a container is a namespace held by a sleeping
# process. Load it, call netns_setup and netns_teardown.
#
# tool WORDS…   tests/integration/network_tool.c in the host's namespace, with state of its own

netns_require() {
	export TOOL=${TARE_NETWORK_TOOL:-${TARE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/../src/network/network_tool}
	[ -x "$TOOL" ] || skip "network_tool is not built"
	[ "$(id -u)" = 0 ] || skip "needs root"
}

netns_setup() {
	state=$BATS_TEST_TMPDIR/state
	pids=()
	host_pid=$(hold_netns)
	in_host ip link set lo up
	echo hello >"$BATS_TEST_TMPDIR/index.html"
}

netns_teardown() {
	local pid
	[ ! -e "$BATS_TEST_TMPDIR/pids" ] || while read -r pid; do kill "$pid" 2>/dev/null || :; done <"$BATS_TEST_TMPDIR/pids"
}

# Waits up to five seconds until a command succeeds.
soon() {
	local _
	for _ in {1..250}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	echo "in vain: $*" >&2
	return 1
}

# A new network namespace; prints the pid of the process that holds it.
hold_netns() {
	local pid
	unshare --net sleep 600 >/dev/null 2>&1 3>&- 4>&- &
	pid=$!
	echo $pid >>"$BATS_TEST_TMPDIR/pids"
	soon grep -qx sleep /proc/$pid/comm
	echo $pid
}

in_host() { nsenter --net=/proc/"$host_pid"/ns/net "$@"; }
inside() { local pid=$1; shift; nsenter --net=/proc/"$pid"/ns/net "$@"; }
tool() { in_host "$TOOL" "$state/root" "$state/run" "$@"; }

# wire PID LINK NET: makes the namespace a machine on a network of its own, NET.2, with the host as NET.1.
wire() {
	in_host ip link add "$2" type veth peer name eth0 netns "$1"
	in_host ip address add "$3.1/24" dev "$2"
	in_host ip link set "$2" up
	inside "$1" ip link set lo up
	inside "$1" ip address add "$3.2/24" dev eth0
	inside "$1" ip link set eth0 up
	inside "$1" ip route add default via "$3.1"
}

# serve PID PORT [DIR]: a web server in a namespace.
serve() {
	inside "$1" busybox httpd -f -p "$2" -h "${3:-$BATS_TEST_TMPDIR}" >/dev/null 2>&1 3>&- 4>&- &
	echo $! >>"$BATS_TEST_TMPDIR/pids"
	soon inside "$1" curl -s "http://127.0.0.1:$2/"
}

# listen_udp PID PORT FILE: writes what comes into FILE. send_udp TEXT PORT: from the host's port 6000.
listen_udp() {
	inside "$1" timeout 20 /usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
print(s.recv(100).decode(), flush=True)' "$2" >"$3" 3>&- 4>&- &
	echo $! >>"$BATS_TEST_TMPDIR/pids"
	soon grep -q "$(printf ':%04X ' "$2")" /proc/"$1"/net/udp
}
send_udp() {
	in_host /usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 6000))
s.sendto(sys.argv[1].encode(), ("127.0.0.1", int(sys.argv[2])))' "$1" "$2"
}

elements() { in_host nft -j list map inet tare "$1" | jq '[.nftables[] | .map? // empty | .elem // [] | length] | add'; }
