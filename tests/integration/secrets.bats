# SPDX-License-Identifier: Apache-2.0
# secret create ls inspect rm exists; run --secret: files on memory and variables, and nowhere else.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() {
	tare_teardown
	tare secret rm -a >/dev/null
}
teardown_file() { tare_teardown_file; }

word=s3cr3t-canary

@test "create from a file, standard input and a variable; ls, inspect, exists, rm" {
	cd "$BATS_TEST_TMPDIR"
	printf %s "$word" >file
	run -0 tare secret create one file
	[[ $output =~ ^[0-9a-f]{25}$ ]]
	printf %s "$word" | tare secret create --label a=b two -
	SECRET=$word tare secret create --env three SECRET
	run -0 tare secret ls
	[[ ${lines[0]} =~ ^ID\ +NAME\ +DRIVER\ +CREATED\ +UPDATED ]]
	equal 'one three two' "$(tare secret ls --format '{{.Name}}' | xargs)"
	equal two "$(tare secret ls --filter label=a --format '{{.Name}}')"
	equal 'two file b' "$(tare secret inspect two | jq -r '.[0] | "\(.Spec.Name) \(.Spec.Driver.Name) \(.Spec.Labels.a)"')"
	equal "$word" "$(tare secret inspect --showsecret -f '{{.SecretData}}' one)"
	tare secret exists one
	run -1 tare secret exists four
	equal '600' "$(stat -c %a /var/lib/tare/secrets/one/data)"
	id=$(tare secret inspect -f '{{.ID}}' one)
	equal "$id" "$(tare secret rm "$id")"
	run -1 tare secret rm one
	contains "$output" "no such secret: one"
	run -1 tare secret inspect one
}

@test "one that is there: an error, --replace, --ignore; what is no secret" {
	id=$(echo a | tare secret create one -)
	run -1 bash -c 'echo b | tare secret create one -'
	contains "$output" "is there already"
	equal "$id" "$(echo b | tare secret create --ignore one -)"
	[ "$id" != "$(echo c | tare secret create --replace one -)" ]
	equal c "$(tare run --rm --network none --secret one busybox cat /run/secrets/one)"
	run -1 bash -c 'tare secret create none - </dev/null'
	contains "$output" "between 1 and 512000 bytes"
	run -1 bash -c 'head -c 512001 /dev/zero | tare secret create big -'
	run -1 bash -c 'echo x | tare secret create a/b -'
	run -1 bash -c 'echo x | tare secret create -d pass x -'
	contains "$output" "unsupported"
}

@test "run --secret: a file below /run/secrets, with owner and mode, on memory" {
	printf %s "$word" | tare secret create one -
	equal "$word 444 0:0" "$(tare run --rm --network none --secret one busybox sh -c 'echo "$(cat /run/secrets/one) $(stat -c "%a %u:%g" /run/secrets/one)"')"
	equal "400 7:8" "$(tare run --rm --network none --secret source=one,target=/etc/key,uid=7,gid=8,mode=0400 busybox stat -c "%a %u:%g" /etc/key)"
	equal "$word" "$(tare run --rm --network none --secret one,target=named busybox cat /run/secrets/named)"
	equal tmpfs "$(tare run --rm --network none --secret one busybox stat -f -c %T /run/secrets/one)"
	run -1 tare run --rm --network none --secret one busybox sh -c 'echo x >/run/secrets/one'
	run -125 tare run --rm --secret nothere busybox true
	contains "$output" "no such secret: nothere"
	run -125 tare run --rm --secret one,colour=red busybox true
	contains "$output" "bad option 'colour=red'"
}

@test "type=env is a variable of the program; neither inspect nor the store nor the log has it" {
	printf %s "$word" | tare secret create one -
	equal "$word" "$(tare run --rm --network none --secret one,type=env busybox sh -c 'echo $one')"
	equal "$word" "$(tare run --rm --network none --secret one,type=env,target=KEY busybox sh -c 'echo $KEY')"
	tare run -d --name up --network none --secret one --secret one,type=env,target=KEY busybox sleep 100
	tare inspect up >"$BATS_TEST_TMPDIR/inspect"
	tare commit -q up evil/committed:1
	tare save -o "$BATS_TEST_TMPDIR/image" evil/committed:1
	tare export up >"$BATS_TEST_TMPDIR/export"
	tare rmi -f evil/committed:1
	run ! grep -rlq "$word" "$BATS_TEST_TMPDIR/inspect" "$BATS_TEST_TMPDIR/image" "$BATS_TEST_TMPDIR/export" /var/lib/tare/containers
	printf %s "$word" >"$BATS_TEST_TMPDIR/word"
	run ! bash -c "cat /proc/[0-9]*/cmdline 2>/dev/null | grep -qaFf '$BATS_TEST_TMPDIR/word'"
	equal 700 "$(stat -c %a "/run/tare/containers/$(inspect up '{{.Id}}')")"
}

@test "nothing of a secret stays after a run, also after kill -9" {
	printf %s "$word" | tare secret create one -
	tare run -d --name up --network none --secret one busybox sleep 100
	id=$(inspect up '{{.Id}}')
	kill -9 "$(jq -r '.monitorPid // .monitor_pid' "/run/tare/containers/$id/live.json")" "$(inspect up '{{.State.Pid}}')"
	wait_for 5 bash -c "tare ps -a >/dev/null; [ ! -e /run/tare/containers/$id ]"
}
