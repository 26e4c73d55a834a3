# SPDX-License-Identifier: Apache-2.0
# The walls of an ordinary user's containers: what is shared, devices, privileges, as far as a user namespace lets him.

load ../lib/tare

user=7654

setup_file() {
	images=$("$lib/make-images" busybox) || return
	home=$(mktemp -d /var/tmp/tare-rootless.XXXXXX)
	chmod 755 "$home"
	install -d -o $user -g $user "$home/user"
	install -d -o $user -g $user -m 700 "$home/run"
	for file in passwd subuid subgid; do
		[ -e /etc/$file ] || : >/etc/$file
		{ cat /etc/$file; [ $file = passwd ] && echo "tester:x:$user:$user::$home/user:/bin/sh" || echo "tester:700000:65536"; } >"$home/$file"
		mount --bind "$home/$file" /etc/$file
	done
	export home images
	as tare load -q -i "$images/busybox.docker.tar"
}
teardown() {
	ids=$(as tare ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || as tare rm -f $ids >/dev/null
}
teardown_file() {
	as tare system check --quick
	umount /etc/passwd /etc/subuid /etc/subgid
	rm -rf "$home"
}

as() {
	setpriv --reuid $user --regid $user --groups 7655 --inh-caps=-all env -i HOME="$home/user" XDG_RUNTIME_DIR="$home/run" PATH="$TARE_BIN:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
}
r() { as tare run --network none "$@"; }

@test "rootless: shared memory, processes and names of another container" {
	r -d --name one --ipc shareable --hostname donor busybox sh -c 'echo x >/dev/shm/f; exec sleep 100'
	wait_for 5 as tare exec one test -e /dev/shm/f
	run -0 r --rm --ipc container:one --pid container:one --uts container:one busybox sh -c 'cat /dev/shm/f; hostname; ps'
	contains "$output" $'x\ndonor'
	contains "$output" "sleep 100"
}

@test "rootless: namespaces of the host" {
	run -0 r --rm --pid host --ipc host --uts host busybox hostname
	equal "$(hostname)" "$output"
}

@test "rootless: devices of the host, at their place or another, one or all of a directory" {
	mkdir "$home/nodes"
	mknod -m 666 "$home/nodes/z" c 1 5
	equal 3 "$(r --rm --device /dev/zero:/dev/other busybox sh -c 'head -c 3 /dev/other | wc -c')"
	equal 3 "$(r --rm --device "$home/nodes:/dev/mine" busybox sh -c 'head -c 3 /dev/mine/z | wc -c')"
}

@test "rootless: --privileged, sysctls, systemd" {
	contains "$(r --rm --privileged busybox grep CapEff /proc/self/status)" 0000
	equal 5 "$(r --rm --sysctl kernel.msgmni=5 busybox cat /proc/sys/kernel/msgmni)"
	contains "$(r --rm --systemd always busybox cat /proc/mounts)" " /run tmpfs"
}

@test "rootless: explain" {
	r -d --name box busybox sleep 100
	contains "$(as tare explain box)" "the usual fourteen"
}
