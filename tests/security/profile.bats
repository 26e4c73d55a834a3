# SPDX-License-Identifier: Apache-2.0
# What `tare run` closes without being asked: system calls, paths, capabilities, groups, devices; and that each flag opens no more than it says.
# CVE-2026-31431 (AF_ALG), CVE-2022-0185 (fsopen), CVE-2022-25636 (nested user namespaces), io_uring, CVE-2018-10892, CVE-2017-16539,
# GHSA-7ww5-4wqc-m92c, CVE-2022-24769, CVE-2021-20188, CVE-2022-36109, GHSA-g54h-m393-cpwq.

load ../lib/tare

setup_file() {
	tare_setup_file
	mkdir "$BATS_FILE_TMPDIR/attack"
	gcc -O1 -static -Wall -o "$BATS_FILE_TMPDIR/attack/attack" "$BATS_TEST_DIRNAME/attack.c"
}
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

attack() { tare run --rm -v "$BATS_FILE_TMPDIR/attack:/attack:ro" "$@"; }
door() { grep "^$1 " <<<"$doors" | cut -d' ' -f2; }

@test "the default profile keeps a container's root from the kernel's rarer doors" {
	doors=$(attack busybox /attack/attack doors)
	equal open "$(door inet)"
	for d in alg vsock io_uring_setup keyctl add_key unshare_user mount fsopen open_tree bpf perf_event_open userfaultfd kexec_load open_by_handle_at quotactl move_pages; do
		equal "$d EPERM" "$d $(door $d)"
	done
	# The C library falls back to clone, whose flags a filter can see.
	equal ENOSYS "$(door clone3_user)"
	# What no profile knows is not there: programs take their fallbacks.
	equal ENOSYS "$(door no_such_call)"
}

@test "a capability opens the doors that go with it, not others" {
	doors=$(attack --cap-add SYS_ADMIN busybox /attack/attack doors)
	for d in alg vsock io_uring_setup keyctl userfaultfd kexec_load; do equal "$d EPERM" "$d $(door $d)"; done
	for d in fsopen mount open_tree unshare_user; do equal "$d open" "$d $(door $d)"; done
}

@test "no profile: seccomp=unconfined and --privileged open them" {
	doors=$(attack --security-opt seccomp=unconfined busybox /attack/attack doors)
	[ "$(door keyctl)" = open ]
	[ "$(door vsock)" != EPERM ]
	doors=$(attack --privileged busybox /attack/attack doors)
	[ "$(door keyctl)" = open ]
}

@test "capabilities: fourteen, none to inherit, none for others than root" {
	caps='grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status | tr -d " \t\n"'
	equal CapInh:0000000000000000CapPrm:00000000a80425fbCapEff:00000000a80425fbCapBnd:00000000a80425fbCapAmb:0000000000000000 "$(tare run --rm busybox sh -c "$caps")"
	equal CapInh:0000000000000000CapPrm:0000000000000000CapEff:0000000000000000CapBnd:00000000a80425fbCapAmb:0000000000000000 "$(tare run --rm -u 1000 busybox sh -c "$caps")"
	contains "$(tare run --rm --privileged -u 1000 busybox sh -c "$caps")" CapInh:0000000000000000CapPrm:0000000000000000CapEff:0000000000000000
	contains "$(tare run --rm --privileged busybox sh -c "$caps")" CapInh:0000000000000000
	tare run -d --name box --cap-add NET_ADMIN busybox sleep 100
	contains "$(tare exec box sh -c "$caps")" CapEff:00000000a80435fb
	contains "$(tare exec -u 1000 box sh -c "$caps")" CapInh:0000000000000000CapPrm:0000000000000000CapEff:0000000000000000
	contains "$(tare exec --privileged -u 1000 box sh -c "$caps")" CapEff:0000000000000000
	contains "$(tare exec --privileged box sh -c "$caps")" CapInh:0000000000000000
}

@test "capabilities are added and dropped by any spelling, and an unknown one is refused" {
	eff='grep ^CapEff /proc/self/status | tr -d " \t\n"'
	equal CapEff:0000000000000400 "$(tare run --rm --cap-drop ALL --cap-add net_bind_service busybox sh -c "$eff")"
	equal CapEff:0000000000000400 "$(tare run --rm --cap-drop all --cap-add CAP_NET_BIND_SERVICE busybox sh -c "$eff")"
	equal CapEff:00000000a80405fb "$(tare run --rm --cap-drop NET_RAW busybox sh -c "$eff")"
	run -125 tare run --rm --cap-add FROB busybox true
	contains "$output" FROB
}

@test "the first group of a user is one of the others too, in run and exec (CVE-2022-36109)" {
	groups='grep ^Groups: /proc/self/status'
	contains "$(tare run --rm -u 1000:1000 busybox sh -c "$groups")" 1000
	tare run -d --name box --group-add 77 busybox sleep 100
	contains "$(tare exec -u 1000:1000 box sh -c "$groups")" 1000
	contains "$(tare exec -u 1000:1000 box sh -c "$groups")" 77
}

@test "what shows the host is hidden or cannot be written (CVE-2018-10892, CVE-2017-16539)" {
	for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts /proc/sched_debug /proc/latency_stats; do
		[ -e $p ] || continue
		equal "$p 0" "$p $(tare run --rm busybox sh -c "head -c 10 $p | wc -c")"
	done
	for p in /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do
		[ -e $p ] || continue
		equal "$p 0" "$p $(tare run --rm busybox sh -c "ls $p | wc -l")"
	done
	for p in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/power/state /sys/fs/cgroup/cgroup.procs; do
		run ! tare run --rm busybox sh -c ": >$p"
	done
}

@test "--security-opt mask, unmask, systempaths, proc-opts" {
	equal 0 "$(tare run --rm --security-opt mask=/etc/passwd:/bin/none busybox sh -c 'wc -c </etc/passwd')"
	run -0 tare run --rm --security-opt unmask=/proc/sys busybox sh -c 'grep -c " /proc/sys " /proc/mounts || true'
	equal 0 "$output"
	equal 1 "$(tare run --rm --security-opt unmask=/proc/bus busybox sh -c 'grep -c " /proc/sys " /proc/mounts')"
	equal 0 "$(tare run --rm --security-opt systempaths=unconfined busybox sh -c 'grep -cE " /proc/[a-z]+ " /proc/mounts || true')"
	equal 0 "$(tare run --rm --security-opt unmask=ALL busybox sh -c 'grep -cE " /proc/[a-z]+ " /proc/mounts || true')"
	contains "$(tare run --rm --security-opt proc-opts=hidepid=invisible busybox grep ' /proc ' /proc/mounts)" hidepid=
	run -125 tare run --rm --security-opt proc-opts=frob busybox true
}

@test "--security-opt no-new-privileges" {
	nnp='grep ^NoNewPrivs /proc/self/status | grep -o "[01]"'
	equal 0 "$(tare run --rm busybox sh -c "$nnp")"
	for o in no-new-privileges no-new-privileges:true no-new-privileges=true; do equal 1 "$(tare run --rm --security-opt $o busybox sh -c "$nnp")"; done
	equal 0 "$(tare run --rm --security-opt no-new-privileges:false busybox sh -c "$nnp")"
	tare run -d --name box --security-opt no-new-privileges busybox sleep 100
	equal 1 "$(tare exec box sh -c "$nnp")"
}

@test "--security-opt: words that mean nothing are refused at create" {
	for o in frob seccomp=/no/such/file apparmor= label=blue mask=x systempaths=no; do
		run -125 tare run --rm --security-opt "$o" busybox true
	done
	equal '' "$(tare ps -aq)"
}

@test "a profile of the user's own is taken, in docker's form" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >"$BATS_TEST_TMPDIR/p.json"
	run tare run --rm --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" busybox mkdir /x
	contains "$output" "not supported"
	tare run -d --name box --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" busybox sleep 100
	run tare exec box mkdir /x
	contains "$output" "not supported"
}

@test "--privileged: all capabilities there are, nothing hidden, all devices" {
	equal "$(grep ^CapBnd /proc/self/status | cut -f2)" "$(tare run --rm --privileged busybox sh -c 'grep ^CapBnd /proc/self/status | cut -f2')"
	equal 0 "$(tare run --rm --privileged busybox sh -c 'grep -cE " /proc/[a-z]+ " /proc/mounts || true')"
	contains "$(tare run --rm --privileged busybox grep ' /sys ' /proc/mounts)" "rw,"
	contains "$(tare run --rm busybox grep ' /sys ' /proc/mounts)" "ro,"
}
