# SPDX-License-Identifier: Apache-2.0
# User namespaces of containers: for root by mounts that show other ids, for an ordinary user by a copy with other owners.

load ../lib/tare
load ../lib/user

setup_file() {
	user_setup_file
	tare load -q -i "$images/busybox.docker.tar"
	for file in subuid subgid; do echo containers:2000000:5000 >>"$home/$file"; done
}
teardown() {
	ids=$(tare ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || tare rm -f $ids >/dev/null
	user_teardown
}
teardown_file() {
	tare system check --quick
	user_teardown_file
}

maps() { tr -s ' ' <"/proc/$(tare inspect -f '{{.State.Pid}}' "$1")/uid_map" | sed 's/^ //'; }

@test "auto: ids nobody else has, given back by rm; inspect says which" {
	tare run -d --name one --userns auto:size=2048 busybox sleep 1000 >/dev/null
	tare run -d --name two --userns auto busybox sleep 1000 >/dev/null
	equal "0 2000000 2048" "$(maps one)"
	equal "0 2002048 1024" "$(maps two)"
	equal auto:size=2048 "$(tare inspect -f '{{.HostConfig.UsernsMode}}' one)"
	equal "[0:2000000:2048]" "$(tare inspect -f '{{.HostConfig.IDMappings.UidMap}}' one)"
	run -125 tare run --rm --userns auto:size=4000 busybox true
	contains "$output" "no 4000 ids in a row are free"
	tare rm -f one >/dev/null
	equal "0 2000000 1100" "$(tare run --rm --userns auto:size=1100 busybox cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //')"
	tare rm -f two >/dev/null
	equal lock "$(ls /var/lib/tare/ids)"
}

@test "auto: ten at once do not overlap; what a killed create reserved is given back" {
	for _ in $(seq 4); do tare run -d --userns auto busybox sleep 1000 >/dev/null 3>&- 4>&- & pids="${pids-} $!"; done
	# shellcheck disable=SC2086 # a list of ids
	wait $pids
	equal 4 "$(for c in $(tare ps -q); do maps "$c"; done | sort -u | wc -l)"
	ids=$(tare ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	tare rm -f $ids >/dev/null
	echo 0123456789abcdef >/var/lib/tare/ids/0-5000
	equal 0 "$(tare run --rm --userns auto busybox id -u)"
	equal lock "$(ls /var/lib/tare/ids)"
}

@test "auto: files have the owners of the image, on disk too; nothing is copied or changed" {
	tare run -d --name one --userns auto -v data:/data -w /made/here busybox sh -c 'echo x >/data/f; chown 33:44 /data/f /tmp; echo y >/y; sleep 1000' >/dev/null
	wait_for 5 tare exec one test -s /y
	equal "0:0 0:0 33:44 0:0 0:0" "$(tare exec one stat -c %u:%g /bin/busybox /y /tmp /made/here /etc/hosts | paste -sd' ')"
	equal "33:44" "$(stat -c %u:%g /var/lib/tare/volumes/data/_data/f)"
	equal "0:0 33:44" "$(stat -c %u:%g "/var/lib/tare/containers/$(tare inspect -f '{{.Id}}' one)/upper/"{y,tmp} | paste -sd' ')"
	equal "0/0" "$(tare export one | tar -tv --numeric-owner -f - y | awk '{ print $2 }')"
	contains "$(tare diff one)" "A /y"
	equal "33:44" "$(tare run --rm --userns auto -v data:/data busybox stat -c %u:%g /data/f)"
	equal "33:44" "$(tare run --rm -v data:/data busybox stat -c %u:%g /data/f)"
	tare stop -t 0 one >/dev/null
	tare start one >/dev/null
	equal y "$(tare exec one cat /y)"
	tare commit one kept >/dev/null
	equal "0:0" "$(tare run --rm kept stat -c %u:%g /y)"
	tare rm -f one >/dev/null
	tare rmi kept >/dev/null
	tare volume rm data >/dev/null
	run ! grep -q mapped /proc/self/mounts
}

@test "auto: root inside is nobody outside" {
	mkdir -p "$home/secret"
	echo secret >"$home/secret/file"
	chmod 600 "$home/secret/file"
	run ! tare run --rm --userns auto -v "$home/secret:/secret" busybox cat /secret/file
	run ! tare run --rm --userns auto -v "$home/secret:/secret" busybox touch /secret/new
}

@test "rows by hand, ids of a name, another container's" {
	equal "0 500000 1000" "$(tare run --rm --uidmap 0:500000:1000 busybox cat /proc/self/gid_map | tr -s ' ' | sed 's/^ //')"
	equal "0 800000 65536" "$(tare run --rm --subuidname second busybox cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //')"
	tare run -d --name one --userns auto busybox sleep 1000 >/dev/null
	tare run -d --name two --userns container:one busybox sleep 1000 >/dev/null
	equal "$(readlink "/proc/$(tare inspect -f '{{.State.Pid}}' one)/ns/user")" "$(readlink "/proc/$(tare inspect -f '{{.State.Pid}}' two)/ns/user")"
	equal 0 "$(tare exec two stat -c %u /bin/busybox)"
	equal "$(readlink /proc/self/ns/user)" "$(tare run --rm --userns host busybox readlink /proc/self/ns/user)"
}

@test "cp: plain owners while it does not run; refused while it runs" {
	tare run -d --name one --userns auto busybox sleep 1000 >/dev/null
	echo x >"$home/file"
	chown 33:44 "$home/file"
	run -1 tare cp "$home/file" one:/file
	contains "$output" "stop it first"
	tare stop -t 0 one >/dev/null
	tare cp -a "$home/file" one:/file
	tare start one >/dev/null
	equal 33:44 "$(tare exec one stat -c %u:%g /file)"
}

@test "a terminal, an init, a read-only root, all capabilities, other runtimes, in a namespace of its own" {
	equal 0 "$(tare run --rm --userns auto --init --read-only --tmpfs /t --privileged busybox sh -c 'touch /t/x && stat -c %u /t/x')"
	contains "$(tare run --rm --userns auto -t busybox tty)" /dev/pts/0
	for runtime in runc crun; do equal "0 2000000 1024" "$(tare run --rm --runtime $runtime --userns auto busybox cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //')"; done
}

@test "what makes no sense is said" {
	for bad in frob auto:size=x keep-id nomap private container:nobody ns:/x; do
		run -125 tare run --rm --userns $bad busybox true
		contains "$output" "userns"
	done
	run -125 tare run --rm --uidmap 0:1:10 --uidmap 5:100:10 busybox true
	contains "$output" overlap
	run -125 tare run --rm --userns auto --uidmap 0:1:10 busybox true
	contains "$output" exclude
	equal lock "$(ls /var/lib/tare/ids)"
}

@test "keep-id: an ordinary user is himself inside, with root's files root's" {
	as install -d "$home/user/work"
	run -0 as tare run --rm --userns keep-id -v "$home/user/work:/work" busybox sh -c 'id -u; id -g; stat -c %u /bin/busybox /work; echo x >/work/made; ! touch /bin/x 2>/dev/null'
	equal "$user $user 0 $user" "$(echo "$output" | paste -sd' ')"
	equal $user "$(stat -c %u "$home/user/work/made")"
	equal "1234 5678" "$(as tare run --rm --userns keep-id:uid=1234,gid=5678 busybox sh -c 'id -u; id -g' | paste -sd' ')"
	as tare run -d --name kept --userns keep-id -u 0 busybox sleep 1000 >/dev/null
	equal "0 1 7654 7654 0 1 7655 7655 57882" "$(tr -s ' ' <"/proc/$(pid kept)/uid_map" | awk '{ print $1, $2 == '$user' ? 0 : $2 - 700000 + 1, $3 }' | paste -sd' ')"
	as tare exec kept touch /new
	as tare restart -t 0 kept >/dev/null
	equal 0 "$(as tare exec kept stat -c %u /new)"
	as tare rm -f kept >/dev/null
	equal "" "$(find "$home/user/.local/share/tare/containers" -mindepth 1 -name '[0-9a-f]*')"
}

@test "nomap and auto of an ordinary user: his own id is not there" {
	run ! grep -qw $user <(as tare run --rm --userns nomap busybox cat /proc/self/uid_map)
	equal "0 0" "$(as tare run --rm --userns nomap busybox sh -c 'id -u; stat -c %u /bin/busybox' | paste -sd' ')"
	as tare run -d --name one --userns auto busybox sleep 1000 >/dev/null
	as tare run -d --name two --userns auto busybox sleep 1000 >/dev/null
	[ "$(cat "/proc/$(pid one)/uid_map")" != "$(cat "/proc/$(pid two)/uid_map")" ]
	equal 0 "$(as tare exec two id -u)"
	run ! as tare export one
	contains "$output" "user namespace of its own"
}

@test "a published port of a container with ids of its own" {
	as tare run -d --name web --userns keep-id -p 8080:8000 busybox sh -c 'echo hello >/tmp/index.html; exec httpd -f -p 8000 -h /tmp' >/dev/null
	wait_for 5 curl -s -o /dev/null http://127.0.0.1:8080/index.html
	equal hello "$(curl -s --max-time 5 http://127.0.0.1:8080/index.html)"
}
