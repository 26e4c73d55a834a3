# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# checkpoint and restore: first what is said to criu, by one that only listens (tests/lib/fake-criu); then, where the real one
# works (it does in the virtual machine), that what was written comes back.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

images=$home/images
export FAKE_CRIU=$home/asked FAKE_CRIU_DO=
fake=$here/../lib/fake-criu
long='trap "exit 0" TERM; while :; do sleep 1; done'

# The last request, filtered: asked JQ_FILTER
asked() { tail -1 "$FAKE_CRIU" | jq -rc "$1"; }
crt() { rt --criu "$fake" "$@"; }
# says WANTED_REGEX COMMAND… : the command fails and says so
says() {
	local wanted=$1 out
	shift
	out=$("$@" 2>&1) && { echo "succeeded: $out"; return 1; }
	matches "$wanted" "$out"
}
# A fresh running container NAME (its filters follow), and no images.
ready() {
	local name=$1
	shift
	rm -rf "$images" "$FAKE_CRIU"
	bundle "$name" "$long" "$@" && up "$name"
}
restore() { crt restore --detach --bundle "$home/$1" --image-path "$images" "${@:2}" "$1" </dev/null >"$home/out" 2>&1; }

# --- what a dump says ---

dump_says() {
	ready dump ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$home\", options: [\"rbind\", \"ro\"]}]" || return
	local pid=$(pid_of dump)
	crt checkpoint --image-path "$images" --leave-running dump || return
	equal "[1,$pid,true,true,\"dump.log\",4]" "$(asked '[.type,.opts.pid,.opts.leave_running,.opts.notify_scripts,.opts.log_file,.opts.log_level]')" &&
		equal "$images" "$(asked '.opts["images_dir_fd.path"]')" && equal "$images" "$(asked '.opts["work_dir_fd.path"]')" &&
		equal '{"key":"/data","val":"/data"}' "$(asked '.opts.ext_mnt[] | select(.val == "/data")')" &&
		equal '{"key":"/proc/keys","val":"/dev/null"}' "$(asked '.opts.ext_mnt[] | select(.key == "/proc/keys")')" &&
		equal true "$(asked '.opts.orphan_pts_master')" && equal null "$(asked '.opts.external | if . then (map(select(startswith("net"))) | if . == [] then null else . end) else null end')" &&
		equal running "$(status_of dump)" && equal 700 "$(stat -c %a "$images")" && [ -e "$images/core.img" ]
}
descriptors_said() {
	equal 3 "$(jq length "$images/descriptors.json")" && equal 600 "$(stat -c %a "$images/descriptors.json")" &&
		equal "$(jq -c '[.[] | select(startswith("file["))] | unique' "$images/descriptors.json")" "$(asked '[.opts.external[] | select(startswith("file["))] | unique')" &&
		equal 2 "$(jq '[.[] | select(startswith("file["))] | unique | length' "$images/descriptors.json")"
}
freezer_said() {
	if v2; then equal "$cg/$slice/dump" "$(asked .opts.freeze_cgroup)"; else equal "$cg/freezer/$slice/dump" "$(asked .opts.freeze_cgroup)"; fi
}
options_said() {
	rm -rf "$images"
	crt checkpoint --image-path "$images" --work-path "$home/work" --leave-running --tcp-established --tcp-skip-in-flight --link-remap --ext-unix-sk --shell-job \
		--lazy-pages --file-locks --auto-dedup --manage-cgroups-mode ignore --empty-ns network --network-lock nftables --page-server 127.0.0.1:27 --status-fd 7 dump 7>"$home/status" || return
	equal '[true,true,true,true,true,true,true,true,0,1073741824,2,{"address":"127.0.0.1","port":27}]' \
		"$(asked '.opts | [.tcp_established,.tcp_skip_in_flight,.link_remap,.ext_unix_sk,.shell_job,.lazy_pages,.file_locks,.auto_dedup,.manage_cgroups_mode,.empty_ns,.network_lock,.ps]')" &&
		equal "$home/status" "$(asked '.opts["status_fd.path"]')" && equal "$home/work" "$(asked '.opts["work_dir_fd.path"]')"
}
predump_said() {
	rm -rf "$images" && mkdir -p "$images/first"
	crt checkpoint --image-path "$images/first" --pre-dump dump && equal 4 "$(asked .type)" && equal null "$(asked .opts.ext_mnt)" && equal running "$(status_of dump)" &&
		[ ! -e "$images/first/descriptors.json" ] && crt checkpoint --image-path "$images/second" --parent-path ../first --leave-running dump &&
		equal '["../first",true]' "$(asked '.opts | [.parent_img,.track_mem]')"
}
goes_away() {
	rm -rf "$images"
	crt checkpoint --image-path "$images" dump && fails rt state dump && equal "" "$(cgroups_of dump)"
}
joined_said() {
	local pid ino
	ip netns add "n$$" || return
	ready joined ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/n$$\" else . end)" || return
	ino=$(stat -L -c %i "/run/netns/n$$")
	crt checkpoint --image-path "$images" joined || return
	equal "net[$ino]:extRootNetNS" "$(asked '.opts.external[] | select(startswith("net"))')" || return
	restore joined || { cat "$home/out"; return 1; }
	equal "[\"extRootNetNS\",\"/run/netns/n$$\"]" "$(asked '.opts.inherit_fd[] | select(.key == "extRootNetNS") | [.key,.path]')"
	local r=$?
	down joined
	ip netns del "n$$"
	return $r
}
config_said() {
	: >"$home/criu.conf"
	ready conf ".annotations = {\"org.criu.config\": \"$home/criu.conf\"}" && crt checkpoint --image-path "$images" --leave-running conf &&
		equal "$home/criu.conf" "$(asked .opts.config_file)" && rm "$home/criu.conf" &&
		says "org.criu.config: open '$home/criu.conf': no such file" crt checkpoint --image-path "$images" --leave-running conf
	local r=$?
	down conf
	return $r
}

# --- what a restore says ---

restore_says() {
	ready back '.linux.resources.pids = {limit: 55}' "$hook_filter" ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$home\", options: [\"bind\"]}]" &&
		crt checkpoint --image-path "$images" back || return
	rm -rf "$FAKE_CRIU" "$home"/hook.*
	restore back --pid-file "$home/pid" --tcp-close --lsm-profile apparmor:x --lsm-mount-context ctx || { cat "$home/out"; return 1; }
	equal '[2,true,true,true,"restore.log",true,"apparmor:x","ctx"]' \
		"$(asked '[.type,.opts.rst_sibling,.opts.evasive_devices,.opts.notify_scripts,.opts.log_file,.opts.tcp_close,.opts.lsm_profile,.opts.lsm_mount_context]')" &&
		equal "{\"key\":\"/data\",\"val\":\"$home\"}" "$(asked '.opts.ext_mnt[] | select(.key == "/data")')" &&
		equal '{"key":"/dev/null","val":"/dev/null"}' "$(asked '.opts.ext_mnt[] | select(.key == "/dev/null")')"
}
root_is_mounted() {
	equal true "$(asked '.opts["root.is_mounted"]')" && equal "$(ls -1 "$rootfs" | jq -Rcn '[inputs] | sort')" "$(asked '.opts["root.names"]')" &&
		equal 0 "$(grep -c "$(asked .opts.root)" /proc/self/mountinfo)" && [ ! -e "$home/state/back/root" ]
}
cgroups_said() {
	if v2; then equal "[{\"path\":\"/$slice/back\"}]" "$(asked .opts.cg_root)"; else
		equal "/$slice/back" "$(asked '.opts.cg_root[] | select(.ctrl == "pids") | .path')"; fi && equal 55 "$(limit back pids.max)"
}
descriptors_given() {
	equal "$(jq -rc '[.[] | select(startswith("file["))]' "$images/descriptors.json")" "$(asked '[.opts.inherit_fd[].key]')" &&
		equal '["/dev/null","'"$home"'/out","'"$home"'/out"]' "$(asked '[.opts.inherit_fd[].path]')"
}
it_runs() {
	equal running "$(status_of back)" && equal "$(pid_of back)" "$(cat "$home/pid")" && equal restored "$(tr '\0' '\n' <"/proc/$(pid_of back)/cmdline" | head -1)" &&
		equal "createRuntime creating" "$(cat "$home/hook.log")"
}
hook() { jq -nc --arg n "$1" --arg log "$home/hook.log" '[{path: "/bin/sh", args: ["sh", "-c", "echo \($n) $(grep -o \"status\\\":\\\"[a-z]*\" | cut -c10-) >>\($log)"]}]'; }
hook_filter=".hooks = {createRuntime: $(hook createRuntime), poststart: $(hook poststart), poststop: $(hook poststop)}"
it_ends() { crt delete --force back && gone back && equal "poststop stopped" "$(tail -1 "$home/hook.log")"; }
another_id() {
	cp -r "$home/back" "$home/other" && jq ".linux.cgroupsPath = \"/$slice/other\"" "$home/back/config.json" >"$home/other/config.json" && restore other &&
		equal running "$(status_of other)" && down other
}
ignore_is_inside() {
	restore back --manage-cgroups-mode ignore && asked .opts.cgroup | grep -q "/$slice/back" && down back
}
terminal_comes() {
	ready tty '.process.terminal = true' 2>/dev/null
	bundle tty "$long" '.process.terminal = true'
	mkdir -p "$images" && echo '[]' >"$images/descriptors.json"
	python3 "$here/../lib/console" "$home/console.sock" "$home/console.out" &
	local console=$! r
	until_true test -S "$home/console.sock"
	FAKE_CRIU_DO=terminal restore tty --console-socket "$home/console.sock"
	r=$?
	kill $console
	wait $console 2>/dev/null
	equal running "$(status_of tty)" || r=1
	down tty
	return $r
}
foreground() {
	FAKE_CRIU_DO= crt restore --bundle "$home/back" --image-path "$images" back </dev/null >"$home/out" 2>&1 &
	local job=$! status
	until_true status_is back running || return
	kill -KILL "$(pid_of back)"
	wait $job
	status=$?
	equal 137 $status && gone back
}

# --- what can go wrong ---

# A failed dump leaves the container running and no descriptors.json; a failed restore leaves nothing.
dump_fails() {
	rm -rf "$images" && FAKE_CRIU_DO=$1 says "$2" crt checkpoint --image-path "$images" fail && equal running "$(status_of fail)" && [ ! -e "$images/descriptors.json" ]
}
restore_fails() {
	bundle lost "$long" && mkdir -p "$images" && { [ -e "$images/descriptors.json" ] || echo '[]' >"$images/descriptors.json"; } &&
		FAKE_CRIU_DO=$1 says "$2" crt restore --detach --bundle "$home/lost" --image-path "$images" lost && gone lost && [ ! -e "$home/state/lost" ]
}
interrupted() {
	bundle lost "$long"
	rm -f "$FAKE_CRIU"
	FAKE_CRIU_DO=hang "$runtime" --root "$home/state" --criu "$fake" restore --bundle "$home/lost" --image-path "$images" lost >"$home/out" 2>&1 </dev/null &
	local job=$!
	until_true grep -q '"type": 2' "$FAKE_CRIU"
	kill -TERM $job
	wait $job && return 1
	matches "interrupted by signal 15" "$(cat "$home/out")" && gone lost
}
killed() {
	bundle lost "$long"
	rm -f "$FAKE_CRIU"
	FAKE_CRIU_DO=hang "$runtime" --root "$home/state" --criu "$fake" restore --detach --bundle "$home/lost" --image-path "$images" lost >"$home/out" 2>&1 </dev/null &
	local job=$! criu
	until_true grep -q '"type": 2' "$FAKE_CRIU"
	criu=$(pgrep -P $job)
	kill -KILL $job
	wait $job
	kill -KILL "$criu"
	equal creating "$(status_of lost)" && rt delete --force lost && gone lost
}
# Every step fails in turn, and the program is killed before each.
dump_steps() { sed -n 's/.*{ "\(dump\.[a-z]*\)".*/\1/p' "$source/dump.c"; }
restore_steps() { echo state.reserve cgroup.note cgroup.create cgroup.limits; sed -n 's/.*{ "\(restore\.[a-z]*\)",  *\(NULL\|has_pid_file\),.*/\1/p' "$source/restore.c"; }
each_dump_step() {
	local step
	for step in $(dump_steps); do
		rm -rf "$images"
		FAKE_CRIU_DO='' TARE_FAULT=step:$step says "$step" crt checkpoint --image-path "$images" --leave-running fail && [ ! -e "$images/descriptors.json" ] &&
			equal running "$(status_of fail)" || { [ "$step" = dump.remove ] || return 1; }
		FAKE_CRIU_DO='' TARE_FAULT=kill:$step crt checkpoint --image-path "$images" --leave-running fail
		equal running "$(status_of fail)" || return
	done
}
each_restore_step() {
	local step
	bundle lost "$long"
	rm -rf "$images" && mkdir -p "$images" && echo '[]' >"$images/descriptors.json"
	for step in $(restore_steps); do
		FAKE_CRIU_DO='' TARE_FAULT=step:$step says "$step" restore_out lost --pid-file "$home/pid.lost" && gone lost && [ ! -e "$home/pid.lost" ] || return
		FAKE_CRIU_DO='' TARE_FAULT=kill:$step restore lost
		rt delete --force lost >/dev/null 2>&1
		gone lost || { echo "after kill:$step"; return 1; }
	done
}
status_closed() { says "descriptor 9 is not open for writing" crt checkpoint --status-fd 9 --image-path "$images" fail 9>&-; }
restore_out() { restore "$@" || { cat "$home/out"; return 1; }; }
hostile_images() {
	mkdir -p "$home/evil" && echo canary >"$home/canary"
	bundle lost "$long"
	crt_evil() { timeout 20 env FAKE_CRIU_DO="$1" "$runtime" --root "$home/state" --criu "$fake" restore --detach --bundle "$home/lost" --image-path "$home/evil" lost </dev/null; }
	ln -s "$home/canary" "$home/evil/restore.log" && echo '[]' >"$home/evil/descriptors.json" && says "the cause of it" crt_evil fail &&
		equal canary "$(cat "$home/canary")" && ln -sf "$home/canary" "$home/evil/descriptors.json" && says "descriptors.json': (symbolic link loop|too many)" crt_evil ok &&
		rm "$home/evil/descriptors.json" && mkfifo "$home/evil/descriptors.json" && says "descriptors.json': invalid" crt_evil ok &&
		rm "$home/evil/descriptors.json" && head -c 20000 /dev/zero | tr '\0' ' ' >"$home/evil/descriptors.json" && says "descriptors.json': " crt_evil ok &&
		echo '["extRootNetNS","pipe:[1]","a","b"]' >"$home/evil/descriptors.json" && says "more than the three" crt_evil ok && gone lost
}

if command -v python3 >/dev/null && [ -e "$fake" ]; then
	check "a dump names the container, its mounts and where to write" dump_says
	check "standard descriptors from outside are external, and noted beside the images" descriptors_said
	check "the freezer is the container's" freezer_said
	check "every option of checkpoint reaches criu" options_said
	check "pre-dump writes memory only, and is a parent" predump_said
	check "without --leave-running the container goes away" goes_away
	check "a network namespace joined by path is external, and handed back" joined_said
	check "org.criu.config names criu's own options" config_said
	check "a restore says where mounts come from now" restore_says
	check "the rootfs is a mount for criu alone" root_is_mounted
	check "the cgroup stands with its limits, and criu is told where" cgroups_said
	check "our descriptors stand for those of then" descriptors_given
	check "the restored process is the container, after its hooks" it_runs
	check "delete ends it like any other" it_ends
	check "images come back as another container" another_id
	check "with --manage-cgroups-mode ignore criu stands in the container's cgroup" ignore_is_inside
	check "in the foreground restore waits, and its status is the container's" foreground
	check "a terminal goes to the console socket" terminal_comes
	bundle fail "$long" && up fail
	source=$here/../../src/runtime/checkpoint
	check "every step of a dump fails, and is killed: the container runs on" each_dump_step
	check "a dump that fails says criu's reason and where the log is" dump_fails fail "checkpoint failed: dump.call: criu: the cause of it \(see '$images/dump.log'\)"
	check "criu dies during a dump" dump_fails die "criu was killed by signal 9"
	check "an answer that is no message" dump_fails garbage "answer of criu: criu_resp: cut short or no message"
	check "a notification without a name" dump_fails empty "notification without a name"
	check "an answer to another question" dump_fails type "answered with type 10, expected 1"
	check "an answer that is too long" dump_fails truncated "receive an answer of criu: message too l"
	check "an old criu is refused by number" dump_fails old "criu 2.12.0 is too old: 3.[0-9]+ or newer is needed"
	check "what criu cannot do is refused before it does anything" says "unsupported: criu says that this kernel cannot track" env FAKE_CRIU_DO=no-features "$runtime" --root "$home/state" --criu "$fake" checkpoint --pre-dump --image-path "$images" fail
	check "criu is not there" says "checkpoint failed: dump.criu: criu not found in PATH: install the package criu" env PATH=/nowhere "$(command -v "$runtime")" --root "$home/state" checkpoint --image-path "$images" fail
	check "--criu names no program" says "'/nowhere/criu' is no program" rt --criu /nowhere/criu checkpoint --image-path "$images" fail
	check "words that make no sense" says "--manage-cgroups-mode: unknown word 'x'" crt checkpoint --manage-cgroups-mode x --image-path "$images" fail
	check "a parent path is relative" says "must be relative" crt checkpoint --parent-path /x --image-path "$images" fail
	check "a parent that is not there" says "parent-path 'x': no such file" crt checkpoint --parent-path x --image-path "$images" fail
	check "a status descriptor that is not open" status_closed
	down fail
	bundle fresh "$long" && rt create --bundle "$home/fresh" fresh </dev/null >"$home/fresh.out" 2>&1
	check "a created container cannot be checkpointed" says "cannot be checkpointed in created state" crt checkpoint --image-path "$images" fresh
	down fresh
	check "a missing container" says "container does not exist: 'nobody'" crt checkpoint --image-path "$images" nobody
	rm -rf "$images"
	check "a restore that fails leaves nothing" restore_fails fail "restore failed: restore.call: criu: the cause of it \(see '$images/restore.log'\)"
	check "nor one that fails when the process is there" restore_fails fail-late "criu: it was not to be"
	check "nor one whose criu dies" restore_fails die "criu was killed by signal 9"
	check "nor one without a first process" restore_fails no-pid "look at the restored process 0"
	check "nor one with an old criu" restore_fails old "is too old"
	check "a terminal that config.json does not know is refused" restore_fails terminal "images hold a terminal, the config.json none"
	check "images that are not there" says "open the directory '/nowhere'" crt restore --bundle "$home/lost" --image-path /nowhere lost
	check "every step of a restore fails, and is killed: nothing is left" each_restore_step
	check "an interrupted restore leaves nothing" interrupted
	check "a restore that was killed is gone after delete --force" killed
	check "hostile images reach no other file, and do not make us wait" hostile_images
fi

runtime_done
