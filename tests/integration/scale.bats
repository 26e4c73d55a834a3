# SPDX-License-Identifier: Apache-2.0
# Many at once.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

@test "200 starts at once all run, and all go without residue" {
	pids=()
	for i in $(seq 200); do
		tare run -d --name "s$i" busybox sleep 1000 >/dev/null 2>"$BATS_TEST_TMPDIR/err.$i" 3>&- &
		pids+=($!)
	done
	failed=0
	for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	cat "$BATS_TEST_TMPDIR"/err.* | head -5
	equal 0 $failed
	equal 200 "$(tare ps -q | wc -l)"
	equal 200 "$(tare ps -q | xargs tare inspect -f '{{.NetworkSettings.IPAddress}}' | sort -u | grep -c .)"
	tare ps -q | xargs tare rm -f >/dev/null
	equal 0 "$(tare ps -aq | wc -l)"
	no_residue
}

@test "twenty removers of the same container do not hurt each other" {
	for _ in 1 2 3; do
		tare run -d --name contested busybox sleep 1000
		for i in $(seq 20); do tare rm -f contested >/dev/null 2>"$BATS_TEST_TMPDIR/err.$i" 3>&- & done
		wait
		run ! tare inspect contested
	done
	no_residue
}

@test "twenty that want one name: one gets it" {
	for i in $(seq 20); do
		{ tare run -d --name wanted busybox sleep 1000 >/dev/null 2>&1 && echo got >"$BATS_TEST_TMPDIR/got.$i"; } 3>&- &
	done
	wait
	equal 1 "$(find "$BATS_TEST_TMPDIR" -name 'got.*' | wc -l)"
	equal 1 "$(tare ps -aq | wc -l)"
}
