#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `tare network …` and the networks of containers: several, with addresses and names; who reaches whom; what stays behind (nothing).
# (network.bats is about network/ itself, without containers; ports.bats about published ports.)

load ../lib/tare

setup_file() {
	tare_setup_file
	# What the first network with names and the first named namespace leave, stays: a directory, a mount of ip(8).
	tare network create --ipv6 warm
	tare run --rm --network warm busybox true
	tare network rm warm
	ip netns add warm
	ip netns del warm
	"$lib/residue" snapshot "$BATS_FILE_TMPDIR/warm" /run/tare /var/lib/tare/containers /var/lib/tare/names /var/lib/tare/networks
}
teardown() {
	tare_teardown
	tare network prune -f >/dev/null
}
teardown_file() { tare_teardown_file; }

# Says "hello" to whoever connects to port 80.
server() { tare run -d "$@" busybox nc -ll -p 80 -e echo hello; }

# hears CONTAINER ADDRESS, deaf CONTAINER ADDRESS: whether it gets through to port 80 there.
hears() { wait_for 5 sh -c "tare exec '$1' nc -w 1 '$2' 80 </dev/null | grep -qx hello"; }
deaf() { run ! sh -c "tare exec '$1' nc -w 1 '$2' 80 </dev/null | grep -x hello"; }

ip_in() { inspect "$1" "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}"; }
links() { ip -o link | grep -cE '^[0-9]+: (tare-|v[0-9a-f]{10,})' || :; }

@test "create, ls, inspect, exists and rm agree with each other" {
	id=$(tare network create --label who=me -o com.docker.network.driver.mtu=1400 --subnet 10.77.1.0/24 first)
	[[ $id =~ ^[0-9a-f]{64}$ ]]
	tare network create --internal --subnet 10.77.2.0/24 --gateway 10.77.2.254 --ip-range 10.77.2.128/25 --aux-address printer=10.77.2.128 second
	tare network exists first
	run -1 tare network exists third
	equal "$(printf 'first\nsecond')" "$(tare network ls --filter name=first --filter name=second --format '{{.Name}}')"
	equal first "$(tare network ls --filter label=who=me --format '{{.Name}}')"
	equal "$(printf 'bridge\nhost\nnone')" "$(tare network ls --filter type=builtin --format '{{.Name}}')"
	equal "${id:0:12}" "$(tare network ls -q --filter name=first)"
	equal "$id" "$(tare network ls -q --no-trunc --filter id="${id:0:8}")"
	[[ $(tare network ls) =~ ^NETWORK\ ID\ +NAME\ +DRIVER\ +SCOPE ]]
	tare network inspect second | jq -e '.[0].IPAM.Config == [{Subnet: "10.77.2.0/24", IPRange: "10.77.2.128/25", Gateway: "10.77.2.254",
		AuxiliaryAddresses: {printer: "10.77.2.128"}}] and .[0].Internal and (.[0].Containers == {})'
	equal "1400 10.77.1.0/24 true" "$(tare network inspect first -f '{{index .Options "com.docker.network.driver.mtu"}} {{(index .Subnets 0).Subnet}} {{.DNSEnabled}}')"
	equal first "$(tare network rm first)"
	run -1 tare network rm first
	contains "$output" "network 'first' not found"
	tare network rm -f first second
	run -1 tare network inspect second
	run -1 tare network rm bridge
	contains "$output" "pre-defined"
}

@test "what makes no sense is refused in one line, and nothing stays" {
	before=$(tare network ls -q)
	refuse() {
		run tare network create "${@:2}"
		[ "$status" = 1 ] || [ "$status" = 125 ]
		equal 1 "${#lines[@]}"
		contains "$output" "$1"
	}
	refuse "is needed" --subnet 10.77.0.0/31 x
	refuse "is needed" --subnet nonsense x
	refuse "no address for a host" --subnet 10.77.0.0/24 --gateway 10.78.0.1 x
	refuse "does not lie in subnet" --subnet 10.77.0.0/24 --ip-range 10.78.0.0/25 x
	refuse "second subnet" --subnet 10.77.0.0/24 --subnet 10.78.0.0/24 x
	refuse "without --ipv6" --gateway fd00::1 x
	refuse "invalid network name" 'a b'
	refuse "invalid network name" -- -x
	refuse "meaning of its own" container
	refuse "no MTU" -o mtu=12 x
	refuse "unsupported: network option" -o com.docker.network.bridge.nonsense=1 x
	refuse "driver 'overlay'" -d overlay x
	refuse "name it with -o parent" -d macvlan x
	refuse "no link 'nowhere0'" -d macvlan -o parent=nowhere0 x
	refuse "no mode" -d ipvlan -o parent=lo -o mode=l9 x
	refuse "means nothing to" -o parent=lo x
	refuse "already exists" host
	tare network create --subnet 10.77.0.0/24 one
	refuse "overlaps" --subnet 10.77.0.128/25 two
	refuse "already exists" one
	tare network create --ignore one
	tare network rm one
	equal "$before" "$(tare network ls -q)"
	equal 0 "$(links)"
}

@test "a container is in several networks, with the addresses, names and links it asked for" {
	tare network create --subnet 10.77.1.0/24 front
	tare network create --subnet 10.77.2.0/24 --internal back
	tare run -d --name c1 --network front:ip=10.77.1.9,mac=02:00:00:00:00:99,interface_name=outer,alias=a1,alias=a2 \
		--network name=back,ip=10.77.2.9 --network-alias both busybox sleep 60
	equal "02:00:00:00:00:99" "$(tare exec c1 cat /sys/class/net/outer/address)"
	contains "$(tare exec c1 ip addr show outer)" "inet 10.77.1.9/24"
	contains "$(tare exec c1 ip addr show eth1)" "inet 10.77.2.9/24"
	equal "default via 10.77.1.1 dev outer" "$(tare exec c1 ip route | sed -n 's/^\(default.*[^ ]\) *$/\1/p')"
	equal "10.77.1.9 10.77.2.9" "$(ip_in c1 front) $(ip_in c1 back)"
	for net in front back; do
		jq -e --arg net $net '.network == $net and .names[0] == "c1" and (.names | index("both")) != null' /run/tare/attachments/*@$net
	done
	jq -e '.names == ["c1", "a1", "a2", "both", .container[0:12]] and .gateway == "10.77.1.1" and (.internal | not)' /run/tare/attachments/*@front
	jq -e '.internal' /run/tare/attachments/*@back
	tare network inspect front | jq -e '.[0].Containers | to_entries | length == 1 and .[0].value.Name == "c1" and .[0].value.IPv4Address == "10.77.1.9/24"'
	run -1 tare network rm front
	contains "$output" "used by running containers: c1"
	# The same words separated by commas, and the priority of a gateway.
	tare run -d --name c2 --network front,back busybox sleep 60
	equal 2 "$(tare exec c2 ls /sys/class/net | grep -c eth)"
	tare network create --subnet 10.77.3.0/24 third
	equal "default via 10.77.3.1 dev eth1" "$(tare run --rm --network front --network name=third,gw-priority=5 busybox ip route | sed -n 's/^\(default.*[^ ]\) *$/\1/p')"
	tare rm -f c1 c2
	equal "" "$(ls /run/tare/attachments)"
	equal "" "$(find /run/tare/ipam -type f -not -name '.next*')"
}

@test "flags of networks that contradict each other are refused" {
	tare network create --subnet 10.77.1.0/24 front
	tare run -d --name c1 busybox sleep 60
	refuse() {
		run tare run --rm "${@:2}" busybox true
		equal 125 "$status"
		contains "${lines[0]}" "$1"
	}
	refuse "cannot be combined" --network front --network host
	refuse "cannot be combined" --network container:c1 --network front
	refuse "named twice" --network front,front
	refuse "conflicting options: published ports" --network container:c1 -p 80:80
	refuse "conflicting options: a host name" --network container:c1 -h me
	refuse "no such container" --network container:nobody
	refuse "not found" --network nowhere
	refuse "no name service" --network-alias x
	refuse "neither addresses nor names" --network none --ip 10.77.1.5
	refuse "no IPv4 address" --network front --ip fd00::1
	refuse "speaks no IPv6" --network front --ip6 fd00::1
	refuse "is not in subnet" --network front --ip 10.78.1.5
	refuse "cannot be given" --network front --ip 10.77.1.1
	refuse "no MAC address" --mac-address nonsense
	refuse "group address" --network front --mac-address 01:00:00:00:00:01
	refuse "unknown key" --network front:speed=11
	refuse "no name of a host" --network front:alias=a/b
	refuse "find each other by name" --link c1
	tare run -d --name c2 --network front --ip 10.77.1.5 busybox sleep 60
	refuse "already in use" --network front --ip 10.77.1.5
}

@test "networks do not reach each other; an internal one reaches nobody, not even published ports" {
	tare network create --subnet 10.77.1.0/24 one
	tare network create --subnet 10.77.2.0/24 two
	tare network create --subnet 10.77.3.0/24 --internal shut
	server --name s1 --network one -p 18300:80
	server --name s3 --network shut
	tare run -d --name c1 --network one busybox sleep 60
	tare run -d --name c2 --network two busybox sleep 60
	tare run -d --name c3 --network shut --cap-add NET_ADMIN busybox sleep 60
	hears c1 "$(ip_in s1 one)"
	hears c3 "$(ip_in s3 shut)"
	deaf c2 "$(ip_in s1 one)"
	deaf c2 "$(ip_in s3 shut)"
	deaf c1 "$(ip_in s3 shut)"
	equal "" "$(tare exec c3 ip route | grep default || :)"
	# Whoever may change routes finds no way out either.
	tare exec c3 ip route add default via 10.77.3.1
	deaf c3 "$(ip_in s1 one)"
	run ! sh -c 'tare exec c3 nc -w 1 10.77.1.1 18300 </dev/null | grep -x hello'
	wait_for 5 sh -c 'tare exec c2 nc -w 1 10.77.1.1 18300 </dev/null | grep -qx hello'
	run -125 tare run --rm --network shut -p 18301:80 busybox true
	contains "$output" "internal network"
}

@test "containers of a network without neighbours reach their gateway but not each other" {
	tare network create --subnet 10.77.1.0/24 -o com.docker.network.bridge.enable_icc=false lonely
	server --name s1 --network lonely -p 18310:80
	tare run -d --name c1 --network lonely --cap-add NET_ADMIN busybox sleep 60
	tare exec c1 ping -c 1 -W 2 10.77.1.1
	deaf c1 "$(ip_in s1 lonely)"
	# Nor by way of the gateway.
	tare exec c1 ip route add "$(ip_in s1 lonely)/32" via 10.77.1.1
	deaf c1 "$(ip_in s1 lonely)"
}

@test "a container shares the network of another, and starts again only beside it" {
	server --name s1 -p 18320:80
	tare run -d --name c1 --network container:s1 busybox sleep 60
	equal "$(tare exec s1 readlink /proc/self/ns/net)" "$(tare exec c1 readlink /proc/self/ns/net)"
	wait_for 5 sh -c 'tare exec c1 nc -w 1 127.0.0.1 80 </dev/null | grep -qx hello'
	equal "$(tare exec s1 cat /etc/hosts /etc/hostname)" "$(tare exec c1 cat /etc/hosts /etc/hostname)"
	equal "$(inspect s1 '{{.Config.Hostname}}')" "$(tare exec c1 hostname)"
	equal "container:$(inspect s1 '{{.Id}}')" "$(inspect c1 '{{.HostConfig.NetworkMode}}')"
	tare stop -t 0 c1 s1
	run -1 tare start c1
	contains "$output" "not running"
	tare start s1 c1
	equal "$(tare exec s1 readlink /proc/self/ns/net)" "$(tare exec c1 readlink /proc/self/ns/net)"
	run -1 tare network connect bridge c1
	contains "$output" "shares the network"
	tare rm -f c1 s1
	equal 0 "$(grep -c ns-net /proc/self/mountinfo || :)"
}

@test "a container enters a namespace at a path" {
	ip netns add kept
	equal "$(ip netns exec kept readlink /proc/self/ns/net)" "$(tare run --rm --network ns:/run/netns/kept busybox readlink /proc/self/ns/net)"
	ip netns del kept
	run -125 tare run --rm --network ns:/run/netns/kept busybox true
}

@test "connect and disconnect change a running container at once and for its next start" {
	tare network create --subnet 10.77.1.0/24 one
	tare network create --subnet 10.77.2.0/24 two
	server --name s2 --network two
	tare run -d --name c1 --network one -p 18330:80 busybox sleep 60
	deaf c1 "$(ip_in s2 two)"
	tare network connect --alias other --ip 10.77.2.77 two c1
	hears c1 "$(ip_in s2 two)"
	equal 10.77.2.77 "$(ip_in c1 two)"
	contains "$(tare exec c1 cat /etc/hosts)" "$(printf '10.77.2.77\t%s' "$(inspect c1 '{{.Config.Hostname}}')")"
	jq -e '.names == ["c1", "other", .container[0:12]] and .ip == "10.77.2.77"' /run/tare/attachments/"$(inspect c1 '{{.Id}}')"@two
	run -1 tare network connect two c1
	contains "$output" "already"
	equal "default via 10.77.1.1" "$(tare exec c1 ip route | grep -o 'default via [0-9.]*')"
	tare network disconnect one c1
	equal "default via 10.77.2.1" "$(tare exec c1 ip route | grep -o 'default via [0-9.]*')"
	run ! tare exec c1 ip link show eth0
	run ! sh -c 'tare exec c1 cat /etc/hosts | grep 10.77.1.'
	contains "$(tare exec c1 cat /etc/hosts)" "127.0.0.1	localhost"
	run ! nft get element inet tare ports4_any '{ tcp . 18330 }'
	run -1 tare network disconnect one c1
	contains "$output" "is not in network"
	tare network disconnect -f one c1
	tare stop -t 0 c1
	tare network rm one
	tare start c1
	equal 10.77.2.77 "$(ip_in c1 two)"
	hears c1 "$(ip_in s2 two)"
	# A container that does not run; and one that is in no network for a while.
	tare create --name c3 busybox sleep 60
	tare network connect two c3
	tare network disconnect bridge c3
	tare start c3
	hears c3 "$(ip_in s2 two)"
	tare network disconnect two c3
	equal "lo" "$(tare exec c3 ls /sys/class/net)"
	tare network connect two c3
	hears c3 "$(ip_in s2 two)"
	run -1 tare network connect host c3
	tare run -d --name c4 --network none busybox sleep 60
	run -1 tare network connect two c4
	contains "$output" "cannot be combined"
}

@test "prune removes what no container has, stopped ones too, and obeys its filters" {
	tare network create --label keep=1 --subnet 10.77.1.0/24 kept
	tare network create --subnet 10.77.2.0/24 used
	tare network create --subnet 10.77.3.0/24 gone
	tare create --name c1 --network used busybox true
	equal "$(printf 'Deleted Networks:\ngone')" "$(tare network prune -f --filter label!=keep)"
	equal "" "$(tare network prune -f --filter until=1h)"
	equal "$(printf 'Deleted Networks:\nkept')" "$(tare network prune -f)"
	tare network exists used
	equal c1 "$(tare ps -a --filter network=used --format '{{.Names}}')"
	run -1 tare network prune -f --filter nonsense=1
	equal 0 "$(links)"
}

@test "kill -9 anywhere: the next command frees address, name file and port, and the network can go" {
	tare network create --subnet 10.77.1.0/24 one
	tare run -d --name c1 --network one --ip 10.77.1.5 -p 18340:80 busybox sleep 60
	kill -9 "$(cat "/run/tare/containers/$(inspect c1 '{{.Id}}')"/live.json | jq .monitorPid)" "$(inspect c1 '{{.State.Pid}}')"
	wait_for 5 sh -c 'tare run --rm --network one --ip 10.77.1.5 -p 18340:80 busybox true'
	tare rm -f c1
	for step in connect.reserve connect.state connect.attach connect.hosts connect.keep; do
		tare run -d --name c2 busybox sleep 60
		TARE_FAULT=kill:$step tare network connect --ip 10.77.1.6 one c2 || :
		TARE_FAULT=step:$step run -1 tare network connect --ip 10.77.1.7 one c2
		tare network disconnect -f one c2
		tare network connect --ip 10.77.1.6 one c2
		equal 10.77.1.6 "$(ip_in c2 one)"
		tare rm -f c2
		equal "" "$(find /run/tare/attachments /run/tare/ipam -type f -not -name '.next*')"
	done
	for step in disconnect.keep disconnect.unplug disconnect.detach disconnect.reroute disconnect.hosts disconnect.state; do
		tare run -d --name c2 --network one busybox sleep 60
		TARE_FAULT=kill:$step tare network disconnect one c2 || :
		tare rm -f c2
		equal "" "$(find /run/tare/attachments /run/tare/ipam -type f -not -name '.next*')"
	done
	tare network rm one
	equal 0 "$(links)"
	no_residue
}

@test "name servers of a network change for the containers in it" {
	tare network create --dns 192.0.2.1 one
	tare run -d --name c1 --network one busybox sleep 60
	tare run -d --name c2 --network one --dns 192.0.2.9 busybox sleep 60
	tare network update --dns-add 192.0.2.2 --dns-drop 192.0.2.1 one
	jq -e '.upstreams == ["192.0.2.2"]' "/run/tare/attachments/$(inspect c1 '{{.Id}}')@one"
	jq -e '.upstreams == ["192.0.2.9"]' "/run/tare/attachments/$(inspect c2 '{{.Id}}')@one"
	equal '[192.0.2.2]' "$(tare network inspect one -f '{{.NetworkDNSServers}}')"
	run -1 tare network update --dns-add nonsense one
	run -1 tare network update one
	run -1 tare network update --dns-add 192.0.2.2 bridge
	contains "$output" "no name service"
	tare network create --disable-dns two
	tare run -d --name c3 --network two busybox sleep 60
	equal "" "$(ls /run/tare/attachments | grep @two || :)"
}

@test "a network with IPv6: addresses, routes, names and published ports of both families" {
	tare network create --ipv6 --subnet 10.77.1.0/24 --subnet fd77:1::/64 --ip-range fd77:1::100/120 six
	server --name s1 --network six -p 18350:80
	tare run -d --name c1 --network six:ip6=fd77:1::123 busybox sleep 60
	contains "$(tare exec c1 ip addr show eth0)" "inet6 fd77:1::123/64"
	equal "default via fd77:1::1 dev eth0" "$(tare exec c1 ip -6 route | grep -o 'default via [0-9a-f:]* dev eth0')"
	s6=$(inspect s1 '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}')
	equal fd77:1::100 "$s6"
	hears c1 "$s6"
	for place in 127.0.0.1 10.77.1.1 '[fd77:1::1]'; do
		wait_for 5 bash -c "exec 3<>/dev/tcp/$(tr -d '[]' <<<"$place")/18350 && grep -qx hello <&3"
	done
	# From a neighbour through the host, and from the container itself.
	wait_for 5 sh -c 'tare exec c1 nc -w 1 fd77:1::1 18350 </dev/null | grep -qx hello'
	wait_for 5 sh -c 'tare exec s1 nc -w 1 fd77:1::1 18350 </dev/null | grep -qx hello'
	equal "0.0.0.0:18350 [::]:18350" "$(inspect s1 '{{range (index .NetworkSettings.Ports "80/tcp")}}{{.HostIp}}:{{.HostPort}} {{end}}' | sed 's/::: */[::]:/; s/:::/[::]:/; s/ $//')"
	jq -e '.ip6 == "fd77:1::100" and .gateway6 == "fd77:1::1"' "/run/tare/attachments/$(inspect s1 '{{.Id}}')@six"
	equal 1 "$(cat /proc/sys/net/ipv6/conf/all/forwarding)"
	# Without a subnet a private one is made up.
	[[ $(tare network inspect "$(tare network create --ipv6 made)" -f '{{(index .IPAM.Config 1).Subnet}}') =~ ^fd[0-9a-f]{2}:[0-9a-f:]+::/64$ ]]
	# One address of one family.
	server --name s2 --network six -p '[fd77:1::1]:18351:80'
	wait_for 5 bash -c "exec 3<>/dev/tcp/fd77:1::1/18351 && grep -qx hello <&3"
	run ! bash -c "exec 3<>/dev/tcp/10.77.1.1/18351"
	run -125 tare run --rm --network six -p '[::1]:18352:80' busybox true
	contains "$output" "unsupported: publishing port 80 on [::1]"
	run -125 tare run --rm -p '[::]:18353:80' busybox true
	contains "$output" "no IPv6 address"
	tare rm -f s1 s2 c1
	equal "" "$(find /run/tare/ports /run/tare/ipam -type f -not -name '.*')"
	run ! nft get element inet tare ports6_any '{ tcp . 18350 }'
}

@test "a container on IPv6 believes no router, and neither does its bridge (CVE-2020-13401)" {
	tare network create --ipv6 six
	link=$(tare network inspect six -f '{{.NetworkInterface}}')
	equal "0 0" "$(tare run --rm --network six busybox cat /proc/sys/net/ipv6/conf/eth0/accept_ra /proc/sys/net/ipv6/conf/eth0/disable_ipv6 | xargs)"
	equal "0 0" "$(cat "/proc/sys/net/ipv6/conf/$link/accept_ra" "/proc/sys/net/ipv6/conf/$link/disable_ipv6" | xargs)"
	# A second network without IPv6 gives no address of that family, though the first does (CVE-2024-32473).
	tare network create four
	equal 1 "$(tare run --rm --network six,four busybox cat /proc/sys/net/ipv6/conf/eth1/disable_ipv6)"
	# Nor does one that is connected later switch IPv6 off or on for the others.
	tare run -d --name c1 --network four busybox sleep 60
	tare network connect six c1
	equal "1 0 0" "$(tare exec c1 cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv6/conf/eth1/disable_ipv6 /proc/sys/net/ipv6/conf/eth1/accept_ra | xargs)"
}

@test "ranges of ports pair up, or the first free one is taken; sctp and udp are published" {
	tare run -d --name c1 -p 18360-18362:80-82 -p 18365:53/udp -p 18366:90/sctp busybox sleep 60
	equal "18360 18361 18362" "$(for p in 80 81 82; do inspect c1 "{{(index (index .NetworkSettings.Ports \"$p/tcp\") 0).HostPort}}"; done | xargs)"
	nft get element inet tare ports4_any '{ sctp . 18366 }'
	nft get element inet tare ports4_any '{ udp . 18365 }'
	tare run -d --name c2 -p 18362-18364:80 busybox sleep 60
	equal 18363 "$(inspect c2 '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}')"
	equal 18362-18364 "$(inspect c2 '{{(index (index .HostConfig.PortBindings "80/tcp") 0).HostPort}}')"
	tare run -d --name c3 -p 18362-18364:80 busybox sleep 60
	equal 18364 "$(inspect c3 '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}')"
	run -125 tare run --rm -p 18362-18364:80 busybox true
	contains "$output" "none of the host ports 18362 to 18364 is free"
	run -125 tare run --rm -p 18362-18364:80-81 busybox true
	contains "$output" "different lengths"
	equal '{"8080/udp":null,"9090/tcp":null}' "$(tare run -d --name c4 --expose 9090 --expose 8080/udp busybox sleep 60 >/dev/null; inspect c4 '{{json .NetworkSettings.Ports}}' | jq -cS .)"
	tare run -d --name c5 --expose 9091 -P busybox sleep 60
	[ "$(inspect c5 '{{(index (index .NetworkSettings.Ports "9091/tcp") 0).HostPort}}')" -gt 1024 ]
}

@test "a network says where ports are published that name no address" {
	tare network create -o com.docker.network.bridge.host_binding_ipv4=127.0.0.1 --subnet 10.77.1.0/24 safe
	server --name s1 --network safe -p 18370:80
	equal 127.0.0.1 "$(inspect s1 '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostIp}}')"
	wait_for 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/18370 && grep -qx hello <&3"
	run ! bash -c "exec 3<>/dev/tcp/10.77.1.1/18370"
	tare network update --publish-address 127.0.0.1 bridge
	server --name s2 -p 18371:80
	server --name s3 -p 0.0.0.0:18372:80
	tare network update --publish-address any bridge
	server --name s4 -p 18373:80
	wait_for 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/18371 && grep -qx hello <&3"
	gateway=$(inspect s2 '{{.NetworkSettings.Gateway}}')
	run ! bash -c "exec 3<>/dev/tcp/$gateway/18371"
	for port in 18372 18373; do
		wait_for 5 bash -c "exec 3<>/dev/tcp/$gateway/$port && grep -qx hello <&3"
	done
	run -1 tare network update --publish-address nonsense bridge
}

@test "rules that somebody took away are put back: by reload, by check, by the next container" {
	tare network create --subnet 10.77.1.0/24 one
	tare network create --subnet 10.77.2.0/24 two
	server --name s1 --network one -p 18380:80
	tare run -d --name c2 --network two busybox sleep 60
	answers() { wait_for 5 bash -c "exec 3<>/dev/tcp/10.77.1.1/18380 && grep -qx hello <&3"; }
	answers
	for repair in "network reload --all" "system check --repair" "run --rm busybox true" "network reload s1"; do
		nft flush ruleset
		run ! bash -c "exec 3<>/dev/tcp/10.77.1.1/18380"
		# shellcheck disable=SC2086 # words
		tare $repair || [[ $repair == system* ]]
		answers
		deaf c2 "$(ip_in s1 one)"
	done
	# Somebody else's table is not ours to touch.
	nft add table inet theirs
	nft delete table inet tare
	tare network reload
	nft list table inet theirs >/dev/null
	nft delete table inet theirs
	answers
}

@test "macvlan and ipvlan hang a container on a link of the host, or say what the kernel lacks" {
	ip netns add outside
	ip link add up0 type veth peer name eth0 netns outside
	ip link set up0 up
	ip -n outside link set eth0 up
	ip -n outside address add 10.77.9.1/24 dev eth0
	for driver in macvlan ipvlan; do
		tare network create -d $driver -o parent=up0 --subnet 10.77.9.0/24 --ip-range 10.77.9.64/26 $driver
		run tare run -d --name c1 --network $driver busybox sleep 60
		if [ "$status" != 0 ]; then
			equal 125 "$status"
			contains "$output" "the kernel has no $driver links (module '$driver')"
		else
			tare exec c1 ping -c 1 -W 2 10.77.9.1
			contains "$(tare exec c1 ip route)" "default via 10.77.9.1 dev eth0"
			contains "$(nsenter -t "$(inspect c1 '{{.State.Pid}}')" -n ip -d link show eth0)" "$driver"
			run -125 tare run --rm --network $driver -p 18390:80 busybox true
			contains "$output" "cannot be published"
			tare network connect bridge c1
			tare network disconnect $driver c1
		fi
		tare rm -f c1
		tare network rm $driver
	done
	tare network create -d ipvlan -o parent=up0 -o mode=l3 --subnet 10.77.9.0/24 routed
	run tare run --rm --network routed busybox ip route
	if [ "$status" = 0 ]; then contains "$output" "default dev eth0"; else contains "$output" "the kernel has no ipvlan links"; fi
	tare network rm routed
	tare network create -d macvlan -o parent=up0 -o mode=private --subnet 10.77.9.0/24 lonely
	run tare run --rm --network lonely busybox true
	[ "$status" = 0 ] || contains "$output" "the kernel has no macvlan links"
	tare network rm lonely
	ip link del up0
	ip netns del outside
}

@test "what happens to networks is told" {
	before=$(date +%s.%N)
	id=$(tare network create --subnet 10.77.1.0/24 one)
	tare run -d --name c1 --network one busybox sleep 60
	c1=$(inspect c1 '{{.Id}}')
	tare network create --subnet 10.77.2.0/24 two
	tare network connect two c1
	tare network disconnect two c1
	tare rm -f c1
	tare network rm two one
	tare events --since "$before" --until "$(date +%s.%N)" --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}}' >"$BATS_TEST_TMPDIR/events"
	equal "$(printf 'create one\nconnect one\ncreate two\nconnect two\ndisconnect two\ndisconnect one\ndestroy two\ndestroy one')" "$(cat "$BATS_TEST_TMPDIR/events")"
	equal "$c1" "$(tare events --since "$before" --until "$(date +%s.%N)" --filter type=network --filter event=connect --filter network=one --format '{{.Actor.Attributes.container}}')"
}

@test "networks that are made at the same time have subnets of their own" {
	for i in 1 2 3 4 5 6 7 8; do tare network create --ipv6 "n$i" >/dev/null & done
	wait
	equal 8 "$(for i in 1 2 3 4 5 6 7 8; do tare network inspect "n$i" -f '{{(index .IPAM.Config 0).Subnet}}'; done | sort -u | wc -l)"
	tare network create same & tare network create same & wait
	equal 1 "$(tare network ls --filter name=same -q | wc -l)"
	tare network rm n1 n2 n3 n4 n5 n6 n7 n8 same
}

@test "after a reboot networks are as they were, and containers start in them" {
	tare network create --subnet 10.77.1.0/24 one
	server --name s1 --network one:ip=10.77.1.7,alias=www -p 18395:80
	tare kill s1
	ip link del "$(tare network inspect one -f '{{.NetworkInterface}}')"
	nft delete table inet tare
	rm -rf /run/tare/ipam /run/tare/ports /run/tare/attachments /run/tare/networks.lock
	tare start s1
	equal 10.77.1.7 "$(ip_in s1 one)"
	wait_for 5 bash -c "exec 3<>/dev/tcp/10.77.1.1/18395 && grep -qx hello <&3"
	jq -e '.names[1] == "www"' "/run/tare/attachments/$(inspect s1 '{{.Id}}')@one"
}

@test "inspect and system prune know networks" {
	tare network create --subnet 10.77.1.0/24 one
	equal "10.77.1.0/24 one" "$(tare inspect one -f '{{(index .IPAM.Config 0).Subnet}} {{.Name}}')"
	equal one "$(tare inspect --type network one | jq -r '.[0].Name')"
	run -1 tare inspect --type container one
	tare create --name c1 --network one busybox true
	tare network create --subnet 10.77.2.0/24 two
	contains "$(tare system prune -f --filter label!=none)" "$(printf 'Deleted Networks:\n')"
	run -1 tare network exists one
	run -1 tare network exists two
}
