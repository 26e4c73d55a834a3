# SPDX-License-Identifier: Apache-2.0
# push: to registries of every kind; what arrives is what was pulled, byte by byte, and others can use it.

load ../lib/tare

setup_file() {
	tare_setup_file busybox debian
	registry_start plain plain
	registry_start secure tls
	registry_start bearer token
	registry_push plain "$images/busybox" from/busybox:1
	registry_push plain "$images/debian" from/debian:1
	registry_push plain "$images/busybox" elsewhere/busybox:1
	export plain_addr plain_dir plain_pid secure_addr secure_dir secure_pid bearer_addr bearer_dir bearer_pid
	tare pull -q "$plain_addr/from/busybox:1"
	tare pull -q "$plain_addr/from/debian:1"
	export box=$plain_addr/from/busybox:1 deb=$plain_addr/from/debian:1
}

teardown() {
	tare_teardown
}

teardown_file() {
	tare rmi -f "$box" "$deb" >/dev/null 2>&1 || :
	registry_stop plain
	registry_stop secure
	registry_stop bearer
	tare_teardown_file
}

# What is under a name: the digest of its manifest, by somebody else's eyes.
digest_at() { skopeo inspect --tls-verify=false "${@:2}" --format '{{.Digest}}' "docker://$1"; }
blob_file() { echo "$plain_dir/data/docker/registry/v2/blobs/sha256/${1:7:2}/${1:7}/data"; }

@test "push to another repository: same digest, blobs mounted, not sent" {
	run -0 --separate-stderr tare push "$deb" "$plain_addr/to/debian:2"
	contains "$output" "Mounted"
	contains "$output" "2: digest: $(digest_at "$deb") size: "
	equal "$(digest_at "$deb")" "$(digest_at "$plain_addr/to/debian:2")"
}

@test "push again: every layer exists" {
	tare push "$box" "$plain_addr/again/busybox:1"
	run -0 tare push "$box" "$plain_addr/again/busybox:1"
	contains "$output" "Layer already exists"
	[[ $output != *Pushed* && $output != *Mounted* ]]
}

@test "push -q prints the name alone" {
	run -0 --separate-stderr tare push -q "$box" "$plain_addr/quiet/busybox"
	equal "$plain_addr/quiet/busybox:latest" "$output"
	equal '' "$stderr"
}

@test "TLS and Basic auth: bytes are sent and arrive; without credentials it is refused" {
	run ! tare push --tls-verify=false "$deb" "$secure_addr/x/debian:1"
	contains "$output" "log in"
	run ! tare push --creds alice:secret "$deb" "$secure_addr/x/debian:1"
	contains "$output" certificate
	run -0 tare push --tls-verify=false --creds alice:secret "$deb" "$secure_addr/x/debian:1"
	contains "$output" Pushed
	equal "$(digest_at "$deb")" "$(digest_at "$secure_addr/x/debian:1" --creds alice:secret)"
	for layer in $(skopeo inspect --tls-verify=false "docker://$deb" | jq -r '.Layers[]'); do
		cmp "$(blob_file "$layer")" "$secure_dir/data/docker/registry/v2/blobs/sha256/${layer:7:2}/${layer:7}/data"
	done
}

@test "tokens: anonymous may not push, alice may; one token serves all requests" {
	run ! tare push "$box" "$bearer_addr/public/box:1"
	: >"$bearer_dir/token.requests"
	tare push -q --creds alice:secret "$box" "$bearer_addr/private/box:1"
	equal 1 "$(wc -l <"$bearer_dir/token.requests")"
	equal "$(digest_at "$box")" "$(digest_at "$bearer_addr/private/box:1" --creds alice:secret)"
}

@test "a layer that is here without its blob: it is fetched from where the image came, and pushed" {
	layer=$(skopeo inspect --tls-verify=false "docker://$box" | jq -r '.Layers[0]')
	rm -f "/var/lib/tare/blobs/sha256/${layer#*:}"
	tare push -q --tls-verify=false --creds alice:secret "$box" "$secure_addr/lazy/busybox:1"
	equal "$(digest_at "$box")" "$(digest_at "$secure_addr/lazy/busybox:1" --creds alice:secret)"
	tare system check
	rm -f "/var/lib/tare/blobs/sha256/${layer#*:}"
	tare tag "$box" lost:1
	tare rmi "$box"
	run ! tare push lost:1 "$bearer_addr/public/lost:1" --creds alice:secret
	contains "$output" "${layer:7:12}"
	tare pull -q "$box"
	tare rmi lost:1
}

@test "names one cannot push to, and images that are not there" {
	run ! tare push no/such:1
	contains "$output" "no such image"
	run ! tare push "$box" "$plain_addr/x@sha256:$(printf '%064d' 0)"
	contains "$output" digest
	id=$(tare images -q "${box%:1}" | head -1)
	run ! tare push "$id"
}

# Other people's stores in directories of this test.
podman_at() { /usr/bin/podman --root "$1/root" --runroot "$1/run" --tmpdir "$1/tmp" --storage-driver vfs --cgroup-manager cgroupfs --events-backend file "${@:2}"; }

@test "podman and skopeo take what we pushed: same digests, same bytes" {
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$BATS_TEST_TMPDIR/policy.json"
	tare push -q "$box" "$plain_addr/others/box:1"
	tare push -q "$deb" "$plain_addr/others/deb:1"
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$plain_addr/others/deb:1" "oci:$BATS_TEST_TMPDIR/layout:latest"
	equal "$(digest_at "$deb")" "$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/layout/index.json")"
	for layer in $(skopeo inspect --tls-verify=false "docker://$deb" | jq -r '.Layers[]'); do
		cmp "$BATS_TEST_TMPDIR/layout/blobs/sha256/${layer#*:}" "$images/debian/blobs/sha256/${layer#*:}"
	done
	podman_at "$BATS_TEST_TMPDIR/podman" pull -q --tls-verify=false --signature-policy "$BATS_TEST_TMPDIR/policy.json" "$plain_addr/others/box:1"
	equal "$(digest_at "$box")" "$(podman_at "$BATS_TEST_TMPDIR/podman" image inspect -f '{{.Digest}}' "$plain_addr/others/box:1")"
}

@test "what podman and skopeo pushed comes back the same by pull and push" {
	skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false --format v2s2 "docker://$box" "docker://$plain_addr/others/v2s2:1"
	tare pull -q "$plain_addr/others/v2s2:1"
	tare push -q --tls-verify=false --creds alice:secret "$plain_addr/others/v2s2:1" "$secure_addr/back/v2s2:1"
	equal "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/others/v2s2:1" | sha256sum)" \
		"$(skopeo inspect --raw --tls-verify=false --creds alice:secret "docker://$secure_addr/back/v2s2:1" | sha256sum)"
	tare rmi -f "$plain_addr/others/v2s2:1"
}

@test "an image whose manifest is ours goes compressed: by gzip, or zstd if asked, the same each time" {
	tare tag busybox "$plain_addr/press/x:1"
	tare push -q "$plain_addr/press/x:1"
	tare push -q "$plain_addr/press/x:1" "$plain_addr/press/y:1"
	equal "$(digest_at "$plain_addr/press/x:1")" "$(digest_at "$plain_addr/press/y:1")"
	skopeo inspect --raw --tls-verify=false "docker://$plain_addr/press/x:1" >"$BATS_TEST_TMPDIR/manifest"
	equal application/vnd.oci.image.layer.v1.tar+gzip "$(jq -r '.layers[0].mediaType' "$BATS_TEST_TMPDIR/manifest")"
	diff=$(skopeo inspect --config --raw --tls-verify=false "docker://$plain_addr/press/x:1" | jq -r '.rootfs.diff_ids[0]')
	equal "${diff#*:}" "$(gzip -dc "$(blob_file "$(jq -r '.layers[0].digest' "$BATS_TEST_TMPDIR/manifest")")" | sha256sum | cut -d' ' -f1)"
	tare push -q --compression-format zstd "$plain_addr/press/x:1" "$plain_addr/press/z:1"
	skopeo inspect --raw --tls-verify=false "docker://$plain_addr/press/z:1" >"$BATS_TEST_TMPDIR/manifest"
	equal application/vnd.oci.image.layer.v1.tar+zstd "$(jq -r '.layers[0].mediaType' "$BATS_TEST_TMPDIR/manifest")"
	equal "${diff#*:}" "$(zstd -dc <"$(blob_file "$(jq -r '.layers[0].digest' "$BATS_TEST_TMPDIR/manifest")")" | sha256sum | cut -d' ' -f1)"
	run ! tare push -q --compression-format xz "$plain_addr/press/x:1"
	contains "$output" "unsupported"
	id=$(tare images -q --no-trunc busybox)
	tare rmi -f "$plain_addr/press/x:1"
	tare pull -q "$plain_addr/press/z:1"
	equal "$id" "$(tare images -q --no-trunc "$plain_addr/press/z:1")"
	tare rmi "$plain_addr/press/z:1"
}
