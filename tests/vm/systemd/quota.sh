# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Containers with a size limit (--storage-opt size=), on file systems with project quotas: what they may write, what they may not undo, and that nothing of
# a limit stays.

. /tests/lib/tap.bash
work=$(mktemp -d /var/tmp/quota.XXXXXX)
modprobe -a loop xfs quota_v2

# t ARGUMENT…: tare with the store on the file system that is being tested
t() { tare --root "$work/fs/store" --run-root "$work/run" --storage-driver "$driver" "$@"; }
run() { t run --rm --network none "${@:1:$#-1}" busybox sh -c "${!#}"; }

# Projects that have files or a limit, but for 0: what quotas tell of with nobody having made them.
projects() {
	if [ "$fs" = ext4 ]; then
		sync -f "$work/fs"
		repquota_ext4
	else
		xfs_quota -x -c 'report -p -n -b -N' "$work/fs" | awk '$1 != "#0" && NF { print $1, $4 }'
	fi
}
# Without the quota package: the numbers containers' directories carry.
repquota_ext4() { find "$work/fs" -type d -exec lsattr -p -d {} + 2>/dev/null | awk '$1 != 0 { print $1 }' | sort -u; }
no_projects() { equal '' "$(projects)"; }

# write_beyond [OPTION…]: 30 MB into a container that may have 20
write_beyond() {
	local out
	out=$(run --storage-opt size=20M "$@" 'dd if=/dev/zero of=/big bs=1M count=30 2>&1; wc -c </big; echo more >/etc/more; cat /etc/more')
	echo "$out"
	[[ $out == *"No space left"* || $out == *"quota exceeded"* ]] || return
	[ "$(sed -n 's/^\([0-9]*\)$/\1/p' <<<"$out" | head -1)" -le $((20 << 20)) ] || return
}
write_within() { equal $((10 << 20)) "$(run --storage-opt size=20M 'dd if=/dev/zero of=/big bs=1M count=10 2>/dev/null; wc -c </big')"; }
many_names() {
	run --storage-opt size=20M 'dd if=/dev/zero of=/a bs=1M count=15 2>/dev/null; mkdir /d; mv /a /d/a; ln /d/a /d/b; rm /d/a; dd if=/dev/zero of=/d/c bs=1M count=10 2>/dev/null; [ $(cat /d/b /d/c | wc -c) -le $((20 << 20)) ] && cat /d/c | wc -c' |
		grep -qx '[1-9][0-9]*'
}
df_shows() { equal 20 "$(run --storage-opt size=20M 'df -m / | tail -1' | awk '{ print $2 }')"; }
each_its_own() {
	t run -d --name one --network none --storage-opt size=20M busybox sleep 1000 &&
		t run -d --name two --network none --storage-opt size=20M busybox sleep 1000 &&
		t exec one dd if=/dev/zero of=/big bs=1M count=15 && t exec two dd if=/dev/zero of=/big bs=1M count=15 &&
		fails t exec one dd if=/dev/zero of=/more bs=1M count=15
}
over_restart() {
	t restart -t 0 one && fails t exec one dd if=/dev/zero of=/more bs=1M count=15
}
at_once() {
	local i pids=()
	for i in $(seq 8); do t create --name "c$i" --network none --storage-opt "size=${i}M" busybox true >/dev/null & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || return; done
	for i in $(seq 8); do equal "${i}M" "$(t inspect -f '{{.HostConfig.StorageOpt.size}}' "c$i")" || return; done
	equal 8 "$(for i in $(seq 8); do lsattr -p -d "$work/fs/store/containers/$(t inspect -f '{{.Id}}' "c$i")/upper"; done | awk '{ print $1 }' | sort -u | wc -l)" || return
	t rm c1 c2 c3 c4 c5 c6 c7 c8
}
# The tool with which root inside would leave: an ioctl by hand, since busybox has no chattr -p.
escape() {
	run --storage-opt size=20M -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro "$@" \
		'touch /mine; /usr/bin/chattr -p 0 /mine 2>&1; mkdir /free; /usr/bin/chattr -P /free 2>&1; dd if=/dev/zero of=/free/big bs=1M count=30 2>&1; wc -c </free/big'
}
no_escape() {
	local out
	out=$(escape "$@")
	echo "$out"
	[[ $out == *"not permitted"*"not permitted"* ]] && [ "$(tail -1 <<<"$out")" -le $((20 << 20)) ]
}
# A killed creation or removal: the check puts both away.
crash() {
	local delay pid
	for delay in 0.02 0.05 0.1 0.2 0.4 0.8; do
		t create --network none --storage-opt size=5M busybox true >/dev/null 2>&1 &
		pid=$!
		sleep $delay
		kill -9 $pid 2>/dev/null
		wait $pid
	done
	t system check >/dev/null
	[ -z "$(t ps -aq)" ] || t rm $(t ps -aq)
	no_projects
}
# rm that died after the limit was taken away.
lost_limit() {
	t create --name lost --network none --storage-opt size=5M busybox sh -c 'dd if=/dev/zero of=/big bs=1M count=9 2>&1' >/dev/null
	clear_limit "$work/fs/store/containers/$(t inspect -f '{{.Id}}' lost)/upper" || return
	matches 'size limit had gone' "$(t system check)" && t system check && t start -a lost | grep -Eq 'No space|quota exceeded'
}
clear_limit() {
	local project
	project=$(lsattr -p -d "$1" | awk '{ print $1 }')
	python3 - "$work/fs" "$project" <<'PY'
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = os.open(sys.argv[1], os.O_RDONLY)
# struct fs_disk_quota: both block limits 0
d = struct.pack('=bbHIQQQQ', 1, 2, 4 | 8, int(sys.argv[2]), 0, 0, 0, 0).ljust(112, b'\0')
sys.exit(libc.syscall(443, fd, (0x5804 << 8) | 2, int(sys.argv[2]), d) != 0)
PY
}

mount_fs() {
	truncate -s 400M "$work/image"
	case $fs in
	ext4) mkfs.ext4 -q -O quota,project "$work/image" ;;
	xfs) mkfs.xfs -q "$work/image" ;;
	esac
	mkdir -p "$work/fs"
	mount -o "loop${1:+,$1}" "$work/image" "$work/fs" && mkdir "$work/fs/store" && t load -q -i /bundle/busybox.docker.tar
}
umount_fs() {
	t rmi -f busybox
	umount "$work/fs" && rm -f "$work/image"
}

for fs in ext4 xfs; do
	option=prjquota
	driver=overlay
	[ $fs = ext4 ] || option=pquota
	check "$fs: a store" mount_fs $option
	for driver in overlay vfs; do
		name="$fs, $driver"
		check "$name: more than the limit is refused" write_beyond
		check "$name: less is not" write_within
		check "$name: names do not matter" many_names
		check "$name: df shows the limit" df_shows
		check "$name: to each its own" each_its_own
		check "$name: the limit stays over a restart" over_restart
		check "$name: inspect says it" equal 20M "$(t inspect -f '{{.HostConfig.StorageOpt.size}}' one)"
		check "$name: removed" t rm -f one two
		check "$name: nothing of it stays" no_projects
		check "$name: many at once each get a number of their own" at_once
		check "$name: root inside cannot leave its project" no_escape
		# Who has CAP_SYS_RESOURCE is over ext4's quotas; overlayfs writes without.
		check "$name: nor with the capabilities of most" no_escape --cap-add ALL --cap-drop "$([ "$name" = "ext4, vfs" ] && echo SYS_RESOURCE || echo CHOWN)"
		check "$name: kill -9 leaves no limit" crash
		check "$name: a limit that had gone comes back" lost_limit
		check "$name: removed again" t rm lost
		check "$name: by the device, as before kernel 5.14" env TARE_QUOTA_DEVICE=1 bash -c "$(declare -f t run write_beyond); work=$work driver=$driver; write_beyond"
	done
	driver=overlay
	echo '{"size": "20M"}' >"$work/fs/store/storage.json"
	check "$fs: the store's default" equal 20M "$(t create --name default --network none busybox true >/dev/null; t inspect -f '{{.HostConfig.StorageOpt.size}}' default; t rm default >/dev/null)"
	check "$fs: which 0 is over" equal '<no value>' "$(t create --name none --network none --storage-opt size=0 busybox true >/dev/null; t inspect -f '{{.HostConfig.StorageOpt}}' none | sed 's/map\[\]/<no value>/'; t rm none >/dev/null)"
	check "$fs: system check has nothing to say" t system check
	check "$fs: nothing of it stays" no_projects
	check "$fs: ends" umount_fs
	check "$fs without the option" mount_fs
	check "$fs: is refused" matches "no project quotas" "$(t create --network none --storage-opt size=20M busybox true 2>&1)"
	check "$fs: and leaves nothing" equal '' "$(t ps -aq)$(find "$work/fs/store/containers" "$work/fs/store/names" -mindepth 1)"
	check "$fs: ends again" umount_fs
done
rm -rf "$work"
plan_done
