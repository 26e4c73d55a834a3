# SPDX-License-Identifier: Apache-2.0
# bridge, none, host; published ports; names; and a real nginx.

load ../lib/tare

setup_file() {
	tare_setup_file busybox debian
	registry_start plain plain
	registry_push plain "$images/debian" test/nginx:1
	tare pull -q "$plain_addr/test/nginx:1"
	nginx=$plain_addr/test/nginx:1
	export nginx plain_addr plain_dir plain_pid
}
teardown() { tare_teardown; }
teardown_file() {
	registry_stop plain
	tare_teardown_file
}

address_of() { inspect "$1" '{{.NetworkSettings.IPAddress}}'; }
serves() { wait_for 10 sh -c "curl -s --max-time 1 '$1' | grep -q 'tare test page'" && equal 'tare test page' "$(fetch "$1")"; }

@test "nginx from a registry serves on 127.0.0.1 and on the bridge address" {
	tare run -d --name web -p 18080:80 "$nginx"
	serves http://127.0.0.1:18080/
	serves "http://$(address_of web)/"
	contains "$(tare ps)" "18080->80/tcp"
	tare exec web nginx -t
	wait_for 5 sh -c 'tare logs web | grep -q "GET / HTTP"'
	tare stop web
	equal 0 "$(inspect web '{{.State.ExitCode}}')"
	run ! fetch http://127.0.0.1:18080/
	tare rm web
	no_residue
}

# What a container gets from a web server. (wget of Debian's static busybox crashes without the host's NSS libraries.)
asks() { printf 'GET / HTTP/1.0\r\n\r\n' | tare run --rm -i busybox nc -w 5 "$1" "$2"; }

@test "a published port works from another container through the bridge's address" {
	tare run -d --name web -p 18081:80 "$nginx"
	serves http://127.0.0.1:18081/
	gateway=$(inspect web '{{.NetworkSettings.Gateway}}')
	contains "$(asks "$gateway" 18081)" "tare test page"
	contains "$(asks "$(address_of web)" 80)" "tare test page"
}

@test "a port bound to one address answers there only" {
	tare run -d --name web -p 127.0.0.1:18082:80 "$nginx"
	serves http://127.0.0.1:18082/
	ip addr add 192.0.2.77/32 dev lo
	run ! fetch http://192.0.2.77:18082/
	ip addr del 192.0.2.77/32 dev lo
}

@test "the same host port twice is refused and leaves nothing" {
	tare run -d --name web -p 18083:80 "$nginx"
	run ! tare run -d --name other -p 18083:80 "$nginx"
	contains "$output" 18083
	tare rm -f web other
	no_residue
}

@test "the host's own listener keeps its port" {
	/usr/bin/python3 -c 'import socket, time; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", 18084)); s.listen(); time.sleep(30)' 3>&- &
	holder=$!
	wait_for 5 sh -c 'ss -ltn | grep -q :18084'
	run ! tare run -d -p 18084:80 "$nginx"
	kill $holder
}

@test "an ephemeral host port is chosen and shown" {
	tare run -d --name web -p 80 "$nginx"
	port=$(inspect web '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}')
	serves "http://127.0.0.1:$port/"
}

@test "UDP is published too" {
	tare run -d --name echo -p 18085:9999/udp "$nginx" python3 -uc 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 9999))
print("ready")
while True:
    data, peer = s.recvfrom(100)
    s.sendto(data, peer)'
	wait_for 5 sh -c 'tare logs echo | grep -q ready'
	run -0 /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.sendto(b"pong", ("127.0.0.1", 18085))
print(s.recv(100).decode())'
	equal pong "$output"
}

@test "addresses differ, are in the bridge's network, and are given back" {
	first=$(tare run -d busybox sleep 100)
	second=$(tare run -d busybox sleep 100)
	[ "$(address_of "$first")" != "$(address_of "$second")" ]
	tare exec "$second" ping -c 1 -W 2 "$(address_of "$first")"
	tare rm -f "$first" "$second"
	no_residue
}

@test "none has loopback alone" {
	equal lo "$(tare run --rm --network none busybox ls /sys/class/net)"
}

@test "host is the host's network" {
	equal "$(readlink /proc/self/ns/net)" "$(tare run --rm --network host busybox readlink /proc/self/ns/net)"
}

@test "hosts and resolv.conf are written" {
	tare run -d --name files --hostname named --add-host other:10.1.2.3 --dns 192.0.2.53 --dns-search example.test busybox sleep 100
	run -0 tare exec files cat /etc/hosts /etc/resolv.conf /etc/hostname
	contains "$output" "10.1.2.3"
	contains "$output" "$(address_of files)"
	contains "$output" "nameserver 192.0.2.53"
	contains "$output" "search example.test"
	contains "$output" named
}

@test "an unknown network is an error" {
	run -125 tare run --rm --network no-such busybox true
	contains "$output" no-such
}
