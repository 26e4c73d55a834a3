# SPDX-License-Identifier: Apache-2.0
# volume create ls inspect rm prune exists mount; first filling, options of the local driver, who uses what.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() {
	local names
	tare_teardown
	names=$(tare volume ls -q)
	# shellcheck disable=SC2086 # a list of names
	[ -z "$names" ] || tare volume rm $names >/dev/null
}
teardown_file() { tare_teardown_file; }

data() { tare volume inspect -f '{{.Mountpoint}}' "$1"; }
mounted() { grep -q " $(data "$1") " /proc/self/mountinfo; }

@test "create prints the name, makes one up, and takes the one that is there" {
	equal v1 "$(tare volume create v1)"
	equal v1 "$(tare volume create v1)"
	run -0 tare volume create --label a=b --label c
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	equal '{"a":"b","c":""}' "$(tare volume inspect -f '{{json .Labels}}' "$output")"
	equal true "$(tare volume inspect -f '{{.Anonymous}}' "$output")"
	run -1 tare volume create 'a/b'
	contains "$output" "no name for a volume"
	run -1 tare volume create -d nfs4 v2
	contains "$output" "unsupported: volume driver 'nfs4'"
}

@test "inspect has docker's keys, and says which volume is missing" {
	tare volume create --label k=v v1
	run -0 tare volume inspect v1
	equal 'CreatedAt Driver Labels Mountpoint Name NeedsCopyUp Options Scope' "$(jq -r '.[0] | keys_unsorted | sort | join(" ")' <<<"$output")"
	equal '{"k":"v"} local /var/lib/tare/volumes/v1/_data' "$(jq -rc '.[0] | "\(.Labels) \(.Scope) \(.Mountpoint)"' <<<"$output")"
	run -1 --separate-stderr tare volume inspect v1 nothere
	equal 1 "$(jq length <<<"$output")"
	contains "$stderr" "no such volume: nothere"
	run -1 --separate-stderr tare volume inspect nothere
	equal '[]' "$output"
	tare volume exists v1
	run -1 tare volume exists nothere
	equal '' "$output"
}

@test "ls has docker's columns and filters" {
	tare volume create --label k=v --label x=y va
	tare volume create --label k=w vb
	tare create --name c1 -v vb:/b busybox
	equal $'DRIVER    VOLUME NAME\nlocal     va\nlocal     vb' "$(tare volume ls)"
	equal $'va\nvb' "$(tare volume ls -q)"
	equal 'va' "$(tare volume ls -q --filter dangling=true)"
	equal 'vb' "$(tare volume ls -q --filter dangling=0)"
	equal 'va' "$(tare volume ls -q --filter label=k=v)"
	equal 'va' "$(tare volume ls -q --filter label=k --filter label=x)"
	equal $'va\nvb' "$(tare volume ls -q --filter name=va --filter name=vb)"
	equal 'vb' "$(tare volume ls -q --filter name=b)"
	equal '' "$(tare volume ls -q --filter driver=nfs)"
	equal 'vb' "$(tare volume ls -q --filter after=va)"
	equal '' "$(tare volume ls -q --filter until=24h)"
	equal 'va k=v,x=y' "$(tare volume ls --filter name=va --format '{{.Name}} {{.Labels}}')"
	equal 'local/va' "$(tare volume ls --filter name=va --format json | jq -r '"\(.Scope)/\(.Name)"')"
	run -1 tare volume ls --filter colour=red
	contains "$output" "invalid filter"
	run -1 tare volume ls --filter dangling=perhaps
}

@test "rm: in use is refused with the names of who has it; -f is for what is missing" {
	tare volume create v1
	tare create --name one -v v1:/x busybox
	tare create --name two -v v1:/y -v v1:/z busybox
	run -1 tare volume rm v1
	contains "$output" "in use by"
	contains "$output" one
	contains "$output" two
	run -1 tare volume rm -f v1
	tare rm one two
	equal v1 "$(tare volume rm v1)"
	run -1 tare volume rm v1
	contains "$output" "no such volume: v1"
	tare volume rm -f v1
	run -1 tare volume rm
}

@test "create of a container makes its volumes; rm -v takes those that nobody named" {
	id=$(tare create -v named:/n -v /anon busybox)
	equal 2 "$(tare volume ls -q | wc -l)"
	equal 1 "$(tare volume ls -q --filter anonymous=true | wc -l)"
	tare rm "$id"
	equal 2 "$(tare volume ls -q | wc -l)"
	tare volume prune -f
	equal named "$(tare volume ls -q)"
	id=$(tare create -v named:/n -v /anon busybox)
	tare rm -v "$id"
	equal named "$(tare volume ls -q)"
	tare run --rm -v /anon busybox true
	equal named "$(tare volume ls -q)"
}

@test "a container that cannot be made leaves no volume" {
	tare create --name taken busybox
	run -125 tare create --name taken -v fresh:/f -v /anon busybox
	equal '' "$(tare volume ls -q --filter name=fresh)"
	equal '' "$(tare volume ls -q --filter anonymous=true)"
}

@test "an anonymous volume that another has, too, outlives its first container" {
	id=$(tare create --name first -v /anon busybox)
	name=$(tare volume ls -q)
	tare create --name second -v "$name:/other" busybox
	tare rm -v first
	equal "$name" "$(tare volume ls -q)"
	tare rm -v second
	tare volume prune -f
	equal '' "$(tare volume ls -q)"
}

@test "prune spares what is named unless -a, what is in use, and what the filter does not mean" {
	tare volume create --label keep=1 va
	tare volume create vb
	tare volume create vc
	tare create -v vc:/c busybox
	anon=$(tare volume create)
	run -0 tare volume prune -f
	contains "$output" "Deleted Volumes:"
	contains "$output" "$anon"
	contains "$output" "Total reclaimed space:"
	equal $'va\nvb\nvc' "$(tare volume ls -q)"
	tare volume prune -a -f --filter label!=keep
	equal $'va\nvc' "$(tare volume ls -q)"
	run -0 tare volume prune -a <<<n
	equal $'va\nvc' "$(tare volume ls -q)"
	tare volume prune -f --filter all=true
	equal vc "$(tare volume ls -q)"
}

@test "an empty volume is filled from the image once; what is in it is never touched" {
	tare run --rm -v v1:/etc busybox true
	[ -e "$(data v1)/passwd" ]
	rm -r "$(data v1)"/*
	tare run --rm -v v1:/etc busybox true
	equal '' "$(ls "$(data v1)")"
	tare volume create v2
	echo mine >"$(data v2)/mine"
	tare run --rm -v v2:/etc busybox true
	equal mine "$(ls "$(data v2)")"
	tare run --rm -v v3:/etc:nocopy busybox true
	equal '' "$(ls "$(data v3)")"
	# Not offered yet: the next one may.
	tare run --rm -v v3:/etc busybox true
	[ -e "$(data v3)/passwd" ]
}

@test "a filling that was broken off is begun again" {
	tare volume create v1
	mkdir "$(data v1)/half"
	touch "$(data v1)/../filling"
	tare run --rm -v v1:/etc busybox true
	[ ! -e "$(data v1)/half" ]
	[ -e "$(data v1)/passwd" ]
	[ ! -e "$(data v1)/../filling" ]
}

@test "options mount a tmpfs from the first container to the last" {
	tare volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,nr_inodes=100 v1
	run ! mounted v1
	tare run -d --name one -v v1:/x busybox sleep 100
	mounted v1
	tare exec one sh -c 'echo hello >/x/f'
	run -0 tare run --rm -v v1:/y busybox sh -c 'cat /y/f; df -k /y | tail -1'
	equal hello "${lines[0]}"
	contains "${lines[1]}" 1024
	mounted v1
	tare rm -f one
	run ! mounted v1
	[ ! -e /run/tare/volumes/v1 ]
}

@test "options bind a directory of the host; a device that is not there is said at the start" {
	mkdir -p "$BATS_TEST_TMPDIR/host"
	echo x >"$BATS_TEST_TMPDIR/host/f"
	tare volume create -o type=none -o o=bind -o "device=$BATS_TEST_TMPDIR/host" v1
	equal x "$(tare run --rm -v v1:/x busybox cat /x/f)"
	run ! mounted v1
	tare volume create --opt type=none --opt o=bind --opt device=/no/such v2
	run -125 tare run --rm -v v2:/x busybox true
	contains "$output" "mount volume 'v2'"
	[ ! -e /run/tare/volumes/v2 ]
	run -1 tare volume create -o type=tmpfs -o device=tmpfs v1
	contains "$output" "with other options"
	run -1 tare volume create -o type=nfs v3
	contains "$output" "needs 'device'"
	run -1 tare volume create -o colour=red v3
	contains "$output" "unsupported: volume option 'colour'"
}

@test "a mount outlives kill -9 of everything by one command" {
	tare volume create -o type=tmpfs -o device=tmpfs v1
	tare run -d --name one -v v1:/x busybox sleep 100
	id=$(inspect one '{{.Id}}')
	mounted v1
	monitor=$(jq -r '.monitorPid // .monitor_pid' "/run/tare/containers/$id/live.json")
	kill -9 "$monitor" "$(inspect one '{{.State.Pid}}')"
	wait_for 5 bash -c '! kill -0 '"$monitor"' 2>/dev/null'
	tare ps -a >/dev/null
	run ! mounted v1
}

@test "volume mount keeps it mounted, and rm waits for unmount" {
	tare volume create -o type=tmpfs -o device=tmpfs v1
	equal "$(data v1)" "$(tare volume mount v1)"
	mounted v1
	tare run --rm -v v1:/x busybox touch /x/f
	mounted v1
	[ -e "$(data v1)/f" ]
	run -1 tare volume rm v1
	contains "$output" "is mounted"
	equal v1 "$(tare volume unmount v1)"
	run ! mounted v1
	tare volume create v2
	equal "$(data v2)" "$(tare volume mount v2)"
}

@test "rm and run at the same time: a run has its volume or does not begin" {
	local i pid
	for i in $(seq 8); do
		tare volume create --label n=1 race >/dev/null
		tare run --rm -v race:/r busybox touch /r/f &
		pid=$!
		tare volume rm race >/dev/null 2>&1 || true
		wait "$pid"
	done
	tare volume rm -f race
	tare system check --quick
}

@test "inspect finds volumes; making and removing one are events" {
	tare volume create v1
	equal v1 "$(tare inspect -f '{{.Name}}' v1)"
	equal v1 "$(tare inspect --type volume -f '{{.Name}}' v1)"
	tare volume rm v1
	run -0 tare events --since 1m --until "$(date +%s.%N)" --filter type=volume --filter volume=v1
	contains "$output" "volume create v1"
	contains "$output" "volume destroy v1"
}
