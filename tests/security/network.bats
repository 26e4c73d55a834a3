#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The rows of the CVE list that touch bridge networks and published ports, with the attacker inside a container or on the
# network beside the host.

setup_file() { load ../lib/netns.bash; netns_require; }
setup() { load ../lib/netns.bash; netns_setup; }
teardown() { netns_teardown; }

# raw PID PROGRAM [WORD…]: a python program with a packet socket on eth0 of the namespace as `s`, helpers and sys.argv.
raw() {
	local pid=$1 program=$2
	shift 2
	inside "$pid" /usr/bin/python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
def mac(text): return bytes.fromhex(text.replace(":", ""))
def ip(text): return socket.inet_aton(text)
def ip6(text): return socket.inet_pton(socket.AF_INET6, text)
def checksum(data):
    data += b"\0" * (len(data) % 2)
    n = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while n >> 16: n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff
'"$program" "$@"
}

# A UDP packet to the gateway of the bridge with any addresses in it: SOURCE TARGET PORT TEXT.
spoof='
source, target, port, text = ip(sys.argv[1]), ip(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
udp = struct.pack("!HHHH", 4000, port, 8 + len(text), 0) + text
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source, target)
head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
s.send(mac("02:74:ac:1e:00:01") + mac("02:74:ac:1e:00:02") + b"\x08\x00" + head + udp)
'

# A router advertisement to everybody on the link, with a prefix and a default route.
advertise='
source, target = ip6("fe80::bad"), ip6("ff02::1")
prefix = struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, 3600, 3600, 0, ip6("2001:db8:bad::"))
body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix
pseudo = source + target + struct.pack("!II", len(body), 58)
body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
head = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + source + target
for _ in range(5): s.send(mac("33:33:00:00:00:01") + mac("02:74:ac:1e:00:02") + b"\x86\xdd" + head + body)
'

@test "CVE-2025-67499, CVE-2021-20199: remote clients keep their address, and reach published ports only" {
	c=$(hold_netns) lan=$(hold_netns) third=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	serve "$c" 80
	serve "$c" 81
	wire "$lan" lan0 198.51.100
	wire "$third" wan0 203.0.113
	[ "$(inside "$lan" curl -s --max-time 3 http://198.51.100.1:8080/)" = hello ]
	grep 'dport=8080' /proc/"$host_pid"/net/nf_conntrack | grep -q 'src=172.30.0.2 dst=198.51.100.2'
	# Not published, or not addressed to this host: no way in.
	run inside "$lan" curl -s --max-time 1 http://172.30.0.2:81/
	[ "$status" != 0 ]
	run inside "$lan" curl -s --max-time 1 http://172.30.0.2:80/
	[ "$status" != 0 ]
	# Traffic through this host to a third one's port 8080 is not ours to answer: it reaches the third one.
	serve "$third" 8080 "$(mktemp -d "$BATS_TEST_TMPDIR/third.XXXX")"
	[ "$(inside "$lan" curl -s -o /dev/null -w '%{http_code}' --max-time 3 http://203.0.113.2:8080/)" = 404 ]
	# The outside sees the host, not the container.
	serve "$lan" 82
	[ "$(inside "$c" curl -s --max-time 3 http://198.51.100.2:82/)" = hello ]
	grep 'dport=82 ' /proc/"$host_pid"/net/nf_conntrack | grep -q 'dst=198.51.100.1'
}

@test "CVE-2020-8558: no packet from a container reaches the host's loopback, whatever stands in it" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net
	listen_udp "$host_pid" 9000 "$BATS_TEST_TMPDIR/got"
	[ "$(in_host cat /proc/sys/net/ipv4/conf/tare0/route_localnet)" = 1 ]
	raw "$c" "$spoof" 172.30.0.2 127.0.0.1 9000 "to loopback"
	raw "$c" "$spoof" 127.0.0.1 127.0.0.1 9000 "from and to loopback"
	raw "$c" "$spoof" 127.0.0.1 172.30.0.1 9000 "as if from loopback"
	raw "$c" "$spoof" 172.30.0.2 172.30.0.1 9000 honest
	soon test -s "$BATS_TEST_TMPDIR/got"
	grep -qx honest "$BATS_TEST_TMPDIR/got"
}

@test "CVE-2020-8558: a port published on 127.0.0.1 answers neither neighbours nor the network" {
	c=$(hold_netns) d=$(hold_netns) lan=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 127.0.0.1:8080:80
	tool attach c2 /proc/"$d"/ns/net
	serve "$c" 80
	wire "$lan" lan0 198.51.100
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	run inside "$d" curl -s --max-time 1 http://172.30.0.1:8080/
	[ "$status" != 0 ]
	run inside "$lan" curl -s --max-time 1 http://198.51.100.1:8080/
	[ "$status" != 0 ]
	inside "$lan" ip route add 127.0.0.1/32 via 198.51.100.1 table 99
	inside "$lan" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet; ip rule add pref 0 to 127.0.0.1 table 99 2>/dev/null; ip rule del pref 0 table local; ip rule add pref 10 table local'
	run inside "$lan" curl -s --max-time 1 http://127.0.0.1:8080/
	[ "$status" != 0 ]
}

@test "CVE-2020-13401, CVE-2020-10749: a router advertisement from a container changes nobody's routes" {
	c=$(hold_netns) d=$(hold_netns) e=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net
	tool attach c2 /proc/"$d"/ns/net
	before=$(in_host ip -6 route; inside "$d" ip -6 route)
	# Somebody who believes routers shows that the advertisement is one.
	tool attach c3 /proc/"$e"/ns/net
	inside "$e" sh -c 'cd /proc/sys/net/ipv6/conf/eth0; echo 2 >accept_ra; echo 0 >disable_ipv6'
	inside "$e" ip address add fe80::e/64 dev eth0 nodad
	raw "$c" "$advertise"
	soon inside "$e" sh -c 'ip -6 route | grep -q "^default via fe80::bad"'
	[ "$(in_host ip -6 route; inside "$d" ip -6 route)" = "$before" ]
	[ -z "$(in_host ip -6 address show dev tare0 | grep 2001:db8)" ]
}

@test "CVE-2020-13401, CVE-2020-10749: on a network with IPv6 neither neighbours nor the host believe a container that plays router" {
	c=$(hold_netns) d=$(hold_netns) e=$(hold_netns)
	bridge=$(tool create six 10.99.0.0/24 fd99::/64 | cut -d' ' -f3)
	in_host sh -c 'ip link add up0 type veth peer name up1; echo 1 >/proc/sys/net/ipv6/conf/up0/accept_ra'
	tool attach c1 /proc/"$c"/ns/net --net six
	tool attach c2 /proc/"$d"/ns/net --net six
	tool attach c3 /proc/"$e"/ns/net --net six
	inside "$d" ip -6 address show dev eth0 | grep -q 'fd99::'
	before=$(in_host ip -6 route; inside "$d" ip -6 route)
	inside "$e" sh -c 'echo 2 >/proc/sys/net/ipv6/conf/eth0/accept_ra'
	raw "$c" "$advertise"
	soon inside "$e" sh -c 'ip -6 route | grep -q "^default via fe80::bad"'
	[ "$(in_host ip -6 route; inside "$d" ip -6 route)" = "$before" ]
	[ -z "$(in_host ip -6 address show dev "$bridge" | grep 2001:db8)" ]
	# What the host's own links did about routers before this host forwarded, they still do.
	[ "$(in_host cat /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv6/conf/up0/accept_ra | xargs)" = "1 2" ]
}

@test "a port published on IPv6 reaches published ports only, for remote clients with their own address" {
	c=$(hold_netns) lan=$(hold_netns)
	tool create six 10.99.0.0/24 fd99::/64
	tool attach c1 /proc/"$c"/ns/net --net six -p 8080:80
	serve "$c" 80
	serve "$c" 81
	wire "$lan" lan0 198.51.100
	in_host ip address add fd55::1/64 dev lan0 nodad
	inside "$lan" ip address add fd55::2/64 dev eth0 nodad
	inside "$lan" ip route add fd99::/64 via fd55::1
	[ "$(inside "$lan" curl -s --max-time 3 'http://[fd55::1]:8080/')" = hello ]
	grep 'dport=8080' /proc/"$host_pid"/net/nf_conntrack | grep -q 'dst=fd55:0000:0000:0000:0000:0000:0000:0002'
	for url in 'http://[fd99::2]:80/' 'http://[fd99::2]:81/'; do
		run inside "$lan" curl -s --max-time 1 "$url"
		[ "$status" != 0 ]
	done
}

@test "a container of an internal network reaches no port that another network publishes" {
	c=$(hold_netns) i=$(hold_netns)
	tool create shut 10.98.0.0/24 internal
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	tool attach c2 /proc/"$i"/ns/net --net shut
	serve "$c" 80
	inside "$i" ip route add default via 10.98.0.1
	for place in 10.98.0.1 172.30.0.1; do
		run inside "$i" curl -s --max-time 1 "http://$place:8080/"
		[ "$status" != 0 ]
	done
}

@test "CVE-2024-32473: an IPv4 network gives no IPv6 address, not even a link-local one" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net
	[ -z "$(inside "$c" ip -6 address show dev eth0)" ]
	[ "$(inside "$c" cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6)" = 1 ]
	[ -z "$(in_host ip -6 address show dev tare0)" ]
}

@test "CVE-2025-54388, CVE-2025-54410: what a flushed firewall loses is back before anything else starts" {
	c=$(hold_netns) d=$(hold_netns)
	tool create second 10.99.0.0/24
	tool attach c1 /proc/"$c"/ns/net -p 127.0.0.1:8080:80
	serve "$c" 80
	in_host nft flush ruleset
	tool attach c2 /proc/"$d"/ns/net --net second
	run inside "$d" curl -s --max-time 1 http://172.30.0.2/
	[ "$status" != 0 ]
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
}
