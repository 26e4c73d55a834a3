# SPDX-License-Identifier: Apache-2.0
# `run --device`, --device-cgroup-rule, --privileged: which nodes are there, and which may be used.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

@test "--device: the host's node, at its own path or another" {
	run -0 tare run --rm --device /dev/null:/dev/nil busybox sh -c 'stat -c "%t:%T" /dev/nil; echo x >/dev/nil'
	equal 1:3 "$output"
	[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
	equal a:e5 "$(tare run --rm --device /dev/fuse busybox stat -c %t:%T /dev/fuse)"
	run ! tare run --rm busybox stat /dev/fuse
}

@test "--device with rights: only these may be used" {
	mknod "$BATS_TEST_TMPDIR/zero" c 1 5
	equal 4 "$(tare run --rm --device "$BATS_TEST_TMPDIR/zero:/dev/z:r" busybox sh -c 'head -c 4 /dev/z | wc -c')"
	tare create --name box --device /dev/full:/dev/f:rw busybox true
	equal '[{"PathOnHost":"/dev/full","PathInContainer":"/dev/f","CgroupPermissions":"rw"}]' "$(inspect box '{{json .HostConfig.Devices}}')"
	# A device that is open to nobody by itself: r lets read, w is missing.
	[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
	run tare run --rm --device /dev/loop-control:/dev/lc:r busybox sh -c ': 3>/dev/lc'
	contains "$output" "Operation not permitted"
}

@test "--device through a link, and by a link's name" {
	ln -s /dev/zero "$BATS_TEST_TMPDIR/link"
	equal 1:5 "$(tare run --rm --device "$BATS_TEST_TMPDIR/link:/dev/byname" busybox stat -c %t:%T /dev/byname)"
}

@test "--device of a directory: all nodes below it, at its place" {
	mkdir -p "$BATS_TEST_TMPDIR/snd/sub"
	mknod "$BATS_TEST_TMPDIR/snd/one" c 1 3
	mknod "$BATS_TEST_TMPDIR/snd/sub/two" c 1 5
	touch "$BATS_TEST_TMPDIR/snd/file"
	run -0 tare run --rm --device "$BATS_TEST_TMPDIR/snd:/dev/mysnd" busybox sh -c 'cd /dev/mysnd && find . -type c | sort'
	equal $'./one\n./sub/two' "$output"
	mkdir "$BATS_TEST_TMPDIR/empty"
	run -125 tare run --rm --device "$BATS_TEST_TMPDIR/empty:/dev/e" busybox true
	contains "$output" "no device is below"
}

@test "--device keeps mode and owner" {
	mknod -m 0604 "$BATS_TEST_TMPDIR/null" c 1 3
	chown 12:34 "$BATS_TEST_TMPDIR/null"
	equal "604 12:34" "$(tare run --rm --device "$BATS_TEST_TMPDIR/null:/dev/n" busybox stat -c '%a %u:%g' /dev/n)"
}

@test "--device: what is none is refused" {
	for d in /dev/no-such-device /etc/passwd; do
		run -125 tare run --rm --device $d busybox true
		contains "$output" "$d"
	done
	for d in null dev/null /dev/null:rwx /dev/null:x:rwm :/dev/x /dev/null:/dev/x:rwz; do
		run -125 tare create --device "$d" busybox true
		contains "$output" "$d"
	done
	equal '' "$(tare ps -aq)"
}

@test "nothing else may be used: nodes that a container makes itself open nothing (GHSA-g54h-m393-cpwq)" {
	for d in "b 7 0" "c 10 237" "c 1 1" "c 1 2" "c 10 200" "b 8 0" "c 4 0"; do
		run tare run --rm busybox sh -c "mknod /x $d && : </x"
		contains "$output" "Operation not permitted"
	done
}

@test "--privileged has the host's nodes, and may use them" {
	[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
	equal a:ed "$(tare run --rm --privileged busybox stat -c %t:%T /dev/loop-control)"
	tare run --rm --privileged busybox sh -c ': </dev/loop-control'
	# Its own terminal and shared memory, not the host's.
	equal "$(tare run --rm busybox ls /dev/pts)" "$(tare run --rm --privileged busybox ls /dev/pts)"
}
