# SPDX-License-Identifier: Apache-2.0
# pull from registries of every kind, load, import, tag, rmi; and what happens when bytes or connections are bad.

load ../lib/tare

setup_file() {
	tare_setup_file busybox debian
	registry_start plain plain
	registry_start secure tls
	registry_start bearer token
	registry_push plain "$images/busybox" test/busybox:1
	registry_push plain "$images/debian" test/debian:1
	registry_push secure "$images/busybox" test/busybox:1 --dest-creds alice:secret
	registry_push bearer "$images/busybox" public/busybox:1 --dest-creds alice:secret
	registry_push bearer "$images/busybox" private/busybox:1 --dest-creds alice:secret
	export plain_addr plain_dir plain_pid secure_addr secure_dir secure_pid bearer_addr bearer_dir bearer_pid
}

teardown() {
	tare_teardown
	tare rmi -f "$plain_addr/test/busybox:1" "$plain_addr/test/debian:1" "$secure_addr/test/busybox:1" \
		"$bearer_addr/public/busybox:1" "$bearer_addr/private/busybox:1" >/dev/null 2>&1 || :
}

teardown_file() {
	registry_stop plain
	registry_stop secure
	registry_stop bearer
	tare_teardown_file
}

@test "pull from a registry on loopback, then run" {
	tare pull "$plain_addr/test/busybox:1"
	equal hi "$(tare run --rm "$plain_addr/test/busybox:1" echo hi)"
}

@test "run pulls what is missing" {
	equal hi "$(tare run --rm -q "$plain_addr/test/busybox:1" echo hi)"
}

@test "pull -q prints the name alone" {
	run -0 --separate-stderr tare pull -q "$plain_addr/test/busybox:1"
	equal 1 "${#lines[@]}"
	contains "$output" test/busybox:1
}

@test "pull by digest" {
	digest=$(skopeo inspect --tls-verify=false "docker://$plain_addr/test/busybox:1" | jq -r .Digest)
	tare pull -q "$plain_addr/test/busybox@$digest"
	equal hi "$(tare run --rm --pull never "$plain_addr/test/busybox@$digest" echo hi)"
	tare rmi -f "$plain_addr/test/busybox@$digest"
}

@test "a tag or a repository that is not there is named in the error" {
	run ! tare pull "$plain_addr/test/busybox:none"
	contains "$output" none
	run ! tare pull "$plain_addr/no/where:1"
	run ! tare pull "127.0.0.1:1/x/y:1"
	contains "$output" 127.0.0.1:1
}

@test "TLS with our CA and Basic auth; without either it is refused" {
	run ! tare pull --creds alice:secret "$secure_addr/test/busybox:1"
	run ! tare pull --tls-verify=false "$secure_addr/test/busybox:1"
	run ! tare pull --tls-verify=false --creds alice:wrong "$secure_addr/test/busybox:1"
	tare pull -q --tls-verify=false --creds alice:secret "$secure_addr/test/busybox:1"
	tare rmi -f "$secure_addr/test/busybox:1"
	SSL_CERT_FILE=$secure_dir/ca.crt tare pull -q --creds alice:secret "$secure_addr/test/busybox:1"
}

@test "credentials come from an auth file too" {
	printf '{"auths": {"%s": {"auth": "%s"}}}' "$secure_addr" "$(printf alice:secret | base64)" >"$BATS_TEST_TMPDIR/auth.json"
	tare pull -q --tls-verify=false --authfile "$BATS_TEST_TMPDIR/auth.json" "$secure_addr/test/busybox:1"
}

@test "Bearer tokens: anonymous for public, with a password for private" {
	tare pull -q "$bearer_addr/public/busybox:1"
	run ! tare pull -q "$bearer_addr/private/busybox:1"
	run ! tare pull -q --creds alice:wrong "$bearer_addr/private/busybox:1"
	tare pull -q --creds alice:secret "$bearer_addr/private/busybox:1"
}

@test "images lists in Docker's columns" {
	tare pull -q "$plain_addr/test/busybox:1"
	run -0 tare images
	contains "${lines[0]}" REPOSITORY
	contains "${lines[0]}" "IMAGE ID"
	contains "$output" "$plain_addr/test/busybox"
}

# Every path of a tree with what matters about it.
tree_of() {
	(cd "$1" && find . -mindepth 1 \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./etc/hosts -o -path ./etc/hostname -o -path ./etc/resolv.conf \
		-o -path ./.dockerenv -o -path ./run \) -prune -o -printf '%P\0%y %m %U:%G %s %T@ %n %l\0' | awk 'BEGIN { RS = "\0" } NR % 2 { path = $0; next }
		{ split($0, f, " "); if (f[1] == "d") { f[4] = "-"; f[6] = "-" } if (path == "etc") f[5] = "-"; sub(/\..*/, "", f[5]); gsub(/\n/, "?", path)
		  print path, f[1], f[2], f[3], f[4], f[5], f[6], f[7] }' | LC_ALL=C sort)
}

# Digests of contents, and extended attributes.
bytes_of() {
	(cd "$1" && find . -xdev -type f -not -path './etc/host*' -not -path ./etc/resolv.conf -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
		getfattr -R -h -d -m '^(user|security.capability)' etc opt usr var)
}

@test "the unpacked Debian image is what umoci unpacks, file by file" {
	umoci unpack --image "$images/debian:latest" "$BATS_TEST_TMPDIR/umoci" >/dev/null
	tare pull -q "$plain_addr/test/debian:1"
	tare run -d --name tree --network none "$plain_addr/test/debian:1" sleep 1000
	root=/proc/$(inspect tree '{{.State.Pid}}')/root
	tree_of "$root" >"$BATS_TEST_TMPDIR/ours"
	tree_of "$BATS_TEST_TMPDIR/umoci/rootfs" >"$BATS_TEST_TMPDIR/theirs"
	diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours" | head -40
	cmp "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
	bytes_of "$root" >"$BATS_TEST_TMPDIR/ours"
	bytes_of "$BATS_TEST_TMPDIR/umoci/rootfs" >"$BATS_TEST_TMPDIR/theirs"
	diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours" | head -40
	cmp "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "a second pull downloads nothing" {
	tare pull -q "$plain_addr/test/debian:1"
	before=$(date +%s%N)
	tare pull -q "$plain_addr/test/debian:1"
	[ $((($(date +%s%N) - before) / 1000000)) -lt 1000 ]
}

@test "two pulls that meet share the work and both succeed" {
	tare pull -q "$plain_addr/test/debian:1" &
	first=$!
	tare pull -q "$plain_addr/test/debian:1"
	wait $first
	equal ok "$(tare run --rm --network none "$plain_addr/test/debian:1" echo ok)"
}

@test "kill -9 of a pull leaves nothing visible, and the next one succeeds" {
	for delay in 0.05 0.15 0.3 0.6; do
		tare pull -q "$plain_addr/test/debian:1" >/dev/null 2>&1 &
		pid=$!
		sleep $delay
		kill -9 $pid 2>/dev/null || :
		wait $pid || :
		[ -n "$(tare images -q "$plain_addr/test/debian:1" 2>/dev/null)" ] && tare rmi -f "$plain_addr/test/debian:1"
		tare system check --quick
	done
	tare pull -q "$plain_addr/test/debian:1"
	equal ok "$(tare run --rm --network none "$plain_addr/test/debian:1" echo ok)"
}

@test "a layer whose bytes are wrong is refused and leaves nothing" {
	registry_push plain "$images/busybox" test/rotten:1
	layer=$(skopeo inspect --tls-verify=false --raw "docker://$plain_addr/test/rotten:1" | jq -r '.layers[0].digest' | cut -d: -f2)
	blob=$plain_dir/data/docker/registry/v2/blobs/sha256/${layer:0:2}/$layer/data
	cp "$blob" "$BATS_TEST_TMPDIR/good"
	printf 'XXXX' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
	# The image that was loaded first has this layer; without it the bytes must come from the registry.
	tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" pull "$plain_addr/test/rotten:1" >"$BATS_TEST_TMPDIR/out" 2>&1 && status=0 || status=$?
	cp "$BATS_TEST_TMPDIR/good" "$blob"
	[ "$status" -ne 0 ]
	equal '' "$(tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" images -q)"
}

@test "load: docker-archive, oci-archive, layout directory, standard input, gzip" {
	own() { tare --root "$BATS_TEST_TMPDIR/$1" --run-root "$BATS_TEST_TMPDIR/$1.run" "${@:2}"; }
	own a load -i "$images/busybox.docker.tar"
	own b load -i "$images/busybox.oci.tar"
	own c load -i "$images/busybox"
	own d load <"$images/busybox.docker.tar"
	gzip -c "$images/busybox.docker.tar" >"$BATS_TEST_TMPDIR/z.tar.gz"
	own e load -i "$BATS_TEST_TMPDIR/z.tar.gz"
	for root in a b c d e; do
		equal hi "$(own $root run --rm --network none "$(own $root images -q)" echo hi)"
	done
}

@test "import a plain tree, with changes to the config" {
	tare import -c 'CMD ["echo", "from cmd"]' -c 'ENV A=b' "$images/busybox.rootfs.tar" plain:1
	equal "from cmd" "$(tare run --rm plain:1)"
	equal b "$(tare run --rm plain:1 sh -c 'echo $A')"
	tare rmi plain:1
}

@test "tag and rmi: the last name takes the image along" {
	tare import "$images/busybox.rootfs.tar" one:1
	tare tag one:1 two:2
	tare rmi one:1
	equal hi "$(tare run --rm two:2 echo hi)"
	tare rmi two:2
	run ! tare run --rm --pull never two:2 true
}

@test "rmi of an image that a container uses is refused" {
	tare import "$images/busybox.rootfs.tar" used:1
	tare create --name user used:1 true
	run ! tare rmi used:1
	tare rm user
	tare rmi used:1
}

@test "system check finds a flipped byte in a blob and repairs by dropping only that image" {
	own() { tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }
	own load -i "$images/busybox.docker.tar"
	own import "$images/busybox.rootfs.tar" other:1
	own system check
	config=$(own images --no-trunc -q busybox | head -1 | cut -d: -f2)
	blob=$(find "$BATS_TEST_TMPDIR/root/blobs" -name "$config")
	printf X | dd of="$blob" bs=1 seek=3 conv=notrunc status=none
	run ! own system check
	contains "$output" "${config:0:12}"
	own system check --repair || :
	own system check
	equal hi "$(own run --rm --network none other:1 echo hi)"
}
