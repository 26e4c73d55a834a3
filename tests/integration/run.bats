# SPDX-License-Identifier: Apache-2.0
# `tare run`: exit codes, streams, what the flags do inside.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

@test "run prints what the program prints" {
	equal hello "$(tare run --rm busybox echo hello)"
}

@test "run keeps standard output and error apart" {
	tare run --rm busybox sh -c 'echo out; echo err >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	equal out "$(cat "$BATS_TEST_TMPDIR/out")"
	equal err "$(cat "$BATS_TEST_TMPDIR/err")"
}

@test "run gives standard input with -i" {
	equal HELLO "$(echo hello | tare run --rm -i busybox tr a-z A-Z)"
}

@test "run passes a megabyte through unharmed" {
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	equal "$(sha256sum <"$BATS_TEST_TMPDIR/data")" "$(tare run --rm -i busybox cat <"$BATS_TEST_TMPDIR/data" | sha256sum)"
}

@test "the exit code is the program's" {
	run -42 tare run --rm busybox sh -c 'exit 42'
}

@test "a program killed by a signal gives 128 + n" {
	tare run --rm --name victim busybox sleep 100 3>&- &
	pid=$!
	wait_for 5 tare kill victim
	status=0
	wait $pid || status=$?
	equal 137 $status
}

@test "a program that is not there gives 127" {
	run -127 tare run --rm busybox /no/such/program
	contains "$output" /no/such/program
}

@test "a program that cannot be executed gives 126" {
	run -126 tare run --rm busybox /etc/passwd
}

@test "an unknown image gives 125" {
	run -125 tare run --rm --pull never no-such-image true
	contains "$output" no-such-image
}

@test "an unknown flag gives 125 and a hint" {
	run -125 tare run --naem x busybox true
	contains "$output" naem
}

@test "a flag that is not built says so" {
	run -125 tare network create --ipam-opt a=b no-such-network
	contains "$output" unsupported
}

@test "failures leave no container" {
	run -127 tare run --rm busybox /no/such/program
	equal '' "$(tare ps -aq)"
	no_residue
}

@test "environment: image, -e, --env-file" {
	printf 'A=file\nB=file\n' >"$BATS_TEST_TMPDIR/env"
	export HOSTSIDE=ours
	run -0 tare run --rm --env-file "$BATS_TEST_TMPDIR/env" -e B=flag -e HOSTSIDE busybox env
	contains "$output" A=file
	contains "$output" B=flag
	contains "$output" HOSTSIDE=ours
	contains "$output" PATH=/usr/local/sbin
}

@test "working directory is made if missing" {
	equal /some/where "$(tare run --rm -w /some/where busybox pwd)"
}

@test "user by name, number, and with a group" {
	equal "1000 1000" "$(tare run --rm -u alice busybox sh -c 'echo $(id -u) $(id -g)')"
	equal "1234 0" "$(tare run --rm -u 1234 busybox sh -c 'echo $(id -u) $(id -g)')"
	equal "1000 50" "$(tare run --rm -u alice:staff busybox sh -c 'echo $(id -u) $(id -g)')"
	run -125 tare run --rm -u nobody-here busybox id
}

@test "entrypoint instead of the image's" {
	equal "a b" "$(tare run --rm --entrypoint /bin/echo busybox a b)"
}

@test "host name" {
	equal box "$(tare run --rm --hostname box busybox hostname)"
}

@test "the host name is the short id without the flag" {
	id=$(tare run -d busybox sleep 100)
	equal "${id:0:12}" "$(tare exec "$id" hostname)"
}

@test "a bind mount, writable and read-only" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	tare run --rm -v "$BATS_TEST_TMPDIR/dir:/mnt" busybox sh -c 'echo inside >/mnt/file'
	equal inside "$(cat "$BATS_TEST_TMPDIR/dir/file")"
	run ! tare run --rm -v "$BATS_TEST_TMPDIR/dir:/mnt:ro" busybox touch /mnt/other
	equal inside "$(tare run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/dir,target=/data,readonly" busybox cat /data/file)"
}

@test "a named volume outlives the container" {
	tare run --rm -v "keep-$$:/data" busybox sh -c 'echo kept >/data/file'
	equal kept "$(tare run --rm -v "keep-$$:/data" busybox cat /data/file)"
}

@test "a tmpfs with a size" {
	equal 1024k "$(tare run --rm --tmpfs /scratch:size=1m busybox sh -c 'grep " /scratch " /proc/mounts | grep -o "[0-9]*k"')"
}

@test "a read-only root" {
	run ! tare run --rm --read-only busybox touch /x
	contains "$output" Read-only
}

@test "writes of one container are not seen by the next" {
	tare run --rm busybox touch /mark
	run ! tare run --rm busybox ls /mark
}

@test "memory limit" {
	equal 33554432 "$(tare run --rm --memory 32m busybox sh -c 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes')"
}

@test "a program over its memory limit is killed and inspect says so" {
	run -137 tare run --name hog --memory 32m --memory-swap 32m busybox dd if=/dev/zero of=/dev/null bs=200M count=1
	equal true "$(inspect hog '{{.State.OOMKilled}}')"
}

@test "cpus" {
	equal "50000 100000" "$(tare run --rm --cpus 0.5 busybox sh -c 'cat /sys/fs/cgroup/cpu.max 2>/dev/null || echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)')"
}

@test "cpuset" {
	equal 0 "$(tare run --rm --cpuset-cpus 0 busybox sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')"
}

@test "pids limit" {
	equal 33 "$(tare run --rm --pids-limit 33 busybox sh -c 'cat /sys/fs/cgroup/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids/pids.max')"
}

@test "default capabilities are Docker's; add, drop, privileged" {
	caps='grep CapEff /proc/self/status | cut -f2'
	equal 00000000a80425fb "$(tare run --rm busybox sh -c "$caps")"
	equal 00000000a80425fa "$(tare run --rm --cap-drop CHOWN busybox sh -c "$caps")"
	equal 00000000a80435fb "$(tare run --rm --cap-add NET_ADMIN busybox sh -c "$caps")"
	equal 0000000000000000 "$(tare run --rm --cap-drop ALL busybox sh -c "$caps")"
	equal "$(grep CapBnd /proc/self/status | cut -f2)" "$(tare run --rm --privileged busybox sh -c "$caps")"
}

@test "seccomp is on, and off when asked" {
	mode='grep ^Seccomp: /proc/self/status | cut -f2'
	equal 2 "$(tare run --rm busybox sh -c "$mode")"
	equal 0 "$(tare run --rm --security-opt seccomp=unconfined busybox sh -c "$mode")"
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' >"$BATS_TEST_TMPDIR/profile"
	run ! tare run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/profile" busybox mkdir /x
	contains "$output" "not permitted"
}

@test "no new privileges" {
	equal 1 "$(tare run --rm --security-opt no-new-privileges busybox sh -c 'grep NoNewPrivs /proc/self/status | cut -f2')"
}

@test "ulimit" {
	equal "100 200" "$(tare run --rm --ulimit nofile=100:200 busybox sh -c 'echo $(ulimit -n) $(ulimit -Hn)')"
}

@test "masked and read-only paths of proc" {
	equal 0 "$(tare run --rm busybox sh -c '[ ! -e /proc/timer_list ] && echo 0 || wc -c </proc/timer_list')"
	run ! tare run --rm busybox sh -c 'echo 1 >/proc/sys/kernel/panic'
}

@test "with --init process 1 is ours and reaps" {
	run -0 tare run --rm --init busybox sh -c 'cat /proc/1/comm; echo $$'
	contains "${lines[0]}" init
	[ "${lines[1]}" != 1 ]
}

@test "a terminal" {
	run -0 script -qec "tare run --rm -t busybox sh -c 'tty; stty size'" /dev/null
	contains "$output" /dev/
}

@test "-t without a terminal on standard input is refused with -i" {
	run ! tare run --rm -it busybox true </dev/null
}

@test "signals go to the program" {
	tare run --rm --name signalled busybox sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done' >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	equal 7 $status
}

@test "the same name twice is a conflict" {
	tare run -d --name twice busybox sleep 100
	run -125 tare run -d --name twice busybox sleep 100
	contains "$output" twice
}

@test "a name held by a run that was killed is free for the next one" {
	for step in name.reserve container.publish live.make rootfs.mount monitor.spawn; do
		TARE_FAULT=kill:$step run tare run --rm --name again busybox true
		run -0 tare run --rm --name again busybox echo "after $step"
		equal "after $step" "$output"
	done
}

@test "a name is free again after --rm" {
	tare run --rm --name again busybox true
	tare run --rm --name again busybox true
}

@test "labels show in inspect and filter ps" {
	id=$(tare run -d --label tier=web --label x busybox sleep 100)
	equal web "$(inspect "$id" '{{index .Config.Labels "tier"}}')"
	equal "${id:0:12}" "$(tare ps -q --filter label=tier=web)"
	equal '' "$(tare ps -q --filter label=tier=db)"
}

@test "--cidfile holds the id" {
	id=$(tare run -d --cidfile "$BATS_TEST_TMPDIR/cid" busybox sleep 100)
	equal "$id" "$(cat "$BATS_TEST_TMPDIR/cid")"
}

@test "--timing prints steps with figures" {
	run -0 tare run --rm --timing busybox true
	contains "$output" cgroup
}

@test "crun and runc run our containers too" {
	equal hi "$(tare run --rm --runtime runc busybox echo hi)"
}
