# SPDX-License-Identifier: Apache-2.0
# Pulls that meet a full disk, a broken disk, a read-only store, a registry that falls, stalls or is slow, and a user who loses patience: one clear line, nothing
# left that anybody sees, and the next pull goes on where this one stood.

load ../lib/tare
load ../lib/evil

setup_file() { evil_start; }
teardown_file() { evil_stop; }

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	rm -f "$evil_dir/sent" "$evil_dir/well"
	: >"$evil_dir/requests"
	mkdir "$BATS_TEST_TMPDIR/root"
}

teardown() {
	while umount "$BATS_TEST_TMPDIR/root" 2>/dev/null; do :; done
	rm -rf "$BATS_TEST_TMPDIR/root"
}

# A pull in the background as $pid, which hears Ctrl-C although a shell without job control would not let it; its words go to $BATS_TEST_TMPDIR/out.
pull_interruptible() {
	env --default-signal=INT "$TARE_BIN/tare" --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" pull -q "$1" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
}

# Ctrl-C: it ends within seconds, says so in one line, and nothing is seen.
interrupt() {
	local status=0 before=$SECONDS
	kill -INT $pid
	wait $pid || status=$?
	[ $((SECONDS - before)) -le 5 ]
	[ $status -ne 0 ]
	contains "$(cat "$BATS_TEST_TMPDIR/out")" interrupted
	equal 1 "$(wc -l <"$BATS_TEST_TMPDIR/out")"
	nothing_came
}

# Bytes of the layer that the registry sent in all, and the layer's size.
sent() { awk '{ n += $3 } END { print n + 0 }' "$evil_dir/sent"; }
size() { curl -s "http://$evil/v2/$1/manifests/1" | jq .layers[0].size; }

# The registry writes down what it sent a little later than we have it.
all_came() { [ "$(sent)" -ge "$(size "$1")" ]; }

# The pull succeeds, and all pulls together had little more than the layer once: what the sockets held when it was cut off.
goes_on() {
	own pull -q "$evil/$1:1" >/dev/null
	own system check >/dev/null
	grep -q 'bytes=[1-9]' "$evil_dir/requests"
	wait_for 10 all_came "$1" || { echo "$(sent) bytes were sent of $(size "$1")"; cat "$evil_dir/sent"; return 1; }
	[ "$(sent)" -le $(($(size "$1") + $2)) ] || { echo "$(sent) bytes were sent of $(size "$1")"; cat "$evil_dir/sent"; return 1; }
}

@test "a full disk: one line; with room again the blob is continued" {
	mount -t tmpfs -o size=1m tmpfs "$BATS_TEST_TMPDIR/root"
	refused "no space left" "$evil/slow/full:1"
	mount -o remount,size=64m "$BATS_TEST_TMPDIR/root"
	goes_on slow/full 3000000
}

@test "a disk that fills with inodes: one line, nothing left" {
	mount -t tmpfs -o size=64m,nr_inodes=16 tmpfs "$BATS_TEST_TMPDIR/root"
	refused "no space left" "$evil/good/x:1"
}

@test "a read-only store: one line" {
	own images -q
	mount --bind "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/root"
	mount -o remount,ro,bind "$BATS_TEST_TMPDIR/root"
	run ! own pull -q "$evil/good/x:1"
	contains "$output" "read-only"
	equal 1 "${#lines[@]}"
	umount "$BATS_TEST_TMPDIR/root"
	nothing_came
	own pull -q "$evil/good/x:1"
}

@test "a disk that cannot write the blob: one line, and the next pull succeeds" {
	run ! strace -f -qq -o /dev/null -e trace=write -e inject=write:error=EIO:when=3+ tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" \
		pull -q "$evil/big/x:1"
	own pull -q "$evil/big/x:1"
	own system check
}

@test "a disk that cannot sync: the image does not become visible" {
	run ! strace -f -qq -o /dev/null -e trace=syncfs -e inject=syncfs:error=EIO tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" \
		pull -q "$evil/good/x:1"
	contains "$output" "sync"
	equal 1 "${#lines[@]}"
	equal '' "$(own images -q)"
	own pull -q "$evil/good/x:1"
}

@test "a registry that falls again and again: the blob is continued each time" {
	(sleep 1.5; : >"$evil_dir/well") 3>&- &
	own pull -q "$evil/reset/x:1"
	goes_on reset/x 100000
}

@test "a registry that stays dead: one line, soon; when it lives again the blob is continued" {
	refused "" "$evil/mortal/x:1"
	: >"$evil_dir/well"
	goes_on mortal/x 100000
}

@test "Ctrl-C in the middle: ends at once, one line, nothing seen; the next pull continues" {
	pull_interruptible "$evil/slow/interrupted:1"
	wait_for 20 grep -q /blobs/ "$evil_dir/requests"
	sleep 0.8
	interrupt
	goes_on slow/interrupted 3000000
}

@test "a registry that takes the connection and says nothing: Ctrl-C ends it" {
	port=$(free_port)
	/usr/bin/python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); time.sleep(100)" 3>&- &
	mute=$!
	wait_for 10 bash -c ": </dev/tcp/127.0.0.1/$port"
	pull_interruptible "127.0.0.1:$port/x/y:1"
	sleep 1
	interrupt
	kill $mute
}

@test "a layer that no image vouches for and that was unpacked before the last start is unpacked again" {
	own pull -q "$evil/good/x:1"
	# A power failure: no record yet, and the layer is not what was unpacked.
	rm "$BATS_TEST_TMPDIR/root/images"/*
	hello=$(find "$BATS_TEST_TMPDIR/root/layers" -name hello)
	: >"$hello"
	cat /proc/sys/kernel/random/uuid >"$BATS_TEST_TMPDIR/boot"
	mount --bind "$BATS_TEST_TMPDIR/boot" /proc/sys/kernel/random/boot_id
	status=0
	own pull -q "$evil/good/x:1" || status=$?
	umount /proc/sys/kernel/random/boot_id
	[ $status = 0 ]
	equal hello "$(cat "$(find "$BATS_TEST_TMPDIR/root/layers" -name hello)")"
	own system check
}
