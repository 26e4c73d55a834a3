# SPDX-License-Identifier: Apache-2.0
# containerd from Debian's packages, its ctr and its shim, over tare-runtime.

load ../lib/peers

setup_file() {
	peers_begin
	containerd_begin
	c images import "$images/busybox.docker.tar"
}

teardown_file() {
	c images rm "$(image)"
	containerd_end
	nothing_left
}

c() { ctr -a "$home/containerd.sock" -n peers "$@"; }
image() { c images list -q | head -1; }
up() {
	local name=$1
	shift
	c run -d --runc-binary "$runtime" "${options[@]}" "$(image)" "$name" "$@"
}
down() {
	c task rm -f "$1"
	c container rm "$1"
}
status_of() { c tasks ls | awk -v name="$1" '$1 == name { print $3 }'; }
is() { [ "$(status_of "$1")" = "$2" ]; }

@test "ctr run: output, exit code, environment, terminal, read-only root" {
	equal hello "$(c run --rm --runc-binary "$runtime" "$(image)" out echo hello)"
	run -42 c run --rm --runc-binary "$runtime" "$(image)" status sh -c 'exit 42'
	equal "x /tmp" "$(c run --rm --runc-binary "$runtime" --env A=x --cwd /tmp "$(image)" env sh -c 'echo $A $(pwd)')"
	run -0 script -qec "ctr -a $home/containerd.sock -n peers run --rm -t --runc-binary $runtime $(image) tty tty" /dev/null
	contains "$output" /dev/pts
	equal no "$(c run --rm --read-only --runc-binary "$runtime" "$(image)" ro sh -c 'touch /x 2>/dev/null || echo no')"
}

@test "ctr run of a program that is not there says so and leaves nothing" {
	run c run --rm --runc-binary "$runtime" "$(image)" missing /no/such
	[ "$status" != 0 ]
	contains "$output" "no such file or directory"
	equal "" "$(c tasks ls -q)"
}

@test "ctr tasks: ls, exec, ps, kill, delete" {
	options=()
	up box sleep 1000
	is box RUNNING
	equal inside "$(c task exec --exec-id e1 box echo inside)"
	run -7 c task exec --exec-id e2 box sh -c 'exit 7'
	equal 1000 "$(c task exec --exec-id e3 --user 1000 box id -u)"
	contains "$(c task ps box)" "$(c tasks ls | awk '$1 == "box" { print $2 }')"
	c task kill -s KILL box
	wait_for 5 is box STOPPED
	contains "$(c task delete box 2>&1)" "exit code 137"
	c container rm box
	equal "" "$(c containers ls -q)"
}

@test "ctr task pause and resume" {
	options=()
	up pausing sh -c 'while :; do sleep 0.05; done'
	c task pause pausing
	is pausing PAUSED
	c task resume pausing
	is pausing RUNNING
	equal alive "$(c task exec --exec-id e1 pausing echo alive)"
	down pausing
}

@test "ctr task metrics" {
	options=(--memory-limit 67108864)
	up measured sleep 1000
	run -0 c task metrics measured
	contains "$output" memory
	contains "$output" pids
	[[ "$output" == *67108864* || ! -d /sys/fs/cgroup/memory ]]
	down measured
}

@test "ctr: signals end a task with the program's status" {
	options=()
	up polite sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	sleep 0.3
	c task kill -s TERM polite
	wait_for 5 is polite STOPPED
	contains "$(c task delete polite 2>&1)" "exit code 3"
	c container rm polite
}

@test "ctr: a killed task takes with it what it started" {
	options=()
	up parent sh -c 'sleep 23456 & sleep 23456'
	down parent
	run pgrep -f 'sleep 23456'
	[ "$status" = 1 ]
}

@test "ctr: the shim outlives containerd, which finds its task again" {
	options=()
	up survivor sleep 1000
	pid=$(c tasks ls | awk '$1 == "survivor" { print $2 }')
	end "$home/containerd.ours"
	kill -0 "$pid"
	containerd -c "$home/containerd.toml" >>"$home/containerd.log" 2>&1 3>&- &
	echo $! >"$home/containerd.ours"
	wait_for 15 ctr -a "$home/containerd.sock" version
	wait_for 5 is survivor RUNNING
	equal again "$(c task exec --exec-id e1 survivor echo again)"
	down survivor
}

@test "ctr: seccomp, capabilities, mounts, devices, host network" {
	equal 2 "$(c run --rm --seccomp --runc-binary "$runtime" "$(image)" filter awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
	equal 000001ff "$(c run --rm --privileged --runc-binary "$runtime" "$(image)" caps awk '/CapEff/ { print $2 }' /proc/self/status | cut -c1-8)"
	echo shared >"$BATS_TEST_TMPDIR/file"
	equal shared "$(c run --rm --mount "type=bind,src=$BATS_TEST_TMPDIR,dst=/data,options=rbind:ro" --runc-binary "$runtime" "$(image)" mounts cat /data/file)"
	equal 1:5 "$(c run --rm --device /dev/zero --runc-binary "$runtime" "$(image)" device stat -c %t:%T /dev/zero)"
	contains "$(c run --rm --net-host --runc-binary "$runtime" "$(image)" net ip -o link)" lo
}
