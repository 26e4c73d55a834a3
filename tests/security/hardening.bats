# SPDX-License-Identifier: Apache-2.0
# Practices rather than holes: what a process of ours may hold, who may look at it, and what the program inherits. Whoever breaks one of them has not been
# exploited yet.

load security

descriptors() { find "/proc/$1/fd" -mindepth 1 -printf '%f %l\n' | sort -n; }

@test "hardening: init that waits for start holds its standard streams and one socket, whatever was asked and whatever its caller left open" {
	local pid
	tree wait
	config 'sleep 60' '.process.user = {uid: 1000, gid: 1000}' '.linux.sysctl = {"net.ipv4.ip_default_ttl": "99"}' '.process.oomScoreAdj = 500' '.hostname = "h"' \
		'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}' '.linux.namespaces += [{type: "cgroup"}]' \
		".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$home/host\", options: [\"rbind\"]}, {destination: \"/sys/fs/cgroup\", type: \"cgroup\", source: \"cgroup\", options: [\"ro\"]}]"
	mkdir -p "$root/mnt"
	(
		exec 7<"$home/host" 8</ 9>"$home/file" 200</
		rt create --bundle "$bundle" c-wait </dev/null >"$bundle/out" 2>&1
	)
	pid=$(rt state c-wait | jq .pid)
	[ "$(descriptors "$pid" | grep -vc socket)" = 3 ]
	[ "$(descriptors "$pid" | grep -c socket)" = 1 ] || { descriptors "$pid"; return 1; }
	# Nobody of its user may look: /proc/PID/fd belongs to root while a process cannot be dumped.
	[ "$(stat -c %u "/proc/$pid/fd")" = 0 ]
	[[ $(tr '\0' ' ' <"/proc/$pid/environ") != *BATS* || $(stat -c %u "/proc/$pid/environ") = 0 ]]
	rt start c-wait
	for ((i = 0; i < 100; i++)); do [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") != *sleep* ]] || break; sleep 0.02; done
	[ "$(descriptors "$pid" | wc -l)" = 3 ]
	[ "$(stat -c %u "/proc/$pid/fd")" = 1000 ]
}

# What an image says is its program, and a link in it, may lead through a descriptor: with a loader of its own in the image such a program of the host runs.
@test "hardening: no descriptor of ours or of a careless caller leads to a program of the host (CVE-2024-21626)" {
	local n up
	tree program
	cp /bin/busybox "$home/host/busybox"
	for ((n = 3; n < 24; n++)); do
		for up in "" ../../../../../../..; do
			ln -sfn "/proc/self/fd/$n/$up${up:+$home/host/}busybox" "$root/program-$n${up:+-up}"
		done
	done
	for ((n = 3; n < 11; n++)); do
		config '' ".process.args = [\"/program-$n\", \"echo\", \"ESCAPE\"]"
		run bash -c "exec 7<'$home/host' 8</; exec timeout 60 '$runtime' --root '$home/state' run --bundle '$bundle' c-program </dev/null"
		refused
		[[ $output != *ESCAPE* ]]
		rt delete --force c-program
		config '' ".process.args = [\"/program-$n-up\", \"echo\", \"ESCAPE\"]"
		run_container
		refused
		[[ $output != *ESCAPE* ]]
		rt delete --force c-program
	done
	config 'sleep 60'
	up
	for ((n = 3; n < 24; n++)); do
		run bash -c "exec 7<'$home/host' 8</; '$runtime' --root '$home/state' exec c-program /program-$n echo ESCAPE </dev/null; '$runtime' --root '$home/state' exec c-program /program-$n-up echo ESCAPE </dev/null"
		[ "$status" -ne 0 ] && [[ $output != *ESCAPE* ]] || { echo "$output"; return 1; }
	done
}

@test "hardening: hooks get their own environment and no descriptor but 0, 1 and 2" {
	tree hooks
	printf '#!/bin/sh\n{ ls /proc/self/fd | tr "\\n" " "; env | grep -vE "^(PWD|SHLVL|_|OLDPWD)="; } >"%s/$1"\n' "$home" >"$home/hook"
	chmod 755 "$home/hook"
	config 'true' "reduce (\"prestart\", \"createRuntime\", \"createContainer\", \"poststart\", \"poststop\") as \$k (.; .hooks[\$k] = [{path: \"$home/hook\", args: [\"hook\", \$k], env: [\"A=\" + \$k]}])"
	SECRET=1 bash -c "exec 7</ 8<'$home/host'; exec '$runtime' --root '$home/state' run --bundle '$bundle' c-hooks </dev/null"
	local name
	for name in prestart createRuntime createContainer poststart poststop; do
		[ "$(cat "$home/$name")" = "0 1 2 3 A=$name" ] || { echo "$name: $(cat "$home/$name")"; return 1; }
	done
}

@test "hardening: the caller's umask, groups, signals and limits of descriptors are not the program's" {
	tree caller
	config 'grep -E "^(Umask|Groups|SigBlk|SigIgn):" /proc/self/status | tr -d " \t"; stat -c "%a %n" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; stat -c %a /made' \
		'.process.user.additionalGids = [77]' '.mounts += [{destination: "/made", type: "tmpfs", source: "x", options: ["mode=755"]}]'
	run setpriv --groups 5,6,1000 bash -c "umask 077; trap '' INT USR1 HUP; exec timeout 60 '$runtime' --root '$home/state' run --bundle '$bundle' c-caller </dev/null"
	succeeded
	# ash ignores SIGQUIT by itself (4).
	[[ $output == $'Umask:0022\nGroups:77\nSigBlk:0000000000000000\nSigIgn:000000000000000'[04]$'\n666 /dev/null\n666 /dev/zero\n666 /dev/full\n666 /dev/random\n666 /dev/urandom\n666 /dev/tty\n755' ]] ||
		{ echo "$output"; return 1; }
}

@test "hardening: the session keyring is a new one" {
	tree keyring
	config '/attack keyring'
	run "$attack_program" keyring
	local ours=$output
	run_container
	succeeded
	[ -n "$output" ]
	[ "$output" != "$ours" ]
}

@test "hardening: no path below the root is walked as a path" {
	tree paths
	command -v strace >/dev/null || skip "no strace"
	mkdir -p "$root/a/b"
	config 'true' '.mounts += [{destination: "/a/b", type: "tmpfs", source: "x"}, {destination: "/made/here", type: "tmpfs", source: "x"}]' \
		'.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3}]' '.process.cwd = "/a/b"'
	strace -f -o "$home/trace" -e trace=file,openat2,open_tree,move_mount,mount "$runtime" --root "$home/state" run --bundle "$bundle" c-paths </dev/null
	# The root itself is opened by name, once for all; names below it only relative to a descriptor, and by openat2 with a policy.
	[ -z "$(grep -F "$root/" "$home/trace")" ] || { grep -F "$root/" "$home/trace"; return 1; }
	grep -q 'openat2(.*RESOLVE_' "$home/trace"
	# Once descriptors exist, no absolute path of the container is used before the pivot.
	! sed '/pivot_root/q' "$home/trace" | grep -E '"/(a|made|dev/mine)' | grep -v 'openat2(' || return 1
}

# The program that runs inside is an image of the runtime; nobody inside may change it, by any of its names.
@test "hardening: the runtime's program cannot be written from inside while it runs there" {
	local before
	tree sealed
	before=$(sha256sum <"$(command -v "$runtime")")
	config '/attack exe >/out 2>&1' '.process.capabilities |= map_values(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"])' '.process.noNewPrivileges = false'
	up
	while under_attack; do
		rt exec c-sealed /bin/true </dev/null || :
		sleep 0.1 # a program that runs cannot be opened for writing; the attacker waits for its end
	done
	grep -q '^met ' "$root/out"
	no_escape "$root/out"
	[ "$before" = "$(sha256sum <"$(command -v "$runtime")")" ]
}
