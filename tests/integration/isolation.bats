# SPDX-License-Identifier: Apache-2.0
# What a container shares with the host or with another one, and the limits and rules that `run` gives it.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# inside CONTAINER NS: the namespace of a running container's first process, host NS: ours.
inside() { readlink "/proc/$(inspect "$1" '{{.State.Pid}}')/ns/$2"; }
host() { readlink "/proc/self/ns/$1"; }
differs() { [ "$1" != "$2" ] || { printf "both are '%s'\n" "$1"; return 1; }; }
none_left() { run grep -E 'ns-(pid|ipc|uts|cgroup)|/shm ' <(grep /run/tare /proc/self/mountinfo); equal '' "$output"; }

@test "namespaces are its own unless somebody says otherwise" {
	tare run -d --name boxa busybox sleep 100
	for ns in pid ipc uts mnt net cgroup; do differs "$(host $ns)" "$(inside boxa $ns)"; done
}

@test "--pid host --ipc host --uts host --cgroupns host" {
	tare run -d --name boxa --pid host --ipc host --uts host --cgroupns host busybox sleep 100
	for ns in pid ipc uts cgroup; do equal "$(host $ns)" "$(inside boxa $ns)"; done
	for ns in mnt net; do differs "$(host $ns)" "$(inside boxa $ns)"; done
	equal "$(hostname)" "$(tare exec boxa hostname)"
	equal host "$(inspect boxa '{{.HostConfig.PidMode}}')"
	equal "host host host" "$(inspect boxa '{{.HostConfig.IpcMode}} {{.HostConfig.UTSMode}} {{.HostConfig.CgroupnsMode}}')"
}

@test "with --pid host all processes of the container end with it" {
	tare run -d --name boxa --pid host busybox sh -c 'sleep 4711 & sleep 4711 & exec sleep 4711'
	wait_for 5 bash -c '[ $(pgrep -cfx "sleep 4711") = 3 ]'
	tare rm -f boxa
	run pgrep -fx "sleep 4711"
	equal '' "$output"
}

@test "--pid container:NAME joins its processes, and they are gone with it" {
	tare run -d --name boxa busybox sleep 4712
	tare run -d --name boxb --pid container:boxa busybox sleep 4713
	equal "$(inside boxa pid)" "$(inside boxb pid)"
	contains "$(tare exec boxb ps)" "sleep 4712"
	contains "$(tare exec boxa ps)" "sleep 4713"
	equal "container:$(tare inspect -f '{{.Id}}' boxa)" "$(inspect boxb '{{.HostConfig.PidMode}}')"
	tare kill boxa
	equal 137 "$(tare wait boxb)"
	tare rm -f boxa boxb
	none_left
}

@test "a namespace of a container that does not run cannot be joined" {
	tare create --name boxa busybox sleep 100
	run -125 tare run --name boxb --pid container:boxa busybox true
	contains "$output" "not running"
	run -125 tare run --name boxc --pid container:nobody busybox true
	contains "$output" "no such container: nobody"
	none_left
}

@test "--ipc shareable and container:NAME share queues and /dev/shm" {
	tare run -d --name boxa --ipc shareable --shm-size 3m busybox sh -c 'echo from-a >/dev/shm/f; exec sleep 100'
	tare run -d --name boxb --ipc container:boxa busybox sleep 100
	equal "$(inside boxa ipc)" "$(inside boxb ipc)"
	wait_for 5 tare exec boxb test -e /dev/shm/f
	equal from-a "$(tare exec boxb cat /dev/shm/f)"
	equal 3072k "$(tare exec boxb sh -c 'grep " /dev/shm " /proc/mounts | grep -o "size=[0-9]*k" | cut -d= -f2')"
	for o in nosuid nodev noexec; do contains "$(tare exec boxb grep ' /dev/shm ' /proc/mounts)" $o; done
	tare rm -f boxa boxb
	none_left
}

@test "an IPC namespace that is not shareable is not shared" {
	tare run -d --name boxa busybox sleep 100
	run -125 tare run --ipc container:boxa busybox true
	contains "$output" "not shareable"
}

@test "--ipc none has no /dev/shm, --ipc host has the host's" {
	run -0 tare run --rm --ipc none busybox sh -c 'grep -c " /dev/shm " /proc/mounts || true'
	equal 0 "$output"
	echo of-host >/dev/shm/iso-$$
	equal of-host "$(tare run --rm --ipc host busybox cat /dev/shm/iso-$$)"
	rm /dev/shm/iso-$$
}

@test "shared memory goes with the container (CVE-2024-3056)" {
	tare run -d --name boxa --ipc shareable --shm-size 8m busybox sh -c 'dd if=/dev/zero of=/dev/shm/f bs=1M count=4 2>/dev/null; exec sleep 100'
	wait_for 5 tare exec boxa test -e /dev/shm/f
	run ! tare exec boxa dd if=/dev/zero of=/dev/shm/g bs=1M count=9
	kill -9 "$(inspect boxa '{{.State.Pid}}')"
	tare wait boxa
	wait_for 5 bash -c '! grep -q "/run/tare.*/shm " /proc/self/mountinfo'
}

@test "what a killed tare left of shared namespaces heals with the next command" {
	tare run -d --name boxa --ipc shareable busybox sleep 100
	for step in namespaces.pin rootfs.mount config.write monitor.spawn; do
		run ! env TARE_FAULT=kill:$step tare run --name boxb --pid container:boxa --ipc container:boxa busybox true
		tare ps -a >/dev/null
		equal boxa "$(tare ps -a --format '{{.Names}}')"
	done
	tare rm -f boxa
	none_left
	no_residue
}

@test "--uts container:NAME has its name, and a name of its own is refused" {
	tare run -d --name boxa --hostname donor busybox sleep 100
	equal donor "$(tare run --rm --uts container:boxa busybox hostname)"
	run -125 tare run --rm --uts host --domainname x busybox true
	contains "$output" --domainname
	run -125 tare run --rm --uts host --hostname x busybox true
	contains "$output" --uts
}

@test "--pid ns:PATH joins a namespace kept at a path" {
	tare run -d --name boxa busybox sleep 100
	tare run -d --name boxb --uts "ns:/proc/$(inspect boxa '{{.State.Pid}}')/ns/uts" busybox sleep 100
	equal "$(inside boxa uts)" "$(inside boxb uts)"
}

@test "modes that are none are refused" {
	for words in "--pid hots" "--pid container:" "--ipc sharable" "--uts none" "--cgroupns x" "--pid ns:x"; do
		# shellcheck disable=SC2086 # two words
		run -125 tare run --rm $words busybox true
		contains "$output" invalid
	done
	equal '' "$(tare ps -aq)"
}

@test "a container starts again with the namespaces it shares" {
	tare run -d --name boxa --ipc shareable busybox sleep 100
	tare create --name boxb --ipc container:boxa --uts container:boxa busybox sleep 100
	tare start boxb
	tare restart -t 0 boxb
	equal "$(inside boxa ipc)" "$(inside boxb ipc)"
	tare restart -t 0 boxa
	tare restart -t 0 boxb
	equal "$(inside boxa ipc)" "$(inside boxb ipc)"
}

# ---- kernel parameters: CVE-2022-0811, CVE-2022-0532 ----

@test "kernel parameters of a namespace of its own are set" {
	equal 5 "$(tare run --rm --sysctl kernel.msgmni=5 busybox cat /proc/sys/kernel/msgmni)"
	equal 1 "$(tare run --rm --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward)"
	equal 7 "$(tare run --rm --sysctl fs.mqueue.msg_default=7 busybox cat /proc/sys/fs/mqueue/msg_default)"
}

@test "kernel parameters of the host are refused, whatever they look like" {
	before=$(cat /proc/sys/kernel/core_pattern)
	for s in kernel.core_pattern=x vm.swappiness=1 net/../kernel/core_pattern=x kernel.hostname=x; do
		run -125 tare create --sysctl "$s" busybox true
		contains "$output" sysctl
	done
	run -125 tare run --rm --sysctl kernel.shm_rmid_forced=1+kernel.core_pattern=x busybox true
	run -125 tare create --network host --sysctl net.ipv4.ip_forward=1 busybox true
	contains "$output" "would change the host"
	run -125 tare create --ipc host --sysctl kernel.msgmni=5 busybox true
	contains "$output" "would change the host"
	equal "$before" "$(cat /proc/sys/kernel/core_pattern)"
	equal '' "$(tare ps -aq)"
}

# ---- limits ----

@test "limits of the flags are those of the inspect document" {
	tare create --name boxa --blkio-weight 300 --memory-swappiness 10 --cpu-rt-period 1000000 --cpu-rt-runtime 1000 --pids-limit 77 \
		--device-read-bps /dev/loop0:1mb --device-write-iops /dev/loop0:10 --blkio-weight-device /dev/loop0:400 \
		--device-cgroup-rule 'c 10:229 rwm' --device-cgroup-rule 'b 8:* r' busybox true
	equal "300 10 1000000 1000 77" "$(inspect boxa '{{with .HostConfig}}{{.BlkioWeight}} {{.MemorySwappiness}} {{.CpuRealtimePeriod}} {{.CpuRealtimeRuntime}} {{.PidsLimit}}{{end}}')"
	equal '[{"Path":"/dev/loop0","Rate":1048576}]' "$(inspect boxa '{{json .HostConfig.BlkioDeviceReadBps}}')"
	equal '[{"Path":"/dev/loop0","Rate":10}]' "$(inspect boxa '{{json .HostConfig.BlkioDeviceWriteIOps}}')"
	equal '[{"Path":"/dev/loop0","Weight":400}]' "$(inspect boxa '{{json .HostConfig.BlkioWeightDevice}}')"
	equal '["c 10:229 rwm","b 8:* r"]' "$(inspect boxa '{{json .HostConfig.DeviceCgroupRules}}')"
}

@test "bad limits are refused with what is right" {
	while read -r flag value; do
		run -125 tare create "$flag" "$value" busybox true
		contains "$output" "${flag#--}"
	done <<-'E'
	--blkio-weight 5
	--blkio-weight 1001
	--blkio-weight-device /dev/sda:5
	--device-read-bps /dev/sda
	--device-read-bps sda:1m
	--device-write-bps /dev/sda:fast
	--device-read-iops /dev/sda:1m
	--memory-swappiness 101
	--memory-swappiness -2
	--device-cgroup-rule c
	--ulimit nofiles=1
	--ulimit nofile=2:1
	--cgroups sometimes
	--personality SOLARIS
	--pids-limit -2
	--oom-score-adj 1001
	E
	run -125 tare create --device-cgroup-rule 'c 10 rwm' busybox true
	run -125 tare create --device-cgroup-rule 'x 1:3 rwm' busybox true
	run -125 tare create --device-cgroup-rule 'c 1:3 rwx' busybox true
	run -125 tare create --cpus 1 --cpu-quota 1000 busybox true
	run -125 tare create --kernel-memory 1m busybox true
	contains "$output" "since 5.16"
	equal '' "$(tare ps -aq)"
}

@test "a limit for what is no block device fails at start" {
	run -125 tare run --rm --device-read-bps /dev/null:1m busybox true
	contains "$output" "not a block device"
}

@test "ulimits: the last of a name counts, host takes ours" {
	equal 99 "$(tare run --rm --ulimit nofile=98 --ulimit nofile=99 busybox sh -c 'ulimit -n')"
	( ulimit -n 123; equal 123 "$(tare run --rm --ulimit host busybox sh -c 'ulimit -n')" )
	( ulimit -n 123; equal 50 "$(tare run --rm --ulimit host --ulimit nofile=50 busybox sh -c 'ulimit -n')" )
}

@test "--personality LINUX32" {
	contains "$(tare run --rm --personality LINUX32 busybox uname -m)" i686
}

@test "--device-cgroup-rule opens what is closed without it" {
	run ! tare run --rm --cap-add MKNOD busybox sh -c 'mknod /x c 10 237 && head -c 0 /x; : </x'
	contains "$output" "Operation not permitted"
	run tare run --rm --device-cgroup-rule 'c 10:237 rwm' busybox sh -c 'mknod /x c 10 237 && : </x'
	[[ $output != *"Operation not permitted"* ]]
}

# ---- systemd as the program (podman's --systemd) ----

@test "a program called as systemd is gets what it needs" {
	for p in /sbin/init /usr/sbin/init /lib/systemd/systemd systemd; do
		tare create --name box busybox $p
		equal SIGRTMIN+3 "$(inspect box '{{.Config.StopSignal}}')"
		contains "$(inspect box '{{json .Config.Env}}')" '"container=oci"'
		tare rm box
	done
	tare create --name box --systemd false busybox /sbin/init
	equal SIGTERM "$(inspect box '{{.Config.StopSignal}}')"
	tare rm box
	tare create --name box --stop-signal USR1 busybox /sbin/init
	contains "$(inspect box '{{.Config.StopSignal}}')" USR1
}

@test "--systemd always: file systems, variables" {
	tare run -d --name box --systemd always --shm-size-systemd 2m busybox sleep 100
	for p in /run /run/lock /tmp /var/log/journal; do contains "$(tare exec box grep " $p tmpfs" /proc/mounts)" 2048k; done
	equal "$(tare inspect -f '{{.Id}}' box | cut -c1-32)" "$(tare exec box sh -c 'echo $container_uuid')"
	contains "$(tare exec box grep ' /sys/fs/cgroup ' /proc/mounts)" "rw,"
	equal 1777 "$(tare exec box stat -c %a /tmp)"
	run -125 tare create --systemd perhaps busybox true
}

@test "--init-path, --passwd, --seccomp-policy" {
	equal 1 "$(tare run --rm --init --init-path "$TARE_BIN/tare-init" busybox sh -c 'echo $PPID')"
	run -125 tare run --rm --init --init-path /no/such/init busybox true
	contains "$output" /no/such/init
	run -125 tare create --init-path /bin/true busybox true
	tare create --passwd=false --seccomp-policy default busybox true
	run -125 tare create --passwd busybox true
	contains "$output" unsupported
	run -125 tare create --seccomp-policy image busybox true
	contains "$output" unsupported
}
