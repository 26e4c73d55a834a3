# SPDX-License-Identifier: Apache-2.0
# What an attacker could do who runs code in tare-transfer: transfer_attack takes its place, confines itself by the same code and tries everything it knows.

load ../lib/tare

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	images=$("$lib/make-images" busybox)
	evil_dir=$BATS_FILE_TMPDIR/evil
	mkdir "$evil_dir"
	# Not on loopback: who is there may lead there.
	ip address add 192.168.214.1/32 dev lo
	ADDRESS=192.168.214.1 "$lib/evil-registry" "$evil_dir" "$lib/../fuzz/corpus/tar_extract" >"$evil_dir/log" 2>&1 3>&- 4>&- &
	evil_pid=$!
	wait_for 10 test -s "$evil_dir/port"
	sleep 1000 3>&- 4>&- &
	ATTACK_PID=$!
	evil=192.168.214.1:$(cat "$evil_dir/port")
	mkdir "$BATS_FILE_TMPDIR/libexec"
	ln -s "$(realpath "$TARE_BIN/../src/image/transfer_attack")" "$BATS_FILE_TMPDIR/libexec/tare-transfer"
	export images evil evil_pid ATTACK_PID
}

teardown_file() {
	kill "$evil_pid" "$ATTACK_PID" 2>/dev/null || :
	ip address del 192.168.214.1/32 dev lo 2>/dev/null || :
}

setup() {
	[ -n "$evil" ] || skip "needs root"
	export ATTACK_ROOT=$BATS_TEST_TMPDIR/root ATTACK_VICTIM=$BATS_TEST_TMPDIR/victim HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$ATTACK_VICTIM/mnt" "$HOME/.docker"
	echo '{"auths": {}}' >"$HOME/.docker/config.json"
	echo untouched >"$ATTACK_VICTIM/canary"
	chmod 640 "$ATTACK_VICTIM/canary"
	victim=$(victim_state)
}

# Times, owner, mode, contents; and the limits of the process.
victim_state() { (cd "$ATTACK_VICTIM" && find . -printf '%p %y %m %U:%G %s %T@ %n\n' | sort && cat canary && grep -v 'pending signals' "/proc/$ATTACK_PID/limits"); }

# attacked COMMAND…: tare with the attacker in the place of tare-transfer; what it says goes to $said.
attacked() {
	run ! env TARE_LIBEXEC="$BATS_FILE_TMPDIR/libexec" tare --root "$ATTACK_ROOT" --run-root "$BATS_TEST_TMPDIR/run" "$@"
	contains "$output" "the attack is over"
	said=$output
}

# Everything was denied, and there was enough of it; what is needed works.
denied() {
	equal '' "$(grep -E '^(ESCAPE|broken)' <<<"$said")"
	[ "$(grep -c ^denied <<<"$said")" -ge "$1" ] || { echo "$said"; return 1; }
	grep -q '^works thread' <<<"$said"
	equal "$victim" "$(victim_state)"
}

@test "without its confinement every attack but those on closed doors gets through: the test can fail" {
	ATTACK_UNCONFINED=1 attacked pull -q "$evil/good/x:1"
	# Directories lead nowhere even then (the store sees to it), and the dialer is another process; who may ping is a setting of the network.
	equal "" "$(grep ^denied <<<"$said" | grep -vE ' (climb_|dial_|ping)')"
	grep -q '^ESCAPE redial' <<<"$said"
	[ "$(grep -c ^ESCAPE <<<"$said")" -ge 70 ] || { echo "$said"; return 1; }
}

@test "a pull: nothing but connections to others than this machine, and the layers' directory" {
	attacked pull -q "$evil/good/x:1"
	grep -q '^works dial' <<<"$said"
	grep -q '^works layer_device' <<<"$said"
	denied 90
}

@test "a push: nothing but connections to others than this machine" {
	tare --root "$ATTACK_ROOT" --run-root "$BATS_TEST_TMPDIR/run" load -q -i "$images/busybox.docker.tar"
	attacked push -q busybox "$evil/good/x:1"
	grep -q '^works dial' <<<"$said"
	denied 90
}

@test "an archive, a layout, a tar, a tree: nothing but the layers' directory" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	for what in "load -i $images/busybox.docker.tar" "load -i $images/busybox" "import $images/busybox.rootfs.tar" "import $BATS_TEST_TMPDIR/tree"; do
		attacked $what
		grep -q '^works layer_device' <<<"$said"
		grep -q '^denied tcp' <<<"$said"
		grep -q '^denied udp' <<<"$said"
		denied 82
	done
}
