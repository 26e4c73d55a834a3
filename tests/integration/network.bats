#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Networks through their own interface (network_tool), without images and containers: see tests/lib/netns.bash.

setup_file() { load ../lib/netns.bash; netns_require; }
setup() { load ../lib/netns.bash; netns_setup; }
teardown() { netns_teardown; }

@test "the default network is made on first use and kept" {
	tool show | grep -qx 'bridge bridge tare0 172.30.0.0/16 172.30.0.1'
	in_host ip route add 172.30.0.0/16 dev lo
	tool show | grep -qx 'bridge bridge tare0 172.30.0.0/16 172.30.0.1'
	jq -e '.driver == "bridge" and .version == 1' "$state/root/networks/bridge/network.json"
}

@test "the subnet of a new network overlaps nothing that the host uses" {
	in_host ip link add name tare0 type bridge
	in_host ip route add 172.16.0.0/12 dev lo
	tool show | grep -qE '^bridge bridge tare1 10\.210\.0\.0/20 10\.210\.0\.1$'
	run tool create mine 172.20.0.0/24
	[ "$status" = 1 ]
	[[ $output == *"overlaps"* ]]
}

@test "a container gets address, gateway and MAC, and no IPv6" {
	c=$(hold_netns)
	run tool attach c1 /proc/"$c"/ns/net
	[ "$output" = "172.30.0.2 172.30.0.1 02:74:ac:1e:00:02" ]
	inside "$c" ip -4 -br address show eth0 | grep -q 172.30.0.2/16
	inside "$c" ip route | grep -q 'default via 172.30.0.1 dev eth0'
	[ -z "$(inside "$c" ip -6 -br address show eth0 | awk '{ print $3 }')" ]
	inside "$c" ip -br link show lo | grep -q UP
	[ "$(in_host cat /proc/sys/net/ipv6/conf/tare0/accept_ra)" = 0 ]
}

@test "a published port answers on 127.0.0.1, on the host's addresses, to neighbours and to the container itself" {
	c=$(hold_netns) d=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	tool attach c2 /proc/"$d"/ns/net
	serve "$c" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	[ "$(in_host curl -s --max-time 3 http://172.30.0.1:8080/)" = hello ]
	[ "$(in_host curl -s --max-time 3 http://172.30.0.2/)" = hello ]
	[ "$(inside "$d" curl -s --max-time 3 http://172.30.0.1:8080/)" = hello ]
	[ "$(inside "$d" curl -s --max-time 3 http://172.30.0.2/)" = hello ]
	[ "$(inside "$c" curl -s --max-time 3 http://172.30.0.1:8080/)" = hello ]
}

@test "a published port answers to itself and on 127.0.0.1 without br_netfilter too" {
	[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || skip "no br_netfilter here"
	in_host sh -c 'echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables'
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	serve "$c" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	[ "$(inside "$c" curl -s --max-time 3 http://172.30.0.1:8080/)" = hello ]
}

@test "a port published on one address answers there only" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 127.0.0.1:8080:80
	serve "$c" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	run in_host curl -s --max-time 1 http://172.30.0.1:8080/
	[ "$status" != 0 ]
}

@test "udp ports are published, and a dead container's connections are forgotten" {
	c=$(hold_netns) d=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 5300:53/udp
	listen_udp "$c" 53 "$BATS_TEST_TMPDIR/got1"
	send_udp one 5300
	soon grep -qx one "$BATS_TEST_TMPDIR/got1"
	send_udp other 5301
	grep -q 'dport=5300' /proc/"$host_pid"/net/nf_conntrack
	tool detach c1 172.30.0.2 -p 5300:53/udp
	run -1 grep 'dport=5300' /proc/"$host_pid"/net/nf_conntrack
	grep -q 'dport=5301' /proc/"$host_pid"/net/nf_conntrack
	tool attach c2 /proc/"$d"/ns/net -p 5300:53/udp
	listen_udp "$d" 53 "$BATS_TEST_TMPDIR/got2"
	send_udp two 5300
	soon grep -qx two "$BATS_TEST_TMPDIR/got2"
}

@test "different networks do not see each other; internal ones see nobody" {
	c=$(hold_netns) d=$(hold_netns) i=$(hold_netns) j=$(hold_netns)
	tool create second 10.99.0.0/24
	tool create closed 10.98.0.0/24 internal
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	tool attach c2 /proc/"$d"/ns/net --net second
	tool attach c3 /proc/"$i"/ns/net --net closed
	tool attach c4 /proc/"$j"/ns/net --net closed
	serve "$c" 80
	serve "$i" 80
	run inside "$d" curl -s --max-time 1 http://172.30.0.2/
	[ "$status" != 0 ]
	[ "$(inside "$d" curl -s --max-time 3 http://172.30.0.1:8080/)" = hello ]
	[ "$(inside "$j" curl -s --max-time 3 http://10.98.0.2/)" = hello ]
	inside "$i" ip route add default via 10.98.0.1
	run inside "$i" curl -s --max-time 1 http://172.30.0.2/
	[ "$status" != 0 ]
	run tool reserve c5 --net closed -p 80:80
	[ "$status" = 1 ]
	run tool rm second
	[ "$status" = 1 ]
	[[ $output == *"has 1 address in use"* ]]
	tool detach c2 10.99.0.2 --net second
	tool rm second
	[[ $(in_host nft list set inet tare subnets4) != *10.99.0* ]]
}

@test "a taken port is refused as docker refuses it" {
	c=$(hold_netns) d=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	run tool attach c2 /proc/"$d"/ns/net -p 127.0.0.1:8080:80
	[ "$status" = 1 ]
	[[ $output == *"bind for 127.0.0.1:8080 failed: port is already allocated"* ]]
	# All or nothing: the address and the first port are free again.
	run tool attach c2 /proc/"$d"/ns/net -p 8081:80 -p 8080:80
	[[ $output == *"bind for 0.0.0.0:8080 failed: port is already allocated"* ]]
	[ ! -e "$state/run/ports/8081-tcp" ]
	[ "$(ls "$state/run/ipam/bridge")" = 172.30.0.2 ]
	tool reserve c3 -p 8080:80/udp
	serve "$host_pid" 9000
	run tool reserve c4 -p 9000:80
	[[ $output == *"already in use by a program of the host"* ]]
	run tool reserve c4 -p 192.0.2.99:9001:80
	[[ $output == *"no interface of this host has that address"* ]]
}

@test "an unnamed host port is chosen from the ephemeral range" {
	in_host sh -c 'echo 40000 40001 >/proc/sys/net/ipv4/ip_local_port_range'
	run tool reserve c1 -p 80 -p 81
	[ "$status" = 0 ]
	[[ $output == *" 40000 40001" || $output == *" 40001 40000" ]]
	run tool reserve c2 -p 80
	[[ $output == *"no host port is free"* ]]
}

@test "a range of thousands of ports is one transaction, also when the ruleset comes back" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 20000-22999:20000-22999
	serve "$c" 22999
	[ "$(elements ports4_any)" = 3000 ]
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:22999/)" = hello ]
	in_host nft flush ruleset
	[ "$(tool heal c1)" = 3000 ]
	[ "$(elements ports4_any)" = 3000 ]
	tool detach c1 172.30.0.2 -p 20000-22999:20000-22999
	[ -z "$(ls "$state/run/ports")" ]
}

@test "a hundred containers at once each get an address of their own" {
	for i in {1..100}; do hold_netns >>"$BATS_TEST_TMPDIR/held"; done
	i=0
	while read -r pid; do
		i=$((i + 1))
		tool attach "many$i" /proc/"$pid"/ns/net -p 80 >"$BATS_TEST_TMPDIR/out.$i" 2>&1 3>&- 4>&- &
		pids+=($!)
	done <"$BATS_TEST_TMPDIR/held"
	wait "${pids[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -c '^172.30.')" = 100 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/out.* | cut -d' ' -f1 | sort -u | wc -l)" = 100 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/out.* | cut -d' ' -f4 | sort -u | wc -l)" = 100 ]
	[ "$(elements ports4_any)" = 100 ]
	[ "$(in_host ip -br link show master tare0 | grep -c UP)" = 100 ]
}

@test "a full subnet says so, and a freed address can be taken again" {
	tool create small 10.97.0.0/29
	for i in 1 2 3 4 5; do tool reserve "c$i" --net small; done
	run tool reserve c6 --net small
	[ "$status" = 1 ]
	[[ $output == *"no address is free in subnet 10.97.0.0/29"* ]]
	tool detach c3 10.97.0.4 --net small
	run tool reserve c6 --net small
	[[ $output == "10.97.0.4 "* ]]
	run tool reserve c7 --net small --ip 10.97.0.4
	[[ $output == *"already in use"* ]]
	run tool reserve c7 --net small --ip 10.97.0.1
	[[ $output == *"cannot be given"* ]]
	run tool reserve c7 --net small --ip 10.96.0.1
	[[ $output == *"is not in subnet"* ]]
}

@test "detach copes with what is gone, and touches nothing of others" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	tool detach c2 172.30.0.2 -p 8080:80
	[ "$(elements ports4_any)" = 1 ]
	[ -e "$state/run/ipam/bridge/172.30.0.2" ]
	in_host nft flush map inet tare ports4_any
	tool detach c1 172.30.0.2 -p 8080:80
	tool detach c1 172.30.0.2 -p 8080:80
	[ -z "$(ls "$state/run/ports" "$state/run/ipam/bridge" | grep -v '^/' | grep -v '^$')" ]
}

@test "each step may fail, and leaves nothing but the reservation, which detach frees" {
	c=$(hold_netns)
	tool attach warm /proc/"$(hold_netns)"/ns/net
	for step in reserve_address reserve_ports prepare link configure publish; do
		TARE_FAULT=step:network.$step run tool attach c1 /proc/"$c"/ns/net -p 8080:80
		[ "$status" = 1 ]
		[[ $output == *"network.$step: fault injected"* ]]
		[ "$(elements ports4_any)" = null ] || [ "$(elements ports4_any)" = 0 ]
		[ ! -e "$state/run/ports/8080-tcp" ]
		[ "$(ls "$state/run/ipam/bridge")" = 172.30.0.2 ]
		[ "$(in_host ip -br link show master tare0 | wc -l)" = 1 ]
		run -1 inside "$c" ip link show eth0
	done
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
}

@test "each step of detach may fail once, and leaves nothing" {
	for step in unpublish free_ports free_address; do
		tool attach c1 /proc/"$(hold_netns)"/ns/net -p 8080:80 -p 5300:53/udp >"$BATS_TEST_TMPDIR/at"
		TARE_FAULT=step:network.$step tool detach c1 "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/at")" -p 8080:80 -p 5300:53/udp
		[ -z "$(ls "$state/run/ports")$(ls "$state/run/ipam/bridge")" ]
		[[ $(in_host nft list map inet tare ports4_any) != *elements* ]]
	done
}

@test "what an earlier start left, in files or in the firewall, does not stand in the way of the same container" {
	c=$(hold_netns)
	TARE_FAULT=kill:network.configure run tool attach c1 /proc/"$(hold_netns)"/ns/net -p 8080:80
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	serve "$c" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	tool detach c1 172.30.0.3 -p 8080:80
	in_host nft add element inet tare ports4_any '{ tcp . 8080 : 172.30.77.77 . 80 }'
	d=$(hold_netns)
	tool attach c2 /proc/"$d"/ns/net -p 8080:80
	serve "$d" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	# Where another root of this host leads the port, it is taken.
	in_host nft add element inet tare ports4_any '{ tcp . 8081 : 10.1.2.3 . 80 }'
	run tool attach c3 /proc/"$(hold_netns)"/ns/net -p 8081:80
	[ "$status" = 1 ]
	[[ $output == *"port is already allocated"* ]]
	in_host nft list map inet tare ports4_any | grep -q 10.1.2.3
}

@test "what a killed program leaves is healed, wherever it was killed" {
	c=$(hold_netns)
	tool attach alive /proc/"$c"/ns/net -p 8080:80
	for step in reserve_ports prepare link configure publish unpublish free_ports free_address; do
		d=$(hold_netns)
		TARE_FAULT=kill:network.$step run tool attach dead /proc/"$d"/ns/net -p 9090:80
		if [[ $step == *un* || $step == free* ]]; then
			ip=$(cut -d' ' -f1 <<<"$output")
			TARE_FAULT=kill:network.$step run tool detach dead "$ip" -p 9090:80
		fi
		[ "$status" = 137 ]
		tool heal alive
		[ "$(ls "$state/run/ports")" = 8080-tcp ]
		[ "$(ls "$state/run/ipam/bridge")" = 172.30.0.2 ]
		[ "$(elements ports4_any)" = 1 ]
		[ "$(tool heal alive)" = 0 ]
	done
	serve "$c" 80
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
}

@test "a flushed ruleset comes back with the next container, and by heal" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	serve "$c" 80
	in_host nft flush ruleset
	tool attach c2 /proc/"$(hold_netns)"/ns/net
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
	in_host nft flush ruleset
	tool heal c1 c2
	[ "$(in_host curl -s --max-time 3 http://127.0.0.1:8080/)" = hello ]
}

@test "an older table is replaced with all that is in it, a newer one is left alone" {
	in_host nft -f - <<-END
		table inet tare {
			comment "tare rules 0"
			map ports4_any { type inet_proto . inet_service : ipv4_addr . inet_service; elements = { tcp . 7000 : 10.1.2.3 . 70 }; }
			set bridges { type ipv4_addr; elements = { 1.2.3.4 }; }
			set subnets4 { type ipv4_addr; flags interval; elements = { 10.5.0.0/16, 172.30.0.0/16 }; }
		}
	END
	tool attach c1 /proc/"$(hold_netns)"/ns/net -p 8080:80
	[ "$(elements ports4_any)" = 2 ]
	in_host nft list set inet tare bridges | grep -q tare0
	in_host nft list set inet tare subnets4 | grep -q '10.5.0.0/16, 172.30.0.0/16'
	in_host nft list table inet tare | grep -qE 'comment "tare rules [1-9]+"'
}

@test "check names dead reservations, damaged networks and other programs' drop policies" {
	tool attach c1 /proc/"$(hold_netns)"/ns/net -p 8080:80
	[ -z "$(tool check c1)" ]
	tool check | grep -q 'warning: address 172.30.0.2: reserved for container c1, which is gone'
	tool check | grep -q 'warning: port 8080: reserved for container c1, which is gone'
	in_host nft add table ip filter
	in_host nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
	tool check c1 | grep -q "warning: table ip filter: chain 'FORWARD' drops forwarded packets by policy"
	tool create broken 10.90.0.0/24
	echo '{' >"$state/root/networks/broken/network.json"
	tool check c1 | grep -q 'error: network broken:'
	tool ls | grep -q '^bridge '
}

@test "beside docker's dropping FORWARD chain the lines of docs/networking.md let us through" {
	command -v iptables >/dev/null || skip "no iptables here"
	c=$(hold_netns) lan=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net -p 8080:80
	serve "$c" 80
	wire "$lan" lan0 198.51.100
	serve "$lan" 82
	in_host iptables -N DOCKER-USER || skip "no iptables in this kernel"
	in_host iptables -A FORWARD -j DOCKER-USER
	in_host iptables -P FORWARD DROP
	tool check c1 | grep -q 'in chain DOCKER-USER'
	run inside "$c" curl -s --max-time 1 http://198.51.100.2:82/
	[ "$status" != 0 ]
	grep -o 'iptables -I DOCKER-USER [^;`]*' "$BATS_TEST_DIRNAME/../../docs/networking.md" | sed "s/'//g" >"$BATS_TEST_TMPDIR/lines"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/lines")" = 2 ]
	while read -r line; do in_host $line; done <"$BATS_TEST_TMPDIR/lines"
	[ "$(inside "$c" curl -s --max-time 3 http://198.51.100.2:82/)" = hello ]
	[ "$(inside "$lan" curl -s --max-time 3 http://198.51.100.1:8080/)" = hello ]
}

@test "a stopped network leaves nothing on the host and comes back" {
	c=$(hold_netns)
	tool attach c1 /proc/"$c"/ns/net
	run tool stop bridge
	[ "$status" = 1 ]
	tool detach c1 172.30.0.2
	tool stop bridge
	run -1 in_host ip link show tare0
	[[ $(in_host nft list set inet tare bridges) != *tare0* ]]
	tool attach c2 /proc/"$(hold_netns)"/ns/net
	in_host ip link show tare0
}

@test "a full bridge says so and leaves nothing of the one too many; freed places are found" {
	run tool bench 1024
	[ "$status" = 1 ]
	[[ $output == *"attachment 1023:"*"the bridge has no free port: the kernel's limit is 1023 containers on one network"* ]]
	run tool bench 1000
	[ "$status" = 0 ]
}

@test "attaching costs milliseconds, and the three hundredth no more than the first ones" {
	run tool bench 300
	[ "$status" = 0 ]
	echo "$output" >&3
}
