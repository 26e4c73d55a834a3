# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the validation programs of OCI runtime-tools ask (tests/conformance/validation runs themselves), in our words and without their races; what
# runtime.sh asks already is not asked again.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

own=$home/rootfs-own
mkdir "$own"
cp -a "$rootfs/." "$own/"
own_root=".root.path = \"$own\""

# --- the words of the command line ---

for verb in state start delete kill; do check "$verb without an id is refused" fails rt $verb; done
bundle noid true
check "create without an id is refused" fails rt create --bundle "$home/noid"
check "start of an unknown container is refused" fails rt start nobody
check "kill of an unknown container is refused" fails rt kill nobody KILL

# --- create, start, kill, delete ---

bundle once 'echo called >>/called' "$own_root"
check "create" rt create --bundle "$home/once" once
check "the program has not run before start" fails test -e "$own/called"
jq '.process.args = ["/bin/sh", "-c", "echo changed >>/called"]' "$home/once/config.json" >"$home/new.json" && mv "$home/new.json" "$home/once/config.json"
check "start" rt start once
until_true status_is once stopped
check "the program has run, once; a change of config.json after create has no effect" equal called "$(cat "$own/called")"
before=$(rt state once)
check "start of a stopped container is refused" fails rt start once
check "kill of a stopped container is refused" fails rt kill once KILL
check "neither has an effect" equal "$before called" "$(rt state once) $(cat "$own/called")"
check "state of a stopped container has no pid" equal 0 "$(rt state once | jq .pid)"
check "delete of a stopped container" rt delete once
rm "$own/called"

bundle early 'echo called >/called' "$own_root"
rt create --bundle "$home/early" early
check "kill of a created container" rt kill early KILL
check "ends it" until_true status_is early stopped
check "its program has never run" fails test -e "$own/called"
rt delete early

traps() {
	local signal
	up traps && until_true grep -q ready "$home/traps.out" || return
	for signal in TERM USR1 SIGUSR2 HUP 34; do
		rt kill traps "$signal" && until_true grep -q "got $signal" "$home/traps.out" || { echo "no $signal"; cat "$home/traps.out"; return 1; }
	done
}
bundle traps 'for s in TERM USR1 USR2 HUP; do trap "echo got $s; echo got SIG$s" $s; done; trap "echo got 34" 34; echo ready; while :; do sleep 0.02; done'
check "kill sends the signal that was named" traps
check "kill with a word that is no signal is refused" fails rt kill traps NOSUCH
down traps

if v2; then other=$cg/other$$; else other=$cg/pids/other$$; fi
mkdir "$other"
bundle moved 'sleep 1000'
up moved
pid_of moved >"$other/cgroup.procs"
down moved
check "a cgroup that somebody else made is left alone" test -d "$other"
rmdir "$other"

# --- what is in config.json ---

check "an unknown property is ignored" prints unknown 'echo ran' ran '.unknown = {"a": 1} | .process.unknown = "x" | .linux.unknown = []'
check "an unknown annotation is ignored" prints annotation 'echo ran' ran '.annotations = {"org.example.unknown": ""}'
bundle version true '.ociVersion = "invalid"'
check "a version that is none is refused" fails run version
bundle version2 true '.ociVersion = "2.0.0"'
check "a version of another major is refused" fails run version2
bundle versionless true 'del(.ociVersion)'
check "no version is refused" fails run versionless
check "an empty host name leaves the namespace's own" prints hostless 'hostname' "$(hostname)" '.hostname = ""'
check "environment as given, in order" prints env 'xargs -0 -n1 </proc/self/environ | grep ^test' $'testb=123\ntesta=value a' '.process.env += ["testb=123", "testa=value a"]'
check "of a variable that is given twice the later value counts" prints envtwice 'echo $A; env | grep -c ^A=' $'2\n1' '.process.env += ["A=1", "A=2"]'
bundle envbare true '.process.env += ["BARE"]'
check "a variable without a value is refused" fails run envbare
bundle hostctl true '.linux.sysctl = {"kernel.hostname": "x"}'
check "the host name is no sysctl" fails run hostctl
check "who has a user namespace owns its message queues" prints mqueue 'stat -c %u:%g /dev/mqueue' 0:0 '.linux.namespaces += [{type: "user"}] |
	.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings |
	.mounts |= map(select(.type != "sysfs" and .type != "cgroup")) | .mounts += [{destination: "/dev/mqueue", type: "mqueue", source: "mqueue"}]'
check "a working directory is made" prints mkcwd 'pwd' /not/there/yet '.process.cwd = "/not/there/yet"' "$own_root"
bundle relcwd true '.process.cwd = "tmp"'
check "a relative working directory is refused" fails run relcwd
check "all limits" prints limits 'for i in v c d f s t n; do ulimit -S$i; ulimit -H$i; done' \
	$'1048576\n2097152\n6291456\n8388608\n5242880\n6291456\n14680064\n16777216\n9216\n10240\n60\n120\n300\n400' '.process.rlimits = [
		{type: "RLIMIT_AS", soft: 1073741824, hard: 2147483648}, {type: "RLIMIT_CORE", soft: 3221225472, hard: 4294967296},
		{type: "RLIMIT_DATA", soft: 5368709120, hard: 6442450944}, {type: "RLIMIT_FSIZE", soft: 7516192768, hard: 8589934592},
		{type: "RLIMIT_STACK", soft: 9437184, hard: 10485760}, {type: "RLIMIT_CPU", soft: 60, hard: 120}, {type: "RLIMIT_NOFILE", soft: 300, hard: 400}]'
bundle rlimit_unknown true '.process.rlimits = [{type: "RLIMIT_TEST", soft: 1024, hard: 1024}]'
check "an unknown limit is refused" fails run rlimit_unknown
bundle rlimit_twice true '.process.rlimits = [{type: "RLIMIT_CPU", soft: 9, hard: 9}, {type: "RLIMIT_CPU", soft: 8, hard: 8}]'
check "a limit that is given twice is refused" fails run rlimit_twice
bundle ungrantable 'echo ran' '.process.capabilities.bounding += ["CAP_TEST"]'
ungrantable() { matches CAP_TEST "$(run ungrantable 2>&1 >/dev/null)" && equal ran "$(run ungrantable 2>/dev/null)"; }
check "a capability that cannot be granted is a warning" ungrantable
all_caps=$(capsh --decode="$(awk '/CapBnd/ { print $2 }' /proc/self/status)" 2>/dev/null | sed 's/.*=//' | tr , '\n' | grep ^cap_ | jq -R ascii_upcase | jq -sc .)
if [ -n "$all_caps" ] && [ "$all_caps" != '[]' ]; then
	check "all capabilities of the host in all five sets" prints allcaps 'grep ^Cap /proc/self/status | cut -f2 | sort | uniq -c | tr -s " "' \
		" 5 $(awk '/CapBnd/ { print $2 }' /proc/self/status)" ".process.capabilities = {bounding: $all_caps, permitted: $all_caps, effective: $all_caps, inheritable: $all_caps, ambient: $all_caps}"
else
	skip "all capabilities of the host in all five sets" "no capsh here"
fi

# --- file systems and devices ---

check "default file systems" prints defaultfs 'for m in /proc /dev/pts /dev/shm /sys; do awk "\$5 == \"$m\"" /proc/self/mountinfo | sed "s/.* - //" | cut -d" " -f1; done' \
	$'proc\ndevpts\ntmpfs\nsysfs'
check "default links of /dev" prints devlinks 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done' $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx'
check "devices with type, numbers, mode and owner" prints devs 'for d in c b f; do stat -c "%F %t:%T %a %u:%g" /dev/test-$d; done' \
	$'character special file a:29a 660 0:0\nblock special file 8:29a 640 1:2\nfifo 0:0 600 0:0' '.linux.devices = [
		{path: "/dev/test-c", type: "c", major: 10, minor: 666, fileMode: 432, uid: 0, gid: 0},
		{path: "/dev/test-b", type: "b", major: 8, minor: 666, fileMode: 416, uid: 1, gid: 2}, {path: "/dev/test-f", type: "p", fileMode: 384}]'
check "a device outside /dev" prints faraway 'stat -c %t:%T /opt/sub/null' 1:3 '.linux.devices = [{path: "/opt/sub/null", type: "c", major: 1, minor: 3, fileMode: 438}]' "$own_root"
mkdir -p "$own/secret/deep"
for f in secret/file secret/deep/file file; do echo secret >"$own/$f"; done
mknod "$own/secret.dev" c 1 3
mkfifo "$own/secret.fifo"
check "masked: directory, file, inside a masked directory, missing" prints masks 'ls -A /secret | wc -l; wc -c </file; wc -c </secret.dev' $'0\n0\n0' "$own_root" \
	'.linux.maskedPaths = ["/secret", "/file", "/secret/deep", "/secret/file", "/secret.dev", "/not-there"]'
check "read-only: directory, file, device, fifo, missing" prints readonlies \
	'for f in /secret/new /secret/deep/file /file; do { echo x >$f; } 2>/dev/null && echo wrote $f; done; cat /file; grep -c -E " /(secret|file|secret.dev|secret.fifo) ro," /proc/self/mountinfo' \
	$'secret\n4' "$own_root" '.linux.readonlyPaths = ["/secret", "/file", "/secret/deep", "/secret.dev", "/secret.fifo", "/not-there"]'
for word in shared slave private unbindable; do
	case $word in
	shared) wanted='shared:[0-9]*' ;;
	slave) wanted='(master:[0-9]*)?' ;;
	private) wanted='' ;;
	unbindable) wanted=unbindable ;;
	esac
	bundle root-$word 'awk "\$5 == \"/\"" /proc/self/mountinfo | sed "s/ - .*//" | cut -d" " -f7-' ".linux.rootfsPropagation = \"$word\""
	check "the root is $word" matches "^$wanted\$" "$(run root-$word 2>&1)"
done
bundle root-odd true '.linux.rootfsPropagation = "sideways"'
check "another word for the root's propagation is refused" fails run root-odd
check "propagation of mounts" prints propagation 'for m in shared slave private unbindable; do awk "\$5 == \"/tmp/$m\" { print \$7 }" /proc/self/mountinfo | cut -d: -f1; done' \
	$'shared\n-\n-\nunbindable' "$own_root" '.mounts += [("shared", "slave", "private", "unbindable") | {destination: ("/tmp/" + .), type: "tmpfs", source: "tmpfs", options: ["size=64k", .]}]'

# --- namespaces ---

kinds="cgroup ipc net pid uts"
type_of() { case $1 in net) echo network ;; mnt) echo mount ;; *) echo "$1" ;; esac; }
inside() { for kind in $kinds mnt; do readlink "/proc/$(pid_of "$1")/ns/$kind"; done; }
outside() { for kind in $kinds mnt; do readlink "/proc/self/ns/$kind"; done; }
bundle newns 'sleep 1000'
up newns
check "a namespace without a path is a new one" equal 12 "$({ inside newns; outside; } | sort -u | wc -l)"
down newns
bundle inherits 'sleep 1000' '.linux.namespaces |= map(select(.type == "mount"))' 'del(.hostname) | .mounts |= map(select(.type != "sysfs" and .type != "cgroup")) | del(.linux.maskedPaths, .linux.readonlyPaths)'
up inherits
check "a namespace that is not named is inherited" equal 7 "$({ inside inherits; outside; } | sort -u | wc -l)"
down inherits
holder() { unshare --"$1" --fork sleep 1000 2>/dev/null & holder=$!; until_true test "$(readlink /proc/self/ns/"$2")" != "$(readlink "/proc/$holder/ns/$3" 2>/dev/null)"; until_true pgrep -P $holder; }
for kind in ipc net pid uts; do
	link=$kind
	[ $kind != pid ] || link=pid_for_children
	holder $kind $kind $link
	bundle "join-$kind" 'sleep 1000' "(.linux.namespaces[] | select(.type == \"$(type_of $kind)\")).path = \"/proc/$holder/ns/$link\"" 'del(.hostname)' 'if .linux.namespaces[3].path or .linux.namespaces[2].path then .mounts |= map(select(.type != "sysfs")) else . end'
	up "join-$kind"
	check "a $kind namespace is joined by its path" equal "$(readlink "/proc/$holder/ns/$link")" "$(readlink "/proc/$(pid_of "join-$kind")/ns/$kind")"
	down "join-$kind"
	pkill -KILL -P $holder
	kill -KILL $holder 2>/dev/null
	wait $holder 2>/dev/null
done
for pair in cgroup:ipc ipc:mnt net:pid pid:user uts:cgroup user:uts; do
	type=$(type_of "${pair%:*}")
	bundle "wrong-$type" true ".linux.namespaces |= map(select(.type != \"$type\")) + [{type: \"$type\", path: \"/proc/self/ns/${pair#*:}\"}]" 'del(.hostname)'
	check "a path of another kind is refused for $type" fails run "wrong-$type"
done
bundle nons true '.linux.namespaces[0].path = "/not/there"'
check "a path that is not there is refused" fails run nons
bundle relns true '.linux.namespaces[0].path = "proc/self/ns/pid"'
check "a relative path is refused" fails run relns
bundle twicens true '.linux.namespaces += [{type: "ipc"}]'
check "a kind that is given twice is refused" fails run twicens

# --- hooks ---

cat >"$home/hook" <<-'END'
	#!/bin/sh
	cat >"$1/state.$2"
	echo "$2" >>"$1/order"
	exit "${3:-0}"
END
chmod 755 "$home/hook"
hook() { echo "{path: \"$home/hook\", args: [\"hook\", \"$home/hooks.d\", \"$1\", \"${2:-0}\"]}"; }
mkdir "$home/hooks.d"
bundle order 'sleep 1000' '.annotations = {"org.example": "value"}' ".hooks = {prestart: [$(hook p1), $(hook p2)], createRuntime: [$(hook r1), $(hook r2)],
	createContainer: [$(hook c1), $(hook c2)], poststart: [$(hook s1), $(hook s2)], poststop: [$(hook e1), $(hook e2)]}"
rt create --bundle "$home/order" order
check "hooks of create, in order" equal "p1 p2 r1 r2 c1 c2" "$(paste -sd' ' "$home/hooks.d/order")"
rt start order
check "hooks of start, in order, before it returns" equal "p1 p2 r1 r2 c1 c2 s1 s2" "$(paste -sd' ' "$home/hooks.d/order")"
pid=$(pid_of order)
field() { jq -r "$2" "$home/hooks.d/state.$1"; }
for h in p1 r2 s1; do
	check "hook $h got id, bundle, annotations and pid" equal "order $home/order value $pid" "$(field $h '"\(.id) \(.bundle) \(.annotations["org.example"]) \(.pid)"')"
done
check "the status is creating for hooks of create" equal "creating creating" "$(field p1 .status) $(field r1 .status)"
check "and running for those after start" equal running "$(field s1 .status)"
rt kill order KILL
until_true status_is order stopped
rt delete order
check "hooks of delete, in order" equal "p1 p2 r1 r2 c1 c2 s1 s2 e1 e2" "$(paste -sd' ' "$home/hooks.d/order")"
check "the status is stopped for them" equal stopped "$(field e1 .status)"
rm -r "$home/hooks.d"
mkdir "$home/hooks.d"
bundle laststop true ".hooks = {poststop: [$(hook e1 1), $(hook e2)]}"
check "a poststop hook that fails is a warning" run laststop
check "and the next one runs" equal "e1 e2" "$(paste -sd' ' "$home/hooks.d/order")"
for point in prestart createRuntime createContainer; do
	rm -rf "$home/hooks.d" "$own/called"
	mkdir "$home/hooks.d"
	bundle fail-$point 'echo called >/called' "$own_root" ".hooks = {$point: [$(hook x 1), $(hook y)]}"
	check "a $point hook that fails is an error" fails rt create --bundle "$home/fail-$point" fail-$point
	check "no hook behind it runs, the program does not, nothing is left" equal "x no" "$(paste -sd' ' "$home/hooks.d/order") $([ -e "$own/called" ] || gone fail-$point && echo no)"
done
bundle slowhook true '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "30"], timeout: 1}]}'
check "a hook that outlives its timeout is an error" fails run slowhook
bundle relhook true '.hooks = {createRuntime: [{path: "bin/true"}]}'
check "a hook with a relative path is refused" fails run relhook

# --- cgroups ---

for cpu in "1024 100000 50000 0" "2048 500000 200000 0"; do
	read -r shares period quota cpus <<<"$cpu"
	bundle cpu 'sleep 1000' ".linux.resources.cpu = {shares: $shares, period: $period, quota: $quota, cpus: \"$cpus\", mems: \"0\"}"
	up cpu
	check "cpu: shares $shares, quota $quota of $period, cpus $cpus" equal "$quota $period $cpus 0" "$(limit cpu cpu.max) $(limit cpu cpuset.cpus) $(limit cpu cpuset.mems)"
	v2 || check "cpu.shares $shares" equal "$shares" "$(limit cpu cpu.weight)"
	down cpu
done
check "an empty cpu object sets nothing" prints cpuless 'echo ran' ran '.linux.resources.cpu = {}'
bundle pids 'sleep 1000' '.linux.resources.pids = {limit: 1000}'
up pids
check "pids.max 1000" equal 1000 "$(limit pids pids.max)"
down pids
if v2; then
	skip "swappiness and the OOM switch" "v1 only"
else
	bundle swappy 'sleep 1000' '.linux.resources.memory = {limit: 50593792, reservation: 50593792, swap: 50593792, swappiness: 50, disableOOMKiller: true}'
	up swappy
	check "swappiness and the OOM switch" equal "50 1" "$(cat "$cg/memory/$slice/swappy/memory.swappiness") $(awk '/oom_kill_disable/ { print $2 }' "$cg/memory/$slice/swappy/memory.oom_control")"
	down swappy
fi
disk=$(ls /sys/block | head -1)
if [ -n "$disk" ] && { v2 && grep -qw io $cg/cgroup.controllers || [ -d $cg/blkio ]; }; then
	IFS=: read -r major minor <"/sys/block/$disk/dev"
	rate() { echo "[{major: $major, minor: $minor, rate: $1}]"; }
	bundle throttled 'sleep 1000' ".linux.resources.blockIO = {throttleReadBpsDevice: $(rate 102400), throttleWriteBpsDevice: $(rate 204800), throttleReadIOPSDevice: $(rate 300), throttleWriteIOPSDevice: $(rate 400)}"
	throttles() {
		if v2; then cat "$cg/$slice/throttled/io.max"; else cat "$cg"/blkio/$slice/throttled/blkio.throttle.{read_bps,write_bps,read_iops,write_iops}_device | paste -sd' '; fi
	}
	up throttled
	if v2; then wanted="$major:$minor rbps=102400 wbps=204800 riops=300 wiops=400"; else wanted="$major:$minor 102400 $major:$minor 204800 $major:$minor 300 $major:$minor 400"; fi
	check "bytes and operations per second of a disk" equal "$wanted" "$(throttles)"
	down throttled
else
	skip "bytes and operations per second of a disk" "no disk or no controller"
fi
if { v2 && grep -qw hugetlb $cg/cgroup.controllers; } || [ -d $cg/hugetlb ]; then
	bundle huge 'sleep 1000' '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 209715200}]'
	up huge
	check "a limit of huge pages" equal 209715200 "$(find $cg -path "*/$slice/huge/hugetlb.2MB.max" -o -path "*/$slice/huge/hugetlb.2MB.limit_in_bytes" | xargs cat)"
	down huge
	bundle nohuge true '.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 314572800}]'
	check "a page size that the machine lacks is refused" fails run nohuge
else
	skip "limits of huge pages" "no controller"
fi
bundle relative 'sleep 1000' ".linux.cgroupsPath = \"$slice-rel/one\""
up relative
first=$(cat "/proc/$(pid_of relative)/cgroup")
down relative
up relative
check "a relative cgroupsPath is the same place each time" equal "$first" "$(cat "/proc/$(pid_of relative)/cgroup")"
check "and ends as it was given" matches "$slice-rel/one" "$first"
down relative
find $cg -depth -type d -path "*/$slice-rel" -exec rmdir {} + 2>/dev/null

runtime_done
