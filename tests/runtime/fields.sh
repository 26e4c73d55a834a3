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
check "execCPUAffinity: without a final one the kernel decides from the initial one" equal "$last" "$(rt exec --process "$home/affinity.json" aff)"
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

runtime_done
