# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# checkpoint and restore with the real criu, which does not work with every kernel: here it does. What is said to it, and what
# happens when it fails, is tested on the host (tests/runtime/checkpoint.sh).

# shellcheck source=tests/runtime/lib.bash
. /tests/runtime/lib.bash

images=$home/images
# Each container counts in a file of its own rootfs, which goes along to nowhere: it stays.
count='i=0; while :; do i=$((i + 1)); echo $i >/count; sleep 0.1; done'
# ready NAME SCRIPT [FILTER…]: runs, with a rootfs of its own, without images.
ready() {
	rm -rf "$images"
	mkdir -p "$home/$1/rootfs" && cp -a "$rootfs/." "$home/$1/rootfs/" && bundle "$1" "$2" ".root.path = \"$home/$1/rootfs\"" "${@:3}" && up "$1"
}
restore() { rt restore --detach --bundle "$home/$1" --image-path "$images" "${@:2}" "$1" </dev/null >"$home/$1.out" 2>&1 || { cat "$home/$1.out"; return 1; }; }
# The file is empty while the counter writes it anew, or stopped at that moment: then another look, or 0.
counted() {
	local i n=
	for ((i = 0; i < 50; i++)); do
		n=$(cat "$home/$1/rootfs/count" 2>/dev/null) || break
		[ -z "$n" ] || break
	done
	echo "${n:-0}"
}
counts() {
	local from
	from=$(counted "$1")
	until_true more "$1" "$((from + 2))"
}
more() { [ "$(counted "$1")" -ge "$2" ]; }

# A counter does not begin again.
comes_back() {
	ready counter "$count" '.linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 33}' && counts counter || return
	rt checkpoint --image-path "$images" counter || return
	fails rt state counter && equal "" "$(cgroups_of counter)" || return
	local at
	at=$(counted counter)
	[ "$at" -ge 2 ] && restore counter --pid-file "$home/pid" || return
	more counter "$at" && counts counter && equal running "$(status_of counter)" && equal "$(cat "$home/pid")" "$(pid_of counter)"
}
same_limits() { equal 67108864 "$(limit counter memory.max)" && equal 33 "$(limit counter pids.max)" && grep -qx "$(pid_of counter)" "$cg/$slice/counter/cgroup.procs"; }
same_mounts() {
	local pid
	pid=$(pid_of counter)
	equal "ro" "$(awk '$5 == "/proc/sys" { print substr($6, 1, 2) }' "/proc/$pid/mountinfo")" && equal 2 "$(awk '$5 ~ /^\/proc\/k/ && $4 == "/null"' "/proc/$pid/mountinfo" | wc -l)" &&
		equal 0 "$(grep -c "$home/state" "/proc/$pid/mountinfo")"
}
exec_inside() { equal 1 "$(rt exec counter sh -c 'echo $PPID; kill -0 1 && echo 1' | tail -1)" && rt pause counter && rt resume counter && counts counter; }
another() {
	rm -rf "$images"
	rt checkpoint --image-path "$images" counter && mkdir -p "$home/other" && jq ".linux.cgroupsPath = \"/$slice/other\"" "$home/counter/config.json" >"$home/other/config.json" &&
		restore other && counts counter && equal "0::/$slice/other" "$(cat "/proc/$(pid_of other)/cgroup")" && equal "" "$(cgroups_of counter)" && down other && gone other
}
stays() {
	ready stays "$count" && counts stays && rt checkpoint --leave-running --image-path "$images" stays && equal running "$(status_of stays)" && counts stays &&
		[ -s "$images/core-1.img" ] && down stays && restore stays && counts stays && down stays
}
paused() {
	ready paused "$count" && counts paused && rt pause paused && rt checkpoint --image-path "$images" paused && fails rt state paused && restore paused && counts paused && down paused
}
in_two_parts() {
	ready parts "$count" && counts parts && equal "" "$(rt checkpoint --pre-dump --image-path "$images/first" parts 2>&1)" && equal running "$(status_of parts)" && counts parts &&
		rt checkpoint --image-path "$images/second" --parent-path ../first parts && [ -L "$images/second/parent" ] || return
	images=$images/second restore parts && counts parts
	local r=$?
	down parts
	return $r
}
lo='.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
talk='ip link set lo up; sleep 1000 | nc -l -p 9999 >/count.log & sleep 1; i=0; while :; do i=$((i + 1)); echo $i; echo $i >/count; sleep 0.1; done | nc 127.0.0.1 9999'
got() { [ "$(wc -l <"$home/tcp/rootfs/count.log")" -gt "$1" ]; }
connected() {
	ready tcp "$talk" "$lo" && until_true got 2 || return
	says "TCP" rt checkpoint --image-path "$images" tcp && equal running "$(status_of tcp)" && rt checkpoint --tcp-established --image-path "$images" tcp || return
	local before
	before=$(wc -l <"$home/tcp/rootfs/count.log")
	restore tcp --tcp-established && until_true got "$((before + 3))" || return
	# Not one line is lost or doubled.
	cp "$home/tcp/rootfs/count.log" "$home/tcp.log" && equal "$(seq "$(wc -l <"$home/tcp.log")")" "$(head -n "$(wc -l <"$home/tcp.log")" "$home/tcp.log")"
}
says() {
	local wanted=$1 out
	shift
	out=$("$@" 2>&1) && { echo "succeeded: $out"; return 1; }
	matches "$wanted" "$out"
}
bound() {
	mkdir -p "$home/here" "$home/there" && echo here >"$home/here/name" && echo there >"$home/there/name" || return
	ready bound 'while :; do cat /data/name >/count; sleep 0.1; done' ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$home/here\", options: [\"bind\", \"ro\"]}]" &&
		until_true counted_is bound here && rt checkpoint --image-path "$images" bound || return
	sed -i "s,$home/here,$home/there," "$home/bound/config.json"
	restore bound && until_true counted_is bound there && matches '^ro' "$(awk '$5 == "/data" { print $6 }' "/proc/$(pid_of bound)/mountinfo")" && down bound
}
counted_is() { equal "$2" "$(counted "$1")"; }
hook() { jq -nc --arg n "$1" --arg log "$home/hook.log" '[{path: "/bin/sh", args: ["sh", "-c", "echo \($n) $(grep -o \"status\\\":\\\"[a-z]*\" | cut -c10-) >>\($log)"]}]'; }
# The log is at the same place inside, for those that run there. $1: the one under test and runc do the same. runc 1.1.5 can only dump a container
# whose streams are from inside.
hooks_run() {
	local runtime=$1 all r
	all=$(for h in prestart createRuntime createContainer startContainer poststart poststop; do jq -n --arg h $h --argjson v "$(hook $h)" '{($h): $v}'; done | jq -sc add)
	forget && ready hooked "exec </dev/null >/dev/null 2>&1; $count" ".hooks = $all" ".mounts += [{destination: \"$home/hook.log\", type: \"bind\", source: \"$home/hook.log\", options: [\"bind\"]}]" && counts hooked &&
		called prestart createRuntime createContainer startContainer poststart && forget && rt checkpoint --image-path "$images" hooked && called poststop && forget &&
		restore hooked && called prestart createRuntime && counts hooked && cp "$home/hook.log" "$home/restored.log" && forget && down hooked && called poststop
	r=$?
	down hooked
	return $r
}
forget() { : >"$home/hook.log"; }
# In any order: runc 1.1.5 runs startContainer behind poststart.
called() { equal "$(printf '%s\n' "$@" | sort)" "$(cut -d' ' -f1 "$home/hook.log" | sort)"; }
hooks_told() { equal $'prestart creating\ncreateRuntime creating' "$(cat "$home/restored.log")"; }
# In a user namespace criu is not root of the host: images must be readable for all (the README says why), and what is its output for root inside.
user_namespace() {
	local ids='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	rm -rf "$images"
	mkdir -p "$home/mapped/rootfs" && cp -a "$rootfs/." "$home/mapped/rootfs/" && chown -R 100000:100000 "$home/mapped/rootfs" && : >"$home/mapped.out" && chown 100000 "$home/mapped.out" &&
		bundle mapped "$count" ".root.path = \"$home/mapped/rootfs\"" "$ids" && up mapped && counts mapped && rt checkpoint --image-path "$images" mapped || return
	! restore mapped >/dev/null && grep -q "Permission denied" "$home/mapped.out" && gone mapped && chmod -R a+rX "$images" && restore mapped && counts mapped || return
	equal "0 100000 65536" "$(echo $(cat "/proc/$(pid_of mapped)/uid_map"))" && equal 100000 "$(stat -c %u "/proc/$(pid_of mapped)")" && equal 0 "$(rt exec mapped id -u)" && down mapped && gone mapped
}
# The terminal of a foreground restore is a new one, whose other end we read.
terminal() {
	rm -rf "$images"
	bundle tty 'i=0; while :; do i=$((i + 1)); test -t 1 && echo tty $i; sleep 0.1; done' '.process.terminal = true' || return
	rt run --bundle "$home/tty" tty </dev/null >"$home/tty.first" 2>&1 &
	until_true grep -q 'tty 3' "$home/tty.first" && rt checkpoint --image-path "$images" tty || return
	wait $!
	rt restore --bundle "$home/tty" --image-path "$images" tty </dev/null >"$home/tty.second" 2>&1 &
	until_true grep -q 'tty' "$home/tty.second" && ! grep -qx 'tty 1' "$home/tty.second" && rt kill tty KILL || { cat "$home/tty.second"; return 1; }
	wait $!
	equal 137 $? && gone tty
}
foreground() {
	ready front 'trap "exit 7" TERM; while :; do sleep 0.1; done' && rt checkpoint --image-path "$images" front || return
	rt restore --bundle "$home/front" --image-path "$images" front </dev/null >"$home/front.out" 2>&1 &
	until_true status_is front running && rt kill front TERM || return
	wait $!
	equal 7 $? && gone front
}
netns() {
	ip netns add "n$$" || return
	ready joined "$count" ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/n$$\" else . end)" && counts joined && rt checkpoint --image-path "$images" joined &&
		restore joined && counts joined && equal "$(stat -L -c %i "/run/netns/n$$")" "$(stat -L -c %i "/proc/$(pid_of joined)/ns/net")"
	local r=$?
	down joined
	ip netns del "n$$"
	return $r
}
# The memory stays with the dumped processes until it is asked for: a page server there, criu's daemon here.
lazily() {
	ready lazy "$count" && counts lazy || return
	mkdir -p "$home/late" && jq ".linux.cgroupsPath = \"/$slice/late\"" "$home/lazy/config.json" >"$home/late/config.json"
	rt checkpoint --lazy-pages --page-server 127.0.0.1:27777 --status-fd 7 --image-path "$images" lazy 7>"$home/ready" &
	local dump=$! daemon r
	until_true test -s "$home/ready" || return
	criu lazy-pages --page-server --address 127.0.0.1 --port 27777 -D "$images" -W "$images" >"$home/daemon.out" 2>&1 &
	daemon=$!
	until_true test -S "$images/lazy-pages.socket" && restore late --lazy-pages && counts lazy
	r=$?
	wait $dump && wait $daemon && fails rt state lazy || r=1
	down late
	return $r
}
# Children of init, a pipe between them, a file that was unlinked.
family() {
	ready family 'exec 5>/gone; rm /gone; (while :; do echo x; sleep 0.1; done) | while read -r x; do i=$((i + 1)); echo $i >/count; echo $i >&5; done' && counts family &&
		rt checkpoint --link-remap --image-path "$images" family && restore family && counts family && down family
}
broken() {
	ready broken "$count" && rt checkpoint --image-path "$images" broken && : >"$images/pstree.img" && says "restore failed: restore.call: criu: .* \(see '$images/restore.log'\)" \
		rt restore --detach --bundle "$home/broken" --image-path "$images" broken && gone broken
}
ignoring() {
	ready ignoring "$count" && rt checkpoint --manage-cgroups-mode ignore --image-path "$images" ignoring && restore ignoring --manage-cgroups-mode ignore && counts ignoring &&
		equal "0::/$slice/ignoring" "$(cat "/proc/$(pid_of ignoring)/cgroup")" && down ignoring
}

check "a counter is written and goes on counting" comes_back
check "with its limits" same_limits
check "and its mounts" same_mounts
check "one can enter, pause and resume it" exec_inside
check "it comes back as another container, in another cgroup" another
check "--leave-running" stays
check "a paused container" paused
check "--pre-dump and --parent-path" in_two_parts
check "an open TCP connection" connected
down tcp
check "a bind mount comes from where config.json says now" bound
check "hooks at their points" hooks_run "$runtime"
check "which is told as at a creation" hooks_told
check "as runc has them" hooks_run runc
check "a user namespace" user_namespace
check "a terminal" terminal
check "in the foreground the status is the program's" foreground
check "a network namespace that was joined" netns
check "processes, a pipe and an unlinked file" family
check "--lazy-pages: memory comes when it is used" lazily
check "--manage-cgroups-mode ignore" ignoring
podman_through_us() {
	pod() { podman --runtime /usr/local/bin/tare-runtime --cgroup-manager "$1" "${@:2}"; }
	local r at
	rm -rf "$home/pod" && cp -a "$rootfs" "$home/pod" && pod "$1" run -d --name pod --network none --memory 64m --rootfs "$home/pod" /bin/sh -c "$count" && until_true podcount 3 || return
	pod "$1" container checkpoint pod && equal exited "$(podman inspect pod | jq -r .[0].State.Status)" && at=$(cat "$home/pod/count") &&
		pod "$1" container restore pod && until_true podcount $((at + 2)) && equal 67108864 "$(cat "$cg$(cut -d: -f3 "/proc/$(podman inspect pod | jq .[0].State.Pid)/cgroup")/memory.max")"
	r=$?
	pod "$1" rm -f -t 0 pod
	return $r
}
podcount() { [ "$(cat "$home/pod/count")" -ge "$1" ]; }
check "podman checkpoints and restores through us" podman_through_us cgroupfs
check "and where systemd has the cgroups" podman_through_us systemd
check "damaged images: criu's reason, and nothing is left" broken

runtime_done
