# SPDX-License-Identifier: Apache-2.0
# Logs: drivers and their options, reading them back, and following them while their files turn over.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() {
	tare_teardown
	if [ -e "$BATS_TEST_TMPDIR/journal.pid" ]; then kill "$(cat "$BATS_TEST_TMPDIR/journal.pid")" 2>/dev/null || :; fi
}
teardown_file() { tare_teardown_file; }

# wrote NAME [FLAG…] -- SHELL: a container that has written and ended.
wrote() {
	local name=$1 flags=() words
	shift
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	words=$2
	tare run -d --network none --name "$name" "${flags[@]}" busybox sh -c "$words" >/dev/null
	tare wait "$name" >/dev/null
}
# out LOGS-FLAGS…: standard output and standard error of `logs`, one after the other.
out() { tare logs "$@" 2>"$BATS_TEST_TMPDIR/stderr" && cat "$BATS_TEST_TMPDIR/stderr"; }
wait='echo ready; while [ ! -e /go ]; do sleep 0.05; done'
long='i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'

@test "both file drivers keep both streams, parts of lines, what has no end and what is no text" {
	for driver in json-file k8s-file; do
		wrote $driver --log-driver $driver -- 'echo out; echo err >&2; head -c 40000 /dev/zero | tr "\0" x; echo; printf "a\tb\033[1m\n"'
		equal "out $(head -c 40000 /dev/zero | tr '\0' x) $(printf 'a\tb\033[1m')" "$(tare logs $driver 2>/dev/null | paste -sd' ')"
		equal err "$(tare logs $driver 2>&1 >/dev/null)"
		equal "$driver {}" "$(inspect $driver '{{.HostConfig.LogConfig.Type}} {{json .HostConfig.LogConfig.Config}}')"
		[ -s "$(inspect $driver '{{.LogPath}}')" ]
	done
	equal "stdout F out" "$(cut -d' ' -f2- "$(inspect k8s-file '{{.LogPath}}')" | grep -m1 stdout)"
	equal '"out\n"' "$(jq -c 'select(.stream == "stdout").log' "$(inspect json-file '{{.LogPath}}')" | head -1)"
	equal 3 "$(grep -c 'stdout [PF] x' "$(inspect k8s-file '{{.LogPath}}')")"
}

@test "timestamps stand once before a line, however long it is" {
	for driver in json-file k8s-file; do
		wrote t$driver --log-driver $driver -- 'head -c 40000 /dev/zero | tr "\0" x; echo; echo short'
		equal 2 "$(tare logs -t t$driver | grep -o '[0-9]T[0-9:.]*Z ' | wc -l)"
		equal short "$(tare logs -t t$driver | tail -1 | cut -d' ' -f2)"
	done
}

@test "the last lines, over several files" {
	wrote tail --log-driver k8s-file --log-opt max-size=16k --log-opt max-file=20 -- "$long"
	[ -e "$(inspect tail '{{.LogPath}}').5" ]
	equal "$(seq -f 'line %g' 0 2999)" "$(tare logs tail)"
	for n in 0 1 2 299 700 2999 3000 9999; do
		equal "$(seq -f 'line %g' 0 2999 | tail -n $n)" "$(tare logs --tail $n tail)"
	done
	equal "line 2999" "$(tare logs -n1 tail)"
	equal 3000 "$(tare logs --tail all tail | wc -l)"
	equal 3000 "$(tare logs --tail -1 tail | wc -l)"
	run -125 tare logs --tail x tail
}

@test "the end of a huge log comes at once" {
	wrote huge -- 'echo first; echo last'
	log=$(inspect huge '{{.LogPath}}')
	cp "$log" "$BATS_TEST_TMPDIR/log"
	{ head -1 "$BATS_TEST_TMPDIR/log"; head -c 2000000000 /dev/zero; tail -1 "$BATS_TEST_TMPDIR/log"; } | { head -c 200; dd of=/dev/null bs=1M 2>/dev/null; } >"$log"
	truncate -s 8G "$log"
	{ echo; cat "$BATS_TEST_TMPDIR/log"; } >>"$log"
	equal last "$(timeout 2 tare logs --tail 1 huge)"
}

@test "since and until: times, dates, seconds and ages" {
	wrote times -- 'echo a; sleep 1.1; echo b'
	stamp=$(tare logs -t times | tail -1 | cut -d' ' -f1)
	equal b "$(tare logs --since "$stamp" times)"
	equal b "$(tare logs --since "$(date -d "$stamp" +%s)" times)"
	equal "a b" "$(tare logs --until "$stamp" times | paste -sd' ')"
	equal a "$(tare logs --until "$(date -d "$stamp" +%s)" times)"
	equal "" "$(tare logs --until 1h times)"
	equal "a b" "$(tare logs --since 1h times | paste -sd' ')"
	equal "a b" "$(tare logs --since 2020-01-01 times | paste -sd' ')"
	equal "" "$(tare logs --since "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M)Z" times)"
	run -1 tare logs --since yesterday-ish times
	contains "$output" "neither a time nor an age"
}

@test "several containers, by id, by name, by colour; the newest" {
	wrote one -- 'echo 1'
	wrote two -- 'echo 2'
	equal "$(tare inspect -f '{{.Id}}' one | cut -c1-12) 1" "$(tare logs one two | head -1)"
	equal "one 1 two 2" "$(tare logs --names one two | paste -sd' ')"
	equal "$(printf '\033[37mone 1\033[0m \033[31mtwo 2\033[0m')" "$(tare logs --names --color one two | paste -sd' ')"
	equal 2 "$(tare logs -l)"
	equal 1 "$(tare logs --names one)"
	run -1 tare logs
	run -1 tare logs -l one
	run -1 tare logs no-such
}

@test "details are the labels, variables and the tag that were named" {
	wrote details --label app=web --label 'tier=a b' --label other=x -e STAGE=test -e SECRET=x --log-opt labels=app,tier --log-opt env-regex='^STA' \
		--log-opt tag='{{.Name}}/{{.ImageName}}' -- 'echo hi'
	equal 'STAGE=test,app=web,tag=details%2Fbusybox,tier=a+b hi' "$(tare logs --details details)"
	equal '{"app":"web","tier":"a b","STAGE":"test","tag":"details/busybox"}' "$(jq -c .attrs "$(inspect details '{{.LogPath}}')")"
	wrote plain -- 'echo hi'
	equal ' hi' "$(tare logs --details plain)"
}

@test "options that make no sense are refused, each with a word why" {
	no() { run -125 tare run --rm "$@" busybox true; }
	no --log-driver nonsense
	contains "$output" "unknown log driver 'nonsense'"
	no --log-driver syslog
	contains "$output" "unsupported: log driver 'syslog'"
	no --log-opt max-size=ten
	contains "$output" "log-opt 'max-size=ten': not a size"
	no --log-opt max-size=10k --log-opt max-file=0
	no --log-opt max-file=3
	contains "$output" "needs max-size"
	no --log-opt nonsense=1
	contains "$output" "unknown log-opt 'nonsense' for log driver json-file"
	no --log-opt compress=true --log-opt max-size=1m
	contains "$output" "unsupported"
	no --log-opt tag='{{.Nonsense}}'
	no --log-opt labels-regex='['
	no --log-opt path=relative
	no --log-driver none --log-opt max-size=10k
	no --log-driver passthrough -t
	equal "" "$(tare ps -aq)"
}

@test "a log at a place of the user's" {
	wrote path --log-driver k8s-file --log-opt path="$BATS_TEST_TMPDIR/web.log" -- 'echo there'
	equal "stdout F there" "$(cut -d' ' -f2- "$BATS_TEST_TMPDIR/web.log")"
	equal "$BATS_TEST_TMPDIR/web.log" "$(inspect path '{{.LogPath}}')"
	equal there "$(tare logs path)"
}

@test "driver none keeps nothing, and says so" {
	equal shown "$(tare run --network none --name none --log-driver none busybox echo shown)"
	equal "" "$(inspect none '{{.LogPath}}')"
	run -1 tare logs none
	contains "$output" "log driver of container none is none"
}

@test "driver passthrough gives the container our own streams" {
	echo in | tare run -i --network none --name pass --log-driver passthrough busybox sh -c 'read -r w; echo "$w" out; echo err >&2; exit 3' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	equal 3 "$status"
	equal "in out" "$(cat "$BATS_TEST_TMPDIR/out")"
	equal err "$(cat "$BATS_TEST_TMPDIR/err")"
	run -1 tare logs pass
	run -125 script -qec "tare run --rm --network none --log-driver passthrough busybox true" /dev/null
	contains "$output" "is a terminal"
}

@test "driver journald sends fields, parts and bytes; logs read them back by journalctl" {
	mkdir -p /run/systemd/journal
	"$lib/journal" /run/systemd/journal/socket "$BATS_TEST_TMPDIR/journal" & echo $! >"$BATS_TEST_TMPDIR/journal.pid"
	wait_for 5 test -S /run/systemd/journal/socket
	wrote jour --log-driver journald --label app.x=web --log-opt labels=app.x --log-opt tag='{{.Name}}' -- 'echo out; echo err >&2; printf "a\377b\n"; head -c 20000 /dev/zero | tr "\0" y'
	wait_for 5 sh -c "[ \$(wc -l <'$BATS_TEST_TMPDIR/journal') = 5 ]"
	equal "6 out web jour $(tare inspect -f '{{.Id}}' jour) jour jour" \
		"$(jq -r 'select(.MESSAGE == "out") | [.PRIORITY, .MESSAGE, .APP_X, .CONTAINER_NAME, .CONTAINER_ID_FULL, .CONTAINER_TAG, .SYSLOG_IDENTIFIER] | join(" ")' "$BATS_TEST_TMPDIR/journal")"
	equal 3 "$(jq -r 'select(.MESSAGE == "err").PRIORITY' "$BATS_TEST_TMPDIR/journal")"
	equal true "$(jq -r 'select(.CONTAINER_PARTIAL_MESSAGE).CONTAINER_PARTIAL_MESSAGE' "$BATS_TEST_TMPDIR/journal")"
	printf '#!/bin/sh\necho "$*" >%q\ncat %q\n' "$BATS_TEST_TMPDIR/words" "$BATS_TEST_TMPDIR/journal" >"$BATS_TEST_TMPDIR/journalctl"
	chmod +x "$BATS_TEST_TMPDIR/journalctl"
	equal "$(printf 'out\na\377b\n'; head -c 20000 /dev/zero | tr '\0' y)" "$(PATH=$BATS_TEST_TMPDIR:$PATH tare logs -n 9 jour 2>/dev/null)"
	contains "$(cat "$BATS_TEST_TMPDIR/words")" "CONTAINER_ID_FULL=$(tare inspect -f '{{.Id}}' jour) --lines=9"
	run -125 --separate-stderr tare run --rm --network none --log-driver journald --log-opt max-size=1m busybox true
}

@test "driver journald without a journal is an error that says so" {
	rm -f /run/systemd/journal/socket
	run -125 tare run --rm --network none --log-driver journald busybox true
	contains "$output" "connect to '/run/systemd/journal/socket'"
}

@test "mode=non-blocking: a log that stands still does not stop the container; what was dropped is counted" {
	tare run -d --network none --name fast --log-opt mode=non-blocking --log-opt max-buffer-size=256k busybox sh -c "$wait; "'
		i=0; while [ $i -lt 40000 ]; do echo "line $i 0123456789012345678901234567890123456789012345678901234567890123456789"; i=$((i+1)); done; touch /done
		while [ -e /go ]; do sleep 0.05; done; echo end' >/dev/null
	wait_for 5 sh -c 'tare logs fast | grep -q ready'
	writer=$(pgrep -n -f "tare-monitor --config.*$(inspect fast '{{.Id}}')")     # forked off the monitor
	kill -STOP "$writer"
	tare exec fast touch /go
	wait_for 20 tare exec fast test -e /done
	kill -CONT "$writer"
	tare exec fast rm /go
	wait_for 10 exited fast
	tare logs fast >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	dropped=$(sed -n 's/^tare: \([0-9]*\) records were dropped here$/\1/p' "$BATS_TEST_TMPDIR/err" | awk '{ n += $1 } END { print n + 0 }')
	[ "$dropped" -gt 1000 ]
	equal 40002 $((dropped + $(wc -l <"$BATS_TEST_TMPDIR/out")))
	equal end "$(tail -1 "$BATS_TEST_TMPDIR/out")"
	run ! kill -0 "$writer"
	wrote calm --log-opt mode=non-blocking -- "$long"
	equal "$(seq -f 'line %g' 0 2999)" "$(tare logs calm)"
}

@test "logs -f crosses the turning over of files, until the end" {
	tare run -d --network none --name turn --log-opt max-size=8k --log-opt max-file=2 busybox sh -c "$wait; $long" >/dev/null
	timeout 20 tare logs -f turn >"$BATS_TEST_TMPDIR/followed" & follower=$!
	wait_for 5 grep -q ready "$BATS_TEST_TMPDIR/followed"
	tare exec turn touch /go
	wait $follower
	equal "$(echo ready; seq -f 'line %g' 0 2999)" "$(cat "$BATS_TEST_TMPDIR/followed")"
}

@test "logs -f goes on when somebody cuts the file" {
	tare run -d --network none --name cut busybox sh -c 'echo one; while [ ! -e /go ]; do sleep 0.05; done; echo two; sleep 0.3' >/dev/null
	timeout 10 tare logs -f cut >"$BATS_TEST_TMPDIR/followed" & follower=$!
	wait_for 5 grep -q one "$BATS_TEST_TMPDIR/followed"
	truncate -s 0 "$(inspect cut '{{.LogPath}}')"
	sleep 0.2
	tare exec cut touch /go
	wait $follower
	equal "one two" "$(paste -sd' ' "$BATS_TEST_TMPDIR/followed")"
}

@test "logs -f of several containers, and its end by --until" {
	tare run -d --network none --name f1 busybox sh -c 'echo 1; sleep 0.4; echo 1' >/dev/null
	tare run -d --network none --name f2 busybox sh -c 'sleep 0.2; echo 2' >/dev/null
	equal "f1 1 f1 1 f2 2" "$(timeout 10 tare logs -f --names f1 f2 | sort | paste -sd' ')"
	tare run -d --network none --name f3 busybox sh -c 'echo 3; sleep 100' >/dev/null
	equal 3 "$(timeout 5 tare logs -f --until -1s f3)"
}

@test "ten writers, files that turn over, two followers: every line once, in order, byte by byte" {
	seconds=${TARE_LOGS_SECONDS:-3}
	tare run -d --network none --name many --log-opt max-size=1m --log-opt max-file=2 busybox sh -c "$wait"'
		for w in 0 1 2 3 4 5 6 7 8 9; do
			awk -v w=$w "BEGIN { pad = \"0123456789abcdefghijklmnopqrstuvwxyz\"; while (1) { printf \"%d %d %s\\n\", w, n, substr(pad, 1, 1 + n % 36); n++; fflush() } }" &
		done
		sleep '"$seconds"'; kill $(jobs -p); wait; echo end' >/dev/null
	"$lib/lines-check" 10 < <(tare logs -f many) >"$BATS_TEST_TMPDIR/first" & first=$!
	"$lib/lines-check" 10 < <(tare logs -f many) >"$BATS_TEST_TMPDIR/second" & second=$!
	sleep 0.5
	tare exec many touch /go
	wait $first && wait $second || { cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second"; tare logs --tail 3 many; return 1; }
	cat "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/second" >&2
	[ "$(wc -l <"$BATS_TEST_TMPDIR/first")" -gt 0 ]
}

@test "a follower that stands still does not keep the container, and is told what it lost" {
	mkfifo "$BATS_TEST_TMPDIR/slow"
	tare run -d --network none --name still --log-opt max-size=256k --log-opt max-file=1 busybox sh -c 'yes 0123456789abcdef | head -c 34000000; echo end' >/dev/null
	tare logs -f still >"$BATS_TEST_TMPDIR/slow" 2>"$BATS_TEST_TMPDIR/said" & follower=$!
	exec 9<"$BATS_TEST_TMPDIR/slow"
	wait_for 20 exited still
	cat <&9 >"$BATS_TEST_TMPDIR/got"
	exec 9<&-
	wait $follower
	equal end "$(tail -1 "$BATS_TEST_TMPDIR/got")"
	contains "$(cat "$BATS_TEST_TMPDIR/said")" "lines are missing here"
}
