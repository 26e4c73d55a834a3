# SPDX-License-Identifier: Apache-2.0
# podman and buildah from Debian's packages over tare-runtime: whole flows, as root and as an ordinary user.

load ../lib/peers

setup_file() {
	peers_begin
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$home/policy.json"
	image=docker.io/library/busybox
	export image
	podman load -q --signature-policy "$home/policy.json" -i "$images/busybox.docker.tar"
}

teardown() {
	podman pod rm -f -a -t 0 >/dev/null
	podman rm -f -a -t 0 >/dev/null
}

teardown_file() {
	umount -l "$home/podman/overlay" 2>/dev/null || :
	nothing_left
}

# Commands as words, so that they also go through a shell that knows no functions of ours.
storage() { echo --root "$home/podman" --runroot "$home/podman-run" --storage-driver overlay; }
podman_command() {
	echo /usr/bin/podman "$(storage)" --tmpdir "$home/podman-tmp" --cgroup-manager cgroupfs --events-backend file --runtime "$runtime"
}
podman() { $(podman_command) "$@"; }
# Limits as they are: raising them needs CAP_SYS_RESOURCE, and so does podman's default.
limits=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pull never)
once() { podman run --rm --network none "${limits[@]}" "$@"; }
up() { podman run -d --network none "${limits[@]}" "$@"; }
state() { podman inspect -f "{{.State.$2}}" "$1"; }
state_is() { [ "$(state "$1" "$2")" = "$3" ]; }

@test "podman run: output, exit code, standard input, terminal, user" {
	equal hello "$(once $image echo hello)"
	run -42 once $image sh -c 'exit 42'
	run -127 once $image /no/such
	run -126 once $image /etc/passwd
	equal HELLO "$(echo hello | once -i $image tr a-z A-Z)"
	equal "1000:50 /tmp x" "$(once -u 1000:50 -w /tmp -e A=x --read-only $image sh -c 'echo $(id -u):$(id -g) $(pwd) $A')"
	run -0 script -qec "$(podman_command) run --rm -t --network none ${limits[*]} $image tty" /dev/null
	contains "$output" /dev/pts
}

@test "podman exec, stop, start, restart, kill, wait" {
	up --name box $image sh -c 'trap "exit 3" TERM; while :; do sleep 0.05; done'
	equal inside "$(podman exec box echo inside)"
	run -7 podman exec box sh -c 'exit 7'
	equal 1000 "$(podman exec -u 1000 box id -u)"
	run -127 podman exec box /no/such
	podman stop -t 5 box
	equal 3 "$(state box ExitCode)"
	podman start box
	pid=$(state box Pid)
	podman restart -t 1 box
	[ "$(state box Pid)" != "$pid" ]
	podman kill box
	equal 137 "$(podman wait box)"
}

@test "podman pause, unpause, top, stats" {
	up --name box --memory 64m --cgroup-parent /libpod_parent $image sleep 1000
	podman pause box
	equal paused "$(state box Status)"
	podman unpause box
	equal running "$(state box Status)"
	contains "$(podman top box pid args)" "sleep 1000"
	run -0 podman stats --no-stream --format '{{.Name}} {{.PIDs}}' box
	contains "$output" "box"
}

@test "podman update changes the limits of a running container" {
	up --name box --memory 64m --cgroup-parent /libpod_parent $image sleep 1000
	podman update --memory 32m --memory-swap 32m --cpu-shares 256 box
	if [ -d /sys/fs/cgroup/memory ]; then
		id=$(podman inspect -f '{{.Id}}' box)
		equal "33554432 256" "$(cat /sys/fs/cgroup/memory/libpod_parent/libpod-"$id"*/memory.limit_in_bytes /sys/fs/cgroup/cpu/libpod_parent/libpod-"$id"*/cpu.shares | paste -sd' ')"
	else
		equal 33554432 "$(podman exec box cat /sys/fs/cgroup/memory.max)"
	fi
}

@test "podman healthcheck run" {
	up --name box --health-cmd 'test -e /tmp/ok' --health-interval disable $image sleep 1000
	run -1 podman healthcheck run box
	podman exec box touch /tmp/ok
	run -0 podman healthcheck run box
}

@test "podman pod: two containers share network, IPC and host name" {
	podman load -q --signature-policy "$home/policy.json" -i "$images/busybox.docker.tar"
	podman pod create --name pod --network none --infra-image $image --infra-command 'sleep 1000' --hostname podhost
	podman run -d --pod pod --name one "${limits[@]}" $image sh -c 'echo pod >/dev/shm/f; sleep 1000'
	wait_for 5 podman exec one test -e /dev/shm/f
	equal "podhost pod" "$(podman run --rm --pod pod "${limits[@]}" $image sh -c 'echo $(hostname) $(cat /dev/shm/f)')"
	for ns in net ipc uts; do
		equal "$(podman exec one readlink /proc/self/ns/$ns)" "$(podman run --rm --pod pod "${limits[@]}" $image readlink /proc/self/ns/$ns)"
	done
	podman pod pause pod
	equal paused "$(state one Status)"
	podman pod unpause pod
	podman pod stop -t 0 pod
	podman pod rm -f pod
	equal "" "$(podman ps -aq)"
}

@test "podman play kube" {
	cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: { name: kube }
		spec:
		  restartPolicy: Never
		  containers:
		  - name: work
		    image: $image
		    command: [sh, -c, 'echo \$GREETING >/shared/said; sleep 1000']
		    env: [ { name: GREETING, value: hello } ]
		    resources: { limits: { memory: 64Mi } }
		    securityContext: { runAsUser: 1000, capabilities: { drop: [ALL] } }
		    volumeMounts: [ { name: shared, mountPath: /shared } ]
		  volumes: [ { name: shared, hostPath: { path: $BATS_TEST_TMPDIR/shared, type: Directory } } ]
	END
	mkdir -m 777 "$BATS_TEST_TMPDIR/shared"
	printf 'FROM %s\nENTRYPOINT ["sleep", "1000"]\n' $image | podman build -q --signature-policy "$home/policy.json" --pull-never -t infra -
	printf '[engine]\ninfra_image = "localhost/infra"\n[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n' >"$home/containers.conf"
	CONTAINERS_CONF=$home/containers.conf podman play kube --network none "$BATS_TEST_TMPDIR/pod.yaml"
	wait_for 5 test -s "$BATS_TEST_TMPDIR/shared/said"
	equal hello "$(cat "$BATS_TEST_TMPDIR/shared/said")"
	equal 1000 "$(podman exec kube-work id -u)"
	podman play kube --down "$BATS_TEST_TMPDIR/pod.yaml"
	equal "" "$(podman ps -aq)"
}

@test "podman: volumes, tmpfs, capabilities, seccomp, init, user namespace, secrets" {
	echo shared >"$BATS_TEST_TMPDIR/file"
	equal shared "$(once -v "$BATS_TEST_TMPDIR:/data:ro" $image cat /data/file)"
	contains "$(once --tmpfs /t:size=1m $image grep ' /t ' /proc/mounts)" size=1024k
	equal 0000000000000000 "$(once --cap-drop ALL $image awk '/CapEff/ { print $2 }' /proc/self/status)"
	equal 2 "$(once $image awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
	equal "0 100000 1000" "$(once --uidmap 0:100000:1000 --gidmap 0:100000:1000 $image awk '{ print $1, $2, $3 }' /proc/self/uid_map)"
	equal 1 "$(once --sysctl net.ipv4.ip_forward=1 $image cat /proc/sys/net/ipv4/ip_forward)"
	equal 10 "$(once --pids-limit 10 --cgroup-parent /libpod_parent $image sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max')"
}

@test "podman as an ordinary user" {
	user=$(mktemp -d /tmp/peers-user.XXXXXX)
	chown 1234:1234 "$user"
	chmod 755 "$user"
	cp "$images/busybox.docker.tar" "$user/"
	cp "$home/policy.json" "$user/"
	cp "$runtime" "$user/tare-runtime"
	own=/etc/peers-user.$$
	mkdir $own
	cp /etc/passwd /etc/group $own/
	echo "peer:x:1234:1234::$user:/bin/sh" >>$own/passwd
	echo "peer:x:1234:" >>$own/group
	echo peer:200000:65536 >$own/sub
	# The user and his ids exist in a mount namespace only.
	cat >"$user/flow" <<-END
		set -e
		for f in passwd group; do mount --bind $own/\$f /etc/\$f; done
		touch /etc/subuid /etc/subgid
		for f in subuid subgid; do mount --bind $own/sub /etc/\$f; done
		exec setpriv --reuid 1234 --regid 1234 --clear-groups env -i HOME=$user XDG_RUNTIME_DIR=$user PATH=\$PATH USER=peer sh -e <<-'IN'
			p() { podman --cgroup-manager cgroupfs --events-backend none --storage-driver vfs --runtime $user/tare-runtime "\$@"; }
			one() { p run --rm --network none --pull never --ulimit host "\$@"; }
			p load -q --signature-policy $user/policy.json -i $user/busybox.docker.tar
			one $image echo hello
			one $image id -u
			one -u 1000 $image id -u
			one $image sh -c 'exit 42' || echo status \$?
			p run -d --name box --network none --pull never --ulimit host $image sleep 1000 >/dev/null
			p exec box echo inside
			p rm -f -t 0 box >/dev/null
		IN
	END
	run unshare --mount --propagation private bash "$user/flow"
	echo "$output"
	pkill -KILL -U 1234 || :
	rm -rf "$user" $own
	contains "$output" $'hello\n0\n1000\nstatus 42\ninside'
}

# --- buildah ---

buildah() {
	# shellcheck disable=SC2046 # a list of words
	/usr/bin/buildah $(storage) "$@"
}

@test "buildah bud and run" {
	mkdir "$BATS_TEST_TMPDIR/context"
	echo context >"$BATS_TEST_TMPDIR/context/file"
	printf 'FROM %s\nCOPY file /copied\nRUN echo built >/built && mkdir -m 777 /work\nENV WHO=you\nWORKDIR /work\nUSER 1000\nRUN id -u >/work/id\nCMD cat /copied /built /work/id\n' \
		$image >"$BATS_TEST_TMPDIR/context/Dockerfile"
	buildah bud --signature-policy "$home/policy.json" --runtime "$runtime" --isolation oci --network none --ulimit nofile=1024:1024 --pull-never -q -t made "$BATS_TEST_TMPDIR/context"
	equal $'context\nbuilt\n1000' "$(once localhost/made)"
	name=$(buildah from --signature-policy "$home/policy.json" --pull-never $image)
	equal "hello from" "$(buildah run --runtime "$runtime" --isolation oci --network none "$name" echo hello from)"
	run -5 buildah run --runtime "$runtime" --isolation oci --network none "$name" sh -c 'exit 5'
	buildah rm "$name"
	buildah rmi localhost/made
}
