# SPDX-License-Identifier: Apache-2.0
# push to registries that cut, refuse, wander and lie: what passes is tried again, what does not is one clear line, and nothing is left there.

load ../lib/tare

# Three megabytes that do not compress.
big_layout() {
	. "$lib/oci_layout.bash"
	mkdir "$1.tree"
	head -c 3000000 /dev/urandom >"$1.tree/noise"
	tar -C "$1.tree" -cf "$1.tar" noise
	layout_begin "$1"
	layout_layer "$1" "$1.tar"
	layout_finish "$1" latest '{"Cmd":["sh"]}'
	layout_end "$1"
}

setup_file() {
	tare_setup_file busybox
	registry_start plain plain
	big_layout "$BATS_FILE_TMPDIR/big"
	registry_push plain "$BATS_FILE_TMPDIR/big" from/big:1
	export plain_addr plain_dir plain_pid
	export box=$plain_addr/from/big:1
	tare pull -q "$box"
	flaky_start
	export flaky there
	layer=$(skopeo inspect --tls-verify=false "docker://$box" | jq -r '.Layers[0]')
	export layer
}

setup() {
	: >"$flaky/requests"
}

teardown() {
	equal '' "$(cat "$flaky/sessions")"
	tare_teardown
}

teardown_file() {
	flaky_stop
	tare rmi -f "$box" >/dev/null 2>&1 || :
	registry_stop plain
	tare_teardown_file
}

# requests METHOD [PATH PART]: how many there were.
requests() { awk -v m="$1" -v p="${2:-}" '$2 == m && index($3, p) { n++ } END { print n + 0 }' "$flaky/requests"; }
arrived() { cmp "/var/lib/tare/blobs/sha256/${layer#*:}" "$flaky/blobs/$1%x/$layer"; }

@test "as the specification says: HEAD, POST, PUT for each blob, then the manifest" {
	tare push -q "$box" "$there/plain/x:1"
	arrived plain
	equal 2 "$(requests POST)"
	equal 3 "$(requests PUT)"
	equal 0 "$(requests PATCH)"
	equal "PUT /v2/plain/x/manifests/1" "$(tail -1 "$flaky/requests" | cut -d' ' -f2,3)"
}

@test "cut in the middle: it goes on where the registry says it stopped" {
	tare push -q "$box" "$there/cut/x:1"
	arrived cut
	size=$(stat -c %s "$flaky/blobs/cut%x/$layer")
	sent=$(awk '$2 == "PUT" || $2 == "PATCH" { n += $5 } END { print n }' "$flaky/requests")
	[ "$sent" -lt $((size + size / 4)) ]
	[ "$(requests PATCH)" -ge 1 ]
	contains "$(grep PATCH "$flaky/requests")" "-$((size - 1)) "
}

@test "cut again and again, also in what goes on" {
	tare push -q "$box" "$there/cutpatch/x:1"
	arrived cutpatch
}

@test "cut, and the registry has forgotten the upload: from the beginning" {
	tare push -q "$box" "$there/forgets/x:1"
	arrived forgets
}

@test "stored, but the answer got lost: it is not sent again" {
	tare push -q "$box" "$there/lost/x:1"
	arrived lost
	equal 1 "$(requests PUT "digest=$layer")"
}

@test "429 with Retry-After: it waits that long" {
	SECONDS=0
	tare push -q "$box" "$there/busy/x:1"
	arrived busy
	[ $SECONDS -ge 1 ]
}

@test "429 that asks to come back in an hour is an error that says so" {
	run ! timeout 10 tare push -q "$box" "$there/later/x:1"
	contains "$output" "3600 seconds"
	contains "$output" "429"
}

@test "503 now and then" {
	tare push -q "$box" "$there/wobbly/x:1"
	arrived wobbly
}

@test "500 for good: one line with what the registry says, and the upload is cancelled" {
	run ! tare push -q "$box" "$there/broken/x:1"
	equal 1 "${#lines[@]}"
	contains "$output" "disk on fire"
	contains "$output" "6 tries"
	contains "$output" "blob sha256:"
}

@test "reset each time: an error, not a hang" {
	run ! timeout 30 tare push -q "$box" "$there/reset/x:1"
	equal 1 "${#lines[@]}"
	contains "$output" "6 tries"
}

@test "413 for the whole: pieces, not smaller than the registry wants" {
	tare push -q "$box" "$there/small/x:1"
	arrived small
	[ "$(requests PATCH)" -ge 1 ]
	awk '$2 == "PATCH" && $4 == 202 && $5 < 700000 { small++ } END { exit small > 1 }' "$flaky/requests"
}

# The most that one of the processes held which a push needs, in kB.
push_peak() {
	/usr/bin/python3 - timeout 120 tare push -q "$@" <<-'END'
		import resource, subprocess, sys
		code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else "failed")
	END
}

@test "pieces whose answers have as many headers as may be: they cost no memory for each" {
	local usual wordy
	mkdir "$BATS_TEST_TMPDIR/tree"
	head -c 100000000 /dev/urandom >"$BATS_TEST_TMPDIR/tree/noise"
	tare import -q "$BATS_TEST_TMPDIR/tree" noise:1
	usual=$(push_peak noise:1 "$there/small/noise:1")
	wordy=$(push_peak noise:1 "$there/wordy/noise:1")
	tare rmi noise:1
	# Of 240 kB.
	[ "$(requests PATCH /wordy/)" -ge 90 ]
	[ "$wordy" -le $((usual + 3000)) ] || { echo "$usual kB, and with many headers $wordy kB"; return 1; }
}

@test "a Location with a query keeps it" {
	tare push -q "$box" "$there/query/x:1"
	arrived query
}

@test "a Location at another host: bytes go there, the password does not" {
	tare push -q --creds alice:secret "$box" "$there/away/x:1"
	arrived away
	[ "$(grep -c ^stranger "$flaky/requests")" -ge 2 ]
	run ! grep '^stranger .*Basic' "$flaky/requests"
}

@test "202 without a Location is an error" {
	run ! tare push -q "$box" "$there/nowhere/x:1"
	contains "$output" "does not say where"
}

@test "a registry that stored something else is found out" {
	run ! tare push -q "$box" "$there/liar/x:1"
	contains "$output" "registry stored manifest"
}

@test "warnings of the registry are shown, once" {
	run -0 tare push "$box" "$there/warns/x:1"
	equal 1 "$(grep -c 'this registry closes on Friday' <<<"$output")"
}

@test "what the registry says in its error is shown" {
	run ! tare push -q "$box" "$there/denies/x:1"
	equal 1 "${#lines[@]}"
	contains "$output" "quota of team 7 is used up"
}

@test "tokens that expire are renewed" {
	tare push -q "$box" "$there/expires/x:1"
	arrived expires
	[ "$(wc -l <"$flaky/tokens")" -ge 2 ]
	contains "$(cat "$flaky/tokens")" "pull%2Cpush"
}

@test "mounting that does not work out: the bytes are sent instead" {
	tare push -q "$box" "$there/nomount/a:1"
	tare tag "$box" "$there/nomount/a:1"
	tare push -q "$box" "$there/nomount/x:1"
	arrived nomount
	[ "$(requests POST "mount=$layer&from=nomount/a")" -ge 1 ]
	tare rmi "$there/nomount/a:1"
}

@test "mounting where the registry can: no byte of the layer is sent" {
	tare push -q "$box" "$there/plain/a:1"
	tare tag "$box" "$there/plain/a:1"
	: >"$flaky/requests"
	tare push -q "$box" "$there/plain/b:1"
	equal 1 "$(requests PUT)"
	tare rmi "$there/plain/a:1"
}

@test "kill -9 in the middle of a push: nothing runs on, and the next push succeeds" {
	tare push -q "$box" "$there/slow/x:1" 3>&- &
	pid=$!
	wait_for 10 grep -q 'POST /v2/slow' "$flaky/requests"
	kill -9 $pid
	wait $pid 2>/dev/null || :
	run ! wait_for 1 grep -q 'PUT /v2/slow/x/manifests' "$flaky/requests"
	no_residue
	tare push -q "$box" "$there/plain/killed:1"
	# What the killed one had begun is the registry's to forget.
	for session in $(cat "$flaky/sessions"); do
		curl -s -o /dev/null -X DELETE "http://$there/v2/slow/x/blobs/uploads/$session"
	done
}
