# SPDX-License-Identifier: Apache-2.0
# create, start, stop, kill, rm, ps, logs, exec, attach, wait, inspect.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# A container that ends politely on TERM with 3.
polite() {
	tare run -d --name "$1" busybox sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	wait_for 5 sh -c "tare logs $1 | grep -q ready"
}

@test "create does not run; start does; a second start from the end works" {
	id=$(tare create --name c1 busybox sh -c 'echo ran')
	equal created "$(inspect c1 '{{.State.Status}}')"
	equal '' "$(tare logs c1)"
	tare start c1
	equal 0 "$(tare wait c1)"
	equal ran "$(tare logs c1)"
	tare start c1
	equal 0 "$(tare wait c1)"
	equal 2 "$(tare logs c1 | grep -c ran)"
}

@test "start -a shows the output and exits as the program does" {
	tare create --name c1 busybox sh -c 'echo out; exit 5'
	run -5 tare start -a c1
	equal out "$output"
}

@test "ps shows running ones, ps -a all, in Docker's columns" {
	tare run -d --name up busybox sleep 100
	tare run --name down busybox true
	run -0 tare ps
	contains "${lines[0]}" "CONTAINER ID"
	contains "${lines[0]}" NAMES
	contains "$output" up
	[[ $output != *down* ]]
	run -0 tare ps -a
	contains "$output" "Exited (0)"
	equal "up" "$(tare ps --format '{{.Names}}')"
}

@test "stop sends TERM and the exit code is kept" {
	polite p1
	tare stop p1
	exited p1
	equal 3 "$(inspect p1 '{{.State.ExitCode}}')"
}

@test "stop kills after its timeout" {
	tare run -d --name deaf busybox sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	sleep 0.3
	run -0 timeout 8 tare stop -t 1 deaf
	equal 137 "$(inspect deaf '{{.State.ExitCode}}')"
}

@test "stop of a stopped container is no error" {
	tare run --name done busybox true
	tare stop done
}

@test "the image's or the flag's stop signal is used" {
	tare run -d --name usr --stop-signal USR1 busybox sh -c 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done'
	wait_for 5 sh -c 'tare logs usr | grep -q ready'
	tare stop usr
	equal 9 "$(inspect usr '{{.State.ExitCode}}')"
}

@test "kill sends the named signal" {
	polite k1
	tare kill -s TERM k1
	equal 3 "$(tare wait k1)"
	run ! tare kill k1
}

@test "wait gives the exit code, also of a running one" {
	tare run -d --name w1 busybox sh -c 'sleep 0.5; exit 6'
	equal 6 "$(tare wait w1)"
	equal 6 "$(tare wait w1)"
}

@test "rm refuses a running container, rm -f does not" {
	tare run -d --name r1 busybox sleep 100
	run ! tare rm r1
	running r1
	tare rm -f r1
	run ! tare inspect r1
}

@test "names, ids and prefixes find a container; unknown ones say so" {
	id=$(tare run -d --name find busybox sleep 100)
	for ref in find "$id" "${id:0:12}" "${id:0:4}"; do
		equal "$id" "$(inspect "$ref" '{{.Id}}')"
	done
	run ! tare inspect nowhere
	contains "$output" nowhere
}

@test "exec: output, exit code, environment, user, directory, input" {
	tare run -d --name box -e WHO=box busybox sleep 100
	equal box "$(tare exec box sh -c 'echo $WHO')"
	run -4 tare exec box sh -c 'exit 4'
	equal 1000 "$(tare exec -u alice box id -u)"
	equal /tmp "$(tare exec -w /tmp box pwd)"
	equal two "$(tare exec -e ONE=two box sh -c 'echo $ONE')"
	equal HELLO "$(echo hello | tare exec -i box tr a-z A-Z)"
	run -127 tare exec box /no/such
	run -126 tare exec box /etc/passwd
}

@test "exec -d leaves the program running" {
	tare run -d --name box busybox sleep 100
	tare exec -d box sleep 77
	contains "$(tare exec box ps)" "sleep 77"
}

@test "exec in a stopped container is refused" {
	tare run --name over busybox true
	run ! tare exec over true
	contains "$output" "not running"
}

@test "logs: both streams, tail, timestamps" {
	tare run --name l1 busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done; echo oops >&2'
	equal 5 "$(tare logs l1 2>/dev/null | wc -l)"
	equal oops "$(tare logs l1 2>&1 >/dev/null)"
	equal 2 "$(tare logs --tail 2 l1 2>&1 | wc -l)"
	run -0 tare logs -t l1
	[[ ${lines[0]} =~ ^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T ]]
}

@test "logs -f follows until the end" {
	tare run -d --name f1 busybox sh -c 'for i in 1 2 3; do echo tick $i; sleep 0.3; done'
	equal 3 "$(timeout 10 tare logs -f f1 | grep -c tick)"
}

@test "a long line and a line without an end are kept whole" {
	tare run --name long busybox sh -c 'head -c 100000 /dev/zero | tr "\0" x; echo; printf tail'
	equal 100005 "$(tare logs long | wc -c)"
}

@test "attach shows what comes and exits with the container" {
	tare run -d --name a1 busybox sh -c 'sleep 0.7; echo late; exit 8'
	run -8 timeout 10 tare attach --no-stdin a1
	contains "$output" late
}

@test "inspect tells what was asked for" {
	id=$(tare run -d --name i1 --memory 64m -e A=b -p 127.0.0.1::80 busybox sleep 100)
	tare inspect i1 | jq -e --arg id "$id" '.[0] | .Id == $id and .Name == "/i1" and .HostConfig.Memory == 67108864
		and (.Config.Env | index("A=b")) and .State.Running and .State.Pid > 0 and .NetworkSettings.IPAddress != ""'
	kill -0 "$(inspect i1 '{{.State.Pid}}')"
}

@test "the death of the command line does not touch a container" {
	tare run --name orphan busybox sh -c 'echo begun; sleep 1.5; echo still here; exit 11' >"$BATS_TEST_TMPDIR/out" &
	pid=$!
	wait_for 5 grep -q begun "$BATS_TEST_TMPDIR/out"
	kill -9 $pid
	wait $pid || :
	equal 11 "$(tare wait orphan)"
	contains "$(tare logs orphan)" "still here"
}

@test "a container whose monitor was killed is seen as ended and can be removed" {
	tare run -d --name widow busybox sleep 100
	pid=$(inspect widow '{{.State.Pid}}')
	kill -9 "$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")"
	tare rm -f widow
	wait_for 5 sh -c "! kill -0 $pid"
	no_residue
}

@test "--rm of a detached container removes it when it ends" {
	id=$(tare run -d --rm busybox sleep 0.3)
	wait_for 5 sh -c "! tare inspect $id"
	no_residue
}

@test "restart gives a new process" {
	tare run -d --name again busybox sleep 100
	first=$(inspect again '{{.State.Pid}}')
	tare restart -t 0 again
	running again
	[ "$first" != "$(inspect again '{{.State.Pid}}')" ]
}

@test "container prune removes those that ended only" {
	tare run --name gone busybox true
	tare run -d --name stays busybox sleep 100
	tare container prune -f
	run ! tare inspect gone
	running stays
}
