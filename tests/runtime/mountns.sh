# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Containers in a mount namespace of others: the caller's, or one that is joined. What they see, what others see of them, and that nothing stays.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

without='.linux.namespaces |= map(select(.type != "mount")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
joining() { echo ".linux.namespaces |= map(if .type == \"mount\" then .path = \"$1\" else . end)"; }
capable='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"])'
# A root of our own: others may have something mounted on theirs.
mkdir "$home/tree"
cp -a "$rootfs/." "$home/tree/"
rootfs=$home/tree
mounts() { awk '{ $1 = $2 = ""; print }' "/proc/${1:-self}/mountinfo" | sort; }
mounted() { awk -v p="$1" '$5 == p' "/proc/${2:-self}/mountinfo" | wc -l; }
own=$(readlink /proc/self/ns/mnt)
mounts >"$home/before"
is_elsewhere() { [ "$(readlink "/proc/$1/ns/mnt")" != "$own" ]; }
# What must be as it was before: our own mounts, and those of process $1, if any.
untouched() { mounts | diff "$home/before" - && { [ -z "${1-}" ] || mounts "$1" | diff "$home/before.$1" -; }; }
refused() {
	local words=$1
	shift
	bundle refused true "$@"
	fails rt create --bundle "$home/refused" refused && matches "$words" "$(rt create --bundle "$home/refused" refused 2>&1)"
	! rt state refused 2>/dev/null && untouched
}

# --- the caller's ---

check "it is in its caller's mount namespace" prints same 'readlink /proc/self/ns/mnt' "$own" "$without"
check "and nothing is left of a run" untouched
check "its root is its rootfs" prints tree 'ls -d /etc /home/.. ; pwd; echo; touch /made; [ -e /work ] || echo no' $'/etc\n/home/..\n/\n\nno' "$without"
check "which was written to" equal yes "$([ -e "$rootfs/made" ] && echo yes)"
rm -f "$rootfs/made"
check "its mounts are there" prints inside 'for p in / /proc /dev /dev/pts /sys; do awk -v p=$p "\$5 == p { print \$5 }" /proc/self/mountinfo; done; ls /proc/self/fd/0 /dev/null' \
	$'/\n/proc\n/dev\n/dev/pts\n/sys\n/dev/null\n/proc/self/fd/0' "$without"
check "a read-only root is one" prints readonly 'touch /x 2>&1 | grep -o "Read-only.*"' "Read-only file system" "$without" '.root.readonly = true'
check "a working directory is made" prints cwd pwd /made/for/me "$without" '.process.cwd = "/made/for/me"'
rm -rf "$rootfs/made"
moved_nothing() { bundle nopivot 'ls -d /etc' "$without" && equal /etc "$(rt run --no-pivot --bundle "$home/nopivot" nopivot </dev/null)" && untouched; }
check "--no-pivot does not move it onto the host's root" moved_nothing
check "a configuration without a linux section has no namespaces" prints nolinux 'readlink /proc/self/ns/mnt; readlink /proc/self/ns/net' "$own
$(readlink /proc/self/ns/net)" 'del(.linux, .hostname) | .mounts |= map(select(.destination != "/sys/fs/cgroup"))'
check "and leaves nothing either" untouched

bundle live 'trap "exit 0" TERM; sleep 60 & wait' "$without"
check "create" rt create --bundle "$home/live" live
check "others see its mounts below the rootfs" equal 1 "$(mounted "$rootfs/proc")"
check "of which the state knows" equal number "$(jq -r '.root.tree | type' "$home/state/live/state.json")"
check "start" rt start live
check "exec is in the container's root" equal $'/\nno' "$(rt exec live /bin/sh -c 'cd /..; pwd; ls -d /work 2>/dev/null || echo no')"
check "and in its mount namespace" equal "$own" "$(rt exec live /bin/readlink /proc/self/ns/mnt)"
elsewhere() { unshare --mount --propagation private "$runtime" --root "$home/state" "$@"; }
check "whoever asks from another one" equal "$own" "$(elsewhere exec live /bin/readlink /proc/self/ns/mnt)"
check "its mounts cannot be changed from outside" matches 'unsupported: .*mount namespace' "$(echo '[{"destination": "/x", "type": "tmpfs", "source": "tmpfs"}]' >"$home/x.json"; rt mounts add live "$home/x.json" 2>&1)"
check "nor can it be checkpointed" matches 'unsupported: .*mount namespace' "$(rt checkpoint --image-path "$home/images" live 2>&1)"
mount -t tmpfs cover "$rootfs"
check "exec in what is mounted over it is refused" matches "make '$rootfs' the root" "$(rt exec live /bin/true 2>&1)"
rt kill live KILL
check "it ends" until_true status_is live stopped
check "delete does not unmount what others mounted over it" matches 'mounted over .*unmount it first' "$(rt delete live 2>&1)"
check "which is still there" equal 3 "$(mounted "$rootfs")"
umount "$rootfs"
check "delete again" rt delete live
check "nothing is left" untouched

# --- what is the host's stays the host's ---

# A shared mount with a submount, and the rootfs on a shared mount that somebody else receives from.
mkdir -p "$home/shared" "$home/data/sub"
mount -t tmpfs -o mode=755 shared "$home/shared" && mount --make-shared "$home/shared"
mount --bind "$home/data" "$home/data" && mount --make-shared "$home/data" && mkdir -p "$home/data/sub" && mount -t tmpfs sub "$home/data/sub"
mkdir "$home/shared/tree" && cp -a "$rootfs/." "$home/shared/tree/"
unshare --mount --propagation slave sleep 100 & other=$!
until_true is_elsewhere "$other"
mounts >"$home/before"
mounts "$other" >"$home/before.$other"
on_shared=".root.path = \"$home/shared/tree\" | .mounts += [{destination: \"/data\", type: \"bind\", source: \"$home/data\", options: [\"rbind\", \"rshared\"]}]"
bundle peers 'mount -t tmpfs mine /data/mine; umount /data/sub; sleep 60' "$without" "$capable" "$on_shared"
mkdir -p "$home/data/mine"
check "a container on a shared mount" up peers
is_mounted() { equal "$1" "$(mounted "$2")"; }
check "mounts" until_true is_mounted 1 "$home/shared/tree/data/mine"
check "and unmounts" until_true is_mounted 0 "$home/shared/tree/data/sub"
check "its mounts reach nobody else" equal 0 "$(mounted "$home/shared/tree/proc" "$other")"
check "others receive what shows the rootfs as it is" equal yes "$([ -e "/proc/$other/root$home/shared/tree/bin/sh" ] && echo yes)"
check "what it mounts in a bind does not reach the host" equal 0 "$(mounted "$home/data/mine")"
check "what it unmounts there stays mounted on the host" equal 1 "$(mounted "$home/data/sub")"
down peers
check "delete takes nothing of the host's away, and leaves nothing with others" untouched "$other"
rmdir "$home/data/mine"

# --- refused ---

check "masked paths are refused" refused 'linux.maskedPaths: unable to restrict sys entries without a private MNT namespace' "$without" '.linux.maskedPaths = ["/proc/kcore"]'
check "so are read-only paths" refused 'linux.readonlyPaths: ' "$without" '.linux.readonlyPaths = ["/proc/sys"]'
check "and a propagation of the root" refused 'linux.rootfsPropagation: ' "$without" '.linux.rootfsPropagation = "shared"'
check "and a user namespace" refused 'linux.namespaces: ' "$without" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
check "and the host's own root" refused "root.path: '/' is the root of the mount namespace" "$without" '.root.path = "/"'
ln -s / "$home/slash"
check "by whatever name" refused "root.path: " "$without" ".root.path = \"$home/slash/.\""

# --- failures and kills ---

# The steps of both sides, each failing, then each with the parent or init killed.
bundle faulty true "$without"
steps=$(rt create --dry-run --bundle "$home/faulty" faulty | sed -n 's/^  \([a-z_.]*\).*/\1/p' | grep -E 'rootfs|mounts|devices|init\.|cgroup.enter|state.publish|paths')
each_fails() {
	local step
	for step in $steps; do
		TARE_FAULT=step:$step rt create --bundle "$home/faulty" faulty </dev/null 2>/dev/null && { echo "$step did not fail"; return 1; }
		! rt state faulty 2>/dev/null || { echo "$step leaves a container"; return 1; }
		untouched || { echo "$step leaves mounts"; return 1; }
	done
}
each_kills() {
	local step
	for step in $steps; do
		TARE_FAULT=kill:$step rt create --bundle "$home/faulty" faulty </dev/null 2>/dev/null
		rt delete --force faulty || { echo "$step: delete"; return 1; }
		untouched || { echo "$step leaves mounts"; return 1; }
	done
}
check "steps are known" matches 'rootfs.note.*rootfs.share.*rootfs.change' "$(echo $steps)"
check "whatever step fails, nothing is left" each_fails
check "whatever step is killed at, delete leaves nothing" each_kills
each_delete_killed() {
	local step
	for step in delete.kill delete.root delete.cgroup delete.state; do
		rt create --bundle "$home/faulty" faulty </dev/null || return
		TARE_FAULT=kill:$step rt delete --force faulty && { echo "$step was not killed"; return 1; }
		rt delete --force faulty && untouched || return
	done
}
check "a delete that was killed is repeated" each_delete_killed
nobody() { ! pgrep -f -- "--root $home/state"; }
check "no process is left" until_true nobody

# --- joined ---

unshare --mount --propagation private sleep 100 & room=$!
until_true is_elsewhere "$room"
joined=$(readlink "/proc/$room/ns/mnt")
# The rootfs is there and nowhere else.
mkdir "$home/room"
nsenter --target "$room" --mount sh -c "mount -t tmpfs -o mode=755 room '$home/room' && cp -a '$rootfs/.' '$home/room/' && mkdir -p '$home/room/run'"
mounts >"$home/before"
mounts "$room" >"$home/before.$room"
in_room=".root.path = \"$home/room\""
check "it is in the namespace it joined" prints join 'readlink /proc/self/ns/mnt' "$joined" "$(joining "/proc/$room/ns/mnt")" "$in_room"
check "nothing is left there, and nothing came here" untouched "$room"
check "paths are masked" prints masked 'cat /proc/keys; touch /proc/sys/kernel/domainname 2>&1 | grep -o "Read-only.*"' "Read-only file system" "$(joining "/proc/$room/ns/mnt")" "$in_room"
bundle guest 'sleep 60' "$(joining "/proc/$room/ns/mnt")" "$in_room" '.linux.namespaces |= map(select(.type != "pid"))'
check "a container that lives there" up guest
check "whoever was there keeps his root" equal yes "$([ -d "/proc/$room/root/work" ] || [ -d "/proc/$room/root/usr" ] && echo yes)"
check "exec is in the container's root" equal $'no\n'"$joined" "$(rt exec guest /bin/sh -c 'ls -d /work /usr/share 2>/dev/null || echo no; readlink /proc/self/ns/mnt')"
check "delete" rt delete --force guest
check "nothing is left" untouched "$room"
check "a propagation of the root is refused" refused 'linux.rootfsPropagation: ' "$(joining "/proc/$room/ns/mnt")" '.linux.rootfsPropagation = "private"'
check "mapped ids of a mount are refused" refused 'unsupported: .*mapped ids' "$(joining "/proc/$room/ns/mnt")" \
	".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$home/data\", options: [\"rbind\", \"idmap\"], uidMappings: [{containerID: 0, hostID: 1, size: 1}], gidMappings: [{containerID: 0, hostID: 1, size: 1}]}]"
check "a path that is no mount namespace is refused" refused 'mount namespace' "$(joining /proc/self/ns/net)"
# Our own by path is as good as none, and no less safe.
check "the caller's own by path" prints ownpath 'readlink /proc/self/ns/mnt' "$own" "$(joining /proc/self/ns/mnt)"
check "leaves nothing" untouched

# A namespace that belongs to a user namespace, which is joined as well: by root of the host, by whose it is, and by root inside.
who=4321
mkdir -m 777 "$home/theirs"
as_who=(setpriv --reuid $who --regid $who --clear-groups)
"${as_who[@]}" unshare --user --map-root-user --mount --propagation private sleep 100 & flat=$!
until_true is_elsewhere "$flat"
flat_ns=$(readlink "/proc/$flat/ns/mnt")
chown -R $who "$rootfs"
mounts "$flat" >"$home/before.$flat"
pair="$(joining "/proc/$flat/ns/mnt") | .linux.namespaces = [{type: \"pid\"}, {type: \"user\", path: \"/proc/$flat/ns/user\"}, (.linux.namespaces[] | select(.type == \"mount\"))]"
plain='del(.hostname, .linux.resources, .linux.cgroupsPath) | .mounts |= .[:2]'
check "root of the host joins it with its user namespace" prints flat 'id -u; readlink /proc/self/ns/mnt' $'0\n'"$flat_ns" "$pair" "$plain"
theirs() { equal $'0\n'"$flat_ns" "$("${as_who[@]}" "$runtime" --root "$home/theirs/state" run --bundle "$home/flat" flat 2>&1)"; }
check "so does an ordinary user" theirs
check "nothing is left there" untouched "$flat"
nested() {
	bundle nested 'id -u; readlink /proc/self/ns/mnt; ls -d /work' "$without" "$plain" '.linux.namespaces = [{type: "pid"}]'
	"${as_who[@]}" unshare --user --map-root-user --mount --propagation private sh -c \
		"readlink /proc/self/ns/mnt; cp /proc/self/mountinfo '$home/theirs/before'; '$runtime' --root '$home/theirs/nested' run --bundle '$home/nested' nested 2>/dev/null; diff '$home/theirs/before' /proc/self/mountinfo" >"$home/nested.out"
	equal "0 $(sed -n 1p "$home/nested.out")" "$(sed 1d "$home/nested.out" | xargs)"
}
check "root of a user namespace has one in its own" nested
kill "$flat" && wait "$flat" 2>/dev/null
chown -R 0 "$rootfs"

bundle ghost 'sleep 60' "$(joining "/proc/$room/ns/mnt")" "$in_room"
check "a container whose namespace ends with it" up ghost
kill "$room" && wait "$room" 2>/dev/null
check "is deleted" rt delete --force ghost
check "and leaves nothing" untouched

kill "$other" && wait "$other" 2>/dev/null
umount -R "$home/data"
umount -R "$home/shared"
runtime_done
