# SPDX-License-Identifier: Apache-2.0
# pause, unpause, rename, update, port, container exists.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# How often the container called $1 has counted so far.
count() { tare logs "$1" | wc -l; }
counter() {
	tare run -d --name "$1" busybox sh -c 'while :; do echo x; sleep 0.02; done' >/dev/null
	wait_for 5 sh -c "tare logs $1 | grep -q x"
}
stands_still() {
	local before
	before=$(count "$1")
	sleep 0.2
	equal "$before" "$(count "$1")"
}
goes_on() { wait_for 5 bash -c "[ \$(tare logs $1 | wc -l) -gt $2 ]"; }

@test "pause freezes, unpause lets go on, and both say no to the other" {
	counter c1
	equal c1 "$(tare pause c1)"
	equal paused "$(inspect c1 '{{.State.Status}}')"
	equal true,true "$(inspect c1 '{{.State.Running}},{{.State.Paused}}')"
	contains "$(tare ps --format '{{.Status}}')" '(Paused)'
	stands_still c1
	n=$(count c1)
	run -1 tare pause c1
	contains "$output" "already paused"
	equal c1 "$(tare unpause c1)"
	goes_on c1 "$n"
	run -1 tare unpause c1
	contains "$output" "not paused"
	running c1
}

@test "pause: of what does not run, of several, of all, by filter and by file" {
	tare create --name made busybox true
	run -1 tare pause made
	contains "$output" "not running"
	tare run -d --name a --label k=1 busybox sleep 100
	tare run -d --name b busybox sleep 100
	run -1 tare pause a nosuch b
	contains "$output" "no such container: nosuch"
	equal paused,paused "$(inspect a '{{.State.Status}}'),$(inspect b '{{.State.Status}}')"
	run -0 tare unpause --all
	equal 2 "${#lines[@]}"
	run -0 tare pause --filter label=k=1
	equal "$(inspect a '{{.Id}}')" "$output"
	tare ps -q --no-trunc --filter name=a >"$BATS_TEST_TMPDIR/id"
	tare unpause --cidfile "$BATS_TEST_TMPDIR/id"
	running a
	run -1 tare pause a --all
	contains "$output" "do not go together"
	run -1 tare pause
}

@test "a paused container: no exec, no start, no attach; stop, kill and rm -f end it" {
	tare run -d --name p busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.02; done'
	sleep 0.2
	tare pause p
	for verb in 'exec p true' 'start p' 'attach p' 'start -a p'; do
		# shellcheck disable=SC2086 # words
		run timeout 5 tare $verb
		[ "$status" -ne 0 ]
		contains "$output" "is paused"
	done
	run -1 tare rm p
	contains "$output" "is paused"
	timeout 5 tare stop p
	equal 3 "$(inspect p '{{.State.ExitCode}}')"
	tare start p
	tare pause p
	timeout 5 tare kill p
	equal 137 "$(inspect p '{{.State.ExitCode}}')"
	tare start p
	running p
	tare pause p
	timeout 5 tare rm -f p
	run -1 tare container exists p
}

@test "a signal that does not end it waits until it goes on" {
	tare run -d --name s busybox sh -c 'trap "echo hup" HUP; echo up; while :; do sleep 0.02; done'
	wait_for 5 sh -c 'tare logs s | grep -q up'
	tare pause s
	tare kill -s HUP s
	equal paused "$(inspect s '{{.State.Status}}')"
	equal up "$(tare logs s)"
	tare unpause s
	wait_for 5 sh -c 'tare logs s | grep -q hup'
}

@test "pause survives the death of the one who does it" {
	tare run -d --name k busybox sleep 100
	dir=/run/tare/containers/$(inspect k '{{.Id}}')
	# As if killed between the note and the freezing.
	inspect k '{{.State.Pid}}' | tr -d '\n' >"$dir/paused"
	equal paused "$(inspect k '{{.State.Status}}')"
	tare unpause k
	running k
	# A note of an earlier run means nothing.
	echo 1 >"$dir/paused"
	running k
	timeout 5 tare exec k true
}

@test "rename: by the new name only; taken, wrong and its own names are refused" {
	tare run -d --name old busybox sleep 100
	tare create --name other busybox true
	run -0 tare rename old new
	equal '' "$output"
	equal /new "$(inspect new '{{.Name}}')"
	run -1 tare inspect old
	tare exec new true
	run -1 tare rename new other
	contains "$output" "in use"
	run -1 tare rename new new
	run -1 tare rename new 'a b'
	run -1 tare rename new -- -x
	run -1 tare rename nosuch x
	tare run -d --name old busybox sleep 100
	tare rename new /slash
	equal "old other slash" "$(tare ps -a --format '{{.Names}}' | sort | xargs)"
	tare system check --quick
}

@test "a rename that was broken off anywhere heals" {
	for step in rename.reserve rename.write rename.release; do
		tare create --name from busybox true
		run env "TARE_FAULT=kill:$step" tare rename from to
		[ "$status" -ne 0 ]
		tare create --name again busybox true >/dev/null
		# Both names are free as soon as the one container is renamed away.
		name=$(tare ps -a --format '{{.Names}}' --filter name=from --filter name=to)
		tare rename "$name" away
		tare create --name to busybox true
		tare create --name from busybox true
		tare rm from to away again
		tare system check --quick
	done
	tare create --name from busybox true
	for step in rename.reserve rename.write rename.release; do
		run -1 env "TARE_FAULT=step:$step" tare rename from to
		equal from "$(tare ps -a --format '{{.Names}}')"
		equal 'from' "$(cd /var/lib/tare/names && ls)"
	done
}

@test "update: limits change at once, last over a restart, and are refused whole" {
	tare run -d --name u -m 64m --pids-limit 50 busybox sh -c 'sleep 1000'
	cgroup() { tare exec u cat "/sys/fs/cgroup/$1/$2" 2>/dev/null || tare exec u cat "/sys/fs/cgroup/$3"; }
	equal u "$(tare update --memory 96m --pids-limit 40 --cpu-shares 512 u)"
	equal $((96 << 20)) "$(cgroup memory memory.limit_in_bytes memory.max)"
	equal 40 "$(cgroup pids pids.max pids.max)"
	equal "$((96 << 20)) $((192 << 20)) 40 512" "$(inspect u '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}}')"
	tare stop -t 0 u
	tare start u
	equal $((96 << 20)) "$(cgroup memory memory.limit_in_bytes memory.max)"
	equal 40 "$(cgroup pids pids.max pids.max)"
	run -1 tare update --cpus 1 --cpu-quota 5 u
	run -1 tare update --memory 1m u
	equal $((96 << 20)) "$(inspect u '{{.HostConfig.Memory}}')"
	run -125 tare update --memory x u
	run -125 tare update --kernel-memory 1m u
	run -1 tare update --cpus 1 nosuch
}

@test "update of a stopped one counts from its next start; several at once" {
	tare create --name a busybox sleep 100
	tare create --name b busybox sleep 100
	equal "a b" "$(tare update --pids-limit 33 a b | xargs)"
	tare start a
	equal 33 "$(tare exec a sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max')"
}

@test "an update that fails leaves what was" {
	tare run -d --name f --pids-limit 50 busybox sleep 100
	for step in limits.apply limits.keep; do
		run -1 env "TARE_FAULT=step:$step" tare update --pids-limit 20 f
		equal 50 "$(tare exec f sh -c 'cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max')"
		equal 50 "$(inspect f '{{.HostConfig.PidsLimit}}')"
	done
}

@test "port: all, one, none; of all containers; of the newest" {
	tare run -d --name w -p 127.0.0.1:18080:80 -p 18053:53/udp busybox sleep 100
	equal "53/udp -> 0.0.0.0:18053|80/tcp -> 127.0.0.1:18080|" "$(tare port w | sort | tr '\n' '|')"
	equal 127.0.0.1:18080 "$(tare port w 80)"
	equal 127.0.0.1:18080 "$(tare port w 80/tcp)"
	equal 0.0.0.0:18053 "$(tare port w 53/udp)"
	run -1 tare port w 53
	contains "$output" "not published"
	run -1 tare port w x
	run -1 tare port nosuch
	equal 127.0.0.1:18080 "$(tare port -l 80)"
	contains "$(tare port -a)" "$(inspect w '{{.Id}}' | cut -c1-12)	80/tcp -> 127.0.0.1:18080"
	tare run -d --name n busybox sleep 100
	equal '' "$(tare port n)"
	tare stop -t 0 w
	equal '' "$(tare port w)"
}

@test "container exists" {
	tare create --name e busybox true
	tare container exists e
	tare container exists "$(inspect e '{{.Id}}' | cut -c1-12)"
	run -1 tare container exists nosuch
	equal '' "$output"
	run -125 tare container exists
}
