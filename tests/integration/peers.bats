# SPDX-License-Identifier: Apache-2.0
# docker, podman and ctr from Debian's packages run busybox through tare-runtime.

load ../lib/tare

setup_file() {
	images=$("$lib/make-images" busybox)
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	export images home runtime
	mkdir "$home/containerd"
	cat >"$home/containerd.toml" <<-END
		version = 2
		root = "$home/containerd/root"
		state = "$home/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$home/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		path = "$home/containerd/opt"
	END
	containerd -c "$home/containerd.toml" >"$home/containerd.log" 2>&1 3>&- &
	echo $! >"$home/containerd.pid"
	wait_for 15 ctr -a "$home/containerd.sock" version
	# No bridge: ours is tested elsewhere. Both raise limits, which needs CAP_SYS_RESOURCE: hence --ulimit below.
	echo '{}' >"$home/none.json"
	dockerd --config-file "$home/none.json" --data-root "$home/docker" --exec-root "$home/docker-exec" --pidfile "$home/dockerd.pid" \
		-H "unix://$home/docker.sock" --containerd "$home/containerd.sock" --storage-driver overlay2 --bridge none --iptables=false \
		--add-runtime "tare=$runtime" --log-level error >"$home/dockerd.log" 2>&1 3>&- &
	echo $! >"$home/dockerd.ours"
	wait_for 20 docker version
}

docker() { /usr/bin/docker -H "unix://$home/docker.sock" "$@"; }
export -f docker

teardown_file() {
	kill "$(cat "$home/dockerd.ours")"
	wait_for 15 sh -c "! kill -0 $(cat "$home/dockerd.ours")" || :
	kill "$(cat "$home/containerd.pid")"
	wait_for 15 sh -c "! kill -0 $(cat "$home/containerd.pid")" || :
	umount -l "$home"/docker/overlay2/* 2>/dev/null || :
}

@test "docker run --runtime tare: output, exit code, limits, exec, stop" {
	docker load -q -i "$images/busybox.docker.tar"
	limits=(--runtime tare --network none --ulimit nofile=1024:1024)
	equal hello "$(docker run --rm "${limits[@]}" busybox echo hello)"
	run -42 docker run --rm "${limits[@]}" busybox sh -c 'exit 42'
	run -127 docker run --rm "${limits[@]}" busybox /no/such
	docker run -d --name d1 "${limits[@]}" --memory 64m busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	equal 67108864 "$(docker exec d1 cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || docker exec d1 cat /sys/fs/cgroup/memory.max)"
	docker update --memory 96m --memory-swap 128m --cpus 0.5 --pids-limit 50 --cpuset-cpus 0 d1
	equal 100663296 "$(docker exec d1 cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || docker exec d1 cat /sys/fs/cgroup/memory.max)"
	equal 0 "$(docker exec d1 sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')"
	docker stop d1
	equal 3 "$(docker inspect -f '{{.State.ExitCode}}' d1)"
	docker rm d1
	equal HELLO "$(echo hello | docker run --rm -i "${limits[@]}" busybox tr a-z A-Z)"
	run -0 script -qec "/usr/bin/docker -H unix://$home/docker.sock run --rm -t ${limits[*]} busybox tty" /dev/null
	contains "$output" /dev/pts
}

@test "podman --runtime tare-runtime: output, exit code, exec" {
	pod() {
		podman --root "$home/podman" --runroot "$home/podman-run" --tmpdir "$home/podman-tmp" --cgroup-manager cgroupfs \
			--events-backend none --storage-driver overlay --runtime "$runtime" "$@"
	}
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$home/policy.json"
	pod load -q --signature-policy "$home/policy.json" -i "$images/busybox.docker.tar"
	limits=(--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pull never)
	image=docker.io/library/busybox
	equal hello "$(pod run --rm "${limits[@]}" $image echo hello)"
	run -42 pod run --rm "${limits[@]}" $image sh -c 'exit 42'
	pod run -d --name p "${limits[@]}" $image sleep 1000
	equal inside "$(pod exec p echo inside)"
	pod update --memory 96m --cpuset-cpus 0 p
	equal 100663296 "$(pod exec p cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || pod exec p cat /sys/fs/cgroup/memory.max)"
	equal 0 "$(pod exec p sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2')"
	pod rm -f -t 0 p
	umount -l "$home/podman/overlay" 2>/dev/null || :
}

@test "ctr run --runc-binary tare-runtime: output, exit code, exec" {
	c() { ctr -a "$home/containerd.sock" -n peers "$@"; }
	c images import "$images/busybox.docker.tar"
	image=$(c images list -q | head -1)
	equal hello "$(c run --rm --runc-binary "$runtime" "$image" hello echo hello)"
	run -42 c run --rm --runc-binary "$runtime" "$image" status sh -c 'exit 42'
	c run -d --runc-binary "$runtime" "$image" sleeper sleep 1000
	equal inside "$(c task exec --exec-id e1 sleeper echo inside)"
	c task rm -f sleeper
	c container rm sleeper
}
