# SPDX-License-Identifier: Apache-2.0
# Restart policies: who is started again, how often, what ends it, and what others see meanwhile.

load ../lib/tare

setup_file() { tare_setup_file; }
setup() { began=$(date +%s.%N); }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

count() { inspect "$1" '{{.RestartCount}}'; }
runs() { tare logs "$1" 2>/dev/null | grep -c run; }
at_least() { [ "$(runs "$1")" -ge "$2" ]; }
is() { [ "$(inspect "$1" '{{.State.Status}}')" = "$2" ]; }

@test "on-failure:2 starts it twice more, then it has ended" {
	tare run -d --name f --restart on-failure:2 busybox sh -c 'echo run; exit 3'
	wait_for 5 is f exited
	equal 3 "$(runs f)"
	equal "2 3 false" "$(inspect f '{{.RestartCount}} {{.State.ExitCode}} {{.State.Restarting}}')"
	equal "on-failure 2" "$(inspect f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}')"
	equal "start die start die start die" "$(tare events --no-stream --since "$began" --filter container=f --filter event=start --filter event=die --format '{{.Action}}' | paste -sd ' ')"
}

@test "on-failure lets one that ends well alone, no is the default" {
	tare run -d --name ok --restart on-failure busybox sh -c 'echo run'
	tare run -d --name no busybox sh -c 'echo run; exit 1'
	tare wait ok no
	sleep 0.3
	equal "1 1" "$(runs ok) $(runs no)"
	equal no "$(inspect no '{{.HostConfig.RestartPolicy.Name}}')"
	exited ok
}

@test "always goes on, with growing pauses, until stop; restarting is seen" {
	tare run -d --name a --restart always busybox sh -c 'echo run; exit 0'
	wait_for 5 at_least a 4
	wait_for 3 is a restarting
	equal "true true" "$(inspect a '{{.State.Running}} {{.State.Restarting}}')"
	contains "$(tare ps --format '{{.Status}}' --filter status=restarting)" "Restarting (0)"
	run -125 tare exec a true
	contains "$output" restarting
	run -0 timeout 5 tare stop a
	exited a
	n=$(runs a)
	sleep 1
	equal "$n" "$(runs a)"
	tare start a
	wait_for 5 at_least a $((n + 2))
}

@test "stop and kill of a running one are final; another signal is not" {
	tare run -d --name s --restart always busybox sh -c 'trap "exit 7" TERM; trap "exit 5" USR1; echo run; while :; do sleep 0.05; done'
	wait_for 5 at_least s 1
	tare kill -s USR1 s
	wait_for 5 at_least s 2
	tare stop s
	exited s
	equal 7 "$(inspect s '{{.State.ExitCode}}')"
	tare start s
	wait_for 5 at_least s 3
	tare kill s
	wait_for 5 is s exited
	sleep 0.3
	equal 3 "$(runs s)"
}

@test "the next run has the same address and its network works" {
	tare run -d --name net --restart always busybox sh -c 'echo run $(ip -4 -o addr show eth0 | tr -s " " | cut -d" " -f4); httpd -f -p 80 -h /etc & sleep 0.4; kill %1'
	wait_for 8 at_least net 3
	equal 1 "$(tare logs net | sort -u | wc -l)"
	ip=$(inspect net '{{.NetworkSettings.IPAddress}}')
	contains "$(tare logs net)" "run $ip/"
	wait_for 5 curl -sf --max-time 1 "http://$ip/passwd"
}

@test "published ports, exec and logs -f go on over a restart" {
	tare run -d --name web --restart always -p 18099:80 busybox sh -c 'echo run; exec httpd -f -p 80 -h /etc'
	tare logs -f web >"$BATS_TEST_TMPDIR/log" 3>&- &
	wait_for 5 curl -sf --max-time 1 http://127.0.0.1:18099/passwd
	tare exec web sh -c 'kill -INT 1; kill -HUP 1' || :
	tare kill -s ABRT web || :
	kill -9 "$(inspect web '{{.State.Pid}}')"
	wait_for 5 at_least web 2
	wait_for 5 curl -sf --max-time 1 http://127.0.0.1:18099/passwd
	equal in "$(tare exec web echo in)"
	wait_for 5 sh -c "[ \$(grep -c run $BATS_TEST_TMPDIR/log) = 2 ]"
	tare rm -f web
	wait
}

@test "attached: run comes back with the first exit code, the container goes on" {
	run -4 tare run --name fg --restart on-failure:1 busybox sh -c 'echo run; exit 4'
	equal run "$output"
	wait_for 5 is fg exited
	equal 2 "$(runs fg)"
}

@test "wait gives the exit code of the run it waited for" {
	tare run -d --name w --restart always busybox sh -c 'sleep 0.5; exit 6'
	equal 6 "$(tare wait w)"
	equal 6 "$(timeout 10 tare wait w)"
}

@test "a terminal comes again too" {
	tare run -dt --name tty --restart on-failure:1 busybox sh -c 'tty && echo run; exit 1'
	wait_for 5 is tty exited
	equal 2 "$(runs tty)"
}

@test "update changes the policy of a running container" {
	tare run -d --name u busybox sh -c 'trap "exit 1" USR1; echo run; while :; do sleep 0.05; done'
	wait_for 5 at_least u 1
	tare update --restart always u
	equal always "$(inspect u '{{.HostConfig.RestartPolicy.Name}}')"
	tare kill -s USR1 u
	wait_for 5 at_least u 2
	tare update --restart no u
	tare kill -s USR1 u
	wait_for 5 is u exited
	tare rename u u2
	equal 2 "$(runs u2)"
}

@test "rm -f of one between two runs leaves nothing" {
	tare run -d --name r --restart always busybox false
	wait_for 5 is r restarting
	run -1 tare rm r
	tare rm -f r
	no_residue
}

@test "what is wrong is refused in one line" {
	run -125 tare run --restart sometimes busybox true
	contains "$output" "invalid restart policy 'sometimes'"
	run -125 tare run --restart always:3 busybox true
	contains "$output" "maximum retry count"
	run -125 tare run --rm --restart always busybox true
	contains "$output" "--restart and --rm"
}

@test "a program that vanished ends the restarts with its reason" {
	tare run -d --name gone --restart always busybox sh -c 'echo run; rm /bin/sh /bin/busybox; exit 1'
	wait_for 5 is gone exited
	equal 127 "$(inspect gone '{{.State.ExitCode}}')"
	contains "$(inspect gone '{{.State.Error}}')" sh
}

@test "a killed monitor is put away by the next command, without residue" {
	tare run -d --name k --restart always busybox false
	wait_for 5 is k restarting
	kill -9 "$(pgrep -f "tare-monitor --config .*$(inspect k '{{.Id}}')")"
	wait_for 5 is k exited
	tare rm k
	no_residue
}

@test "memory that ran out is on record, with its event" {
	tare run -d --name oom -m 16m busybox sh -c 'a=x; while :; do a=$a$a; done'
	tare wait oom
	equal "true 137" "$(inspect oom '{{.State.OOMKilled}} {{.State.ExitCode}}')"
	equal "oom die" "$(tare events --no-stream --since "$began" --filter container=oom --filter event=oom --filter event=die --format '{{.Action}}' | paste -sd ' ')"
}
