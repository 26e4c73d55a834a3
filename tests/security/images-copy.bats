# SPDX-License-Identifier: Apache-2.0
# Hostile archives and directories as sources and destinations of copy and save: CVE-2014-9358, CVE-2024-3727, CVE-2026-17106 where nothing is unpacked.

load ../lib/tare
. "$BATS_TEST_DIRNAME/../lib/oci_layout.bash"

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	images=$("$lib/make-images" busybox)
	cd "$BATS_TEST_TMPDIR"
	echo canary >"$BATS_TEST_TMPDIR/secret"
	cp -r "$images/busybox" layout
	manifest=$(jq -r '.manifests[0].digest[7:]' layout/index.json)
	layer=$(jq -r '.layers[0].digest[7:]' "layout/blobs/sha256/$manifest")
}

# Copying is refused with a sentence, nothing is written, and the secret is in no blob.
refused() {
	run ! tare copy -q "$1" oci:out:x
	[ -n "$output" ] || { echo "no sentence"; return 1; }
	[ ! -e out ] || { echo "something was written"; find out; return 1; }
	equal '' "$(find /var/lib/tare/blobs/ingest -type f)"
	equal canary "$(cat "$BATS_TEST_TMPDIR/secret")"
}

@test "the layout these tests change is good" { tare copy -q oci:layout:latest oci:out:x; }

@test "a blob of a layout that is a link to elsewhere is not followed" {
	ln -sf "$BATS_TEST_TMPDIR/secret" "layout/blobs/sha256/$layer"
	refused oci:layout:latest
	rm "layout/blobs/sha256/$layer"
	ln -s ../../../secret "layout/blobs/sha256/$layer"
	refused oci:layout:latest
	rm "layout/blobs/sha256/$layer"
	mkfifo "layout/blobs/sha256/$layer"
	refused oci:layout:latest
}

@test "digests that are paths, and documents that lie about their sizes, are refused" {
	cp layout/index.json good
	jq -c '.manifests[0].digest = "sha256:../../../secret"' good >layout/index.json
	refused oci:layout:latest
	cp good layout/index.json
	printf x >>"layout/blobs/sha256/$layer"
	refused oci:layout:latest
	truncate -s 100 "layout/blobs/sha256/$layer"
	refused oci:layout:latest
	truncate -s 5M layout/index.json
	refused oci:layout:latest
	truncate -s 5T "layout/blobs/sha256/$manifest"
	cp good layout/index.json
	refused oci:layout:latest
}

@test "members of an archive that are links out of it, or climb, lead nowhere" {
	rm "layout/blobs/sha256/$layer"
	ln -s "$BATS_TEST_TMPDIR/secret" "layout/blobs/sha256/$layer"
	tar cf links.tar -C layout oci-layout index.json blobs
	refused oci-archive:links.tar:latest
	mkdir docker
	cp "$(find "$images/busybox/blobs" -size -2 -exec grep -l rootfs {} +)" docker/config.json
	echo '[{"Config":"config.json","RepoTags":["x:1"],"Layers":["../../../../secret"]}]' >docker/manifest.json
	tar cf climbs.tar -C docker .
	refused docker-archive:climbs.tar
	echo "[{\"Config\":\"$BATS_TEST_TMPDIR/secret\",\"RepoTags\":[\"x:1\"],\"Layers\":[]}]" >docker/manifest.json
	tar cf config.tar -C docker .
	refused docker-archive:config.tar
}

@test "of two members with one name the last counts, and its digest is checked" {
	cp -r layout twice
	tar cf twice.tar -C twice oci-layout index.json blobs
	dd if=/dev/zero of="twice/blobs/sha256/$layer" bs=1 count=10 seek=50 conv=notrunc status=none
	tar rf twice.tar -C twice "blobs/sha256/$layer"
	refused oci-archive:twice.tar:latest
}

@test "a layer of a docker-archive that is not what its config says is refused" {
	mkdir docker
	tar xf "$images/busybox.docker.tar" -C docker
	member=$(jq -r '.[0].Layers[0]' docker/manifest.json)
	printf tampered | dd of="docker/$member" bs=1 seek=5000 conv=notrunc status=none
	tar cf changed.tar -C docker .
	refused docker-archive:changed.tar
	contains "$output" "its image says"
}

@test "a dir: whose files are links to elsewhere is refused; its names are digests, never paths" {
	tare copy -q oci:layout:latest dir:dir
	mv "dir/$layer" kept
	ln -s "$BATS_TEST_TMPDIR/secret" "dir/$layer"
	refused dir:dir
	rm "dir/$layer"
	cp kept "dir/$layer"
	jq -c '.layers[0].digest = "sha256:../secret"' dir/manifest.json >new
	mv new dir/manifest.json
	refused dir:dir
}

@test "a destination that is a link to elsewhere inside is not written through" {
	mkdir -p out2/blobs victim
	printf '{"imageLayoutVersion":"1.0.0"}' >out2/oci-layout
	ln -s ../../victim out2/blobs/sha256
	run ! tare copy -q oci:layout:latest oci:out2:x
	equal '' "$(find victim -mindepth 1)"
	mkdir out3
	echo "Directory Transport Version: 1.1" >out3/version
	ln -s ../secret "out3/$layer"
	tare copy -q oci:layout:latest dir:out3
	equal canary "$(cat secret)"
	[ ! -L "out3/$layer" ]
}
