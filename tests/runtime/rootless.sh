# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# An ordinary user: with himself alone, with the ids of /etc/subuid, inside a user namespace whose root is nobody outside.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

user=7654
# The tests run in a mount namespace of their own (sandbox) or in a machine of their own, so the files of accounts may be covered.
for file in passwd subuid subgid; do
	{ cat /etc/$file 2>/dev/null; [ $file = passwd ] && echo "tester:x:$user:$user::/:/bin/sh" || echo "tester:700000:5000"; } >"$home/$file"
	[ -e /etc/$file ] || : >/etc/$file
	mount --bind "$home/$file" /etc/$file
done
trap 'umount /etc/passwd /etc/subuid /etc/subgid; rm -rf "$home"' EXIT

# as COMMAND…: as that user, who is in one more group, without any privilege.
as() {
	if setpriv --version >/dev/null 2>&1; then setpriv --reuid $user --regid $user --groups 7655 --inh-caps=-all "$@"
	else chpst -u :$user:$user:7655 "$@"; fi
}
if ! as true 2>/dev/null; then
	skip "an ordinary user" "no program here becomes one"
	runtime_done
fi
mkdir "$home/user"
mine=$home/user/rootfs
cp -a "$rootfs" "$mine"
chown -R $user:$user "$home/user"
rootfs=$mine
rt() { as "$runtime" --root "$home/user/state" "$@"; }

# rootless NAME SHELL [FILTER…]: a bundle an ordinary user may run: no limits, no network, no group of the terminals.
rootless() {
	local name=$1 script=$2
	shift 2
	bundle "$name" "$script" 'del(.linux.resources, .linux.cgroupsPath) | .linux.namespaces |= map(select(.type != "network"))' "$@"
}
# shows NAME SHELL WANTED [FILTER…]
shows() {
	local name=$1 script=$2 wanted=$3
	shift 3
	rootless "$name" "$script" "$@"
	equal "$wanted" "$(run "$name" 2>"$home/err")" || { cat "$home/err"; return 1; }
}
one='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: '$user', size: 1}] | .linux.gidMappings = .linux.uidMappings'
many='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: '$user', size: 1}, {containerID: 1, hostID: 700000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
maps='tr -s " " </proc/self/uid_map'

# --- alone ---

check "himself alone" shows one "$maps; id -u; cat /proc/self/setgroups" $' 0 7654 1\n0\ndeny' "$one"
check "under another number inside" shows named "$maps; id -u; id -g" $' 1000 7654 1\n1000\n1000' \
	"$one | .linux.uidMappings[0].containerID = 1000 | .linux.gidMappings[0].containerID = 1000 | .process.user = {uid: 1000, gid: 1000}"
check "what he writes is his outside" shows owner "touch /tmp/mine && stat -c %u /tmp/mine" 0 "$one"
check "and stays so" equal $user "$(stat -c %u "$mine/tmp/mine")"
check "devices are bound" shows dev 'echo x >/dev/null && head -c3 /dev/zero | wc -c; grep -c " /dev/null " /proc/self/mountinfo' $'3\n1' "$one"
check "sysfs is the host's where the network is" shows sys 'awk "\$5 == \"/sys\" { print \$6 }" /proc/self/mountinfo | grep -o "^ro"; ls /sys/class >/dev/null && echo seen' $'ro\nseen' "$one"
check "sysfs is new where the network is" shows sysnet 'ls /sys/class/net' lo "$one" '.linux.namespaces += [{type: "network"}]'
check "procfs is the host's without a pid namespace" shows hostpid '[ -e /proc/self/status ] && [ $$ != 1 ] && echo seen' seen "$one" '.linux.namespaces |= map(select(.type != "pid"))'
check "the group of the terminals that is not there is left out" shows pts 'grep -c " /dev/pts " /proc/self/mountinfo' 1 "$one" \
	'(.mounts[] | select(.type == "devpts").options) += ["gid=5"]'
check "groups that cannot be set are left out with a warning" shows groups 'id -u' 0 "$one" '.process.user.additionalGids = [10]'
check "which is said" matches 'additionalGids' "$(cat "$home/err")"
check "cgroups are there to look at" shows cg 'touch /sys/fs/cgroup/x 2>/dev/null || mkdir /sys/fs/cgroup/x 2>/dev/null || echo no; grep -c " /sys/fs/cgroup" /proc/self/mountinfo | grep -c "^[1-9]"' $'no\n1' "$one"
rootless limited true "$one" '.linux.resources.pids.limit = 5'
check "a limit nobody can set is refused" fails run limited
check "and leaves nothing" fails rt state limited
check "rules for devices are no limit" shows rules 'echo up' up "$one" '.linux.resources = {devices: [{allow: false, access: "rwm"}]}'
check "sysctls of his own namespaces" shows sysctl 'cat /proc/sys/kernel/msgmax' 4321 "$one" '.linux.sysctl = {"kernel.msgmax": "4321"}'
if [ -e /proc/self/ns/time ]; then
	offsets='.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 100000000}}'
	check "a time namespace with an offset" shows time '[ $(cut -d. -f1 /proc/uptime) -gt 100000000 ] && echo later' later "$one" "$offsets"
	rootless timelife 'sleep 1000' "$one" "$offsets"
	up timelife
	check "exec is in it" matches '^1[0-9]{8}' "$(rt exec timelife cat /proc/uptime)"
	down timelife
fi
check "a read-only root, masks, a tmpfs" shows ro 'touch /x 2>/dev/null || echo no; wc -c </proc/keys; touch /fresh/x && echo yes' $'no\n0\nyes' "$one" '.root.readonly = true' \
	'.mounts += [{destination: "/fresh", type: "tmpfs", options: ["size=1m"]}]'
check "a mapping of somebody else needs the right to it" fails run "$(rootless others true "$one" '.linux.uidMappings[0].hostID = 0' && echo others)"
rootless idmapped true "$one" ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$home\", options: [\"bind\", \"idmap\"]}]"
check "ids of the host's file systems are not his to map" fails run idmapped

rootless life 'echo $$; sleep 1000' "$one"
check "create and start" up life
check "the program runs" until_true equal 1 "$(cat "$home/life.out")"
check "exec" equal 0 "$(rt exec life id -u)"
check "exec sees what init sees" matches 'sleep' "$(rt exec life cat /proc/1/cmdline | tr '\0' ' ')"
pid=$(pid_of life)
rootless joiner 'id -u; readlink /proc/self/ns/ipc' '.linux.namespaces |= map(select(.type != "ipc" and .type != "uts")) | del(.hostname)' \
	".linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}, {type: \"ipc\", path: \"/proc/$pid/ns/ipc\"}]"
check "another container joins its user and ipc namespaces" equal "0 $(as readlink "/proc/$pid/ns/ipc")" "$(run joiner 2>&1 | paste -sd' ')"
rootless pidjoiner 'cat /proc/1/cmdline | tr "\0" " "' '.linux.namespaces |= map(select(.type != "pid"))' \
	".linux.namespaces += [{type: \"user\", path: \"/proc/$pid/ns/user\"}, {type: \"pid\", path: \"/proc/$pid/ns/pid\"}]"
check "or its user and pid namespaces" matches 'sleep' "$(run pidjoiner 2>&1)"
check "kill" rt kill life KILL
check "and stopped" until_true status_is life stopped
check "delete" rt delete life

# --- cgroups that are delegated to him ---

# As in a login session he stands outside, where only root moves processes; `inside` is what systemd's user manager would start. Version 1 delegates nothing.
if v2; then
	mkdir -p "$cg/$slice/shell"
	chown -R $user:$user "$cg/$slice"
	inside() { (echo $BASHPID >"$cg/$slice/shell/cgroup.procs" && "$@"); }
	delegated() { local name=$1; shift; rootless "$name" 'sleep 1000' "$one" ".linux.cgroupsPath = \"/$slice/$name\"" "$@"; }
	in_cgroup() { grep -q ":/$slice/$2\$" "/proc/$1/cgroup"; }
	delegated within
	check "from inside of what is delegated to him" inside up within
	check "he gets a cgroup" in_cgroup "$(pid_of within)" within
	check "exec from inside is in it" inside bash -c "$(declare -f rt as); home='$home' user=$user runtime='$runtime' manager=$manager; rt exec -d --pid-file '$home/user/pid' within sleep 1000"
	check "as it should" in_cgroup "$(cat "$home/user/pid")" within
	check "exec from outside runs all the same" equal here "$(rt exec within echo here 2>"$home/err")"
	check "which is said" matches "outside of the container's cgroup" "$(cat "$home/err")"
	check "but where a cgroup is asked for it is refused" fails rt exec --cgroup / within true
	check "delete" inside rt delete --force within
	check "leaves no cgroup" equal "" "$(cgroups_of within)"
	delegated without
	check "from outside he does without" up without
	check "nothing was kept of what was made" equal " " "$(cgroups_of without) $(rt state without >/dev/null && jq -r '.cgroup.driver // ""' "$home/user/state/without/state.json")"
	check "exec" equal 0 "$(rt exec without id -u)"
	check "delete" rt delete --force without
	delegated refused '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	check "a limit is not done without" matches "cgroup '.*/$slice/refused' from outside of what is delegated to you .*systemd-run --user" "$(rt create --bundle "$home/refused" refused 2>&1)"
	check "and leaves nothing" equal "" "$(cgroups_of refused)$(rt list -q)"
	rmdir "$cg/$slice/shell" "$cg/$slice"
else
	skip "cgroups that are delegated" "needs cgroup v2 alone"
fi

# --- with the ids of /etc/subuid ---

if command -v newuidmap >/dev/null; then
	check "as many ids as he was given" shows many "$maps" $' 0 7654 1\n 1 700000 1000' "$many"
	check "groups can be set" shows manygroups 'id -G' "0 7" "$many" '.process.user.additionalGids = [7]'
	check "the group of the terminals is there" shows manypts 'grep " /dev/pts " /proc/mounts | grep -o gid=[0-9]*' gid=700004 "$many" '(.mounts[] | select(.type == "devpts").options) += ["gid=5"]'
	check "another user of the container" shows manyuser 'id -u; touch /tmp/his 2>&1; stat -c %u /tmp/his' $'33\n33' "$many" '.process.user = {uid: 33, gid: 33}'
	check "is another outside" equal 700032 "$(stat -c %u "$mine/tmp/his")"
	rootless toomany true "$many" '.linux.uidMappings[1].size = 5001'
	check "more than he was given is refused" fails run toomany
	check "in the words of newuidmap" matches 'newuidmap: uid range .* not allowed' "$(run toomany 2>&1)"
	check "without a user namespace he gets one" shows auto "$maps" $' 0 7654 1\n 1 700000 5000'
	check "in which the program's user is himself" shows autouser "$maps; id -u" $' 0 700000 33\n 33 7654 1\n 34 700033 4967\n33' '.process.user = {uid: 33, gid: 33}'
	rootless lonely "$maps"
	alone() { PATH=/nowhere as "$runtime" --root "$home/user/state" run --bundle "$home/lonely" lonely </dev/null; }
	runtime=$(command -v "$runtime")
	as() { /usr/bin/setpriv --reuid $user --regid $user --groups 7655 --inh-caps=-all "$@"; }
	check "without newuidmap it holds himself alone" equal " 0 7654 1" "$(alone 2>/dev/null)"
	check "which is said" matches 'one user only' "$(alone 2>&1 >/dev/null)"
	rootless autolife 'sleep 1000' '.process.user = {uid: 33, gid: 33}'
	up autolife
	check "exec in such a container" equal 33 "$(rt exec --user 33:33 autolife id -u)"
	check "exec as another user there" equal 5 "$(rt exec --user 5:5 autolife id -u)"
	down autolife
else
	skip "the ids of /etc/subuid" "no newuidmap here"
fi

# --- the caller's groups ---

keep='.annotations = {"run.oci.keep_original_groups": "1"}'
check "groups of the caller are kept on demand" shows keep 'id -G' "0 65534" "$one" "$keep"
rootless keeplife 'sleep 1000' "$one" "$keep"
up keeplife
check "by exec too" equal "0 65534" "$(rt exec keeplife id -G)"
down keeplife

# --- root of a user namespace ---

inside() { as unshare --user --map-root-user --mount "$runtime" --root "$home/user/state" "$@"; }
inside_run() { inside run --bundle "$home/$1" "$1" </dev/null; }
rootless within 'id -u; echo x >/dev/null && echo null; ls /sys/class >/dev/null && echo sys; grep -c . /proc/self/uid_map'
check "root of a user namespace needs no other" equal "0 null sys 1" "$(inside_run within 2>&1 | paste -sd' ')"
rootless nested "$maps" '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings'
check "but may make one" equal " 0 0 1" "$(inside_run nested 2>&1)"
check "without a mount namespace of its own as well" equal " 0 0 1" "$(as unshare --user --map-root-user "$runtime" --root "$home/user/state" run --bundle "$home/nested" nested 2>&1 </dev/null)"

check "nothing is left" equal "" "$(rt list -q)"
runtime_done
