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

@test "a read-only store: nothing else does anything but say so in one line" {
	own pull -q "$evil/good/x:1"
	before=$(find "$BATS_TEST_TMPDIR/root" | sort)
	mount --bind "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/root"
	mount -o remount,ro,bind "$BATS_TEST_TMPDIR/root"
	own images
	own save -o "$BATS_TEST_TMPDIR/saved.tar" "$evil/good/x:1"
	for words in "rmi $evil/good/x:1" "tag $evil/good/x:1 y:1" "untag $evil/good/x:1" "load -i $BATS_TEST_TMPDIR/saved.tar" \
		"import $BATS_TEST_TMPDIR/saved.tar y:1" "image prune -af" "system prune -af"; do
		# shellcheck disable=SC2086 # words
		run -1 own $words
		contains "$output" "read-only file system"
		equal 1 "${#lines[@]}"
	done
	umount "$BATS_TEST_TMPDIR/root"
	equal "$before" "$(find "$BATS_TEST_TMPDIR/root" | sort)"
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

@test "a registry that falls silent: one line, soon; when it speaks again the blob is continued" {
	export TARE_STALL_TIMEOUT=1
	refused "silent: nothing for 1 second" "$evil/stalls/x:1"
	refused "silent: nothing for 1 second" "$evil/mute/x:1"
	TARE_STALL_TIMEOUT=soon refused "TARE_STALL_TIMEOUT is 'soon'" "$evil/good/x:1"
	: >"$evil_dir/well"
	goes_on stalls/x 100000
}

@test "a registry that falls silent for more than a minute, with the usual patience" {
	(sleep 30; : >"$evil_dir/well") 3>&- &
	SECONDS=0
	own pull -q "$evil/stalls/slow:1"
	[ $SECONDS -ge 60 ]
	goes_on stalls/slow 100000
}

# A TLS server whose certificate is good from START to END (YYYYMMDDhhmmssZ), as $late; what it speaks behind TLS does not matter.
server_of_time() {
	local dir=$BATS_TEST_TMPDIR/late
	rm -rf "$dir"
	mkdir -p "$dir/certs"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=CA' -keyout "$dir/ca.key" -out "$dir/certs/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=late -keyout "$dir/key" -out "$dir/csr" 2>/dev/null
	: >"$dir/index"
	printf '%s\n' '[ca]' 'default_ca = a' '[a]' "database = $dir/index" "new_certs_dir = $dir" 'rand_serial = yes' 'default_md = sha256' 'policy = p' \
		'x509_extensions = v' '[p]' 'commonName = supplied' '[v]' 'subjectAltName = IP:127.0.0.1' >"$dir/conf"
	openssl ca -batch -notext -config "$dir/conf" -keyfile "$dir/ca.key" -cert "$dir/certs/ca.crt" -startdate "$1" -enddate "$2" -in "$dir/csr" -out "$dir/crt" 2>/dev/null
	late=127.0.0.1:$(free_port)
	openssl s_server -quiet -www -accept "${late#*:}" -cert "$dir/crt" -key "$dir/key" >/dev/null 2>&1 3>&- &
	server=$!
	wait_for 10 bash -c ": </dev/tcp/127.0.0.1/${late#*:}"
}

@test "a clock that is wrong, here or there: the certificate is not called untrusted" {
	server_of_time 20400101000000Z 20410101000000Z
	refused "is not valid yet; this machine's clock says $(date -u +%Y-%m-%dT)" --cert-dir "$BATS_TEST_TMPDIR/late/certs" "$late/x/y:1"
	kill $server
	server_of_time 20010101000000Z 20020101000000Z
	refused "has expired; this machine's clock says $(date -u +%Y-%m-%dT)" --cert-dir "$BATS_TEST_TMPDIR/late/certs" "$late/x/y:1"
	kill $server
}

@test "a store from the future: nothing is younger than it may be for a prune, and nothing breaks" {
	cd "$BATS_TEST_TMPDIR"
	echo later >file
	tar -cf layer.tar file
	echo '{"created": "2040-01-01T00:00:00Z", "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:'"$(
		sha256sum <layer.tar | cut -d' ' -f1)"'"]}}' >config.json
	echo '[{"Config": "config.json", "RepoTags": ["later:1"], "Layers": ["layer.tar"]}]' >manifest.json
	tar -cf later.tar config.json manifest.json layer.tar
	own load -q -i later.tar
	find root -path '*/layers/?*' -prune -o -exec touch -h -d '2040-01-01' {} +
	sed -i 's/"created": *"[^"]*"/"created":"2040-01-01T00:00:00Z"/' root/images/*
	own images
	own image prune -af --filter until=1h
	own system prune -af --filter until=1h
	own image inspect later:1 >/dev/null
	echo half >"$BATS_TEST_TMPDIR/root/blobs/ingest/$(printf 0%.0s {1..64})"
	touch -d 2040-01-01 "$BATS_TEST_TMPDIR/root/blobs/ingest"/*
	own pull -q "$evil/good/x:1"
	own system check
	own image prune -af
	equal '' "$(find "$BATS_TEST_TMPDIR/root"/{blobs,layers,images} -type f)"
}

@test "lock files: one for each image that a container was made of, which goes with the image" {
	images=$("$lib/make-images" busybox)
	own load -q -i "$images/busybox.docker.tar"
	own run --rm --network none busybox true
	own run --rm --network none busybox true
	locks() { find "$BATS_TEST_TMPDIR/root/locks" -type f ! -name records ! -name removal -printf '%f\n'; }
	equal "image-$(own images -q --no-trunc | cut -d: -f2)" "$(locks)"
	own rmi busybox
	equal '' "$(locks)"
	# Of one that was killed in between: prune.
	: >"$BATS_TEST_TMPDIR/root/locks/image-$(printf 0%.0s {1..64})"
	own image prune -f
	equal '' "$(locks)"
}

@test "what came in part goes by itself after a week" {
	own images -q
	for age in 6 8; do
		echo half >"$BATS_TEST_TMPDIR/root/blobs/ingest/$(printf $age%.0s {1..64})"
		touch -d "$age days ago" "$BATS_TEST_TMPDIR/root/blobs/ingest/$age"*
	done
	own pull -q "$evil/good/x:1"
	equal "$(printf 6%.0s {1..64})" "$(ls "$BATS_TEST_TMPDIR/root/blobs/ingest")"
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
