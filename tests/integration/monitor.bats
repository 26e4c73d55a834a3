#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tare-monitor with a runtime that makes no containers: protocol, log, exit record and the death of everybody involved. Needs no root.

bats_require_minimum_version 1.5.0

setup() {
	lib=$BATS_TEST_DIRNAME/../lib
	monitor=${TARE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/tare-monitor
	dir=$BATS_TEST_TMPDIR/run
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$dir" "$bundle" "$BATS_TEST_TMPDIR/root"
}

# configure [KEY:VALUE…]: monitor.json with the defaults of these tests and what is said, as JSON members.
configure() {
	local IFS=,
	jq -n --arg dir "$dir" --arg bundle "$bundle" --arg lib "$(realpath "$lib")" --arg root "$BATS_TEST_TMPDIR/root" \
		'{id: "c1", bundle: $bundle, runDir: $dir, runtime: ($lib + "/fake-runtime"), runtimeArgs: ["--root", $root],
		  logDriver: "json-file", logPath: ($dir + "/log"), exitCommand: ["/usr/bin/touch", $dir + "/cleaned"]}'" + {$*}" \
		>"$dir/monitor.json"
}

program() { cat >"$bundle/program"; }
start() { run --separate-stderr "$lib/monitor.py" start "$monitor" "$dir/monitor.json" "$@"; }
connect() { run --separate-stderr "$lib/monitor.py" connect "$dir" "$@"; }
saw() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output $stderr"; return 1; }; }
ended() { jq -e "$1" "$dir/exit.json" >/dev/null || { cat "$dir/exit.json"; return 1; }; }
calls() { tr '\n' ' ' <"$BATS_TEST_TMPDIR/root/calls"; }

# until_there FILE: waits for it, at most ten seconds.
until_there() {
	for _ in $(seq 200); do
		[ -e "$1" ] && return
		read -rt 0.05 <> <(:) || :
	done
	echo "$1 did not come"
	return 1
}

@test "a container runs, is logged, recorded, deleted and cleaned up" {
	configure
	program <<<'echo out; echo err >&2; exit 3'
	start attach start +eof show
	[ "$status" = 0 ]
	saw "stdout b'out"
	saw "stderr b'err"
	saw "exited $(cat "$dir/exit.json")"
	[ "$(jq -r '.stream + ":" + .log' "$dir/log" | sort | tr -d '\n')" = "stderr:errstdout:out" ]
	ended '.code == 3 and .signal == null and .started < .finished'
	[ "$(calls)" = "create start delete " ]
	until_there "$dir/cleaned"
	[ ! -e "$dir/ctl" ]
}

@test "a client that releases cleans up itself" {
	configure
	program <<<'exit 0'
	start release start +eof
	[ "$status" = 0 ]
	[ ! -e "$dir/cleaned" ]
}

@test "a failed create says why and leaves nothing" {
	configure
	program <<<'exit 0'
	echo 'exec x: executable file not found' >"$bundle/fail-create"
	start +failed +eof
	saw 'failed exec x: executable file not found errno 2'
	ended '.code == 127 and .error == "exec x: executable file not found" and .started == null'
	[ "$(calls)" = "create delete " ]
	until_there "$dir/cleaned"
}

@test "a failed start says why and ends the created container" {
	configure
	program <<<'exit 0'
	echo 'no such thing' >"$bundle/fail-start"
	start +created start +failed +eof
	saw 'failed no such thing errno 5'
	[ "$(calls)" = "create start delete " ]
	ended '.error == "no such thing"'
}

@test "kill -9 of the runtime while it creates is a failure, and what it had started ends" {
	configure
	program <<<'exec sleep 100'
	touch "$bundle/die-in-create"
	start +failed +eof
	saw "was killed by signal 9"
	[ "$(calls)" = "create delete " ]
	ended '.code == 128'
	run ! kill -0 "$(cat "$BATS_TEST_TMPDIR/root/orphan")"
}

@test "a runtime that is not there is a failure with its name" {
	configure '"runtime":"/no/such/runtime"'
	run "$lib/monitor.py" start "$monitor" "$dir/monitor.json" +eof
	[ "$status" = 1 ]
	[[ $output == *"/no/such/runtime': no such file or directory errno 5"* ]]
	[ ! -e "$dir/ctl" ]
	[ ! -e "$dir/live.json" ]
}

@test "the death of the starter before start takes the container back" {
	configure
	program <<<'exec sleep 100'
	start +created close
	until_there "$dir/cleaned"
	ended '.signal == 9 and .started == null and (.error | test("starter left"))'
}

@test "the death of the starter while the runtime creates takes the container back" {
	configure
	program <<<'exec sleep 100'
	echo 0.3 >"$bundle/slow-create"
	start close
	until_there "$dir/cleaned"
	ended '.signal == 9'
}

@test "keepCreated waits for a start from anybody" {
	configure '"keepCreated":true'
	program <<<'exit 9'
	start +created close
	connect +created start +eof
	saw started
	ended '.code == 9'
}

@test "a running container survives its starter, and later clients attach and wait" {
	configure '"stdinOpen":true'
	program <<<'echo early; read -r word; echo "got $word"; exit 4'
	start attach start /early close
	connect +created +started attach +attached 'stdin:word\n' '/got word' +eof
	[ "$status" = 0 ]
	saw '"code":4'
}

@test "wait is to connect and hear the end" {
	configure
	program <<<'trap "exit 6" TERM; while :; do sleep 0.02; done'
	start attach start +started close
	connect +started signal:15 +exited
	saw '"code":6'
}

@test "stdin ends with the first attached client if it is to" {
	configure '"stdinOpen":true' '"stdinOnce":true'
	program <<<'cat; echo end'
	start attach start +started 'stdin:a\n' 'stdin:b' stdin_eof +eof show
	saw "stdout b'a\\nbend\\n'"
}

@test "stdin stays open for the next client if it is to" {
	configure '"stdinOpen":true'
	program <<<'read -r a; read -r b; echo "$a$b"'
	start attach start +started 'stdin:a\n' stdin_eof close
	connect attach +attached 'stdin:b\n' '/ab' +eof
	[ "$status" = 0 ]
}

@test "stdin of a container without one is empty, and refused to clients" {
	configure
	program <<<'cat && echo empty; exec sleep 100'
	start attach start +started /empty stdin:x signal:9 +eof
	saw 'refused the container'
}

@test "signals from clients and to the monitor reach the container" {
	configure
	program <<<'trap "echo usr" USR1; trap "exit 8" TERM; echo ready; while :; do sleep 0.05; done'
	start attach start /ready signal:10 /usr close
	kill -TERM "$(jq .monitorPid "$dir/live.json")"
	until_there "$dir/cleaned"
	ended '.code == 8'
}

@test "kill -9 of init is recorded as signal 9" {
	configure
	program <<<'kill -9 $$'
	start start +eof
	ended '.code == 137 and .signal == 9'
}

@test "output without a last newline is logged, and long lines in parts" {
	configure '"logDriver":"k8s-file"'
	program <<<'head -c 40000 /dev/zero | tr "\0" x; echo; printf rest'
	start start +eof
	[ "$(cut -d" " -f2,3 "$dir/log" | tr '\n' ' ')" = "stdout P stdout P stdout F stdout F " ]
	[ "$(awk '{printf "%s", $4}' "$dir/log" | wc -c)" = 40004 ]
}

@test "a log that must not grow is rotated" {
	configure '"logMaxSize":2000' '"logMaxFiles":3'
	program <<<'for i in $(seq 200); do echo "line $i"; sleep 0.001; done'
	start start +eof
	[ -e "$dir/log.1" ]
	[ -e "$dir/log.2" ]
	[ ! -e "$dir/log.3" ]
	[ "$(jq -r .log "$dir/log" | tail -1)" = "line 200" ] || [ "$(jq -rj .log "$dir/log" | tail -1)" = "line 200" ]
}

@test "a client that does not read loses its connection, the container nothing" {
	configure
	program <<<'head -c 3000000 /dev/zero | tr "\0" "x" | fold -w 100; echo done >&2'
	start attach:3 start +started sleep:1 +eof length
	saw eof
	[[ $output != *exited* ]]
	ended '.code == 0'
	[ "$(jq -rj 'select(.stream == "stdout") | .log' "$dir/log" | tr -d '\n' | wc -c)" = 3000000 ]
}

@test "a client that must be waited for gets every byte" {
	configure '"logDriver":"none"'
	program <<<'head -c 3000000 /dev/zero'
	start attach:7 start +started sleep:0.5 +eof length
	saw "{'stdout': 3000000, 'stderr': 0}"
}

@test "the last output waits for a client, until somebody signals that it is over" {
	configure '"logDriver":"none"'
	program <<<'until [ -e "${0%/*}/go" ]; do sleep 0.02; done; dd if=/dev/zero bs=32768 count=10 2>/dev/null; exit 5'
	"$lib/monitor.py" start "$monitor" "$dir/monitor.json" attach:7 start +started sleep:20 >/dev/null 3>&- &
	slow=$!
	until_there "$dir/live.json"
	while jq -e '.running != true' "$dir/live.json" >/dev/null; do read -rt 0.05 <> <(:) || :; done
	touch "$bundle/go"
	while [ "$(awk '{print $3}' "/proc/$(jq .pid "$dir/live.json")/stat" 2>/dev/null)" ]; do read -rt 0.05 <> <(:) || :; done
	[ ! -e "$dir/exit.json" ]
	connect +started signal:15 +exited
	saw '"code":5'
	kill "$slow"
}

@test "nonsense from a client ends that client only" {
	configure
	program <<<'trap "exit 2" TERM; while :; do sleep 0.02; done'
	start start +started close
	/usr/bin/python3 -c '
import os, socket, sys
os.chdir(sys.argv[1])
for junk in b"x", b"\xff" * 8, b"\x01\0\0\0\x7f\0\0\0", b"\x0d\0\0\0\x01\0\0\0a", os.urandom(4000):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("ctl")
    s.send(junk)
    s.close()' "$dir"
	connect +started signal:15 +exited
	saw '"code":2'
}

@test "a monitor that is killed is noticed: ctl refuses, live.json tells whose init to end" {
	configure
	program <<<'exec sleep 100'
	start start +started kill-monitor +eof
	run /usr/bin/python3 -c '
import os, socket, sys
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect("ctl")' "$dir"
	[[ $output == *ConnectionRefusedError* ]]
	pid=$(jq .pid "$dir/live.json")
	[ "$(cut -d' ' -f22 "/proc/$pid/stat")" = "$(jq .pidStart "$dir/live.json")" ]
	kill -9 "$pid"
}

@test "its memory stays below 300 KB when a container runs" {
	configure
	program <<<'echo ready; exec sleep 100'
	start attach start /ready close
	pid=$(jq .monitorPid "$dir/live.json")
	# Anonymous, not Private_Dirty: pages of a program file that was written a moment ago count as dirty too.
	grep -E 'Private|Anonymous' "/proc/$pid/smaps_rollup"
	memory=$(awk '/^Anonymous/ {print $2}' "/proc/$pid/smaps_rollup")
	kill -9 "$(jq .pid "$dir/live.json")"
	until_there "$dir/cleaned"
	[ "$memory" -le 300 ]
}

@test "it says its version and refuses what it does not know" {
	run "$monitor" --version
	[ "$status" = 0 ]
	[[ $output == "conmon version "*"tare-monitor "* ]]      # podman looks for the first line
	run "$monitor" --nonsense
	[ "$status" = 1 ]
	[[ $output == "tare-monitor: unknown option --nonsense" ]]
	run "$monitor" --config
	[ "$status" = 1 ]
	[[ $output == "tare-monitor: unknown option or missing value: --config" ]]
	run "$monitor" --config /no/such/file
	[ "$status" = 1 ]
	[[ $output == "tare-monitor: read '/no/such/file': no such file or directory" ]]
}
