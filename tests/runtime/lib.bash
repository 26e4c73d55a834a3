# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts of this folder share: a bundle over a busybox tree, runs and containers of it, and what they must leave
# behind, which is nothing. RUNTIME names the program under test (default tare-runtime); RUNTIME_MANAGER=systemd asks it for
# systemd's cgroups.

here=$(dirname "${BASH_SOURCE[0]}")
if [ -e "$here/tap.bash" ]; then . "$here/tap.bash"; else . "$here/../lib/tap.bash"; fi     # in the machine all lie in /tests

runtime=${RUNTIME:-tare-runtime}
cg=/sys/fs/cgroup
slice=test$$
home=$(mktemp -d /tmp/runtime.XXXXXX)
chmod 755 "$home"
trap 'rm -rf "$home"' EXIT
rootfs=/bundle/rootfs
if [ ! -d $rootfs ]; then
	rootfs=$home/rootfs
	mkdir "$rootfs"
	tar -C "$rootfs" -xf "$("$here/../lib/make-images" busybox)/busybox.rootfs.tar"
fi
manager=${RUNTIME_MANAGER:-cgroupfs}
rt() { command "$runtime" --root "$home/state" $([ "$manager" != systemd ] || echo --systemd-cgroup) "$@"; }
v2() { [ -e $cg/cgroup.controllers ]; }

# What linux.cgroupsPath says for NAME, the v2 directory that is then NAME's, and the one below a hierarchy of v1.
if [ "$manager" = systemd ]; then
	cgroups_path() { echo "$slice.slice:tare:$1"; }
	cgroup_dir() { find "$cg/$slice.slice/tare-$1.scope" -maxdepth 1 -name container | grep . || echo "$cg/$slice.slice/tare-$1.scope"; }
	v1_path() { echo "$slice.slice/tare-$1.scope"; }
	cgroups_of() { find $cg -depth -type d -path "*/$slice.slice/tare-$1*"; }
else
	cgroups_path() { echo "/$slice/$1"; }
	cgroup_dir() { echo "$cg/$slice/$1"; }
	v1_path() { echo "$slice/$1"; }
	cgroups_of() { find $cg -depth -type d -path "*/$slice/$1*"; }
fi

# bundle NAME SHELL_COMMAND [JQ_FILTER…]: a bundle over the shared busybox tree, cgroup /$slice/NAME.
bundle() {
	local name=$1 script=$2 filter
	shift 2
	mkdir -p "$home/$name"
	jq -n --arg sh "$script" --arg name "$(cgroups_path "$name")" --arg rootfs "$rootfs" '{
		ociVersion: "1.0.2", hostname: "inside", root: {path: $rootfs},
		process: {cwd: "/", args: ["/bin/sh", "-c", $sh], env: ["PATH=/bin:/sbin"], user: {uid: 0, gid: 0}, noNewPrivileges: true,
			capabilities: {bounding: ["CAP_KILL", "CAP_MKNOD"], permitted: ["CAP_KILL", "CAP_MKNOD"], effective: ["CAP_KILL", "CAP_MKNOD"]}},
		mounts: [
			{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
			{destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
			{destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]},
			{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"]}],
		linux: {cgroupsPath: $name, namespaces: [{type: "pid"}, {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}, {type: "cgroup"}],
			resources: {devices: [{allow: false, access: "rwm"}]},
			maskedPaths: ["/proc/kcore", "/proc/keys", "/sys/firmware"], readonlyPaths: ["/proc/sys", "/proc/bus"]}}' >"$home/$name/config.json"
	for filter in "$@"; do
		jq "$filter" "$home/$name/config.json" >"$home/new.json"
		mv "$home/new.json" "$home/$name/config.json"
	done
}

run() { rt run --bundle "$home/$1" "$1" </dev/null; }
# Creates and starts a container in the background of our test, its output in $home/NAME.out.
up() { rt create --bundle "$home/$1" "$1" </dev/null >"$home/$1.out" 2>&1 && rt start "$1"; }
down() { rt delete --force "$1" >/dev/null 2>&1; }
status_of() { rt state "$1" | jq -r .status; }
pid_of() { rt state "$1" | jq -r .pid; }

# A setting of a container's cgroup by the name it has in v2, wherever the host keeps it.
limit() {
	v2 && { cat "$(cgroup_dir "$1")/$2"; return; }
	v1() { cat "$cg/$1/$path/$2"; }
	local path
	path=$(v1_path "$1")
	case $2 in
	memory.max) v1 memory memory.limit_in_bytes ;;
	memory.low) v1 memory memory.soft_limit_in_bytes ;;
	memory.swap.max) echo $(($(v1 memory memory.memsw.limit_in_bytes) - $(v1 memory memory.limit_in_bytes))) ;;
	cpu.max) echo "$(v1 cpu cpu.cfs_quota_us) $(v1 cpu cpu.cfs_period_us)" ;;
	cpu.weight) v1 cpu cpu.shares ;;
	cgroup.freeze) [ "$(v1 freezer freezer.state)" = FROZEN ] && echo 1 || echo 0 ;;
	cgroup.procs) v1 memory cgroup.procs ;;
	*) v1 "${2%%.*}" "$2" ;;
	esac
}
freeze() {
	if v2; then echo 1 >"$(cgroup_dir "$1")/cgroup.freeze"; else echo FROZEN >"$cg/freezer/$(v1_path "$1")/freezer.state"; fi
}
# until_true COMMAND… : waits up to 5 s.
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	"$@"
}
status_is() { equal "$2" "$(status_of "$1")"; }
gone() { fails rt state "$1" && equal "" "$(cgroups_of "$1")"; }
# bundle, run, compare what it printed: prints NAME SHELL WANTED [FILTER…]
prints() {
	local name=$1 script=$2 wanted=$3
	shift 3
	bundle "$name" "$script" "$@"
	equal "$wanted" "$(run "$name" 2>&1)"
}

# The end of every script.
runtime_done() {
	check "no cgroup is left" equal '' "$(find $cg -mindepth 2 -type d \( -path "*/$slice/*" -o -path "*/$slice.slice/*" \) | grep -v "/$slice/deep")"
	check "no mount is left" equal 0 "$(grep -c "$home" /proc/mounts)"
	find $cg -depth -type d -path "*/$slice*" -exec rmdir {} + 2>/dev/null
	plan_done
}
