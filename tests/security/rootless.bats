# SPDX-License-Identifier: Apache-2.0
# What an ordinary user's containers must not reach: his host's loopback, others' sockets, ids that are not theirs.
# CVE-2021-20199 (callers that look like 127.0.0.1), CVE-2020-15257 (abstract sockets), CVE-2020-13401 (router advertisements), CVE-2024-9676 (passwd of an
# image that is none), CVE-2018-18955 (extents of a map), and what slirp4netns and pasta do unless they are told not to.

load ../lib/tare
load ../lib/user

setup_file() {
	user_setup_file
	for file in subuid subgid; do echo containers:2000000:5000 >>"$home/$file"; done
}
teardown() {
	# shellcheck disable=SC2086 # a list of ids
	[ -z "${background-}" ] || { kill $background; wait $background || :; }
	user_teardown
}
teardown_file() { user_teardown_file; }

# listener PORT ADDRESS: in the host, for as long as the test
listener() {
	python3 -m http.server "$1" --bind "$2" >/dev/null 2>&1 3>&- 4>&- &
	background="${background-} $!"
	wait_for 15 curl -s -o /dev/null --max-time 1 "http://$2:$1/" || { ss -ltnp; ip addr; ip route; return 1; }
}
from() { nsenter -t "$(pid "$1")" -n "${@:2}"; }
reaches() { from "$1" curl -s --max-time 2 -o /dev/null "http://$2/"; }
loopback_is_out_of_reach() {
	as tare run -d --name inside busybox sleep 1000 >/dev/null
	reaches inside $host_ip:9002
	gateway=$(as tare exec inside ip route | awk '/default/ { print $3 }')
	for address in 127.0.0.1 "$gateway" 10.0.2.2 10.0.2.3 10.0.2.100 169.254.1.1 169.254.1.2; do
		run ! reaches inside "$address:9001"
	done
}

@test "what listens on the host's loopback is not reached, by pasta" {
	listener 9001 127.0.0.1
	listener 9002 $host_ip
	loopback_is_out_of_reach
	equal 1 "$(pgrep -u $user -c 'passt|pasta')"
}

@test "what listens on the host's loopback is not reached, by slirp4netns" {
	listener 9001 127.0.0.1
	listener 9002 $host_ip
	: >"$home/none"
	mount --bind "$home/none" /usr/bin/pasta
	loopback_is_out_of_reach
	umount /usr/bin/pasta
	equal 1 "$(pgrep -u $user -c slirp4netns)"
}

@test "CVE-2021-20199: no caller from outside the container looks like its loopback" {
	as tare run -d --name web -p 8080:80 busybox sh -c 'echo hello >/index.html; exec httpd -f -v -p 80 -h / 2>/log' >/dev/null
	wait_for 5 curl -s -o /dev/null http://127.0.0.1:8080/index.html
	curl -s -o /dev/null --max-time 5 "http://[::1]:8080/index.html"
	outside curl -s -o /dev/null --max-time 5 http://$host_ip:8080/index.html
	# A liar: the address of the host's own loopback, from outside, on the wire.
	outside ip addr add 127.0.0.2/8 dev out0
	run ! outside curl -s --interface 127.0.0.2 --max-time 1 http://$host_ip:8080/index.html
	run grep -cE '^\[(::ffff:)?127\.|^\[::1\]' <(as tare exec web cat /log)
	equal 0 "$output"
	as tare exec web grep -q "$outside_ip" /log
}

@test "abstract sockets of the host and of other containers are in other network namespaces" {
	python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind("\0tare-test"); s.listen(); time.sleep(60)' >/dev/null 2>&1 3>&- 4>&- &
	background="${background-} $!"
	wait_for 5 grep -q @tare-test /proc/net/unix
	as tare run -d --name inside busybox sleep 1000 >/dev/null
	run ! as tare exec inside grep -q tare-test /proc/net/unix
	# Ours are files in private directories.
	equal "" "$(grep -E '@.*(tare|pasta|slirp)' /proc/net/unix | grep -v @tare-test || :)"
}

@test "a container's root cannot touch the network of the user's other containers" {
	as tare run -d --name one -p 8080:80 busybox sleep 1000 >/dev/null
	run ! as tare run --rm --cap-add NET_ADMIN busybox sh -c 'ip link del tare0 || ip link set tap0 down'
	run ! as tare run --rm --privileged busybox sh -c 'nsenter -t 1 -n ip link del tare0'
	[ -d "/proc/$(pgrep -u $user 'passt|pasta')" ]
	# tare-port and pasta are not in the container's process namespace.
	run ! grep -qE 'tare-port|pasta' <(as tare exec one ps)
}

@test "CVE-2024-9676: --userns auto reads no passwd file that is a link out, a pipe, a device or endless" {
	. "$lib/oci_layout.bash"
	echo "evil:x:9999:9999::/:/bin/sh" >"$home/host-passwd"
	for kind in link fifo long; do
		tree=$BATS_TEST_TMPDIR/$kind
		mkdir -p "$tree/etc" "$tree/bin"
		cp "$(command -v busybox)" "$tree/bin/busybox"
		case $kind in
		link) ln -s "../../../../../..$home/host-passwd" "$tree/etc/passwd" ;;
		fifo) mkfifo "$tree/etc/passwd" ;;
		long) truncate -s 4G "$tree/etc/passwd" ;;
		esac
		layout_begin "$home/layout-$kind"
		tar -C "$tree" --sparse --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/$kind.tar" .
		layout_layer "$home/layout-$kind" "$BATS_TEST_TMPDIR/$kind.tar" gzip
		layout_finish "$home/layout-$kind" "evil-$kind" '{"Cmd":["/bin/busybox","cat","/proc/self/uid_map"]}'
		layout_end "$home/layout-$kind"
		timeout 60 tare load -q -i "$home/layout-$kind"
		run -0 timeout 20 tare create --userns auto "evil-$kind"
		id=$output
		equal "0:2000000:1024" "$(tare inspect -f '{{index .HostConfig.IDMappings.UidMap 0}}' "$id" 2>/dev/null || tare inspect -f '{{.HostConfig.IDMappings.UidMap}}' "$id" | tr -d '[]')"
		tare rm "$id" >/dev/null
		tare rmi "evil-$kind" >/dev/null
	done
}

@test "CVE-2018-18955: more rows than the kernel maps safely are refused before it is asked" {
	rows=$(for i in $(seq 341); do printf -- '--uidmap %d:%d:1 ' $((i - 1)) $((i * 2)); done)
	# shellcheck disable=SC2086 # a list of flags
	run -125 as tare run --rm $rows busybox true
	contains "$output" "more than 340 rows"
}

@test "ids that the user was not given are refused" {
	run -125 as tare run --rm --uidmap 0:70000:10 busybox true
	run -125 as tare run --rm --uidmap 0:0:100000 busybox true
	run -125 as tare run --rm --subuidname second busybox true
}
