# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# user: an ordinary user for bats files, in the sandbox's own mount namespace: accounts, ids of /etc/subuid, a tun device as distributions have it, and a
# host's way out with somebody on the other side of it.
#
#   setup_file    { user_setup_file; }       $user, $home, $home/user (his home), $home/run (his XDG_RUNTIME_DIR); busybox is loaded
#   teardown      { user_teardown; }         removes his containers
#   teardown_file { user_teardown_file; }    nothing of his may run or be mounted; takes all of it back

user=7654 other=7655
outside_ip=192.168.77.1 host_ip=192.168.77.2
export user other outside_ip host_ip

user_setup_file() {
	images=$("$lib/make-images" "${@:-busybox}") || return
	home=$(mktemp -d /var/tmp/tare-user.XXXXXX)
	export home images
	chmod 755 "$home"
	install -d -o $user -g $user "$home/user"
	install -d -o $user -g $user -m 700 "$home/run"
	install -d -o $other -g $other "$home/other"
	install -d -o $other -g $other -m 700 "$home/run2"
	for file in passwd subuid subgid; do
		[ -e /etc/$file ] || : >/etc/$file
		{
			cat /etc/$file
			if [ $file = passwd ]; then
				printf '%s:x:%s:%s::%s:/bin/sh\n' tester $user $user "$home/user" second $other $other "$home/other"
			else
				printf 'tester:700000:65536\nsecond:800000:65536\n'
			fi
		} >"$home/$file"
		mount --bind "$home/$file" /etc/$file
	done
	mknod -m 666 "$home/tun" c 10 200
	mount --bind "$home/tun" /dev/net/tun
	ip link set lo up
	unshare --net sleep 600 >/dev/null 2>&1 3>&- 4>&- &
	outside=$!
	disown
	export outside
	wait_for 5 bash -c "[ \"\$(readlink /proc/$outside/ns/net)\" != \"\$(readlink /proc/self/ns/net)\" ]"
	ip link add up0 type veth peer name out0 netns $outside
	outside ip addr add $outside_ip/24 dev out0
	outside ip link set out0 up
	outside ip link set lo up
	ip addr add $host_ip/24 dev up0
	ip link set up0 up
	ip route add default via $outside_ip
	as tare load -q -i "$images/busybox.docker.tar"
}
user_teardown() {
	local who ids
	for who in as as_other; do
		ids=$($who tare ps -aq)
		# shellcheck disable=SC2086 # a list of ids
		[ -z "$ids" ] || $who tare rm -f $ids >/dev/null
	done
}
user_teardown_file() {
	local left
	left=$(user_processes)
	kill "$outside"
	ip link del up0
	umount /etc/passwd /etc/subuid /etc/subgid /dev/net/tun
	rm -rf "$home"
	[ -z "$left" ] || { printf 'still there:\n%s\n' "$left"; return 1; }
}

# as COMMAND…: as that user, in one more group, without any privilege. as_other: as another one.
as() {
	setpriv --reuid $user --regid $user --groups 7656 --inh-caps=-all env -i HOME="$home/user" XDG_RUNTIME_DIR="$home/run" PATH="$TARE_BIN:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
}
as_other() {
	setpriv --reuid $other --regid $other --clear-groups --inh-caps=-all env -i HOME="$home/other" XDG_RUNTIME_DIR="$home/run2" PATH="$TARE_BIN:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
}
# outside COMMAND…: in the network beyond the host
outside() { nsenter -t "$outside" -n "$@"; }
# Of both users and of the ids they have besides.
user_processes() {
	ps -e -o uid=,pid=,args= | awk '($1 >= 7654 && $1 <= 7655) || ($1 >= 700000 && $1 < 900000)'
}
# user_idle: no process, no mount, no file of live state but locks and empty directories
user_idle() {
	wait_for 5 bash -c "[ -z \"\$(ps -e -o uid= | awk '(\$1 >= 7654 && \$1 <= 7655) || (\$1 >= 700000 && \$1 < 900000)')\" ]" || { user_processes; return 1; }
	equal "" "$(find "$home/run" "$home/run2" -type f -not -name '*lock' -not -path '*/.*')"
	equal "" "$(find "$home/run" "$home/run2" -not -uid $user -not -uid $other)"
}
# pid CONTAINER
pid() { as tare inspect -f '{{.State.Pid}}' "$1"; }
