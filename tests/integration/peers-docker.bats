# SPDX-License-Identifier: Apache-2.0
# dockerd from Debian's packages over tare-runtime: the verbs people use, whole flows each.

load ../lib/peers

setup_file() {
	peers_begin
	containerd_begin
	dockerd_begin
	docker load -q -i "$images/busybox.docker.tar"
}

teardown() {
	local ids
	ids=$(docker ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || docker rm -f $ids >/dev/null
}

teardown_file() {
	dockerd_end
	containerd_end
	nothing_left
}

up() { docker run -d --network none "$@"; }
state() { docker inspect -f "{{.State.$2}}" "$1"; }
state_is() { [ "$(state "$1" "$2")" = "$3" ]; }
loop='trap "exit 3" TERM; while :; do sleep 0.05; done'

@test "docker run: output, exit code, standard input, limits, terminal" {
	equal tare "$(docker info -f '{{.DefaultRuntime}}')"
	equal hello "$(docker run --rm --network none busybox echo hello)"
	run -42 docker run --rm --network none busybox sh -c 'exit 42'
	run -127 docker run --rm --network none busybox /no/such
	run -126 docker run --rm --network none busybox /etc/passwd
	equal HELLO "$(echo hello | docker run --rm -i --network none busybox tr a-z A-Z)"
	equal 67108864 "$(docker run --rm --network none --memory 64m busybox sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max')"
	run -0 script -qec "/usr/bin/docker -H unix://$home/docker.sock run --rm -t --network none busybox tty" /dev/null
	contains "$output" /dev/pts
	equal "1000:50 /tmp x" "$(docker run --rm --network none -u 1000:50 -w /tmp -e A=x --read-only busybox sh -c 'echo $(id -u):$(id -g) $(pwd) $A')"
}

@test "docker exec: output, exit code, user, terminal" {
	up --name execs busybox sleep 1000
	equal inside "$(docker exec execs echo inside)"
	run -7 docker exec execs sh -c 'exit 7'
	equal 1000 "$(docker exec -u 1000 execs id -u)"
	equal VALUE "$(docker exec -e K=VALUE execs sh -c 'echo $K')"
	run -0 script -qec "/usr/bin/docker -H unix://$home/docker.sock exec -it execs sh -c 'tty; stty size'" /dev/null
	contains "$output" /dev/pts
	run docker exec execs /no/such
	contains "$output" "no such file or directory"
}

@test "docker stop, start, restart, kill, wait" {
	up --name stops busybox sh -c "$loop"
	docker stop stops
	equal 3 "$(state stops ExitCode)"
	docker start stops
	pid=$(state stops Pid)
	docker restart -t 2 stops
	[ "$(state stops Pid)" != "$pid" ]
	docker kill stops
	equal 137 "$(docker wait stops)"
	docker start stops
	docker kill -s TERM stops
	equal 3 "$(docker wait stops)"
}

@test "docker pause and unpause" {
	up --name pauses busybox sh -c "$loop"
	docker pause pauses
	equal paused "$(state pauses Status)"
	run docker exec pauses true
	[ "$status" != 0 ]
	docker unpause pauses
	equal running "$(state pauses Status)"
	equal alive "$(docker exec pauses echo alive)"
}

@test "docker update changes the limits of a running container" {
	up --name updates --memory 64m --memory-swap 64m --cpu-shares 512 busybox sleep 1000
	docker update --memory 32m --memory-swap 32m --cpu-shares 256 --pids-limit 30 --cpu-period 50000 --cpu-quota 20000 updates
	if [ -d /sys/fs/cgroup/memory ]; then
		id=$(docker inspect -f '{{.Id}}' updates)
		equal "33554432 256 30 20000" "$(cat /sys/fs/cgroup/memory/docker/"$id"/memory.limit_in_bytes /sys/fs/cgroup/cpu/docker/"$id"/cpu.shares \
			/sys/fs/cgroup/pids/docker/"$id"/pids.max /sys/fs/cgroup/cpu/docker/"$id"/cpu.cfs_quota_us | paste -sd' ')"
	else
		equal "33554432 30 20000 50000" "$(docker exec updates sh -c 'cd /sys/fs/cgroup; echo $(cat memory.max pids.max cpu.max)')"
	fi
}

@test "docker stats and top" {
	up --name stats --memory 64m busybox sleep 1000
	contains "$(docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' stats)" "64MiB 1"
	contains "$(docker top stats)" "sleep 1000"
	contains "$(docker top stats -o pid,args)" "sleep 1000"
}

@test "docker build: RUN, COPY, USER, and the image runs" {
	mkdir "$BATS_TEST_TMPDIR/context"
	echo context >"$BATS_TEST_TMPDIR/context/file"
	printf 'FROM busybox\nCOPY file /copied\nRUN echo built >/built && mkdir -m 777 /work\nENV WHO=you\nWORKDIR /work\nUSER 1000\nRUN id -u >/work/id\nCMD cat /copied /built /work/id\n' \
		>"$BATS_TEST_TMPDIR/context/Dockerfile"
	DOCKER_BUILDKIT=0 docker build -q --network none -t made "$BATS_TEST_TMPDIR/context"
	equal $'context\nbuilt\n1000' "$(docker run --rm --network none made)"
}

@test "docker cp and diff and logs" {
	up --name copies busybox sh -c 'echo logged; sleep 1000'
	echo carried >"$BATS_TEST_TMPDIR/in"
	docker cp "$BATS_TEST_TMPDIR/in" copies:/tmp/in
	equal carried "$(docker exec copies cat /tmp/in)"
	docker cp copies:/tmp/in "$BATS_TEST_TMPDIR/out"
	equal carried "$(cat "$BATS_TEST_TMPDIR/out")"
	contains "$(docker diff copies)" "A /tmp/in"
	equal logged "$(docker logs copies)"
}

@test "docker: a health check becomes healthy and unhealthy" {
	up --name health --health-cmd 'test -e /tmp/ok' --health-interval 300ms --health-retries 1 busybox sleep 1000
	wait_for 10 state_is health Health.Status unhealthy
	docker exec health touch /tmp/ok
	wait_for 10 state_is health Health.Status healthy
}

@test "docker: restart policies" {
	up --name restarts --restart on-failure:2 busybox sh -c 'exit 5'
	wait_for 15 sh -c "[ \$(/usr/bin/docker -H unix://$home/docker.sock inspect -f '{{.RestartCount}}{{.State.Status}}' restarts) = 2exited ]"
	equal 5 "$(state restarts ExitCode)"
}

@test "docker: out of memory is seen as such" {
	run -137 docker run --name hog --network none --memory 16m --memory-swap 16m busybox dd if=/dev/zero of=/dev/null bs=64M count=1
	wait_for 5 state_is hog OOMKilled true
}

@test "docker: the process of a killed container is gone, with what it started" {
	up --name killed busybox sh -c 'sleep 12345 & sleep 12345'
	docker rm -f killed
	run pgrep -f 'sleep 12345'
	[ "$status" = 1 ]
}

@test "docker: volumes, tmpfs, capabilities, seccomp, init, host namespaces" {
	docker volume create vol
	docker run --rm --network none -v vol:/data busybox sh -c 'echo kept >/data/f'
	equal kept "$(docker run --rm --network none -v vol:/data:ro busybox cat /data/f)"
	docker volume rm vol
	contains "$(docker run --rm --network none --tmpfs /t:size=1m busybox grep ' /t ' /proc/mounts)" size=1024k
	equal 0000000000000000 "$(docker run --rm --network none --cap-drop ALL busybox awk '/CapEff/ { print $2 }' /proc/self/status)"
	equal 2 "$(docker run --rm --network none busybox awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
	equal 0 "$(docker run --rm --network none --security-opt seccomp=unconfined busybox awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
	contains "$(docker run --rm --network host --pid host --ipc host --uts host busybox ps)" dockerd
	run docker run --rm --network none busybox mount -t tmpfs x /tmp
	[ "$status" != 0 ]
}
