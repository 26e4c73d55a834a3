# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cgroups from systemd: names, properties, the end of units, what a caller hears when systemd does not answer.
RUNTIME_MANAGER=systemd
. /tests/runtime/lib.bash
trap 'rm -rf "$home"; systemctl stop "$slice.slice" 2>/dev/null' EXIT

property() { systemctl show -P "$2" "$1"; }
no_unit() { equal '' "$(systemctl list-units --all --plain --no-legend "$1")"; }
# Where systemd itself has a container; v1 has no level below the scope, for nothing is delegated there.
if v2; then own=$cg mine= leaf=container; else own=$cg/systemd mine=name=systemd leaf=; fi
cgroup_of() { awk -F: -v mine="$mine" '$2 == mine { print $3 }' "/proc/$1/cgroup"; }
scope_of() { cgroup_of "$(pid_of "$1")"; }

# --- names ---

bundle web 'sleep 1000' '.linux.resources += {memory: {limit: 67108864, reservation: 33554432, swap: 134217728}, pids: {limit: 20},
	cpu: {shares: 1024, quota: 25000, period: 50000, cpus: "0"}}' '.annotations = {"org.systemd.property.TimeoutStopSec": "7", "org.systemd.property.RuntimeMaxSec": "1000.5"}'
up web
check "slice and scope are named as asked" equal "/$slice.slice/tare-web.scope${leaf:+/$leaf}" "$(scope_of web)"
check "the scope is in its slice" equal "$slice.slice" "$(property tare-web.scope Slice)"
check "state names the scope" equal tare-web.scope "$(rt state web | jq -r '."systemd-scope"')"
check "only the container is inside" equal "$(pid_of web)" "$(find "$own/$slice.slice/tare-web.scope" -name cgroup.procs -exec cat {} +)"
check "nothing else is below the scope" equal "$leaf" "$(find "$own/$slice.slice/tare-web.scope" -mindepth 1 -type d -printf '%P\n')"
check "it is delegated" equal yes "$(property tare-web.scope Delegate)"
if v2; then limits='MemoryMax=67108864 MemoryLow=33554432 MemorySwapMax=67108864 CPUWeight=100 AllowedCPUs=0' max=MemoryMax
else limits='MemoryLimit=67108864 CPUShares=1024' max=MemoryLimit; fi
for row in $limits TasksMax=20 CPUQuotaPerSecUSec=500ms CPUQuotaPeriodUSec=50ms DefaultDependencies=no MemoryAccounting=yes TimeoutStopUSec=7s "RuntimeMaxUSec=16min 40.500000s" DevicePolicy=strict CollectMode=inactive-or-failed; do
	check "systemctl show says $row" equal "$row" "$(systemctl show -p "${row%%=*}" tare-web.scope)"
done
check "device rules are systemd's, too" matches 'char-pts.*rwm' "$(property tare-web.scope DeviceAllow)"
check "the files hold the limits" equal "67108864 20 25000 50000" "$(limit web memory.max) $(limit web pids.max) $(limit web cpu.max)"
reloaded() { systemctl daemon-reload && equal "67108864 20 25000 50000" "$(limit web memory.max) $(limit web pids.max) $(limit web cpu.max)"; }
check "a reload of systemd changes nothing" reloaded
check "exec goes to the same place" equal "$(scope_of web)" \
	"$(rt exec --detach --pid-file "$home/pid" web sleep 100 </dev/null >/dev/null 2>&1; cgroup_of "$(cat "$home/pid")")"

check "update" rt update --memory 104857600 --memory-swap 209715200 --pids-limit 30 --cpu-quota 10000 web
check "reaches systemd" equal "104857600 30 200ms" "$(property tare-web.scope $max) $(property tare-web.scope TasksMax) $(property tare-web.scope CPUQuotaPerSecUSec)"
check "and the files" equal "104857600 30 10000 50000" "$(limit web memory.max) $(limit web pids.max) $(limit web cpu.max)"
check "delete --force" rt delete --force web
check "leaves no unit" no_unit 'tare-web*'
check "and no cgroup" equal '' "$(cgroups_of web)"

bundle plain 'sleep 1000' 'del(.linux.cgroupsPath)'
up plain
check "no path: tare-ID.scope in system.slice" equal "/system.slice/tare-plain.scope${leaf:+/$leaf}" "$(scope_of plain)"
v2 && check "the program can make cgroups of its own" matches 'memory.*pids' "$(cat $cg/system.slice/tare-plain.scope/container/cgroup.controllers)"
down plain
check "and is gone" no_unit 'tare-plain*'

bundle sub 'sleep 1000' '.annotations = {"run.oci.systemd.subgroup": ""}' '.linux.resources.pids = {limit: 50}'
up sub
check "an empty subgroup: the scope itself, as runc has it" equal "/$slice.slice/tare-sub.scope" "$(scope_of sub)"
check "with its limits" equal 50 "$(limit sub pids.max)"
down sub
check "it goes, too" no_unit 'tare-sub*'

bundle nested 'sleep 1000' ".linux.cgroupsPath = \"$slice-a-b.slice:p:x\""
up nested
check "slices in slices" equal "/$slice.slice/$slice-a.slice/$slice-a-b.slice/p-x.scope${leaf:+/$leaf}" "$(scope_of nested)"
down nested
bundle rootslice 'sleep 1000' '.linux.cgroupsPath = "-:p:y"'
up rootslice
check "a dash is the root slice" equal "/p-y.scope${leaf:+/$leaf}" "$(scope_of rootslice)"
down rootslice
bundle asslice 'sleep 1000' ".linux.cgroupsPath = \"$slice.slice:p:$slice-own.slice\""
up asslice
check "a name of a slice is the unit itself" equal "/$slice.slice/$slice-own.slice${leaf:+/$leaf}" "$(scope_of asslice)"
down asslice
check "and that is stopped" no_unit "$slice-own.slice"

# --- small and ended ---

check "a limit of one process" prints one 'read line </proc/self/cgroup; echo ${line##*:}' / '.linux.resources.pids = {limit: 1}'
check "one that ended by itself leaves no unit" no_unit 'tare-one*'
bundle oom 'exec dd if=/dev/zero of=/dev/null bs=200M count=1' '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
oom() { local s=0; run oom >/dev/null 2>&1 || s=$?; equal 137 $s; }
check "a program over its limit is killed" oom
check "its unit does not stay as failed" no_unit 'tare-oom*'
bundle twice 'sleep 1000' ".linux.cgroupsPath = \"$slice.slice:tare:taken\""
bundle twice2 'sleep 1000' ".linux.cgroupsPath = \"$slice.slice:tare:taken\""
up twice
check "a unit that exists is not taken over" fails up twice2
check "the message names it" matches "unit 'tare-taken.scope'.*UnitExists" "$(cat "$home/twice2.out")"
check "the first lives on" status_is twice running
down twice
gone_by_systemctl() {
	bundle stopped 'trap "" TERM; while :; do sleep 0.1; done' '.annotations = {"org.systemd.property.TimeoutStopSec": "1"}'
	up stopped
	systemctl stop tare-stopped.scope
	until_true status_is stopped stopped && rt delete stopped && no_unit 'tare-stopped*'
}
check "systemctl stop ends a container, and delete copes" gone_by_systemctl
paused() { bundle paused 'sleep 1000'; up paused && rt pause paused && status_is paused paused && rt delete --force paused && no_unit 'tare-paused*'; }
check "a paused container can be deleted" paused

# --- wrong ---

for path in /a/b a.slice:b a:b:c "$slice.slice:a:b/c" "$slice--x.slice:a:b"; do
	bundle wrong true ".linux.cgroupsPath = \"$path\""
	check "the path '$path' is refused" fails run wrong
done
bundle badprop true '.annotations = {"org.systemd.property.MemoryMax": "[[["}'
check "a value that is none is refused" matches "org.systemd.property.MemoryMax" "$(run badprop 2>&1)"
bundle noprop true '.annotations = {"org.systemd.property.NoSuchThing": "1"}'
check "a property systemd does not know is its error" matches 'NoSuchThing' "$(run noprop 2>&1)"
check "and leaves nothing" no_unit 'tare-noprop*'
check "no state either" fails rt state noprop

# --- without systemd's own socket: over the bus ---

mv /run/systemd/private /run/systemd/private.hidden
bundle bus 'sleep 1000'
check "over the message bus" up bus
check "the unit is there" equal active "$(busctl get-property org.freedesktop.systemd1 "$(busctl --json=short call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager GetUnit s tare-bus.scope | jq -r '.data[0]')" org.freedesktop.systemd1.Unit ActiveState | cut -d'"' -f2)"
check "delete over the message bus" rt delete --force bus
mv /run/systemd/private.hidden /run/systemd/private
check "leaves no unit there either" no_unit 'tare-bus*'
check "no holder stays" equal '' "$(pgrep -f 'tare-runtime.*(create|run)' || :)"

systemctl stop "$slice.slice" 2>/dev/null
runtime_done
