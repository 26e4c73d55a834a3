# SPDX-License-Identifier: Apache-2.0
# The attackers of attack.c do win against programs that make the old mistakes: or else the tests beside this one would prove nothing.

load security

# Runs the attacker inside $root as in a container, beside a victim that runs the shell command $1 outside of it.
beside() {
	local victim=$1
	shift
	run unshare --mount --pid --fork "$root/bin/busybox" sh -c "mount -t proc proc '$root/proc'; ($victim) >/dev/null 2>&1 & chroot '$root' /attack $*; wait"
}

@test "attackers: a directory of the host left open is found through /proc/PID/fd" {
	tree fds
	beside "sleep 2 7<'$home/host'" fds canary 1500
	[[ $output == *ESCAPE* ]]
	beside "sleep 2 7</" fds "${home#/}/host/canary" 1500
	[[ $output == *ESCAPE* ]]
}

@test "attackers: a program of the host is overwritten through /proc/PID/exe" {
	tree exe
	cp "$root/bin/busybox" "$home/host/busybox"
	beside "'$home/host/busybox' sleep 0.3" exe 6000
	[[ $output == *"ESCAPE $home/host/busybox"* ]]
}

@test "attackers: the memory of a runtime that could be dumped is found" {
	tree mem
	mkdir "$home/bin"
	cp "$root/bin/busybox" "$home/bin/busybox-runtime"
	beside "'$home/bin/busybox-runtime' sleep 2" mem 1500
	[[ $output == *ESCAPE* ]]
}

@test "attackers: directories made by path end up on the host while a link is being swapped" {
	local i
	tree swap
	mkdir -p "$root/vol/target"
	ln -s "$home/host" "$root/vol/other"
	attacker swap "$root/vol/target" "$root/vol/other"
	for ((i = 0; i < 2000; i++)); do
		mkdir -p "$root/vol/target/made" 2>/dev/null || :
		[ ! -e "$home/host/made" ] || break
	done
	[ -e "$home/host/made" ]
}

@test "attackers: whatever a test asserts can fail it (bats passes over a '!' and over what stands before '&&')" {
	run grep -nE '^\s*(! |\[\[? [^|]*\] && \[)' "$here"/../*/*.bats
	[ -z "$(grep -v '||' <<<"$output")" ] || { grep -v '||' <<<"$output"; return 1; }
}
