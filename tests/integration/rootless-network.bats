# SPDX-License-Identifier: Apache-2.0
# The network of an ordinary user: bridges of his own, the way out, published ports with the caller's address.

load ../lib/tare
load ../lib/user

setup_file() { user_setup_file; }
teardown() {
	[ -z "${background-}" ] || kill $background
	user_teardown
}
# from CONTAINER COMMAND…: in its network
from() { nsenter -t "$(pid "$1")" -n "${@:2}"; }
outside_server() {
	nsenter -t "$outside" -n python3 -m http.server 9000 --bind $outside_ip >/dev/null 2>&1 3>&- 4>&- &
	background="${background-} $!"
	wait_for 5 outside curl -s -o /dev/null http://$outside_ip:9000/
}
teardown_file() { user_teardown_file; }

# serve NAME FLAG…: a web server that notes who calls
serve() {
	as tare run -d --name "$@" busybox sh -c 'echo hello >/index.html; exec httpd -f -v -p 80 -h / 2>/log' >/dev/null
	local ip
	ip=$(as tare inspect -f '{{.NetworkSettings.IPAddress}}' "$1")
	wait_for 5 nsenter -t "$(pid "$1")" -n curl -s -o /dev/null "http://$ip/index.html"
}
callers() { as tare exec "$1" sed -E 's/^\[(::ffff:)?([0-9a-f.:]+)\]:[0-9]+:.*/\2/' /log; }
# udp_echo NAME PORT: answers datagrams with the address they came from
udp_echo() {
	nsenter -t "$(pid "$1")" -n python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", int(sys.argv[1])))
while True:
    d, a = s.recvfrom(2048); s.sendto(d + b" " + a[0].encode(), a)' "$2" >/dev/null 2>&1 3>&- 4>&- &
	background="${background-} $!"
}
# udp_ask ADDRESS PORT
udp_ask='
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
s.connect((sys.argv[1], int(sys.argv[2])))
for _ in range(5):
    try: s.send(b"hi"); print(s.recv(2048).decode()); break
    except OSError: pass'

@test "run: an address, a way out, nothing left afterwards" {
	outside_server
	as tare run -d --name web busybox sleep 1000 >/dev/null
	equal 200 "$(from web curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://$outside_ip:9000/)"
	as tare rm -f web >/dev/null
	run -0 as tare run --rm busybox ip route
	contains "$output" "default via"
	user_idle
}

@test "published ports: from outside with the caller's address, from the host without looking like the container itself" {
	serve web -p 8080:80 -p 127.0.0.1:8081:80
	equal hello "$(outside curl -s --max-time 5 http://$host_ip:8080/index.html)"
	equal hello "$(curl -s --max-time 5 http://127.0.0.1:8081/index.html)"
	equal hello "$(curl -s --max-time 5 'http://[::1]:8080/index.html')"
	run ! outside curl -s --max-time 1 http://$host_ip:8081/index.html
	equal 1 "$(callers web | grep -cx $outside_ip)"
	run ! grep -q '^127\.' <(callers web)
	contains "$(as tare ps)" "0.0.0.0:8080->80/tcp"
}

@test "published ports: a megabyte each way, half-closed; many at once; a refusing program resets" {
	as tare run -d --name sink -p 8090:90 busybox sh -c 'while :; do nc -l -p 90 -e sh -c "wc -c; head -c 1000000 /dev/zero"; done' >/dev/null
	sleep 0.3
	python3 - $host_ip 8090 >"$BATS_TEST_TMPDIR/out" <<-'END'
		import socket, sys
		s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
		s.sendall(b"x" * 1000000); s.shutdown(socket.SHUT_WR)
		n = 0; first = b""
		while True:
		    d = s.recv(65536)
		    if not d: break
		    first = first or d[:8]; n += len(d)
		print(first[:7].decode().strip(), n - 8)
	END
	equal "1000000 1000000" "$(cat "$BATS_TEST_TMPDIR/out")"
	serve web -p 8080:80
	for _ in $(seq 30); do outside curl -s --max-time 5 http://$host_ip:8080/index.html & done >"$BATS_TEST_TMPDIR/many" 3>&- 4>&-
	wait
	equal 30 "$(grep -c hello "$BATS_TEST_TMPDIR/many")"
	as tare run -d --name silent -p 8070:70 busybox sleep 1000 >/dev/null
	run ! curl -s --max-time 5 http://$host_ip:8070/
	[[ $status = [57]* ]] # reset, before or after curl heard that it was connected
}

@test "udp: answered from the address that was called, with the caller's own shown" {
	as tare run -d --name names -p 5353:53/udp busybox sleep 1000 >/dev/null
	udp_echo names 53
	equal "hi $outside_ip" "$(outside python3 -c "$udp_ask" $host_ip 5353)"
	equal "hi $host_ip" "$(python3 -c "$udp_ask" $host_ip 5353)"
	contains "$(python3 -c "$udp_ask" 127.0.0.1 5353)" "hi 172."
}

@test "containers of one user reach each other, another user's do not exist for them" {
	as_other tare load -q -i "$images/busybox.docker.tar"
	serve web
	ip=$(as tare inspect -f '{{.NetworkSettings.IPAddress}}' web)
	as tare run -d --name caller busybox sleep 1000 >/dev/null
	equal hello "$(from caller curl -s --max-time 5 "http://$ip/index.html")"
	as_other tare run -d --name web -p 8080:80 busybox sleep 1000 >/dev/null
	run ! nsenter -t "$(as_other tare inspect -f '{{.State.Pid}}' web)" -n curl -s --max-time 1 "http://$ip/index.html"
	run -125 as tare run -d --name taken -p 8080:80 busybox sleep 1000
	contains "$output" "8080"
	equal web "$(as_other tare ps --format '{{.Names}}')"
	equal "caller web" "$(as tare ps --format '{{.Names}}' | sort | paste -sd' ')"
}

@test "ports below 1024 are refused with what to set" {
	echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
	run -125 as tare run --rm -p 81:80 busybox true
	contains "$output" "net.ipv4.ip_unprivileged_port_start"
	echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start
	as tare run --rm -p 81:80 busybox true
	echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
}

@test "several start at once: one namespace, one way out; kill -9 of everything heals with the next command" {
	pids=
	for i in 1 2 3 4 5; do as tare run -d --name "many$i" -p "810$i:80" busybox sleep 1000 >/dev/null 3>&- 4>&- & pids="$pids $!"; done
	# shellcheck disable=SC2086 # a list of ids
	wait $pids
	equal 1 "$(pgrep -u $user -c 'passt|pasta')"
	equal 5 "$(pgrep -u $user -c tare-port)"
	pkill -9 -u $user tare-port
	pkill -9 -u $user 'passt|pasta'
	wait_for 5 bash -c "! pgrep -u $user 'passt|pasta'"
	as tare run --rm busybox ip route >"$BATS_TEST_TMPDIR/route"
	grep -q default "$BATS_TEST_TMPDIR/route"
	equal 1 "$(pgrep -u $user -c 'passt|pasta')"
	user_processes | awk '{ print $2 }' | xargs kill -9
	as tare ps -a >/dev/null
	as tare rm -f many1 many2 many3 many4 many5 >/dev/null
	user_idle
}

@test "a wiped run directory is a reboot: it starts again" {
	as tare run -d --name again -p 8080:80 busybox sleep 1000 >/dev/null
	user_processes | awk '{ print $2 }' | xargs kill -9
	wait_for 5 bash -c "[ -z \"\$(pgrep -u $user tare)\" ]"
	rm -rf "$home/run/tare"
	as tare start again >/dev/null
	equal running "$(as tare inspect -f '{{.State.Status}}' again)"
	as tare rm -f again >/dev/null
	user_idle
}

@test "without XDG_RUNTIME_DIR" {
	plain() { setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all env -i HOME="$home/user" PATH="$TARE_BIN:/usr/sbin:/usr/bin:/sbin:/bin" "$@"; }
	equal 0 "$(plain tare run --rm busybox id -u)"
	rm -rf "/tmp/tare-run-$user"
}

@test "what is missing is said: tun, pasta and slirp4netns; slirp4netns stands in for pasta" {
	umount /dev/net/tun
	run -125 as tare run --rm busybox true
	mount --bind "$home/tun" /dev/net/tun
	contains "$output" "/dev/net/tun"
	: >"$home/none"
	mount --bind "$home/none" /usr/bin/pasta
	serve web -p 8080:80
	equal hello "$(outside curl -s --max-time 5 http://$host_ip:8080/index.html)"
	equal 1 "$(pgrep -u $user -c slirp4netns)"
	as tare rm -f web >/dev/null
	mount --bind "$home/none" /usr/bin/slirp4netns
	run -125 as tare run --rm busybox true
	umount /usr/bin/pasta /usr/bin/slirp4netns
	contains "$output" "package passt"
	user_idle
}

@test "offline: containers start, and reach each other" {
	ip route del default
	serve web
	ip=$(as tare inspect -f '{{.NetworkSettings.IPAddress}}' web)
	as tare run -d --name caller busybox sleep 1000 >/dev/null
	said=$(from caller curl -s --max-time 5 "http://$ip/index.html")
	ip route add default via $outside_ip
	equal hello "$said"
	# What began without a way out has one as soon as the host has.
	outside_server
	equal 200 "$(from web curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://$outside_ip:9000/)"
}

@test "networks of one's own: isolated from each other, several for a container, connect and disconnect, rm" {
	as tare network create front >/dev/null
	as tare network create --internal back >/dev/null
	as tare run -d --name web --network front -p 8080:80 busybox sh -c 'echo hello >/index.html; exec httpd -f -p 80 -h /' >/dev/null
	as tare run -d --name app --network front busybox sleep 1000 >/dev/null
	as tare run -d --name db --network back busybox sleep 1000 >/dev/null
	ip=$(as tare inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' web)
	wait_for 5 from app curl -s -o /dev/null "http://$ip/index.html"
	equal hello "$(outside curl -s --max-time 5 http://$host_ip:8080/index.html)"
	run ! from db curl -s --max-time 1 "http://$ip/index.html"
	as tare network connect front db
	equal hello "$(from db curl -s --max-time 5 "http://$ip/index.html")"
	equal 2 "$(as tare exec db ip -o -4 addr | grep -c eth)"
	as tare network disconnect front db
	run ! from db curl -s --max-time 1 "http://$ip/index.html"
	run ! as tare network rm front
	as tare rm -f web app db >/dev/null
	as tare network rm front back >/dev/null
	run ! grep -q front <(as tare network ls)
	run -125 as tare run --rm --network macvlan-is-no-network busybox true
	user_idle
}

@test "names: the host by its own name and address, its nameserver on loopback through pasta; --network pasta is the default" {
	printf 'nameserver 127.0.0.1\n' >"$home/resolv"
	mount --bind "$home/resolv" /etc/resolv.conf
	python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53))
while True:
    d, a = s.recvfrom(512); s.sendto(d[:2] + b"\x81\x80answer", a)' >/dev/null 2>&1 3>&- 4>&- &
	background="${background-} $!"
	as tare run -d --name web --network pasta --add-host me:host-gateway busybox sleep 1000 >/dev/null
	umount /etc/resolv.conf
	equal "nameserver 10.0.2.3" "$(as tare exec web cat /etc/resolv.conf)"
	wait_for 5 bash -c "nsenter -t $(pid web) -n python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect((\"10.0.2.3\", 53)); s.send(b\"ab\" + b\"x\" * 20)
assert s.recv(512).endswith(b\"answer\")'"
	contains "$(as tare exec web cat /etc/hosts)" "$host_ip"$'\t'"host.containers.internal host.docker.internal"
	contains "$(as tare exec web cat /etc/hosts)" "$host_ip"$'\t'"me"
	run -125 as tare run --rm --network pasta:-T,8080 busybox true
	contains "$output" "unsupported"
	run -125 tare run --rm --network pasta busybox true
}
