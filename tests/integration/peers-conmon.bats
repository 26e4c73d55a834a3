# SPDX-License-Identifier: Apache-2.0
# Debian's podman with tare-monitor as its conmon, over tare-runtime and over crun.

load ../lib/peers

setup_file() {
	peers_begin
	[ -x /usr/bin/podman ] || skip "needs podman"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$home/policy.json"
	image=docker.io/library/busybox
	export image
	podman load -q --signature-policy "$home/policy.json" -i "$images/busybox.docker.tar"
}

teardown() {
	podman rm -f -a -t 0 >/dev/null
	nobody_left
}

teardown_file() {
	umount -l "$home/podman/overlay" 2>/dev/null || :
	nothing_left
}

podman_command() {
	echo /usr/bin/podman --root "$home/podman" --runroot "$home/podman-run" --storage-driver overlay --tmpdir "$home/podman-tmp" --cgroup-manager cgroupfs \
		--events-backend file --runtime "${PEER_RUNTIME:-$runtime}" --conmon "$TARE_BIN/tare-monitor"
}
podman() { $(podman_command) "$@"; }
export -f podman podman_command
limits=(--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pull never --log-driver k8s-file)
once() { podman run --rm "${limits[@]}" "$@"; }
up() { podman run -d "${limits[@]}" "$@" >/dev/null; }
state() { podman inspect -f "{{.State.$2}}" "$1"; }
person() { "$lib/terminal.py" "$@"; }

# crun refuses a v1 host whose hugetlb controller is elsewhere (TARE_SANDBOX_CGROUPS=hugetlb brings it).
runtimes() {
	echo "$runtime"
	if [ -d /sys/fs/cgroup/hugetlb ] || [ ! -d /sys/fs/cgroup/memory ]; then echo crun; fi
}

# Monitors end with their containers.
monitors_ended() { [ -z "$(pgrep -f "tare-monitor --api-version.*$home")" ]; }
nobody_left() { wait_for 10 monitors_ended || { pgrep -af tare-monitor; return 1; }; }

@test "run: output of both streams, exit code, standard input, terminal; the same with crun" {
	for PEER_RUNTIME in $(runtimes); do
		export PEER_RUNTIME
		equal hello "$(once $image echo hello)"
		equal err "$(once $image sh -c 'echo err >&2' 2>&1 >/dev/null)"
		run -42 once $image sh -c 'exit 42'
		run -127 once $image /no/such
		run -126 once $image /etc/passwd
		equal HELLO "$(echo hello | once -i $image tr a-z A-Z)"
		equal "$(head -c 3000000 /dev/zero | sha256sum)" "$(head -c 3000000 /dev/zero | once -i $image cat | sha256sum)"
		run -0 script -qec "$(podman_command) run --rm -t ${limits[*]} $image tty" /dev/null
		contains "$output" /dev/pts
	done
}

@test "logs, logs -f, tail, across rotation" {
	up --name box $image sh -c 'echo one; echo two >&2; printf rest'
	equal 0 "$(podman wait box)"
	equal "one rest" "$(podman logs box 2>/dev/null | paste -sd' ')"
	equal two "$(podman logs box 2>&1 >/dev/null)"
	equal one "$(podman logs --tail 3 box 2>/dev/null | head -1)"
	contains "$(podman logs -t box 2>/dev/null | head -1)" "$(date -u +%Y-%m-%dT)"
	up --name long $image sh -c 'i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); sleep 0.02; done'
	equal "$(seq -f 'line %g' 0 29)" "$(timeout 20 $(podman_command) logs -f long)"
	up --name turned --log-opt max-size=1k $image sh -c 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done'
	equal 0 "$(podman wait turned)"
	contains "$(podman logs turned)" "line 299"
	[ "$(stat -c %s "$(podman inspect -f '{{.HostConfig.LogConfig.Path}}' turned)")" -le 2048 ]
}

@test "attach: a terminal with its size, detach keys, back again" {
	talker='echo ready; while read -r word rest; do case $word in size) echo "=$(stty size)";; quit) exit $rest;; *) echo "=$word=";; esac; done'
	run -0 person size:31x91 /ready 'type:size\r' '/=31 91' size:40x100 'type:size\r' '/=40 100' pause 'type:\x10' pause pause 'type:\x11' end -- \
		$(podman_command) run -it --name term "${limits[@]}" $image sh -c "$talker"
	equal running "$(state term Status)"
	run -0 person 'type:hello\r' /=hello= 'type:quit 3\r' end -- $(podman_command) attach term
	contains "$output" =hello=
	equal 3 "$(podman wait term)"
}

@test "attach without a terminal: two see the same, the end of one's input is the program's" {
	up -i --name two $image sh -c 'echo ready; while read -r w; do echo "=$w="; done; echo over'
	timeout 20 $(podman_command) attach two < <(sleep 8) >"$BATS_TEST_TMPDIR/other" & other=$!     # podman closes the program's input with that of any client
	sleep 0.5
	contains "$(echo hello | timeout 20 $(podman_command) attach two)" =hello=
	wait $other
	equal "=hello= over" "$(grep -Ev 'ready|^$' "$BATS_TEST_TMPDIR/other" | paste -sd' ')"
}

@test "exec: output, input, exit codes, user, terminal, in the background; the same with crun" {
	for PEER_RUNTIME in $(runtimes); do
		export PEER_RUNTIME
		name=box${PEER_RUNTIME##*/}
		up --name $name $image sleep 1000
		equal inside "$(podman exec $name echo inside)"
		equal "o e" "$(podman exec $name sh -c 'echo o; echo e >&2' 2>&1 | sort -r | paste -sd' ')"
		run -7 podman exec $name sh -c 'exit 7'
		run -127 podman exec $name /no/such
		run -126 podman exec $name /etc/passwd
		equal HELLO "$(echo hello | podman exec -i $name tr a-z A-Z)"
		equal "1000 /tmp" "$(podman exec -u 1000 -w /tmp $name sh -c 'echo $(id -u) $(pwd)')"
		contains "$(person size:33x77 '/ready 33 77' 'type:exit 5\r' end -- $(podman_command) exec -it $name sh -c 'sleep 0.3; echo ready $(stty size); exec sh')" "status 5"
		podman exec -d $name sh -c 'echo done >/tmp/d'
		wait_for 5 podman exec $name test -e /tmp/d
	done
}

@test "healthcheck" {
	up --name sick --health-cmd 'test -e /tmp/well' --health-interval disable $image sleep 1000
	run ! podman healthcheck run sick
	podman exec sick touch /tmp/well
	podman healthcheck run sick
}

@test "stop, kill, restart, wait, rm; the exit command cleans up by itself" {
	up --name box $image sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	podman stop -t 5 box >/dev/null
	equal "exited 3" "$(state box Status) $(state box ExitCode)"
	podman start box >/dev/null
	pid=$(state box Pid)
	podman restart -t 1 box >/dev/null
	[ "$(state box Pid)" != "$pid" ]
	podman kill box >/dev/null
	equal 137 "$(podman wait box)"
	up --rm --name gone $image sleep 0.2
	wait_for 10 bash -c '! podman container exists gone'
	up --name slow --stop-timeout 1 $image sleep 1000
	podman rm -f slow >/dev/null
	run -1 podman container exists slow
}

@test "a monitor's private memory" {
	up --name box $image sleep 1000
	pid=$(podman inspect -f '{{.State.ConmonPid}}' box)
	equal "$(readlink -f "$TARE_BIN/tare-monitor")" "$(readlink "/proc/$pid/exe")"
	kb=$(awk '/^Private_Dirty/ { print $2 }' "/proc/$pid/smaps_rollup")
	[ "$kb" -le 300 ] || { echo "$kb kB"; return 1; }
	equal -1000 "$(cat "/proc/$pid/oom_score_adj")" || [ "$(cat /proc/self/oom_score_adj)" = "$(cat "/proc/$pid/oom_score_adj")" ]
	equal "$(cat /proc/self/oom_score_adj)" "$(podman exec box cat /proc/self/oom_score_adj)"
}
