# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Properties of config.json one by one: what the newer minor versions of the specification brought, and what must be
# refused with the property's path.

. "$(dirname "$0")/lib.bash"

# says NAME REGEX FILTER…: the configuration is refused with that message, and nothing is left.
says() {
	local name=$1 wanted=$2 out
	shift 2
	bundle "$name" true "$@"
	if out=$(run "$name" 2>&1); then echo "it ran"; return 1; fi
	matches "$wanted" "$out" && gone "$name"
}

# --- process ---

check "scheduler: nice" prints nice 'cut -d" " -f19 /proc/self/stat' 7 '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
check "scheduler: the policy" prints batch 'cut -d" " -f41 /proc/self/stat' 3 '.process.scheduler = {policy: "SCHED_BATCH"}'
check "scheduler: an unknown policy is refused with its path" says schedbad 'process\.scheduler\.policy' '.process.scheduler = {policy: "SCHED_X"}'
check "scheduler: a priority without a policy that has one" says schedprio 'process\.scheduler\.priority' '.process.scheduler = {policy: "SCHED_OTHER", priority: 3}'
check "ioPriority" prints ioprio 'ionice' 'best-effort: prio 6' '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
check "ioPriority out of range" says iobad 'process\.ioPriority\.priority' '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 9}'
bundle captomorrow 'grep CapBnd /proc/self/status | cut -f2' '.process.capabilities = {bounding: ["CAP_OF_TOMORROW", "CAP_KILL"]}'
check "a capability nobody knows is no error but a warning" matches 'CAP_OF_TOMORROW.*0000000000000020' "$(run captomorrow 2>&1)"
check "what cannot be the name of a capability is" says capbad 'process\.capabilities\.bounding\[0\]' '.process.capabilities = {bounding: ["CAP KILL"]}'
check "an unknown limit is refused with its path" says rlimitbad 'process\.rlimits\[0\]\.type' '.process.rlimits = [{type: "RLIMIT_X", soft: 1, hard: 1}]'
check "personality" prints persona 'uname -m' i686 '.linux.personality = {domain: "LINUX32"}'
check "a flag of personality is refused" says personabad 'linux\.personality\.flags' '.linux.personality = {domain: "LINUX", flags: ["X"]}'

# --- affinity of exec ---

affinity='grep Cpus_allowed_list /proc/self/status | cut -f2'
all=$(grep Cpus_allowed_list /proc/self/status | cut -f2)
last=${all##*[-,]}
bundle aff 'sleep 1000' ".process.execCPUAffinity = {initial: \"$last\", final: \"0\"}"
up aff
check "execCPUAffinity: init is not bound" equal "$all" "$(grep Cpus_allowed_list "/proc/$(pid_of aff)/status" | cut -f2)"
check "execCPUAffinity: the final list binds exec" equal 0 "$(rt exec aff sh -c "$affinity")"
jq -n --arg last "$last" --arg sh "$affinity" '{cwd: "/", args: ["/bin/sh", "-c", $sh], env: ["PATH=/bin"], execCPUAffinity: {initial: $last}}' >"$home/affinity.json"
check "execCPUAffinity: without a final one the kernel decides from the initial one" matches "^($last|$all)\$" "$(rt exec --process "$home/affinity.json" aff)"
jq '.execCPUAffinity = {final: "0,2000-8191"}' "$home/affinity.json" >"$home/affinity2.json"
check "execCPUAffinity: processors beyond 1024 may be named" equal 0 "$(rt exec --process "$home/affinity2.json" aff)"
jq '.execCPUAffinity = {final: "8190"}' "$home/affinity.json" >"$home/affinity3.json"
check "execCPUAffinity: none that is there is an error" fails rt exec --process "$home/affinity3.json" aff
down aff
check "execCPUAffinity: a list that is none" says affbad 'process\.execCPUAffinity\.final' '.process.execCPUAffinity = {final: "a"}'

# --- memory policy ---

if [ -e /proc/self/numa_maps ]; then
	policy='grep -o -E "bind[^ ]*|interleave[^ ]*|prefer[^ ]*|local|default" /proc/self/numa_maps | sort | uniq -c | sort -rn | head -1 | tr -s " " | cut -d" " -f3'
	check "memoryPolicy: bind to a node" prints membind "$policy" "bind=static:0" '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	check "memoryPolicy: local" prints memlocal "$policy" local '.linux.memoryPolicy = {mode: "MPOL_LOCAL", nodes: ""}'
	bundle memexec 'sleep 1000' '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0"}'
	up memexec
	check "memoryPolicy: exec has the container's" equal interleave:0 "$(rt exec memexec sh -c "$policy")"
	down memexec
	check "memoryPolicy: a node that is not there" says memnode 'memory policy' '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "900"}'
else
	skip "memoryPolicy" "this kernel has no NUMA"
fi
check "memoryPolicy: an unknown mode" says membad 'linux\.memoryPolicy\.mode' '.linux.memoryPolicy = {mode: "MPOL_X", nodes: "0"}'

# --- seccomp: an agent ---

agent_start() { "$here/../lib/seccomp-agent" "$home/agent" "$home/news" "$@" & agent=$!; until_true test -S "$home/agent"; }
agent_stop() { kill "$agent"; wait "$agent" 2>/dev/null; rm -f "$home/agent" "$home"/news.*; }
asks='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
	syscalls: [{names: ["mkdir", "mkdirat", "wait4", "recvmsg", "sendmsg", "close"], action: "SCMP_ACT_NOTIFY"}]}'
listens="$asks | .linux.seccomp.listenerPath = \"$home/agent\" | .linux.seccomp.listenerMetadata = \"meta\" | .annotations = {a: \"b/c\"}"
asked='mkdir /tmp/q 2>&1 | grep -o "Invalid cross-device link"'
check "seccomp: to ask without a listenerPath is refused" says nolistener 'linux\.seccomp\.listenerPath' "$asks"
check "seccomp: an agent that is not there is an error" says noagent "seccomp listener to '$home/agent'" "$listens"
if "$here/../lib/seccomp-agent" --help >/dev/null 2>&1; then
	agent_start
	check "seccomp: the agent answers" prints asked "$asked" "Invalid cross-device link" "$listens"
	check "seccomp: it was told id, metadata and annotations, compact" matches '^\{.*"fds":\["seccompFd"\],"pid":[0-9]+,"metadata":"meta","state":\{.*"id":"asked","status":"creating".*"a":"b/c"' "$(cat "$home/news.1")"
	check "seccomp: with capabilities and no no_new_privs" prints askedearly "$asked" "Invalid cross-device link" "$listens" '.process.noNewPrivileges = false'
	check "seccomp: as another user" prints askeduser "$asked" "Invalid cross-device link" "$listens" '.process.user.uid = 1000'
	check "seccomp: with flags of listeners" prints askedflags "$asked" "Invalid cross-device link" "$listens" \
		'.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"]'
	check "seccomp: no helper is left behind" prints askedalone 'set -- /proc/[0-9]*; echo $#' 1 "$listens"
	bundle askedexec 'sleep 1000' "$listens"
	up askedexec
	check "seccomp: exec asks, too" equal "Invalid cross-device link" "$(rt exec askedexec sh -c "$asked")"
	check "seccomp: the agent was told the pid of both" matches "\"pid\":[0-9]+,\"metadata\":\"meta\",\"state\":.*\"status\":\"running\",\"pid\":$(pid_of askedexec)," "$(cat "$home/news.7")"
	down askedexec
	check "seccomp: the receiver of an annotation" prints askednote "$asked" "Invalid cross-device link" "$asks" ".annotations = {\"run.oci.seccomp.receiver\": \"$home/agent\"}"
	bundle askedenv "$asked" "$asks"
	check "seccomp: the receiver of the environment" equal "Invalid cross-device link" "$(RUN_OCI_SECCOMP_RECEIVER=$home/agent run askedenv)"
	agent_stop
	agent_start deaf
	bundle deaf 'mkdir /tmp/q 2>&1 | grep -o "Function not implemented"' "$listens" '.linux.seccomp.syscalls[0].names = ["mkdir", "mkdirat"]'
	check "seccomp: when nobody holds the listener any more, who asks gets an error" equal "Function not implemented" "$(run deaf 2>&1)"
	agent_stop
else
	skip "seccomp agents" "no python here"
fi
check "seccomp: an unknown system call is skipped" prints unknowncall 'echo ran' ran \
	'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
check "seccomp: or refused, if an annotation says so" says strictcall no_such_call \
	'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ERRNO"}]}' '.annotations = {"run.oci.seccomp_fail_unknown_syscall": "1"}'
# A program that allows everything, in place of a section that would kill.
check "seccomp: a raw program of an annotation" prints raw 'grep ^Seccomp: /proc/self/status | cut -f2' 2 \
	'.linux.seccomp = {defaultAction: "SCMP_ACT_KILL"}' '.annotations = {"run.oci.seccomp_bpf_data": "BgAAAAAA/38="}'
check "seccomp: errnoRet where none can be returned" says errnobad 'linux\.seccomp\.defaultErrnoRet' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1}'
check "seccomp: an unknown flag" says flagbad 'flags\[0\]' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: ["X"]}'

# --- hooks ---

cat >"$home/hook" <<-'END'
	#!/bin/sh
	# NAME [exit status] : notes that it ran and what it was told
	echo "$1" >>"${0%/*}/order"
	cat >"${0%/*}/told.$1"
	echo "out $1"
	echo "err $1" >&2
	exit ${2:-0}
END
chmod 755 "$home/hook"
hook() { echo "{path: \"$home/hook\", args: [\"hook\", \"$1\", \"${2:-0}\"]}"; }
# Hooks in the container find the script by a bind mount at the same path.
seen=".mounts += [{destination: \"$home\", type: \"bind\", source: \"$home\", options: [\"rbind\", \"rw\"]}] | .process.env += [\"HOME=/\"]"
ordered() { tr '\n' ' ' <"$home/order"; rm -f "$home/order"; }
six="$seen | .hooks = {prestart: [$(hook prestart)], createRuntime: [$(hook createRuntime)], createContainer: [$(hook createContainer)],
	startContainer: [$(hook startContainer)], poststart: [$(hook poststart)], poststop: [$(hook poststop1 3), $(hook poststop2)]} | .annotations = {a: \"b/c\"}"
bundle hooked 'sleep 1000' "$six"
check "hooks: create" rt create --bundle "$home/hooked" hooked
check "hooks: those of create, in order" equal "prestart createRuntime createContainer " "$(ordered)"
check "hooks: those of create are told creating and the pid they see" equal "creating $(pid_of hooked) creating 1" \
	"$(jq -r '"\(.status) \(.pid)"' "$home/told.createRuntime" "$home/told.createContainer" | xargs)"
check "hooks: the state is compact and its slashes are plain" matches '^\{"ociVersion":"[^ ]*","id":"hooked".*"a":"b/c"\}' "$(cat "$home/told.prestart")"
hooked_start() { rt start hooked >"$home/start.out" 2>&1; }
check "hooks: start" hooked_start
check "hooks: what they print is not the container's" equal "" "$(cat "$home/start.out")"
check "hooks: those of start, in order" equal "startContainer poststart " "$(ordered)"
check "hooks: startContainer is told created, poststart running" equal "created 1 running $(pid_of hooked)" \
	"$(jq -r '"\(.status) \(.pid)"' "$home/told.startContainer" "$home/told.poststart" | xargs)"
check "hooks: delete, though one of poststop fails" rt delete --force hooked
check "hooks: every one of poststop ran" equal "poststop1 poststop2 " "$(ordered)"
check "hooks: poststop is told stopped" equal stopped "$(jq -r .status "$home/told.poststop2")"
# fails_at POINT COMMAND… : the hook of POINT exits with 7, COMMAND fails and says so; the container is gone and poststop has run.
fails_at() {
	local point=$1 out
	shift
	out=$("$@" 2>&1) && { echo "no error"; return 1; }
	matches "$point hook #0: .*exit status 7: err $point" "$out" && gone "bad$point" && matches 'poststop1 poststop2 $' "$(ordered)"
}
for point in prestart createRuntime createContainer; do
	bundle "bad$point" 'sleep 1000' "$six" ".hooks.$point = [$(hook $point 7)]"
	check "hooks: a failure of $point is one of create" fails_at $point rt create --bundle "$home/bad$point" "bad$point"
done
for point in startContainer poststart; do
	bundle "bad$point" 'sleep 1000' "$six" ".hooks.$point = [$(hook $point 7)]"
	rt create --bundle "$home/bad$point" "bad$point" </dev/null >/dev/null 2>&1
	check "hooks: a failure of $point is one of start, and the end" fails_at $point rt start "bad$point"
	check "hooks: the same for run" fails_at $point rt run --bundle "$home/bad$point" "bad$point"
done
printf '#!/bin/sh\n(sleep 987 & sleep 987)\n' >"$home/slowly"
chmod 755 "$home/slowly"
bundle slow true ".hooks.prestart = [{path: \"$home/slowly\", timeout: 1}]"
slow() { says_run=$(run slow 2>&1) && return 1; matches 'past specified timeout of 1 s' "$says_run" && ! pgrep -f 'sleep 987' >/dev/null; }
check "hooks: one that takes too long is killed with what it started" slow
bundle noted 'echo inside' "$seen | .hooks = {prestart: [$(hook prestart)], startContainer: [$(hook startContainer)], poststop: [$(hook poststop)]}" \
	".annotations = {\"run.oci.hooks.stdout\": \"$home/hooks.out\", \"run.oci.hooks.stderr\": \"hooks.err\"}"
check "hooks: annotations send their output to files" equal inside "$(run noted 2>&1)"
check "hooks: standard output, of all of them" equal "out prestart out startContainer out poststop" "$(xargs <"$home/hooks.out")"
check "hooks: standard error, relative to the bundle" equal "err prestart err startContainer err poststop" "$(xargs <"$home/noted/hooks.err")"
check "hooks: a path that is not absolute" says hookbad 'hooks\.prestart\[0\]\.path' '.hooks.prestart = [{path: "true"}]'
check "hooks: a timeout of nothing" says hookzero 'hooks\.poststop\[0\]\.timeout' '.hooks.poststop = [{path: "/bin/true", timeout: 0}]'
rm -f "$home/order"

# --- names, propagation ---

propagation='while read -r line; do set -- $line; [ "$5" = "$at" ] && { shift 6; echo "$1" | sed "s/:.*//"; }; done </proc/self/mountinfo'
for word in private:- slave:- shared:shared rprivate:- rslave:- rshared:shared unbindable:unbindable runbindable:unbindable; do
	check "rootfsPropagation: ${word%:*}" prints "prop${word%:*}" "at=/; $propagation" "${word#*:}" ".linux.rootfsPropagation = \"${word%:*}\""
done
check "rootfsPropagation: runbindable reaches what is below" prints propbelow "at=/proc; $propagation" unbindable '.linux.rootfsPropagation = "runbindable"'
check "rootfsPropagation: private does not" prints propnotbelow "at=/proc; $propagation" - '.linux.rootfsPropagation = "private"'
check "rootfsPropagation: no such word" says propbad 'linux\.rootfsPropagation' '.linux.rootfsPropagation = "public"'
check "domainname" prints domain 'cat /proc/sys/kernel/domainname' example.org '.domainname = "example.org"'
check "a hostname too long for the kernel" says longname 'hostname: longer' ".hostname = \"$(printf 'a%.0s' {1..65})\""
check "timeOffsets: an unknown clock" says clockbad "timeOffsets: 'realtime'" '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {realtime: {secs: 1}}'
check "sysctl: a joined namespace that is the host's" says sysjoined "would change the host" '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
	'.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)'

# --- network devices ---

check "loopback is up" prints loup 'ip addr show lo | grep -c "inet 127.0.0.1"' 1
device() { ip link add "$1" type veth peer name "$1p" && ip addr add "$2" dev "$1" && ip link set "$1" up; }
if device dv0 192.0.2.1/24 2>/dev/null; then
	ip addr add 192.0.2.77/32 peer 198.51.100.1/32 dev dv0
	ip addr add 203.0.113.9/24 scope link dev dv0
	ip addr add 192.0.2.10/24 valid_lft 1000 preferred_lft 1000 dev dv0
	ip -6 addr add 2001:db8::1/64 nodad dev dv0 2>/dev/null
	show='ip -o addr show dev $dev | tr -s " " | cut -d" " -f3-6 | grep -v fe80 | sort; cat /sys/class/net/$dev/flags'
	wanted=$'inet 192.0.2.1/24 scope global\ninet 192.0.2.77 peer 198.51.100.1/32'
	[ ! -e /proc/sys/net/ipv6 ] || wanted+=$'\ninet6 2001:db8::1/64 scope global'
	check "netDevices: a clash of names is an error" says devclash "name in the container network device 'lo'" '.linux.netDevices = {dv0: {name: "lo"}}'
	check "netDevices: and the device is where it was" equal "dv0 192.0.2.1/24" "$(ip -o -4 addr show dev dv0 | tr -s ' ' | cut -d' ' -f2,4 | head -1)"
	check "netDevices: no such device" says devnone "look up network device 'nosuch'" '.linux.netDevices = {dv0: {}, nosuch: {}}'
	check "netDevices: the others are back, up" matches '^[0-9]+: dv0.*LOWER_UP|^[0-9]+: dv0.*,UP' "$(ip -o link show dev dv0)"
	check "netDevices: a failing hook brings them back" says devhook 'hook #0' '.linux.netDevices = {dv0: {name: "eth0"}}' '.hooks = {createRuntime: [{path: "/bin/false"}]}'
	check "netDevices: with their addresses" equal "192.0.2.1/24 192.0.2.77/32" "$(ip -o -4 addr show dev dv0 | tr -s ' ' | sed 's/ peer [^ ]*/\/32/' | cut -d' ' -f4 | sort | xargs)"
	bundle dev "dev=eth7; $show; cat /proc/sys/net/ipv4/conf/eth7/forwarding" '.linux.netDevices = {dv0: {name: "eth7"}}' '.linux.sysctl = {"net.ipv4.conf.eth7.forwarding": "1"}'
	check "netDevices: renamed, up, with its permanent global addresses, before sysctls" equal "$wanted"$'\n0x1003\n1' "$(run dev 2>&1)"
	check "netDevices: it is not brought back" fails ip link show dev dv0
	device dv1 192.0.2.11/24
	device dv2 192.0.2.12/24
	check "netDevices: names from a template" prints devtemplate 'ls /sys/class/net | xargs' 'lan0 lan1 lo' '.linux.netDevices = {dv1: {name: "lan%d"}, dv2: {name: "lan%d"}}'
	device dv3 192.0.2.13/24
	ip netns add "fields$$"
	check "netDevices: into a namespace that is there" prints devjoin 'ls /sys/class/net | xargs' 'dv3 lo' \
		".linux.netDevices = {dv3: {}}" ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/fields$$\" else . end)"
	check "netDevices: where it stays" ip -n "fields$$" link show dev dv3
	ip netns del "fields$$"
else
	skip "netDevices" "no veth here"
fi
check "netDevices: without a network namespace" says devhost 'linux\.netDevices' '.linux.netDevices = {lo: {}}' '.linux.namespaces |= map(select(.type != "network"))'

# --- intelRdt ---

check "intelRdt: a class that is a path" says rdtpath 'linux\.intelRdt\.closID' '.linux.intelRdt = {closID: "a/b"}'
if grep -q ' resctrl ' /proc/mounts; then
	skip "intelRdt without resctrl" "this host has it"
else
	check "intelRdt: without resctrl an error" says rdtnone 'linux\.intelRdt: no resctrl mount' '.linux.intelRdt = {l3CacheSchema: "L3:0=f"}'
	bundle rdtupdate 'sleep 1000'
	up rdtupdate
	rdt_update() { out=$(rt update --mem-bw-schema "$1" rdtupdate 2>&1) && return 1; matches "$2" "$out"; }
	check "intelRdt: update says so, too" rdt_update MB:0=20 'no resctrl mount'
	check "intelRdt: update checks the line" rdt_update L3:0=f 'memBwSchema'
	down rdtupdate
fi

runtime_done
