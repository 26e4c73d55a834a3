# SPDX-License-Identifier: Apache-2.0
# A day of an ordinary user: pull, run, exec, logs, volumes, files in and out, stop and start; nothing is left, and nothing belongs to ids that are not his.

load ../lib/tare
load ../lib/user

setup_file() {
	user_setup_file
	registry_start plain plain
	tare load -q -i "$images/busybox.docker.tar"
	registry_push plain "$images/busybox" test/busybox:1
	export plain_addr plain_dir plain_pid
}
teardown() { user_teardown; }
teardown_file() {
	[ -z "${plain_pid-}" ] || registry_stop plain
	as tare system check
	user_teardown_file
}

store=.local/share/tare

@test "pull, run, ps, inspect, logs, exec, stop, start, rm" {
	run -0 as tare run -d --name day --pull always --tls-verify=false "$plain_addr/test/busybox:1" sh -c 'echo begun; trap "echo ended; exit 3" TERM; while :; do sleep 0.1; done'
	wait_for 5 bash -c "[ -n \"\$($(declare -f as); as tare logs day)\" ]"
	equal begun "$(as tare logs day)"
	contains "$(as tare ps)" day
	equal 0 "$(as tare exec day id -u)"
	equal "hi" "$(echo hi | as tare exec -i day cat)"
	run -42 as tare exec day sh -c 'exit 42'
	as tare stop day >/dev/null
	equal "exited 3" "$(as tare inspect -f '{{.State.Status}} {{.State.ExitCode}}' day)"
	equal "begun ended" "$(as tare logs day | paste -sd' ')"
	as tare start day >/dev/null
	equal running "$(as tare inspect -f '{{.State.Status}}' day)"
	as tare restart -t 0 day >/dev/null
	as tare kill day >/dev/null
	equal 137 "$(as tare wait day)"
	as tare rm day >/dev/null
	run -127 as tare run --rm busybox no-such-program
	run -7 as tare run --rm busybox sh -c 'exit 7'
	user_idle
	equal "" "$(find "$home/user/$store/containers" "$home/user/$store/names" -mindepth 1 -not -name '.*')"
}

@test "volumes, binds, tmpfs: what root of the container makes is the user's outside" {
	as mkdir "$home/user/shared"
	as tare run --rm -v data:/data -v "$home/user/shared:/shared" --tmpfs /t busybox sh -c 'echo x >/data/f; echo y >/shared/g; touch /t/h; chown 33:44 /data/f'
	equal "$user" "$(stat -c %u "$home/user/shared/g")"
	equal "700032" "$(stat -c %u "$home/user/$store/volumes/data/_data/f")"
	equal "33:44 x" "$(as tare run --rm -v data:/data:ro busybox sh -c 'echo $(stat -c %u:%g /data/f) $(cat /data/f)')"
	run ! as tare run --rm -v data:/data:ro busybox touch /data/new
	contains "$(as tare volume ls)" data
	as tare volume rm data >/dev/null
	equal "" "$(find "$home/user/$store/volumes" -mindepth 1 -name data)"
	run ! as tare run --rm -v /root:/r busybox ls /r
}

@test "cp both ways, a terminal, attach" {
	as tare run -d --name work busybox sleep 1000 >/dev/null
	echo content | as tee "$home/user/file" >/dev/null
	as tare cp "$home/user/file" work:/file
	equal "content 0" "$(as tare exec work sh -c 'echo $(cat /file) $(stat -c %u /file)')"
	as tare exec work sh -c 'echo back >/back; chown 5:5 /back'
	as tare cp work:/back "$home/user/back"
	equal "back $user" "$(cat "$home/user/back") $(stat -c %u "$home/user/back")"
	contains "$(as tare run --rm -t busybox tty)" /dev/pts/0
	as tare run -di --name echo busybox cat >/dev/null
	equal there "$(echo there | as timeout -s KILL 3 tare attach echo || :)"
}

@test "limits without a systemd that hands them on are refused, never forgotten" {
	for limit in "--memory 64m" "--cpus 1" "--pids-limit 20" "--cpu-shares 100" "--cpuset-cpus 0"; do
		# shellcheck disable=SC2086 # two words
		run -125 as tare run --rm $limit busybox true
		contains "$output" "${limit%% *}"
	done
	as tare run --rm --pids-limit -1 busybox true
}

@test "twenty at once; everything is gone afterwards, whoever it belonged to" {
	for i in $(seq 20); do as tare run -d --name "n$i" busybox sh -c 'mkdir /d; touch /d/f; chown -R 99:99 /d; chmod 0 /d; sleep 1000' >/dev/null 3>&- 4>&- & pids="${pids-} $!"; done
	# shellcheck disable=SC2086 # a list of ids
	wait $pids
	equal 20 "$(as tare ps -q | wc -l)"
	# shellcheck disable=SC2046 # a list of ids
	as tare rm -f $(as tare ps -q) >/dev/null
	user_idle
	equal "" "$(find "$home/user/$store/containers" -mindepth 1 -not -name '.*')"
}

@test "info, df and check know who asks" {
	contains "$(as tare info)" rootless
	contains "$(as tare info)" "$home/user/$store"
	as tare system df >/dev/null
	as tare system check
	as tare system prune -f >/dev/null
}
