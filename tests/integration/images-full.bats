# SPDX-License-Identifier: Apache-2.0
# Full disks, under the store and under what is written for the user, and disks that cannot be read: one line that says what, where, why and what to do; no part of a
# file; and with room again the same command succeeds.

load ../lib/tare
load ../lib/evil

setup_file() {
	evil_start
	images=$("$lib/make-images" busybox)
	head -c 6000000 /dev/urandom >"$BATS_FILE_TMPDIR/noise"
	tar -C "$BATS_FILE_TMPDIR" -cf "$BATS_FILE_TMPDIR/noise.tar" noise
	tare import "$BATS_FILE_TMPDIR/noise.tar" noise:1
	tare save --format oci-archive -o "$BATS_FILE_TMPDIR/noise.oci.tar" noise:1
	tare save -o "$BATS_FILE_TMPDIR/noise.docker.tar" noise:1
	tare save --format oci-dir -o "$BATS_FILE_TMPDIR/layout" noise:1
	tare rmi noise:1
	export images
}
teardown_file() { evil_stop; }

setup() { mkdir "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/out"; }

teardown() {
	own ps -aq | xargs -r timeout 60 tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" rm -f >/dev/null || :
	umount "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/out" 2>/dev/null || :
}

# disk DIRECTORY SIZE: a small one, or another size for it.
disk() {
	if mountpoint -q "$BATS_TEST_TMPDIR/$1"; then mount -o "remount,size=$2" "$BATS_TEST_TMPDIR/$1"
	else mount -t tmpfs -o "size=$2" tmpfs "$BATS_TEST_TMPDIR/$1"; fi
}

# What is in the store and beside it, without lock files and what containers have.
content() {
	own images -qa
	find "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/out" \( -name locks -o -name containers \) -prune -o -type f -printf '%p %s\n' | sort
}

# full WHERE WORDS…: the command fails with one line that names WHERE, the reason and what to do; nothing is left of it.
full() {
	local where=$1 before
	shift
	before=$(content)
	run -1 own "$@"
	contains "$output" "no space left on device: free some there"
	contains "$output" "$where"
	equal 1 "${#lines[@]}"
	equal "$before" "$(content)"
}

# The store is full at first, and has room then.
full_store() {
	disk root 2m
	full "$@"
	disk root 64m
	own "${@:2}"
	own system check
}

@test "load" {
	for archive in noise.oci.tar noise.docker.tar layout; do
		full_store "load '$BATS_FILE_TMPDIR/$archive'" load -q -i "$BATS_FILE_TMPDIR/$archive"
		own rmi noise:1
	done
}

@test "load from a pipe" {
	disk root 2m
	run -1 own load -q <"$BATS_FILE_TMPDIR/noise.oci.tar"
	run -1 bash -c "gzip -1 <'$BATS_FILE_TMPDIR/noise.oci.tar' | tare --root '$BATS_TEST_TMPDIR/root' --run-root '$BATS_TEST_TMPDIR/run' load -q"
	contains "$output" "no space left on device: free some there"
	equal 1 "${#lines[@]}"
	equal '' "$(find "$BATS_TEST_TMPDIR/root"/{blobs,layers,images} -type f)"
}

@test "import" {
	full_store "import '$BATS_FILE_TMPDIR/noise.tar'" import "$BATS_FILE_TMPDIR/noise.tar" made:1
	own rmi made:1
	full_store "import '$BATS_FILE_TMPDIR/layout'" import "$BATS_FILE_TMPDIR/layout" made:1
}

@test "copy into the store" {
	full_store "load '$BATS_FILE_TMPDIR/layout'" copy -q "oci:$BATS_FILE_TMPDIR/layout" tare:made:1
}

@test "pull: the beginning stays, to be continued, and prune takes it away" {
	disk root 1m
	run -1 own pull -q "$evil/big/x:1"
	contains "$output" "pull '$evil/big/x:1'"
	contains "$output" "no space left on device: free some there"
	equal 1 "${#lines[@]}"
	[ -n "$(find "$BATS_TEST_TMPDIR/root/blobs/ingest" -type f)" ]
	[ "$(own system df --format '{{.Type}} {{.Reclaimable}}' | awk '$1 == "Other" { print $2 }')" != 0B ]
	own image prune -f
	equal '' "$(find "$BATS_TEST_TMPDIR/root"/{blobs,layers,images,locks} -type f)"
	disk root 64m
	own pull -q "$evil/big/x:1"
}

@test "commit" {
	disk root 64m
	own load -q -i "$images/busybox.docker.tar"
	own run --name box --network none busybox dd if=/dev/urandom of=/noise bs=1M count=6
	disk root "$(($(du -sk "$BATS_TEST_TMPDIR/root" | cut -f1) + 3000))k"
	full "commit 'box'" commit -q box made:1
	disk root 64m
	own commit -q box made:1
	own system check
}

@test "tag: the names stay as they were" {
	disk root 64m
	own load -q -i "$images/busybox.docker.tar"
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/root/fill" bs=64k 2>/dev/null || :
	full "image record" tag busybox other:1
	rm "$BATS_TEST_TMPDIR/root/fill"
	own tag busybox other:1
}

@test "a full store can be emptied" {
	disk root 64m
	own load -q -i "$BATS_FILE_TMPDIR/noise.oci.tar"
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/root/fill" bs=4k 2>/dev/null || :
	own rmi noise:1
	own system prune -f
	equal '' "$(find "$BATS_TEST_TMPDIR/root"/{blobs,layers,images} -type f)"
}

@test "save" {
	own load -q -i "$BATS_FILE_TMPDIR/noise.oci.tar"
	disk out 1m
	out=$BATS_TEST_TMPDIR/out
	echo precious >"$out/there"
	full "save 'noise:1'" save -o "$out/a.tar" noise:1
	full "save 'noise:1'" save -o "$out/there" noise:1
	full "save 'noise:1'" save --format oci-archive -o "$out/a.tar" noise:1
	full "save 'noise:1'" save --format oci-dir -o "$out/layout" noise:1
	full "save 'noise:1'" save --format docker-dir -o "$out/dir" noise:1
	equal "there" "$(ls -A "$out")"
	equal precious "$(cat "$out/there")"
	disk out 64m
	own save -o "$out/a.tar" noise:1
}

@test "copy" {
	disk out 1m
	out=$BATS_TEST_TMPDIR/out
	for to in "oci-archive:$out/a.tar" "docker-archive:$out/a.tar:x:1" "oci:$out/layout" "dir:$out/dir"; do
		full "to '$to'" copy -q "oci:$BATS_FILE_TMPDIR/layout" "$to"
	done
	equal '' "$(ls -A "$out")"
	disk out 64m
	own copy -q "oci:$BATS_FILE_TMPDIR/layout" "oci:$out/layout"
}

@test "export" {
	own load -q -i "$images/busybox.docker.tar"
	own run --name box --network none busybox dd if=/dev/urandom of=/noise bs=1M count=6
	disk out 1m
	full "container 'box'" export -o "$BATS_TEST_TMPDIR/out/a.tar" box
	equal '' "$(ls -A "$BATS_TEST_TMPDIR/out")"
}

# unreadable PATH WORDS…: reads of PATH fail with EIO after the first few.
unreadable() {
	local path=$1 before
	shift
	before=$(content)
	run strace -f -qq -o /dev/null -P "$path" -e inject=read,pread64,copy_file_range,sendfile,splice:error=EIO:when=3+ \
		tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"
	equal 1 "$status"
	contains "$output" "input/output error"
	equal 1 "${#lines[@]}"
	equal "$before" "$(content)"
}

@test "a file that cannot be read to its end: one line, nothing left" {
	command -v strace >/dev/null || skip "no strace"
	own images -q
	unreadable "$BATS_FILE_TMPDIR/noise.oci.tar" load -q -i "$BATS_FILE_TMPDIR/noise.oci.tar"
	unreadable "$BATS_FILE_TMPDIR/noise.docker.tar" load -q -i "$BATS_FILE_TMPDIR/noise.docker.tar"
	unreadable "$BATS_FILE_TMPDIR/noise.tar" import "$BATS_FILE_TMPDIR/noise.tar" made:1
	unreadable "$BATS_FILE_TMPDIR/noise.oci.tar" copy -q "oci-archive:$BATS_FILE_TMPDIR/noise.oci.tar" "dir:$BATS_TEST_TMPDIR/out/dir"
	own load -q -i "$BATS_FILE_TMPDIR/noise.oci.tar"
	blob=$(find "$BATS_TEST_TMPDIR/root/blobs/sha256" -size +5M)
	unreadable "$blob" save -o "$BATS_TEST_TMPDIR/out/a.tar" noise:1
}
