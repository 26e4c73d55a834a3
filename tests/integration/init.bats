#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# tare-init, as PID 1 of a pid namespace where that matters.

bats_require_minimum_version 1.5.0

setup() {
	init=${TARE_BIN:-$BATS_TEST_DIRNAME/../../build/bin}/tare-init
}

# Waits until process $1 is tare-init and waits for signals.
until_waiting() {
	for _ in $(seq 200); do
		[ "$(readlink "/proc/$1/exe")" = "$(realpath "$init")" ] && grep -q "^State:.S" "/proc/$1/status" && return
		sleep 0.02
	done
	return 1
}

# As the first process of a new pid namespace with its own /proc.
as_pid_1() { unshare --pid --fork --mount-proc --kill-child "$init" "$@"; }

@test "it ends as its program does" {
	run "$init" -- sh -c 'exit 3'
	[ "$status" = 3 ]
	run "$init" sh -c 'kill -TERM $$'
	[ "$status" = 143 ]
}

@test "a program that is not there is 127, one that cannot run is 126" {
	run -127 "$init" nonexistent-program
	[ "$output" = "tare-init: exec 'nonexistent-program': no such file or directory" ]
	run -127 "$init" /no/such/program
	run "$init" /etc/passwd
	[ "$status" = 126 ]
	[ "$output" = "tare-init: exec '/etc/passwd': permission denied" ]
	run -127 "$init" ""
}

@test "the program is searched in PATH" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 9\n' >"$BATS_TEST_TMPDIR/bin/hello-there"
	chmod +x "$BATS_TEST_TMPDIR/bin/hello-there"
	PATH=/nonexistent:$BATS_TEST_TMPDIR/bin:$PATH run "$init" hello-there
	[ "$status" = 9 ]
}

@test "it passes signals on" {
	coproc child { exec "$init" sh -c 'trap "exit 5" TERM; trap "echo usr" USR1; echo ready; while :; do sleep 0.05; done'; }
	read -r line <&"${child[0]}"
	[ "$line" = ready ]
	kill -USR1 "$child_PID"
	read -r line <&"${child[0]}"
	[ "$line" = usr ]
	pid=$child_PID # bash forgets it when the process ends
	kill -TERM "$pid"
	wait "$pid" && status=0 || status=$?
	[ "$status" = 5 ]
}

@test "as PID 1 it reaps orphans" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	run as_pid_1 sh -c 'for i in 1 2 3 4 5; do sh -c "sleep 0.1 & exit 0"; done; sleep 0.4; grep -l "^State:.Z" /proc/[0-9]*/status; exit 0'
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "its end ends everything in its namespace" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	run as_pid_1 sh -c 'sleep 1000 & exit 4'
	[ "$status" = 4 ]
}

@test "with -g the whole group gets the signal" {
	cat >"$BATS_TEST_TMPDIR/family" <<-'END'
		sh -c 'trap "echo inner >$0/inner; exit 0" TERM; echo ready >$0/ready; while :; do sleep 0.05; done' "$1" &
		trap 'wait; exit 6' TERM
		wait
	END
	"$init" -g sh "$BATS_TEST_TMPDIR/family" "$BATS_TEST_TMPDIR" &
	for _ in $(seq 200); do
		[ ! -e "$BATS_TEST_TMPDIR/ready" ] || break
		sleep 0.02
	done
	kill -TERM $!
	wait $! && status=0 || status=$?
	[ "$status" = 6 ]
	[ -e "$BATS_TEST_TMPDIR/inner" ]
}

@test "pause lives until it is told to end" {
	"$init" --pause &
	pause=$!
	until_waiting "$pause"
	kill -HUP "$pause"
	kill -0 "$pause"
	kill -TERM "$pause"
	wait "$pause"
}

@test "as PID 1 pause ends at SIGTERM" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	unshare --pid --fork --kill-child "$init" --pause &
	for _ in $(seq 200); do
		pause=$(pgrep -P $!) && break
		sleep 0.02
	done
	until_waiting "$pause"
	kill -TERM "$pause"
	wait $!
}

@test "wrong words are refused" {
	run "$init"
	[ "$status" = 125 ]
	[ "$output" = "tare-init: no program given" ]
	run "$init" --nonsense x
	[ "$status" = 125 ]
	[ "$output" = "tare-init: unknown option '--nonsense'" ]
	run "$init" --pause sh
	[ "$status" = 125 ]
}

@test "it is at most 40 KB and needs no library" {
	[ "$(stat -L -c %s "$init")" -le 40960 ]
	run -0 "$init" --version
	[[ $output == "tare-init "* ]]
	run ! ldd "$init"
}
