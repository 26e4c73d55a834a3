# SPDX-License-Identifier: Apache-2.0
# Ctrl-C and SIGTERM in the middle of everything that brings, makes or sends images, and the death of the program that does the work: one line that says so, the
# exit code a shell would give, and nothing that was not there before. tare-transfer is stopped first, so that the middle lasts as long as we like.

load ../lib/tare
load ../lib/evil

setup_file() {
	tare_setup_file busybox debian
	evil_start
	registry_start plain plain
	export plain_addr plain_dir plain_pid
	tare load -q -i "$images/debian.oci.tar"
	debian=$(tare images --format '{{.ID}} {{.Repository}}' --no-trunc | awk '$2 != "busybox" { print $1; exit }')
	mkdir "$BATS_FILE_TMPDIR/tree"
	head -c 200000000 /dev/urandom >"$BATS_FILE_TMPDIR/tree/noise"
	tar -C "$BATS_FILE_TMPDIR/tree" -cf "$BATS_FILE_TMPDIR/tree.tar" noise
	export debian big=localhost/big:1
	tare import -q "$BATS_FILE_TMPDIR/tree.tar" $big
	tare save --format oci-dir -o "$BATS_FILE_TMPDIR/layout" $big
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/out"
}

teardown() {
	tare_teardown
	rm -rf "$BATS_TEST_TMPDIR"/{out,root}
}

teardown_file() {
	evil_stop
	registry_stop plain
	tare rmi -f "$big" "$debian" >/dev/null 2>&1 || :
	tare_teardown_file
}

# Every name and size of what a command could leave something in; what the kernel forgets by itself is not counted.
everything() {
	find /var/lib/tare "$BATS_TEST_TMPDIR/out" ! -path '*/locks*' ! -path '*/containers/*' ! -type d -printf '%p %s\n' | sort
	find /var/lib/tare/layers /var/lib/tare/images "$BATS_TEST_TMPDIR/out" -maxdepth 1 | sort
	ls -A /var/lib/tare/layers/ingest /var/lib/tare/blobs/ingest
}

# A tare-transfer that process $1 started and that has moved some bytes, so is in the middle, becomes $helper. Without a program's help: it may not live long.
moves() {
	local kids name io
	read -r kids <"/proc/$1/task/$1/children" || [ -n "$kids" ] || return
	for helper in $kids; do
		read -r name <"/proc/$helper/comm" && [ "$name" = tare-transfer ] && mapfile -t io <"/proc/$helper/io" || continue
		[ $((${io[0]#rchar:} + ${io[1]#wchar:})) -gt "${enough:-3000000}" ] && return
	done
	return 1
}

# starts WORDS…: tare WORDS in a process group of its own, as $pid, with its tare-transfer standing still. Its words go to $BATS_TEST_TMPDIR/said.
starts() {
	everything >"$BATS_TEST_TMPDIR/before"
	setsid env --default-signal=INT,TERM,HUP tare "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- &
	pid=$!
	until moves $pid 2>/dev/null; do kill -0 $pid; done
	kill -STOP "$helper"
}

# ends STATUS WORDS: soon; one line with the words; nothing more is there than before.
ends() {
	local status=0 before=$SECONDS
	wait $pid || status=$?
	equal "$1" $status
	[ $((SECONDS - before)) -le 20 ]
	contains "$(cat "$BATS_TEST_TMPDIR/said")" "$2"
	equal 1 "$(wc -l <"$BATS_TEST_TMPDIR/said")"
	diff "$BATS_TEST_TMPDIR/before" <(everything)
}

# A terminal's Ctrl-C, and what a service manager does, reach the whole group.
interrupted() {
	starts "$@"
	kill -INT -- -$pid
	ends 130 interrupted
	starts "$@"
	kill -TERM -- -$pid
	ends 143 interrupted
	starts "$@"
	kill -TERM $pid
	ends 143 interrupted
}

@test "save to an archive: the file does not appear" {
	interrupted save -o "$BATS_TEST_TMPDIR/out/a.tar" "$big"
	interrupted save --format oci-archive -o "$BATS_TEST_TMPDIR/out/a.tar" "$big"
}

@test "save to a directory: it does not appear; one that was there keeps its images" {
	interrupted save --format oci-dir -o "$BATS_TEST_TMPDIR/out/layout" "$big"
	interrupted save --format docker-dir -o "$BATS_TEST_TMPDIR/out/dir" "$big"
	tare save --format oci-dir -o "$BATS_TEST_TMPDIR/out/layout" busybox
	starts save --format oci-dir -o "$BATS_TEST_TMPDIR/out/layout" "$big"
	kill -INT -- -$pid
	wait $pid || :
	skopeo inspect "oci:$BATS_TEST_TMPDIR/out/layout:docker.io/library/busybox:latest" >/dev/null ||
		skopeo inspect "oci:$BATS_TEST_TMPDIR/out/layout" >/dev/null
}

@test "a file that is there stays as it was" {
	echo precious >"$BATS_TEST_TMPDIR/out/a.tar"
	interrupted save -o "$BATS_TEST_TMPDIR/out/a.tar" "$big"
	interrupted copy -q "tare:$big" "docker-archive:$BATS_TEST_TMPDIR/out/a.tar:x:1"
	equal precious "$(cat "$BATS_TEST_TMPDIR/out/a.tar")"
}

@test "copy, to archives, directories and the store" {
	interrupted copy -q "tare:$big" "oci-archive:$BATS_TEST_TMPDIR/out/a.tar"
	interrupted copy -q "oci:$BATS_FILE_TMPDIR/layout" "dir:$BATS_TEST_TMPDIR/out/dir"
	interrupted copy -q "oci:$BATS_FILE_TMPDIR/layout" "oci:$BATS_TEST_TMPDIR/out/layout"
}

@test "copy that waits before it tries again" {
	everything >"$BATS_TEST_TMPDIR/before"
	port=$(free_port)
	setsid env --default-signal=INT tare copy -q --retry-times 9 "docker://127.0.0.1:$port/x/y:1" "oci:$BATS_TEST_TMPDIR/out/layout" \
		>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
	pid=$!
	wait_for 60 grep -q 'trying again in' "$BATS_TEST_TMPDIR/said"
	kill -INT -- -$pid
	status=0
	wait $pid || status=$?
	equal 130 $status
	contains "$(tail -1 "$BATS_TEST_TMPDIR/said")" interrupted
	diff "$BATS_TEST_TMPDIR/before" <(everything)
}

@test "push: the registry has no image, and the next push succeeds" {
	interrupted push -q "$big" "$plain_addr/to/x:1"
	run ! skopeo inspect --tls-verify=false "docker://$plain_addr/to/x:1"
	tare push -q "$big" "$plain_addr/to/x:1"
	skopeo inspect --tls-verify=false "docker://$plain_addr/to/x:1" >/dev/null
}

@test "import" {
	tare rmi -f "$big" >/dev/null
	interrupted import "$BATS_FILE_TMPDIR/tree.tar" made:1
	interrupted import "$BATS_FILE_TMPDIR/tree" made:1
	tare import -q "$BATS_FILE_TMPDIR/tree.tar" $big
}

# What was loaded of it goes: it is all there in the archive still.
@test "load" {
	tare rmi -f "$debian" >/dev/null
	interrupted load -q -i "$images/debian.docker.tar"
	interrupted load -q -i "$images/debian.oci.tar"
	interrupted load -q -i "$images/debian"
	interrupted copy -q "oci:$images/debian" tare:made:1
	tare load -q -i "$images/debian.oci.tar"
}

@test "commit: and the container goes on" {
	tare run -d --name box --network none busybox sh -c 'head -c 80000000 /dev/urandom >/noise; touch /ready; while :; do echo x >>/beat; sleep 0.1; done'
	wait_for 20 tare exec box test -e /ready
	interrupted commit -q box made:1
	beat=$(tare exec box cat /beat)
	sleep 0.5
	[ "$beat" != "$(tare exec box cat /beat)" ]
}

@test "export: the file does not appear" {
	tare run --name box --network none busybox sh -c 'head -c 80000000 /dev/urandom >/noise'
	interrupted export -o "$BATS_TEST_TMPDIR/out/box.tar" box
}

@test "run and create that pull: no container; once the container runs signals are its own" {
	for verb in run create; do
		enough=500000 starts "$verb" -q --pull always --network none "$evil/slow/run-$verb:1" /hello
		kill -INT -- -$pid
		status=0
		wait $pid || status=$?
		equal 130 $status
		contains "$(cat "$BATS_TEST_TMPDIR/said")" interrupted
		equal 1 "$(wc -l <"$BATS_TEST_TMPDIR/said")"
		equal '' "$(tare ps -aq)"
	done
	tare tag busybox "$plain_addr/from/busybox:1"
	tare push -q "$plain_addr/from/busybox:1"
	tare run --pull always --network none --name box "$plain_addr/from/busybox:1" \
		sh -c 'trap "exit 7" INT; touch /ready; while :; do sleep 0.1; done' >/dev/null 2>&1 3>&- &
	pid=$!
	wait_for 20 tare exec box test -e /ready
	kill -INT $pid
	status=0
	wait $pid || status=$?
	equal 7 $status
	tare rmi -f "$plain_addr/from/busybox:1" >/dev/null
	tare image prune -f >/dev/null
}

@test "artifact pull and push" {
	tare artifact add "$plain_addr/a/big:1" "$BATS_FILE_TMPDIR/tree/noise" >/dev/null
	interrupted artifact push -q "$plain_addr/a/big:1"
	tare artifact push -q "$plain_addr/a/big:1"
	tare artifact rm "$plain_addr/a/big:1"
	interrupted artifact pull -q "$plain_addr/a/big:1"
}

@test "kill -9 of tare-transfer: a line that says so, and nothing is left" {
	for words in "save -o $BATS_TEST_TMPDIR/out/a.tar $big" "copy -q tare:$big oci-archive:$BATS_TEST_TMPDIR/out/a.tar" \
		"import $BATS_FILE_TMPDIR/tree.tar made:1" "push -q $big $plain_addr/to/y:1"; do
		# shellcheck disable=SC2086 # words
		starts $words
		kill -KILL "$helper"
		ends 1 "tare-transfer was killed by signal 9"
	done
}

@test "a process 1 that waits for nobody but its own child finds no dead of ours" {
	local as_first='
import signal, subprocess, sys, time
pull = subprocess.Popen(sys.argv[1:])
time.sleep(1.5)
pull.send_signal(signal.SIGINT)
pull.wait()
time.sleep(0.5)
print(pull.returncode, subprocess.run(["ps", "-eo", "comm"], capture_output=True, text=True).stdout.count("tare"))'
	run --separate-stderr unshare --pid --fork --mount-proc python3 -c "$as_first" tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/first" \
		pull -q "$evil/stalls/first:1"
	equal "130 0" "$output"
	contains "$stderr" interrupted
}
