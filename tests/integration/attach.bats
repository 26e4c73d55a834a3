# SPDX-License-Identifier: Apache-2.0
# Being connected to a container: attach, run -a, and exec with all its flags.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

person() { "$lib/terminal.py" "$@"; }
talker='echo ready; while read -r word rest; do case $word in size) echo "=$(stty size)";; quit) exit $rest;; *) echo "=$word=";; esac; done; echo "=eof="'
up() { tare run -d --network none --name "$@" >/dev/null; }

@test "run -a chooses streams; with no output it prints the id and leaves when it has said all" {
	both='echo out; echo err >&2'
	equal out "$(tare run --rm --network none -a stdout busybox sh -c "$both" 2>&1)"
	equal err "$(tare run --rm --network none -a stderr busybox sh -c "$both" 2>&1)"
	equal "err out" "$(tare run --rm --network none -a STDOUT -a stderr busybox sh -c "$both" 2>&1 | sort | paste -sd' ')"
	id=$(echo hello | tare run -i --network none --name told -a stdin busybox sh -c 'cat; sleep 0.3; exit 4')
	equal "$(inspect told '{{.Id}}')" "$id"
	equal 4 "$(tare wait told)"
	equal hello "$(tare logs told)"
	run -125 tare run --rm -a nowhere busybox true
	run -125 tare run --rm -d -a stdout busybox true
}

@test "attach: the newest, several, and what cannot be attached to" {
	up one busybox sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	tare attach -l --no-stdin >"$BATS_TEST_TMPDIR/a" & a=$!
	tare attach --no-stdin one >"$BATS_TEST_TMPDIR/b" & b=$!
	sleep 0.4
	tare kill -s TERM one
	wait $a && status=0 || status=$?
	equal 3 "$status"
	wait $b && status=0 || status=$?
	equal 3 "$status"
	run -1 tare attach one
	contains "$output" "start it first"
	run -1 tare attach no-such
	run -1 tare attach
	tare create --name two busybox true
	run -1 tare attach two
	tare run -d --name pass --network none --log-driver passthrough busybox sleep 100 </dev/null >/dev/null 2>&1
	run -1 tare attach pass
	contains "$output" "nothing to attach to"
}

@test "the end of an attached input is the end of the program's only if it was started so" {
	up keep -i busybox sh -c "$talker"
	echo one | timeout 5 tare attach keep >"$BATS_TEST_TMPDIR/out" & attached=$!
	wait_for 5 sh -c 'tare logs keep | grep -q =one='
	running keep
	echo "quit 5" | timeout 5 tare attach keep && status=0 || status=$?
	equal 5 "$status"
	wait $attached && status=0 || status=$?
	equal 5 "$status"
}

@test "attach --sig-proxy=false keeps signals to itself" {
	up deaf busybox sh -c 'trap "echo got" TERM; echo ready; while :; do sleep 0.05; done'
	wait_for 5 sh -c 'tare logs deaf | grep -q ready'
	tare attach --no-stdin --sig-proxy=false deaf & attached=$!
	sleep 0.3
	kill -TERM $attached
	sleep 0.3
	kill -KILL $attached
	equal ready "$(tare logs deaf)"
	tare attach --no-stdin deaf & attached=$!
	sleep 0.3
	kill -TERM $attached
	wait_for 5 sh -c 'tare logs deaf | grep -q got'
	kill -KILL $attached
}

@test "exec: user, directory, environment, files of it, privileged, standard input" {
	up box -e A=1 busybox sleep 1000
	printf 'B=2\n# no\nC=3 4\n' >"$BATS_TEST_TMPDIR/env"
	equal "1000:50 /tmp 1 2 3 4 5" "$(tare exec -u 1000:50 -w /tmp -e D=5 --env-file "$BATS_TEST_TMPDIR/env" box sh -c 'echo $(id -u):$(id -g) $(pwd) $A $B $C $D')"
	equal HI "$(echo hi | tare exec -i box tr a-z A-Z)"
	equal "" "$(echo hi | tare exec box cat)"
	equal "$(grep CapEff /proc/self/status | cut -f2)" "$(tare exec --privileged box grep CapEff /proc/self/status | cut -f2)"
	equal "xterm" "$(script -qec 'tare exec -t box sh -c "echo \$TERM"' /dev/null | tr -d '\r')"
	equal newest "$(tare exec -l echo newest)"
	equal "three four" "$(tare exec --preserve-fds 2 box sh -c 'read a <&3; read b <&4; echo $a $b' 3<<<three 4<<<four)"
	run -125 tare exec --preserve-fds 9 box true
	contains "$output" "is not open"
}

@test "exec: exit codes" {
	up box busybox sleep 1000
	run -7 tare exec box sh -c 'exit 7'
	run -137 tare exec box sh -c 'kill -9 $$'
	run -127 tare exec box /no/such
	run -126 tare exec box /etc/passwd
	run -127 tare exec -d box /no/such
	run -126 tare exec -d box /etc/passwd
	run -126 tare exec box /tmp
	run -125 tare exec no-such true
	run -125 tare exec box
	run -125 tare exec --nonsense box true
	run -125 tare exec -u no-such box true
	tare stop -t 0 box
	run -125 tare exec box true
	contains "$output" "not running"
}

@test "exec -d goes on alone, with a terminal too" {
	up box busybox sleep 1000
	tare exec -d box sh -c 'sleep 0.3; echo done >/tmp/d'
	wait_for 5 tare exec box test -e /tmp/d
	tare exec -dt box sh -c 'tty >/tmp/t; sleep 0.3; echo to the terminal; echo $? >>/tmp/t'
	wait_for 5 tare exec box grep -q 0 /tmp/t
	contains "$(tare exec box cat /tmp/t)" /dev/pts/
}

@test "exec --detach-keys leaves the program and its terminal" {
	up box busybox sleep 1000
	run -0 person size:33x77 /ready 'type:size\r' '/=33 77' size:20x50 'type:size\r' '/=20 50' 'type:\x10\x11' end stty -- \
		tare exec -it --detach-keys ctrl-p,ctrl-q box sh -c "trap 'echo \$? >/tmp/hup' HUP; $talker"
	equal 'status 0' "${lines[0]}"
	equal cooked "${lines[1]}"
	tare exec box sh -c 'grep -q "echo read[y]" /proc/[0-9]*/cmdline'
	run ! tare exec box test -e /tmp/hup
	run -0 person /ready 'type:quit 9\r' end -- tare exec -it --detach-keys ctrl-a box sh -c "$talker"
	equal 'status 9' "${lines[0]}"
	run -127 script -qec "tare exec -it --detach-keys ctrl-a box /no/such" /dev/null
}

@test "a thousand attaches and execs that break off leave nothing in the monitor" {
	up box -i busybox sh -c 'sleep 1000'
	pid=$(pgrep -f "tare-monitor.*$(inspect box '{{.Id}}')")
	fds() { ls "/proc/$pid/fd" | wc -l; }
	private() { awk '/^Private_Dirty/ { print $2 }' "/proc/$pid/smaps_rollup"; }     # clean pages are the program's file
	before=$(fds)
	first=$(private)
	{
		for _ in $(seq "${TARE_ATTACH_ROUNDS:-30}"); do
			timeout -s KILL 0.1 tare attach box >/dev/null || :
			timeout -s KILL 0.02 tare exec box sleep 5 >/dev/null || :
		done
	} 2>/dev/null
	wait_for 5 sh -c "[ \$(ls /proc/$pid/fd | wc -l) = $before ]"
	[ "$(private)" -le 300 ] || { echo "private: $first kB before, $(private) kB after"; return 1; }
}
