#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# `tare network …` and the networks of containers: several, with addresses and names; who reaches whom; what stays behind (nothing).
# (network.bats is about network/ itself, without containers; ports.bats about published ports.)

load ../lib/tare

setup_file() {
	tare_setup_file
	# What the first network with names and the first named namespace leave, stays: a directory, a mount of ip(8).
	tare network create warm
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
	jq -e '.names == ["c1", "other", .container[0:12]] and .ip == "10.77.2.77"' /run/tare/attachments/"$(inspect c1 '{{.Id}}')"@two
	run -1 tare network connect two c1
	contains "$output" "already"
	equal "default via 10.77.1.1" "$(tare exec c1 ip route | grep -o 'default via [0-9.]*')"
	tare network disconnect one c1
	equal "default via 10.77.2.1" "$(tare exec c1 ip route | grep -o 'default via [0-9.]*')"
	run ! tare exec c1 ip link show eth0
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
	for step in connect.reserve connect.state connect.attach connect.keep; do
		tare run -d --name c2 busybox sleep 60
		TARE_FAULT=kill:$step tare network connect --ip 10.77.1.6 one c2 || :
		TARE_FAULT=step:$step run -1 tare network connect --ip 10.77.1.7 one c2
		tare network disconnect -f one c2
		tare network connect --ip 10.77.1.6 one c2
		equal 10.77.1.6 "$(ip_in c2 one)"
		tare rm -f c2
		equal "" "$(find /run/tare/attachments /run/tare/ipam -type f -not -name '.next*')"
	done
	for step in disconnect.keep disconnect.unplug disconnect.detach disconnect.reroute disconnect.state; do
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
