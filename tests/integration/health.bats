# SPDX-License-Identifier: Apache-2.0
# Health checks: of the image and of flags, what is seen of them, what follows.

load ../lib/tare

setup_file() { tare_setup_file; }
setup() { began=$(date +%s.%N); }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

is() { [ "$(inspect "$1" '{{.State.Health.Status}}')" = "$2" ]; }
does() { [ "$(inspect "$1" '{{.State.Status}}')" = "$2" ]; }

@test "starting, healthy, unhealthy, healthy: seen in ps, inspect and events" {
	tare run -d --name h --health-cmd 'echo looked; test ! -e /tmp/bad' --health-interval 150ms --health-retries 2 busybox sleep 100
	tare run -d --name young --health-cmd true busybox sleep 100
	contains "$(tare ps --filter name=young --format '{{.Status}}')" "(health: starting)"
	is young starting
	tare rm -f young
	wait_for 5 is h healthy
	contains "$(tare ps --format '{{.Status}}')" "(healthy)"
	tare exec h touch /tmp/bad
	wait_for 5 is h unhealthy
	contains "$(tare ps --format '{{.Status}}')" "(unhealthy)"
	[ "$(inspect h '{{.State.Health.FailingStreak}}')" -ge 2 ]
	equal 1 "$(tare inspect h | jq '.[0].State.Health.Log[-1].ExitCode')"
	tare exec h rm /tmp/bad
	wait_for 5 is h healthy
	equal 0 "$(inspect h '{{.State.Health.FailingStreak}}')"
	wait_for 5 sh -c '[ "$(tare inspect h | jq ".[0].State.Health.Log | length")" = 5 ]'
	tare inspect h | jq -e '.[0].State.Health.Log | all(.Start < .End and (.Output == "looked\n"))'
	equal "healthy unhealthy healthy" "$(tare events --no-stream --since "$began" --filter event=health_status --format '{{.HealthStatus}}' | paste -sd ' ')"
	equal '["CMD-SHELL","echo looked; test ! -e /tmp/bad"]' "$(tare inspect h | jq -c '.[0].Config.Healthcheck.Test')"
	equal "150000000 2" "$(tare inspect h | jq -r '.[0].Config.Healthcheck | "\(.Interval) \(.Retries)"')"
	equal h "$(tare ps --filter health=healthy --format '{{.Names}}')"
	equal "" "$(tare ps --filter health=unhealthy --format '{{.Names}}')"
}

@test "the image's check is used, flags change its times, --no-healthcheck leaves it out" {
	tare create --name base busybox
	tare commit -q -c 'HEALTHCHECK --interval=200ms --retries=1 CMD ["/bin/test","-e","/etc/passwd"]' base checked
	tare run -d --name i1 checked sleep 100
	wait_for 5 is i1 healthy
	equal '["CMD","/bin/test","-e","/etc/passwd"]' "$(tare inspect i1 | jq -c '.[0].Config.Healthcheck.Test')"
	tare run -d --name i2 --health-interval 1h checked sleep 100
	equal "3600000000000 1" "$(tare inspect i2 | jq -r '.[0].Config.Healthcheck | "\(.Interval) \(.Retries)"')"
	tare run -d --name i3 --no-healthcheck checked sleep 100
	equal null "$(tare inspect i3 | jq '.[0].State.Health')"
	[[ $(tare ps --filter name=i3 --format '{{.Status}}') != *health* ]]
	tare run -d --name i4 --health-cmd none checked sleep 100
	equal null "$(tare inspect i4 | jq '.[0].State.Health')"
	tare rm -f i1 i2 i3 i4 base
	tare rmi checked
}

@test "a check that takes too long is killed, with its words" {
	tare run -d --name slow --health-cmd 'sleep 55' --health-timeout 300ms --health-interval 100ms --health-retries 1 busybox sleep 100
	wait_for 5 is slow unhealthy
	equal -1 "$(tare inspect slow | jq '.[0].State.Health.Log[0].ExitCode')"
	contains "$(tare inspect slow | jq -r '.[0].State.Health.Log[0].Output')" "exceeded timeout (300ms)"
}

@test "output is kept up to 4096 bytes" {
	tare run -d --name loud --health-cmd 'yes | head -c 100000; exit 1' --health-interval 100ms busybox sleep 100
	wait_for 5 sh -c '[ "$(tare inspect loud | jq ".[0].State.Health.Log | length")" -ge 1 ]'
	equal 4099 "$(tare inspect loud | jq -j '.[0].State.Health.Log[0].Output' | wc -c)"
}

@test "failures in the start period do not count" {
	tare run -d --name young --health-cmd 'false' --health-interval 100ms --health-retries 1 --health-start-period 1s busybox sleep 100
	wait_for 5 sh -c '[ "$(tare inspect young | jq ".[0].State.Health.Log | length")" -ge 2 ]'
	is young starting
	wait_for 5 is young unhealthy
}

@test "healthcheck run asks now: 0 healthy, 1 not, 125 without a check" {
	tare run -d --name ask --health-cmd 'test ! -e /tmp/bad' --health-interval disable busybox sleep 100
	run -0 tare healthcheck run ask
	equal "" "$output"
	is ask healthy
	tare exec ask touch /tmp/bad
	run -1 tare healthcheck run ask
	equal unhealthy "$output"
	tare run -d --name none busybox sleep 100
	run -125 tare healthcheck run none
	contains "$output" "no health check"
	run -125 tare healthcheck run nowhere
}

@test "on-failure kill, stop and restart" {
	for action in kill stop; do
		tare run -d --name "f$action" --health-cmd false --health-interval 100ms --health-retries 1 --health-on-failure "$action" busybox \
			sh -c 'trap "exit 9" TERM; while :; do sleep 0.05; done'
	done
	wait_for 5 does fkill exited
	wait_for 5 does fstop exited
	equal "137 9" "$(inspect fkill '{{.State.ExitCode}}') $(inspect fstop '{{.State.ExitCode}}')"
	tare run -d --name frestart --health-cmd 'test ! -e /tmp/bad' --health-interval 100ms --health-retries 1 --health-on-failure restart --stop-timeout 1 busybox \
		sh -c 'rm -f /tmp/bad; echo run; sleep 0.3; [ -e /tmp/once ] || touch /tmp/once /tmp/bad; sleep 100'
	wait_for 8 sh -c '[ "$(tare logs frestart | grep -c run)" = 2 ]'
	wait_for 5 is frestart healthy
	equal 1 "$(inspect frestart '{{.RestartCount}}')"
}

@test "on-failure stop is stronger than restart always" {
	tare run -d --name s --restart always --health-cmd false --health-interval 100ms --health-retries 1 --health-on-failure stop --stop-timeout 0 busybox sleep 100
	wait_for 5 does s exited
}

@test "a startup check goes first; one that fails too often begins the container anew" {
	tare run -d --name st --health-cmd 'echo real' --health-interval 100ms --health-startup-cmd 'echo startup; test -e /tmp/up' --health-startup-interval 100ms busybox \
		sh -c 'sleep 0.6; touch /tmp/up; sleep 100'
	wait_for 5 is st healthy
	tare inspect st | jq -r '.[0].State.Health.Log[].Output' | grep -q real
	tare run -d --name never --health-cmd true --health-startup-cmd false --health-startup-interval 100ms --health-startup-retries 2 --stop-timeout 0 busybox sh -c 'echo run; sleep 100'
	wait_for 8 sh -c '[ "$(tare logs never | grep -c run)" -ge 2 ]'
}

@test "the check starts anew with every run, and stops with it" {
	tare run -d --name r --health-cmd true --health-interval 100ms busybox sleep 100
	wait_for 5 is r healthy
	tare stop -t 0 r
	is r unhealthy
	tare start r
	wait_for 5 is r healthy
	tare restart -t 0 r
	wait_for 5 is r healthy
}

@test "a frozen container is not asked" {
	tare run -d --name p --health-cmd true --health-interval 100ms --health-timeout 200ms --health-retries 1 busybox sleep 100
	wait_for 5 is p healthy
	tare pause p
	sleep 0.8
	is p healthy
	tare unpause p
}

@test "what is wrong is refused in one line" {
	run -125 tare run --health-cmd true --no-healthcheck busybox true
	contains "$output" "--no-healthcheck conflicts"
	run -125 tare run --health-cmd true --health-interval 1us busybox true
	contains "$output" "health-interval"
	run -125 tare run --health-cmd true --health-on-failure panic busybox true
	contains "$output" panic
	run -125 tare run --health-cmd '[1,2' busybox true
	contains "$output" "no list of words"
	run -125 tare run --health-on-failure kill busybox true
	contains "$output" "no health check"
}

@test "a check that runs while its container ends leaves nothing" {
	tare run -d --name e --health-cmd 'sleep 30' --health-interval 50ms busybox sleep 100
	sleep 0.4
	tare rm -f e
	no_residue
}

@test "a monitor with a check wakes for nothing else, and stays small" {
	tare run -d --name m --health-cmd true --health-interval 100ms busybox sleep 100
	wait_for 5 is m healthy
	pid=$(pgrep -f "tare-monitor --config .*$(inspect m '{{.Id}}')")
	wait_for 5 sh -c '[ "$(tare inspect m | jq ".[0].State.Health.Log | length")" = 5 ]'
	kb=$(awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")
	echo "private $kb KB"
	# 300 KB is the bound of one without a check (monitor.bats); running checks touches a few pages more.
	[ "$kb" -le 350 ]
}
