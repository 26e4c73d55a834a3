# SPDX-License-Identifier: Apache-2.0
# The person in front of the terminal: run -it, attach, detach keys, window sizes, signals, logs -f, wait.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# person WORD… -- COMMAND…: see tests/lib/terminal.py
person() { "$lib/terminal.py" "$@"; }

# A program that says what it is told; answers are not echoes of what was typed.
talker='echo ready; while read -r word rest; do case $word in size) echo "=$(stty size)";; quit) exit $rest;; *) echo "=$word=";; esac; done; echo "=eof="'

@test "run -it: raw terminal, typed words, the size from the start and when it changes, the exit code" {
	run -0 person size:31x91 /ready stty 'type:size\r' '/=31 91' size:40x100 'type:size\r' '/=40 100' 'type:quit 7\r' end stty -- \
		tare run --rm -it busybox sh -c "$talker"
	equal raw "${lines[0]}"
	equal 'status 7' "${lines[1]}"
	equal cooked "${lines[2]}"
}

@test "the detach keys leave the container running, attach comes back to it" {
	run -0 person /ready 'type:\x10\x11' end stty -- tare run -it --name d1 busybox sh -c "$talker"
	equal 'status 0' "${lines[0]}"
	equal cooked "${lines[1]}"
	running d1
	run -0 person 'type:hello\r' /=hello= 'type:quit 3\r' end -- tare attach d1
	equal 'status 3' "${lines[0]}"
	equal 3 "$(tare wait d1)"
}

@test "a beginning of the detach keys is typed after all" {
	run -0 person /ready 'type:\x10x\r' 'type:quit 0\r' end -- tare run --rm -it busybox sh -c 'stty -echo; echo ready; read -r w; printf "%s" "$w" | od -An -tx1; read -r a b; exit $b'
	contains "$output" ' 10 78'
}

@test "other detach keys" {
	run -0 person /ready 'type:\x10\x11' 'type:hello\r' /hello= 'type:\x01z' end -- tare run -it --detach-keys ctrl-a,z --name d1 busybox sh -c "$talker"
	running d1
}

@test "Ctrl-C at a terminal goes to the container's terminal with -t" {
	run -0 person /ready 'type:\x03' end -- tare run --rm -it busybox sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done'
	equal 'status 9' "${lines[0]}"
}

@test "Ctrl-C and signals without -t are passed on" {
	run -0 person /ready 'type:\x03' end -- tare run --rm busybox sh -c 'trap "exit 6" INT; echo ready; while :; do sleep 0.05; done'
	equal 'status 6' "${lines[0]}"
	run -0 person /ready signal:USR1 /usr signal:TERM end -- \
		tare run --rm busybox sh -c 'trap "echo usr" USR1; trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	equal 'status 5' "${lines[0]}"
}

@test "a terminal that goes away leaves a container with -it running" {
	run -0 person /ready signal:KILL end -- tare run -it --name k1 busybox sh -c "$talker"
	running k1
	run -0 person 'type:hello\r' /=hello= 'type:quit 4\r' end -- tare attach k1
	equal 'status 4' "${lines[0]}"
}

@test "two people see the same" {
	tare run -dit --name two busybox sh -c "$talker"
	person 'type:hello\r' /=hello= /=both= end -- tare attach two >"$BATS_TEST_TMPDIR/other" &
	wait_for 20 bash -c 'tare logs two | grep -q =hello='     # so the other one is there
	run -0 person 'type:both\r' /=both= 'type:quit 0\r' end -- tare attach two
	wait $! || :
	contains "$(cat "$BATS_TEST_TMPDIR/other")" =both=
}

@test "an attached client that stops reading does not stop the container" {
	tare run -d --name flood busybox sh -c 'yes 0123456789 | head -c 3000000; echo end >&2'
	wait_for 10 exited flood
}

@test "standard input that ends, ends the program's; a late reader gets every byte" {
	equal '=eof=' "$(printf 'x\n' | tare run --rm -i busybox sh -c "$talker" | tail -1)"
	equal "$(head -c 3000000 /dev/zero | sha256sum)" "$(head -c 3000000 /dev/zero | tare run --rm -i busybox sh -c 'sleep 0.3; cat' | sha256sum)"
	equal 3000000 "$(tare run --rm busybox head -c 3000000 /dev/zero | (sleep 0.5; wc -c))"
}

@test "a reader that leaves early does not keep the command line" {
	equal y "$(timeout 10 tare run --rm busybox sh -c 'yes | head -c 3000000' | head -1)"
}

@test "attach without standard input, and wait by several, all hear the end" {
	tare run -d --name w1 busybox sh -c 'trap "exit 12" TERM; echo ready; while :; do sleep 0.05; done'
	wait_for 5 sh -c 'tare logs w1 | grep -q ready'
	tare attach --no-stdin w1 >"$BATS_TEST_TMPDIR/attached" & attached=$!
	tare wait w1 >"$BATS_TEST_TMPDIR/one" & one=$!
	tare wait w1 >"$BATS_TEST_TMPDIR/two" & two=$!
	sleep 0.3
	tare kill -s TERM w1
	wait $one
	wait $two
	wait $attached && status=0 || status=$?
	equal 12 "$status"
	equal 12 "$(cat "$BATS_TEST_TMPDIR/one")"
	equal 12 "$(cat "$BATS_TEST_TMPDIR/two")"
}

@test "logs -f shows what comes until the end, NUL bytes and unfinished lines too" {
	tare run -d --name l1 busybox sh -c 'echo early; sleep 0.3; printf "a\0b\n"; printf rest'
	equal "$(printf 'early\na\0b\nrest' | od -c)" "$(timeout 10 tare logs -f l1 | od -c)"
}

@test "exec -it has a terminal of its own" {
	tare run -d --name e1 busybox sleep 1000
	run -0 person size:33x77 /ready 'type:size\r' '/=33 77' 'type:quit 8\r' end stty -- tare exec -it e1 sh -c "$talker"
	equal 'status 8' "${lines[0]}"
	equal cooked "${lines[1]}"
}
