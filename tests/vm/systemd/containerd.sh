# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Debian's containerd with its own unit, its ctr and its shim over our runtime: limits, pause, tasks that go to disk and come back.
. /tests/lib/tap.bash

# RUNTIME=runc shows what containerd and criu do by themselves.
runtime=$(command -v "${RUNTIME:-tare-runtime}")
scratch=$(mktemp -d /var/tmp/containerd.XXXXXX)
c() { timeout 60 ctr -n vm "$@"; }
r() { "$runtime" --root /run/containerd/runc/vm "$@"; }
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	"$@"
}
pid_of() { c tasks ls | awk -v name="$1" '$1 == name { print $2 }'; }
status_of() { c tasks ls | awk -v name="$1" '$1 == name { print $3 }'; }
status_is() { equal "$2" "$(status_of "$1")"; }

# A counter in memory, which is written to a file of the task's own layer: both have to come back.
count='while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
up() { c run -d --runc-binary "$runtime" --memory-limit 67108864 "${@:2}" "$image" "$1" sh -c "$count"; }
down() {
	[ -z "$(status_of "$1")" ] || c tasks delete --force "$1"
	c containers rm "$1"
}
# The file is empty while the counter writes it anew.
counted() {
	local i n
	for ((i = 0; i < 50; i++)); do
		n=$(cat "/proc/$1/root/count") || return
		[ -z "$n" ] || { echo "$n"; return; }
	done
	return 1
}
more() { [ "$(counted "$1")" -ge "$2" ]; }
counts() {
	local pid from
	pid=$(pid_of "$1") && until_true counted "$pid" && from=$(counted "$pid") && until_true more "$pid" $((from + 2))
}
limited() { equal 67108864 "$(cat "/sys/fs/cgroup$(cut -d: -f3 "/proc/$(pid_of "$1")/cgroup")/memory.max")"; }

measured() {
	local out
	out=$(c tasks metrics --format json counter) && equal 67108864 "$(jq .memory.usage_limit <<<"$out")" && [ "$(jq .pids.current <<<"$out")" -ge 1 ]
}
pauses() {
	local at
	c tasks pause counter && status_is counter PAUSED && at=$(counted "$(pid_of counter)") && sleep 0.5 && equal "$at" "$(counted "$(pid_of counter)")" &&
		c tasks resume counter && status_is counter RUNNING && counts counter
}
to_directory() { c tasks checkpoint --image-path "$scratch/images" counter && [ -s "$scratch/images/core-1.img" ] && status_is counter RUNNING && counts counter; }
# One of its own: containerd 1.6 makes one of the two kinds of images of a container and then not the other, over runc neither.
to_image() { up once && c tasks checkpoint once && c images ls -q | grep checkpoint/once && status_is once RUNNING && counts once && down once; }
# back CONTAINER [OPTION…]: all of it to an image, away, and back as it was.
back() {
	local at
	at=$(counted "$(pid_of "$1")") && c containers checkpoint --rw --image --task "$1" "$1-saved" && status_is "$1" RUNNING && counts "$1" && down "$1" || return
	c containers restore --live --rw "$1" "$1-saved" && status_is "$1" RUNNING && more "$(pid_of "$1")" "$at" && counts "$1" && limited "$1"
}
enters() { equal inside "$(c tasks exec --exec-id e counter echo inside)"; }
leaves() {
	c tasks checkpoint --exit --image-path "$scratch/last" counter && until_true status_is counter STOPPED && [ -s "$scratch/last/core-1.img" ] && fails r state counter &&
		c tasks delete counter && c containers rm counter
}
nothing() {
	equal "" "$(c tasks ls -q; c containers ls -q)" && until_true no_shim && equal "" "$(ls /run/containerd/runc/vm 2>/dev/null)" && equal 0 "$(grep -c containerd /proc/mounts)" &&
		equal "" "$(find /sys/fs/cgroup -type d \( -path '/sys/fs/cgroup/vm/*' -o -name 'vm-*' \))"
}
no_shim() { equal "" "$(pgrep -f containerd-shim-runc-v2)"; }

check "containerd starts" systemctl start containerd
check "an image is loaded" c images import /bundle/busybox.docker.tar
image=$(c images ls -q)
check "run" equal hello "$(c run --rm --runc-binary "$runtime" "$image" hello echo hello 2>&1)"
check "detached, with a limit" up counter
check "which holds" limited counter
check "metrics" measured
check "exec" enters
check "pause and resume" pauses
check "tasks checkpoint, into a directory" to_directory
check "containers checkpoint and restore: it goes on where it was" back counter
check "one can enter it again" enters
check "tasks checkpoint, into an image" to_image
check "tasks checkpoint --exit" leaves
check "with systemd's cgroups" up unit --runc-systemd-cgroup --cgroup system.slice:vm:unit
check "it goes on in a scope again" back unit
check "which is systemd's" equal /system.slice/vm-unit.scope "$(cut -d: -f3 "/proc/$(pid_of unit)/cgroup" | sed 's,/container$,,')"
down unit 2>/dev/null
check "nothing is left of any" nothing

c images rm $(c images ls -q) >/dev/null
systemctl stop containerd
rm -rf "$scratch"
plan_done
