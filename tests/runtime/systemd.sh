# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What we say to systemd, and what a caller hears when the one who listens there is slow, broken or not systemd. Where systemd
# really is process 1, tests/vm/systemd/cgroups.sh asks it; here tests/lib/fake-bus plays its part.
RUNTIME_MANAGER=systemd
. "$(dirname "$0")/lib.bash"

socket=/run/systemd/private
log=$home/calls
if [ -e $socket ] || [ ! -x "$here/../lib/fake-bus" ] || ! command -v python3 >/dev/null; then
	skip "a bus that misbehaves" "$([ -e $socket ] && echo "there is a real one" || echo "no python here")"
	plan_done
fi
bus=
bus_end() { [ -z "$bus" ] || { kill "$bus"; wait "$bus"; } 2>/dev/null; bus=; rm -f $socket; }
trap 'bus_end; rm -rf "$home"' EXIT
bus_begin() {
	bus_end
	: >"$log"
	"$here/../lib/fake-bus" $socket "$1" "$log" 2>"$home/bus.err" &
	bus=$!
	until_true test -S $socket
}
calls() { cut -d' ' -f1 "$log" | paste -sd' '; }
# says NAME MODE REGEX: starting NAME fails at once with such a message, nothing of it stays.
says() {
	local begun=$SECONDS
	bus_begin "$2"
	fails run "$1" >"$home/said" 2>&1 || return
	matches "$3" "$(cat "$home/said")" && fails rt state "$1" && equal '' "$(cgroups_of "$1")" && [ $((SECONDS - begun)) -lt 10 ]
}

# --- all is well ---

bundle web 'sleep 1000' '.linux.resources += {pids: {limit: 20}}'
bus_begin works
check "a container starts" up web
check "one call, one unit" equal "StartTransientUnit tare-web.scope" "$(cat "$log")"
check "its state names the scope" equal tare-web.scope "$(rt state web | jq -r '."systemd-scope"')"
if ! v2; then
	check "it is inside the scope in every hierarchy that it has" equal "/$slice.slice/tare-web.scope" \
		"$(grep -E 'pids|memory|name=systemd' "/proc/$(pid_of web)/cgroup" | sed "s|.*:.*/$slice.slice|/$slice.slice|" | sort -u)"
	check "and its limits are in the files" equal 20 "$(cat "$cg/pids/$slice.slice/tare-web.scope/pids.max")"
fi
check "exec goes there, too" rt exec web true
: >"$log"
check "update" rt update --pids-limit 30 web
check "is told to systemd" equal "SetUnitProperties tare-web.scope" "$(cat "$log")"
: >"$log"
check "delete --force" rt delete --force web
check "stops the unit and forgets its failure" equal "StopUnit ResetFailedUnit" "$(calls)"
check "no cgroup stays" equal '' "$(cgroups_of web)"
check "the one who held the unit does not stay" equal '' "$(pgrep -P $$ tare-runtime)"
bundle short 'exit 7'
short_runs() { local s=0; run short || s=$?; equal 7 $s; }
bus_begin early
check "a job that ends before its call is answered" short_runs
bus_begin exists
check "a unit left as failed is reset, once" short_runs
check "in this order" equal "StartTransientUnit ResetFailedUnit StartTransientUnit" "$(calls | cut -d' ' -f1-3)"
bus_begin young
bundle short2 'exit 0' '.linux.resources.cpu = {cpus: "0"}'
check "a systemd that lacks a property gets the unit without" run short2

# --- nothing is well ---

check "a job that fails" says short failed "unit 'tare-short.scope'.*ended with 'failed'"
check "a unit that somebody has" says short taken 'UnitExists'
check "and it is not stopped" fails grep StopUnit "$log"
check "no right" says short denied 'AccessDenied: not you'
check "a connection that closes" says short close 'closed the connection|broken pipe|reset'
check "one that closes when called" says short hangup 'StartTransientUnit.*closed the connection'
check "a peer that rejects us" says short rejected "answers 'REJECTED EXTERNAL'"
check "a peer that speaks something else" says short noise "answers 'SSH-2.0-x'"
check "a message of a gigabyte" says short huge 'does not speak D-Bus'
bus_end
check "nobody there" matches "connect to systemd at '/run/dbus/system_bus_socket': no such file" "$(run short 2>&1)"
check "a path that is none of systemd's" matches "slice:prefix:name" "$(bundle odd true '.linux.cgroupsPath = "/a/b"'; run odd 2>&1)"

# --- nobody answers: each must give up by itself after 30 s; they wait at the same time ---

modes=(hang mute jobless flood)
for mode in "${modes[@]}"; do
	bundle "late-$mode" true
	unshare --mount bash -c "mount -t tmpfs tmpfs /run/systemd && '$here/../lib/fake-bus' $socket $mode & bus=\$!
		until [ -S $socket ]; do sleep 0.1; done
		begun=\$SECONDS; timeout 60 '$runtime' --root '$home/state' --systemd-cgroup run --bundle '$home/late-$mode' 'late-$mode' </dev/null >'$home/late-$mode.out' 2>&1
		echo \$? \$((SECONDS - begun)) >'$home/late-$mode.end'; kill \$bus" &
done
wait
for mode in "${modes[@]}"; do
	check "one that does not answer ($mode): an error" matches "no answer from systemd at '$socket' within 30 s" "$(cat "$home/late-$mode.out")"
	read -r status seconds <"$home/late-$mode.end"
	check "after 30 s" test "$status" = 1 -a "$seconds" -ge 29 -a "$seconds" -le 40
	check "and nothing stays" gone "late-$mode"
done

runtime_done
