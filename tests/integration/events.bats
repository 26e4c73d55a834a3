# SPDX-License-Identifier: Apache-2.0
# events: what is written down, how it is asked for, and that the journal survives its writers.

load ../lib/tare

journal=/var/lib/tare/events/log

setup_file() { tare_setup_file; }
setup() { began=$(date +%s.%N); }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# happened [FLAG…]: what events says of this test so far, without waiting.
happened() { tare events --no-stream --since "$began" "$@" 2>&1; }
actions() { happened --format '{{.Action}}' "$@" | paste -sd ' '; }

@test "the life of run --rm, in docker's words" {
	run -7 tare run --rm --name short -l tier=front busybox sh -c 'exit 7'
	equal "create attach start die destroy" "$(actions --filter type=container)"
	line=$(happened --filter event=die)
	[[ $line =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}(Z|[+-][0-9:]+)\ container\ die\ [0-9a-f]{64}\ \(exitCode=7,\ image=busybox,\ name=short,\ tier=front\)$ ]]
}

@test "start, kill, stop, restart and exec are told" {
	id=$(tare run -d --name long busybox sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done')
	tare exec long true
	run -4 tare exec long sh -c 'exit 4'
	tare restart -t 5 long
	tare kill -s KILL long
	tare wait long
	equal "create start exec_create: true exec_start: true exec_die exec_create: sh -c exit 4 exec_start: sh -c exit 4 exec_die kill die stop start restart kill die" \
		"$(actions --filter container=long)"
	equal "15 9" "$(happened --filter event=kill --format '{{.Actor.Attributes.signal}}' | paste -sd ' ')"
	equal "0 4" "$(happened --filter event=exec_die --format '{{.Attributes.exitCode}}' | paste -sd ' ')"
	equal "$id" "$(happened --filter "container=${id:0:12}" --filter event=create --format '{{.ID}}')"
}

@test "pause, unpause, rename and update are told" {
	tare run -d --name n1 busybox sleep 100
	tare pause n1
	tare unpause n1
	tare update --cpu-shares 512 n1
	tare rename n1 n2
	equal "pause unpause update" "$(actions --filter container=n1 --filter event=pause --filter event=unpause --filter event=update)"
	equal "n2 /n1" "$(happened --filter event=rename --format '{{.Name}} {{.Actor.Attributes.oldName}}')"
}

@test "json is docker's document, one a line" {
	tare run --rm --name one busybox true
	run -0 happened --filter event=start --format json
	equal 1 "${#lines[@]}"
	jq -e '.status == "start" and .Type == "container" and .Action == "start" and .from == "busybox" and .id == .Actor.ID
		and .Actor.Attributes.name == "one" and .scope == "local" and (.timeNano / 1000000000 | floor) == .time' <<<"$output"
	equal "$output" "$(happened --filter event=start --format '{{json .}}')"
	# Podman's words
	equal "start busybox one container" "$(happened --filter event=start --format '{{.Status}} {{.Image}} {{.Name}} {{.Type}}')"
}

@test "filters: different keys all hold, one key has alternatives, podman's words are known" {
	tare run --rm --name a1 -l x=1 busybox true
	tare run --rm --name a2 -l x=2 busybox true
	equal "die die" "$(actions --filter event=die --filter type=container)"
	equal "start die" "$(actions --filter event=start --filter event=died --filter label=x=2)"
	equal "" "$(actions --filter container=a1 --filter label=x=2)"
	equal "create attach start die destroy" "$(actions --filter image=busybox --filter container=a1)"
	run -1 tare events --no-stream --filter colour=red
	contains "$output" "invalid filter 'colour=red'"
	run -1 tare events --since never
	contains "$output" "'never' is no time"
}

@test "images: tag, untag, delete, save and load" {
	tare tag busybox other:1
	tare untag busybox other:1
	tare save -o "$BATS_TEST_TMPDIR/x.tar" busybox
	tare load -q -i "$BATS_TEST_TMPDIR/x.tar"
	equal "tag untag save load" "$(actions --filter type=image)"
	equal other:1 "$(happened --filter event=tag --format '{{.Actor.Attributes.name}}')"
}

@test "without --since only what is to come is shown, as it comes" {
	tare run --rm --name before busybox true
	tare events --format '{{.Action}} {{.Name}}' --filter type=container >"$BATS_TEST_TMPDIR/out" 3>&- &
	follower=$!
	wait_for 5 sh -c "ls -l /proc/$follower/fd | grep -q inotify"
	tare run --rm --name after busybox true
	wait_for 5 grep -q "destroy after" "$BATS_TEST_TMPDIR/out"
	kill $follower
	run ! grep before "$BATS_TEST_TMPDIR/out"
	equal 5 "$(wc -l <"$BATS_TEST_TMPDIR/out")"
}

@test "--until ends it: in the past at once, in the future then" {
	tare run --rm --name u1 busybox true
	run -0 timeout 5 tare events --since "$began" --until "$(date +%s.%N)" --filter event=start --format '{{.Name}}'
	equal u1 "$output"
	run -0 timeout 5 tare events --filter label=none --until "$(date -d '+1 second' +%s.%N)"
	equal "" "$output"
}

@test "the journal begins anew when it is long; a follower loses nothing on the way" {
	tare events --format '{{.Action}} {{.Name}}' --filter type=image >"$BATS_TEST_TMPDIR/out" 3>&- &
	follower=$!
	wait_for 5 sh -c "ls -l /proc/$follower/fd | grep -q inotify"
	tare tag busybox r:1
	# As many old events as make it full.
	line='{"Type":"volume","Action":"mount","ID":"v","Attributes":{"x":"'$(head -c 900 /dev/zero | tr '\0' x)'"},"timeNano":1}'
	yes "$line" | head -4500 >>"$journal"
	tare tag busybox r:2
	tare tag busybox r:3
	tare untag busybox r:1 r:2 r:3
	wait_for 5 grep -q "untag" "$BATS_TEST_TMPDIR/out"
	kill $follower
	equal "tag tag tag untag untag untag" "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/out" | paste -sd ' ')"
	[ "$(stat -c %s "$journal")" -lt 100000 ]
	[ -e "$journal.1" ]
	equal "tag tag tag untag untag untag" "$(actions --filter type=image)"
}

@test "many writers at once: every event once, whole" {
	for i in 1 2 3 4 5 6; do
		( for k in 1 2 3 4 5; do tare tag busybox "many$i:$k"; done ) 3>&- &
		writers+=($!)
	done
	wait "${writers[@]}"
	happened --filter event=tag --format '{{.Actor.Attributes.name}}' | sort >"$BATS_TEST_TMPDIR/got"
	for i in 1 2 3 4 5 6; do for k in 1 2 3 4 5; do echo "many$i:$k"; done; done | sort >"$BATS_TEST_TMPDIR/want"
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got"
	jq -e . "$journal" >/dev/null
	# shellcheck disable=SC2046
	tare rmi $(cat "$BATS_TEST_TMPDIR/got")
}

@test "half a line of a killed writer and damaged ones hide nothing else" {
	tare tag busybox torn:1
	tail -1 "$journal" | head -c 60 >>"$journal"
	tare tag busybox torn:2
	printf 'garbage\n\0\n{"Type":"volume"}\n' >>"$journal"
	tare untag busybox torn:1 torn:2
	equal "tag tag untag untag" "$(actions --filter type=image)"
}

@test "a journal that cannot be written stops nobody" {
	mv /var/lib/tare/events "$BATS_TEST_TMPDIR/events"
	: >/var/lib/tare/events
	run -0 tare run --rm busybox echo works
	equal works "$output"
	rm /var/lib/tare/events
	mv "$BATS_TEST_TMPDIR/events" /var/lib/tare/events
}

@test "words from outside do nothing to a terminal" {
	tare run --rm --name esc -l "bad=$(printf '\033[31mred')" busybox true
	line=$(happened --filter event=create)
	[[ $line != *$'\033'* ]]
	contains "$line" "bad=?[31mred"
}
