# SPDX-License-Identifier: Apache-2.0
# Hostile registries, hostile archives, and what tare-transfer may do: CVE-2020-15157, CVE-2021-41190, CVE-2023-25153, CVE-2024-3727, CVE-2026-57231, the
# tar rows of field.md 2.4 and 2.6, and the credential rows around CVE-2026-33540. The unit tests of src/image have the same rows as tables.

load ../lib/tare

# Everything here has its own store, so that a layer of one test is never the answer of another.
own() { tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }

# Pulling is refused, with a sentence that contains the given words; nothing is in the store afterwards.
refused() {
	local words=$1
	shift
	run ! own pull -q "$@"
	contains "$output" "$words"
	equal '' "$(own images -q)"
	own system check --quick
}

setup_file() {
	evil_dir=$BATS_FILE_TMPDIR/evil
	mkdir "$evil_dir"
	"$lib/evil-registry" "$evil_dir" "$lib/../fuzz/corpus/tar_extract" >"$evil_dir/log" 2>&1 3>&- 4>&- &
	evil_pid=$!
	wait_for 10 test -s "$evil_dir/port"
	evil=127.0.0.1:$(cat "$evil_dir/port")
	export evil evil_dir evil_pid
}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	: >"$evil_dir/requests"
	echo untouched >"$BATS_TEST_TMPDIR/canary"
}

teardown() { equal untouched "$(cat "$BATS_TEST_TMPDIR/canary")"; }

teardown_file() { kill "$evil_pid" 2>/dev/null || :; }

stolen() { grep ^thief "$evil_dir/requests" | grep -v ' - [^ ]*$'; }

# ---- credentials ----

@test "a blob redirected to another host is fetched there, without the password" {
	own pull -q --creds alice:secret "$evil/redirect/x:1"
	grep -q ^thief "$evil_dir/requests"
	run ! stolen
	grep -q ^registry.*Basic "$evil_dir/requests"
}

@test "a manifest redirected to another host is asked for without the password" {
	own pull -q --creds alice:secret "$evil/elsewhere/x:1" || :
	grep -q ^thief "$evil_dir/requests"
	run ! stolen
}

@test "a token server on a foreign host is not shown the password" {
	refused "foreign host" --creds alice:secret "$evil/realm/x:1"
	run ! grep -q ^thief "$evil_dir/requests"
}

@test "a token server and a redirect may not be files" {
	refused "http" "$evil/file-realm/x:1"
	refused "http" "$evil/file/x:1"
}

@test "an anonymous pull says that credentials are missing" {
	refused "log in" "$evil/password/x:1"
	refused "denied" --creds alice:wrong "$evil/password/x:1" || refused "HTTP 401" --creds alice:wrong "$evil/password/x:1"
}

@test "addresses in a descriptor are never followed" {
	refused "not found" "$evil/urls/x:1"
	run ! grep -q ^thief "$evil_dir/requests"
}

# ---- documents ----

@test "a document that is index and manifest at once is refused" { refused "both" "$evil/both/x:1"; }
@test "a digest that is a path is refused before it is used" {
	refused "not well-formed" "$evil/traversal/x:1"
	run ! grep -q secret "$evil_dir/requests"
	refused "not well-formed" "$evil/short/x:1"
}
@test "a manifest of six megabytes is refused" { refused "allowed" "$evil/huge/x:1"; }
@test "a manifest of 600 layers is refused" { refused "600 layers" "$evil/layers/x:1"; }
@test "a schema 1 manifest is refused by name" { refused "schema 1" "$evil/schema1/x:1"; }
@test "a config with a bare environment name is refused" { AWS_SECRET_ACCESS_KEY=x refused "NAME=VALUE" "$evil/env/x:1"; }
@test "a manifest that does not have the digest it was asked by is refused" {
	own pull -q "$evil/changed/x:1"
	id=$(own images -q --no-trunc | head -1)
	own rmi "$id"
	manifest=$(curl -s "http://$evil/v2/changed/x/manifests/1" | sha256sum | cut -d' ' -f1)
	refused "expected" "$evil/changed/x@sha256:$manifest"
}

# ---- layers ----

@test "a layer with other bytes than its digest says is refused" { refused "blob" "$evil/wrongblob/x:1"; }
@test "a layer that unfolds to something else than its diff id is refused" { refused "diff id" "$evil/diffid/x:1"; }
@test "a layer longer than its descriptor is refused at once" { refused "longer" "$evil/endless/x:1"; }

@test "an interrupted download goes on where it was" {
	own pull -q "$evil/cut/x:1"
	grep -q 'bytes=[1-9]' "$evil_dir/requests"
}

@test "a server that ignores Range is lived with" { own pull -q "$evil/norange/x:1"; }
@test "a busy server is asked again, a broken one not for ever" {
	own pull -q "$evil/busy/x:1"
	own pull -q "$evil/limited/x:1"
	own rmi -f "$(own images -q | sort -u)"
	refused "it is broken" "$evil/broken/x:1"
	refused "redirects" "$evil/loop/x:1"
}

# ---- tar corpus through the whole path, as root ----

@test "no entry of the tar corpus reaches anything outside its layer" {
	cp "$BATS_TEST_TMPDIR/canary" /var/tmp/tare-canary
	for file in "$lib"/../fuzz/corpus/tar_extract/*; do
		own pull -q "$evil/tar-$(basename "$file")/x:1" >>"$BATS_TEST_TMPDIR/log" 2>&1 || :
		own import "$file" >>"$BATS_TEST_TMPDIR/log" 2>&1 || :
	done
	cmp "$BATS_TEST_TMPDIR/canary" /var/tmp/tare-canary
	rm /var/tmp/tare-canary
	equal '' "$(find "$BATS_TEST_TMPDIR/root" -name canary -not -path '*/layers/*')"
	equal '' "$(find "$BATS_TEST_TMPDIR/root/layers/ingest" -mindepth 1)"
	equal '' "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -newer "$BATS_TEST_TMPDIR/canary" -not -name log -not -name root -not -name run -not -path "$BATS_TEST_TMPDIR")"
	run ! ls /tmp/evil
	own system check
}

@test "layers keep no orders to overlay" {
	own pull -q "$evil/tar-xattrs/x:1"
	run -0 getfattr -R -d -m - "$BATS_TEST_TMPDIR/root/layers"
	[[ $output != *overlay* ]]
}

@test "layers cannot be reached by other users" {
	own pull -q "$evil/tar-setuid/x:1"
	[ -u "$(find "$BATS_TEST_TMPDIR/root/layers" -name s)" ]
	chmod 755 "$BATS_TEST_TMPDIR"
	run ! setpriv --reuid 65534 --regid 65534 --clear-groups ls "$BATS_TEST_TMPDIR/root/layers"
}

# ---- the program that does it ----

@test "tare-transfer has given up what it does not need before the first byte" {
	# A registry that takes the connection and never says a word gives us all the time to look.
	local port pid='' pull mute try
	port=$(free_port)
	/usr/bin/python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); time.sleep(100)" 3>&- &
	mute=$!
	wait_for 10 bash -c ": </dev/tcp/127.0.0.1/$port"
	"$TARE_BIN/tare" --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" pull -q "127.0.0.1:$port/y:1" 3>&- &
	pull=$!
	for try in $(seq 500); do
		pid=$(pgrep -P $pull tare-transfer) && grep -q 'Seccomp:	2' "/proc/$pid/status" 2>/dev/null && break
		sleep 0.02
	done
	cp "/proc/$pid/status" "$BATS_TEST_TMPDIR/status"
	kill $mute $pull
	wait $pull || true
	grep -q 'Seccomp:	2' "$BATS_TEST_TMPDIR/status"
	grep -q 'NoNewPrivs:	1' "$BATS_TEST_TMPDIR/status"
	# chown dac_override fowner fsetid mknod setfcap, and nothing else
	equal 000000008800001b "$(awk '/^CapEff/ { print $2 }' "$BATS_TEST_TMPDIR/status")"
	equal 000000008800001b "$(awk '/^CapPrm/ { print $2 }' "$BATS_TEST_TMPDIR/status")"
}

# ---- images against each other ----

@test "an image that lies about a blob of another one does not cost that one its blob" {
	. "$lib/oci_layout.bash"
	local d=$BATS_TEST_TMPDIR kind blob
	tar -cf "$d/layer.tar" -C "$d" canary
	for kind in good diff size; do
		layout_begin "$d/$kind"
		layout_layer "$d/$kind" "$d/layer.tar"
		case $kind in
		diff) jq -c '["sha256:" + "1" * 64]' "$d/diff/.diffs" >"$d/new" && mv "$d/new" "$d/diff/.diffs" ;;
		size) jq -c '.[0].size += 1' "$d/size/.layers" >"$d/new" && mv "$d/new" "$d/size/.layers"
			jq -c '["sha256:" + "2" * 64]' "$d/size/.diffs" >"$d/new" && mv "$d/new" "$d/size/.diffs" ;;
		esac
		layout_finish "$d/$kind" "$kind:1" '{}'
		layout_end "$d/$kind"
	done
	own load -q -i "$d/good"
	blob=$(jq -r '.manifests[0].digest' "$d/good/index.json" | cut -d: -f2)
	blob=$(jq -r '.layers[0].digest' "$d/good/blobs/sha256/$blob" | cut -d: -f2)
	[ -f "$d/root/blobs/sha256/$blob" ]
	for kind in diff size; do
		run ! own load -q -i "$d/$kind"
		cmp "$d/good/blobs/sha256/$blob" "$d/root/blobs/sha256/$blob"
	done
	# One that is damaged goes all the same.
	own rmi good:1
	own load -q -i "$d/good"
	rm -rf "$d/root/layers/"*[0-9a-f]
	dd if=/dev/zero of="$d/root/blobs/sha256/$blob" bs=1 count=20 conv=notrunc 2>"$d/dd"
	own load -q -i "$d/good"
	cmp "$d/good/blobs/sha256/$blob" "$d/root/blobs/sha256/$blob"
}

@test "an image for all platforms may not have more documents than fit into memory" {
	. "$lib/oci_layout.bash"
	local d=$BATS_TEST_TMPDIR i good digest size
	tar -cf "$d/layer.tar" -C "$d" canary
	layout_begin "$d/many"
	layout_layer "$d/many" "$d/layer.tar"
	layout_finish "$d/many" x '{}'
	layout_end "$d/many"
	jq -c '.manifests' "$d/many/index.json" >"$d/list"
	good=$(jq -r '.[0].digest' "$d/list" | cut -d: -f2)
	head -c 4000000 /dev/zero | tr '\0' x >"$d/pad"
	for i in $(seq 17); do
		jq -c --rawfile pad "$d/pad" --arg i "$i" '.annotations = {a: ($i + $pad)}' "$d/many/blobs/sha256/$good" >"$d/new"
		read -r digest size < <(layout_blob "$d/many" "$d/new")
		jq -c --arg d "$digest" --argjson s "$size" --arg i "$i" \
			'. + [{mediaType: .[0].mediaType, digest: $d, size: $s, platform: {os: "plan9", architecture: $i}}]' "$d/list" >"$d/new" && mv "$d/new" "$d/list"
	done
	jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' "$d/list" >"$d/new"
	read -r digest size < <(layout_blob "$d/many" "$d/new")
	jq -nc --arg d "$digest" --argjson s "$size" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s}]}' >"$d/many/index.json"
	run ! own load -q --all-platforms -i "$d/many"
	contains "$output" "documents"
	equal '' "$(own images -q)"
	equal '' "$(find "$d/root/blobs/sha256" "$d/root/layers" -type f)"
	own load -q -i "$d/many"
}
