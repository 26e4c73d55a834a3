# SPDX-License-Identifier: Apache-2.0
# What tare-runtime adds to the words of runc, and the combinations of namespaces that are easy to get wrong. The common
# words are in tests/runtime. Needs a busybox tree and nothing else.

lib=$BATS_TEST_DIRNAME/../lib
runtime=${RUNTIME:-${TARE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/tare-runtime}
bats_require_minimum_version 1.5.0

setup() {
	home=$(mktemp -d /tmp/runtime-bats.XXXXXX)
	chmod 755 "$home"
	mkdir -p "$home/b/rootfs"
	tar -C "$home/b/rootfs" -xf "$("$lib/make-images" busybox)/busybox.rootfs.tar"
	marker=bats-$$-$BATS_TEST_NUMBER
	config 'true'
}

teardown() {
	local id
	for id in $(rt list -q); do rt delete --force "$id" || :; done
	rm -rf --one-file-system "$home"
}

rt() { "$runtime" --root "$home/state" "$@"; }
equal() { [ "$1" = "$2" ] || { printf "wanted '%s'\ngot    '%s'\n" "$1" "$2"; return 1; }; }

# config SHELL [JQ_FILTER…]
config() {
	local sh=$1 filter
	shift
	jq -n --arg sh "$sh" --arg cg "/$marker/c" '{
		ociVersion: "1.0.2", root: {path: "rootfs"},
		process: {cwd: "/", args: ["/bin/sh", "-c", $sh], env: ["PATH=/bin:/sbin"], user: {uid: 0, gid: 0}},
		mounts: [{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620"]}],
		linux: {cgroupsPath: $cg, namespaces: [{type: "pid"}, {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}]}}' >"$home/b/config.json"
	for filter in "$@"; do
		jq "$filter" "$home/b/config.json" >"$home/new" && mv "$home/new" "$home/b/config.json"
	done
}
container() { rt run --bundle "$home/b" "$@" c </dev/null; }
up() { rt create --bundle "$home/b" "${2:-c}" </dev/null >"$home/${2:-c}.out" 2>&1 && rt start "${2:-c}"; }

# Nothing of ours is left: no state, no cgroup, no process.
clean() {
	local left
	left=$(ls "$home/state" 2>/dev/null; find /sys/fs/cgroup -path "*/$marker/*" -type d; pgrep -f -- "--root $home/state" || :)
	equal "" "$left"
}

@test "create --dry-run prints plan and steps and touches nothing" {
	run -0 rt create --bundle "$home/b" --dry-run c
	[[ $output == *"gate: socket"* && $output == *"init.spawn (undone on failure)"* && $output == *"rootfs.pivot"* ]]
	[ ! -e "$home/state/c" ]
}

@test "what is not built says unsupported" {
	config 'true' '.annotations["run.oci.handler"] = "krun"'
	run -1 rt create --bundle "$home/b" c
	[[ $output == *"unsupported: "*"run.oci.handler"* ]]
	clean
}

@test "errors go to the log as JSON and to stderr as words" {
	run -1 --separate-stderr "$runtime" --root "$home/state" --log "$home/log" --log-format json state nobody
	equal error "$(jq -r .level "$home/log")"
	[[ $(jq -r .msg "$home/log") == *"container does not exist"* ]]
	jq -e .time "$home/log"
	[[ $stderr == "container does not exist"* ]]
}

@test "descriptors are passed on by --preserve-fds and not without" {
	config 'ls /proc/self/fd | wc -l; cat <&3'
	equal "5 hello" "$(container --preserve-fds 1 3< <(echo hello) | xargs)"
	config 'cat <&3 2>/dev/null || echo closed'
	equal closed "$(container 3< <(echo hello))"
	run -1 rt run --preserve-fds 7 --bundle "$home/b" c
}

@test "a caller without standard descriptors gives the program nothing in their place" {
	config 'ls -l /proc/self/fd | grep -c -e socket -e state || :; true'
	"$runtime" --root "$home/state" run --bundle "$home/b" c <&- 2>&- >"$home/out"
	equal 0 "$(cat "$home/out")"
	config 'echo lost'
	"$runtime" --root "$home/state" run --bundle "$home/b" c <&- >&- 2>&-
	clean
}

@test "a pid namespace can be joined: stage and exec" {
	config 'sleep 1000'
	up
	local pid
	pid=$(rt state c | jq .pid)
	config 'ps | grep -c "[s]leep 1000"' '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/'"$pid"'/ns/pid"' '.linux.cgroupsPath += "2"'
	equal 1 "$(rt run --bundle "$home/b" d)"
	config 'sleep 1001' '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/'"$pid"'/ns/pid"' '.linux.cgroupsPath += "2"'
	up . d
	[[ $(rt exec d ps) == *"sleep 1000"* ]]
	rt kill d KILL
	rt delete --force d
	equal running "$(rt state c | jq -r .status)"
}

@test "a user namespace can be made, joined and entered by exec" {
	chown -R 100000:100000 "$home/b/rootfs"
	local maps='.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	config 'sleep 1000' '.linux.namespaces += [{type: "user"}]' "$maps"
	up
	local pid
	pid=$(rt state c | jq .pid)
	equal 100000 "$(stat -c %u "/proc/$pid")"
	equal "0 100000 65536" "$(rt exec c cat /proc/self/uid_map | xargs)"
	equal 0 "$(rt exec c id -u)"
	config 'cat /proc/self/uid_map' '.linux.namespaces += [{type: "user", path: "/proc/'"$pid"'/ns/user"}]' '.linux.cgroupsPath += "2"'
	equal "0 100000 65536" "$(rt run --bundle "$home/b" d | xargs)"
}

@test "an unprivileged user runs, enters and deletes a container" {
	chown -R 65534 "$home"
	as_nobody() { (cd "$home/b" && setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_RUNTIME_DIR "$runtime" --root "$home/nobody" "$@" </dev/null); }
	rm "$home/b/config.json"
	as_nobody spec --rootless
	jq '.process.terminal = false | .process.args = ["sleep", "1000"]' "$home/b/config.json" >"$home/new" && cp "$home/new" "$home/b/config.json"
	as_nobody create c >"$home/out" 2>&1
	as_nobody start c
	equal 0:65534 "$(as_nobody exec c id -u):$(stat -c %u "/proc/$(as_nobody state c | jq .pid)")"
	run -6 as_nobody exec c sh -c 'exit 6'
	as_nobody delete --force c
	equal "" "$(as_nobody list -q)"
}

@test "time namespaces have their offsets" {
	config 'cut -d. -f1 /proc/uptime' '.linux.namespaces += [{type: "time"}]' '.linux.timeOffsets = {boottime: {secs: 100000000}}'
	[ "$(container)" -ge 100000000 ]
}

@test "hooks of the container run inside, in order, and see their pid" {
	config 'cat /log' '.hooks = {
		createContainer: [{path: "/bin/sh", args: ["sh", "-c", "jq -r .status >>'"$home"'/b/rootfs/log"]}],
		startContainer: [{path: "/bin/sh", args: ["sh", "-c", "grep -o \"\\\"pid\\\":1\\b\" >>/log"]}]}'
	equal 'creating "pid":1' "$(container | xargs -d '\n')"
}

@test "a hook that hangs is killed at its timeout and the container with it" {
	config 'true' '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "100"], timeout: 1}]}'
	run -1 container
	[[ $output == *"timeout"* ]]
	clean
}

@test "poststop hooks run after a create that failed" {
	config 'true' '.hooks = {poststop: [{path: "/bin/sh", args: ["sh", "-c", "jq -r .status >'"$home"'/stopped"]}]}' '.process.args = ["/none"]'
	run -1 container
	equal stopped "$(cat "$home/stopped")"
}

@test "every option of exec --user is an id or an error" {
	config 'sleep 1000'
	up
	local row
	for row in 0=0:0 1=1:0 1:2=1:2 01=1:0 65534:65534=65534:65534; do
		equal "${row#*=}" "$(rt exec --user "${row%%=*}" c sh -c 'echo $(id -u):$(id -g)')"
	done
	for row in :3 +1 0x1 -1 ' 1' '1 ' 4294967295 4294967296 1: root 1:x; do
		run -255 rt exec "--user=$row" c true
	done
}

@test "tmpcopyup brings what the image has" {
	mkdir -p "$home/b/rootfs/data/sub"
	echo word >"$home/b/rootfs/data/sub/file"
	config 'cat /data/sub/file; echo new >/data/x' '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'
	equal word "$(container)"
	[ ! -e "$home/b/rootfs/data/x" ]
}

@test "an init that was killed refuses start at once" {
	config 'true'
	rt create --bundle "$home/b" c </dev/null >/dev/null 2>&1
	kill -9 "$(rt state c | jq .pid)"
	run -1 timeout 5 "$runtime" --root "$home/state" start c
	rt delete c
	clean
}

@test "of ten starts one starts it" {
	config 'echo once'
	rt create --bundle "$home/b" c </dev/null >"$home/out" 2>&1
	local i started=0 pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do rt start c 2>/dev/null & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" && started=$((started + 1)); done
	equal 1 $started
}

# The steps of create, run and init, and of the program, as the plan names them.
steps() {
	rt create --bundle "$home/b" --dry-run c | sed -n 's/^  \([a-z_.]*\).*/\1/p'
	echo program.session program.env program.cwd program.user program.find
}

@test "every step that fails says its name and leaves nothing" {
	local step status
	for step in $(steps); do
		[ "$step" != gate.listen ] || continue
		status=0
		TARE_FAULT=step:$step container >"$home/out" 2>&1 || status=$?
		equal 1 $status
		grep -q -F "$step" "$home/out"
		clean
	done
}

@test "killed at any step, delete --force leaves nothing" {
	local step
	for step in $(steps); do
		TARE_FAULT=kill:$step rt create --bundle "$home/b" c </dev/null >/dev/null 2>&1 || :
		timeout 20 "$runtime" --root "$home/state" delete --force c
		clean || { echo "at $step"; return 1; }
	done
}
