# SPDX-License-Identifier: Apache-2.0
# mount, unmount: the tree of a container for people, running or not.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; no_residue; }
teardown_file() { tare_teardown_file; }

mounted() { grep -q " $1 " /proc/self/mountinfo; }

@test "a container that does not run: what is written is there when it starts, and the other way round" {
	tare create --name still --network none busybox sleep 100
	path=$(tare mount still)
	mounted "$path"
	[ -e "$path/bin/sh" ]
	echo x >"$path/x"
	equal "$path" "$(tare mount still)"
	equal "$(tare inspect -f '{{.Id}}' still | cut -c1-12)  $path" "$(tare mount)"
	equal "$path" "$(tare mount --format json | jq -r '.[0].mountpoint')"
	equal x "$(tare cp still:/x - | tar -xO)"
	tare start still
	equal x "$(tare exec still cat /x)"
	tare exec still sh -c 'echo y >/y'
	equal y "$(cat "$path/y")"
	tare stop -t 0 still
	tare start still
	equal y "$(tare exec still cat /y)"
	tare unmount still
	run ! mounted "$path"
	equal y "$(tare exec still cat /y)"
}

@test "one that runs; --all; unmount of what is not mounted; rm takes it away" {
	tare run -d --name up --network none busybox sleep 100
	tare create --name still --network none busybox
	path=$(tare mount up)
	echo z >"$path/z"
	equal z "$(tare exec up cat /z)"
	equal 2 "$(tare mount -a | wc -l)"
	tare unmount -a
	equal '' "$(tare mount)"
	tare umount up
	run -1 tare mount nothere
	path=$(tare mount still)
	tare rm still
	run ! mounted "$path"
	[ ! -e "$path" ]
}
