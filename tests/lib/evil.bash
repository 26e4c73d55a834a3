# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# evil: evil-registry beside a bats file, after tare.bash.
#
#   evil_start             in setup_file: sets $evil (host:port) and $evil_dir; evil_stop in teardown_file
#   own WORDS…             tare with a store of its own for this test
#   refused WORDS NAME…    a pull of NAME fails with one line that contains WORDS, within two minutes; nothing is in the store then

evil_start() {
	evil_dir=$BATS_FILE_TMPDIR/evil
	mkdir "$evil_dir"
	"$lib/evil-registry" "$evil_dir" "$lib/../fuzz/corpus/tar_extract" >"$evil_dir/log" 2>&1 3>&- 4>&- &
	evil_pid=$!
	wait_for 10 test -s "$evil_dir/port"
	evil=127.0.0.1:$(cat "$evil_dir/port")
	export evil evil_dir evil_pid
}

evil_stop() { kill "$evil_pid" 2>/dev/null || :; }

own() { timeout 120 tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }

# Nothing visible, nothing broken, nothing on its way but what a next pull continues.
nothing_came() {
	equal '' "$(own images -q)"
	own system check >/dev/null
	equal '' "$(find "$BATS_TEST_TMPDIR/root/layers/ingest" "$BATS_TEST_TMPDIR/root/images" -mindepth 1)"
}

refused() {
	local words=$1
	shift
	run own pull -q "$@"
	[ "$status" -ne 0 ] && [ "$status" -le 125 ] && [ "$status" -ne 124 ] || { echo "status $status: $output"; return 1; }
	contains "$output" "$words"
	equal 1 "${#lines[@]}"
	nothing_came
}
