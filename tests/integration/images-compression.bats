# SPDX-License-Identifier: Apache-2.0
# What copy, push and save change on request: compression of layers, and the words of manifests. The image stays the same: its config, and what its layers unfold to.

load ../lib/tare

setup_file() {
	tare_setup_file busybox
	REGISTRY_HOME=$BATS_FILE_TMPDIR registry_start plain
	export plain_addr plain_dir plain_pid
	mixed "$BATS_FILE_TMPDIR/mixed"
	two_platforms "$BATS_FILE_TMPDIR/mixed" "$BATS_FILE_TMPDIR/two"
	export mixed=oci:$BATS_FILE_TMPDIR/mixed:x two=oci:$BATS_FILE_TMPDIR/two:multi here=docker://$plain_addr
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$BATS_FILE_TMPDIR/policy.json"
}

teardown_file() {
	registry_stop plain
	umount -l "$BATS_FILE_TMPDIR/podman/overlay" 2>/dev/null || :
	tare_teardown_file
}

setup() { cd "$BATS_TEST_TMPDIR"; }

podman() {
	/usr/bin/podman --root "$BATS_FILE_TMPDIR/podman" --runroot "$BATS_FILE_TMPDIR/podman-run" --storage-driver overlay --events-backend file "$@"
}

# An image of three layers: gzip, zstd, plain.
mixed() {
	local kind
	. "$lib/oci_layout.bash"
	layout_begin "$1"
	for kind in gzip zstd none; do
		mkdir "$1/tree"
		{ echo "$kind"; cat /usr/share/common-licenses/*; } >"$1/tree/$kind"
		tar -C "$1/tree" --sort=name --mtime=@1700000000 --owner=0 --group=0 -cf "$1/tree.tar" "$kind"
		layout_layer "$1" "$1/tree.tar" $kind
		rm -r "$1/tree" "$1/tree.tar"
	done
	layout_finish "$1" x '{"Cmd":["/gzip"]}'
	layout_end "$1"
}

# The same layout with an index of two entries: that image, and one for s390x with the first of its layers.
two_platforms() {
	local dir=$2 first second manifest config digest size
	. "$lib/oci_layout.bash"
	cp -r "$1" "$dir"
	first=$(jq -c '.manifests[0] | del(.annotations)' "$dir/index.json")
	manifest=$dir/blobs/sha256/$(jq -r '.digest[7:]' <<<"$first")
	config=$dir/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")
	jq -c '.architecture = "s390x" | .rootfs.diff_ids |= .[:1] | .history |= .[:1]' "$config" >"$dir/c"
	read -r digest size < <(layout_blob "$dir" "$dir/c")
	jq -c --arg d "$digest" --argjson s "$size" '.config.digest = $d | .config.size = $s | .layers |= .[:1]' "$manifest" >"$dir/m"
	read -r digest size < <(layout_blob "$dir" "$dir/m")
	second=$(jq -c --arg d "$digest" --argjson s "$size" '.digest = $d | .size = $s | .platform.architecture = "s390x"' <<<"$first")
	jq -nc --argjson a "$first" --argjson b "$second" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$a, $b]}' >"$dir/i"
	read -r digest size < <(layout_blob "$dir" "$dir/i")
	jq -c --arg d "$digest" --argjson s "$size" '.manifests = [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "multi"}}]' "$dir/index.json" >"$dir/new"
	mv "$dir/new" "$dir/index.json"
}

raw() { skopeo inspect --raw --tls-verify=false "$@"; }
config() { skopeo inspect --config --raw --tls-verify=false "$1"; }
kinds() { raw "$1" | jq -r '[.layers[].mediaType | sub(".*tar"; "")] | join(" ")'; }
blob_file() { echo "$plain_dir/data/docker/registry/v2/blobs/sha256/${1:7:2}/${1:7}/data"; }

# Each layer of a registry's image unfolds to its diff id, and the config is the one it was.
same_image() {
	local i=0 layer diff
	equal "$(config "$mixed" | sha256sum)" "$(config "$1" | sha256sum)"
	for layer in $(raw "$1" | jq -r '.layers[].digest'); do
		diff=$(config "$1" | jq -r ".rootfs.diff_ids[$i]")
		equal "${diff#*:}" "$(unfold "$(blob_file "$layer")" | sha256sum | cut -d' ' -f1)"
		i=$((i + 1))
	done
	equal 3 $i
}
unfold() {
	case $(head -c 4 "$1" | xxd -p) in
	1f8b*) gzip -dc "$1" ;;
	28b52ffd) zstd -dc "$1" ;;
	*) cat "$1" ;;
	esac
}
sizes() { raw "$1" | jq '[.layers[].size] | add'; }

@test "copy --dest-compress-format: every layer is of that kind, the image the same" {
	tare copy -q --dest-compress-format gzip "$mixed" "$here/c/gzip:1"
	equal "+gzip +gzip +gzip" "$(kinds "$here/c/gzip:1")"
	same_image "$here/c/gzip:1"
	tare copy -q --dest-compress-format zstd "$here/c/gzip:1" "$here/c/zstd:1"
	equal "+zstd +zstd +zstd" "$(kinds "$here/c/zstd:1")"
	same_image "$here/c/zstd:1"
	equal "$(raw "$here/c/zstd:1" | jq -c '[.layers[0,2].digest]')" "$(tare copy -q --dest-compress-format zstd "$mixed" oci:l:z && raw oci:l:z | jq -c '[.layers[0,2].digest]')"
	tare pull -q "$plain_addr/c/zstd:1"
	equal "sha256:$(config "$mixed" | sha256sum | cut -d' ' -f1)" "$(tare images -q --no-trunc "$plain_addr/c/zstd:1")"
	tare rmi "$plain_addr/c/zstd:1"
	podman pull -q --tls-verify=false --signature-policy "$BATS_FILE_TMPDIR/policy.json" "$plain_addr/c/zstd:1"
}

@test "copy: plain layers alone by --dest-compress; levels; the same again gives the same" {
	tare copy -q --dest-compress "$mixed" "$here/l/one:1"
	equal "+gzip +zstd +gzip" "$(kinds "$here/l/one:1")"
	same_image "$here/l/one:1"
	tare copy -q --dest-compress-format gzip --dest-compress-level 1 "$mixed" "$here/l/g1:1"
	tare copy -q --dest-compress-format gzip --dest-compress-level 9 "$mixed" "$here/l/g9:1"
	tare copy -q --dest-compress-format zstd --dest-compress-level 1 "$mixed" "$here/l/z1:1"
	tare copy -q --dest-compress-format zstd --dest-compress-level 19 "$mixed" "$here/l/z19:1"
	[ "$(sizes "$here/l/g9:1")" -lt "$(sizes "$here/l/g1:1")" ]
	[ "$(sizes "$here/l/z19:1")" -lt "$(sizes "$here/l/z1:1")" ]
	same_image "$here/l/g9:1"
	same_image "$here/l/z19:1"
	tare copy -q --dest-compress-format zstd --dest-compress-level 19 "$mixed" "$here/l/again:1"
	equal "$(raw "$here/l/z19:1" | sha256sum)" "$(raw "$here/l/again:1" | sha256sum)"
}

@test "copy --dest-decompress: into dir:, layout and archive; skopeo and umoci take it" {
	tare copy -q --dest-decompress "$mixed" dir:d
	equal "  " "$(kinds dir:d)"
	equal "$(config dir:d | jq -c .rootfs.diff_ids)" "$(raw dir:d | jq -c '[.layers[].digest]')"
	skopeo copy -q --insecure-policy dir:d oci:back:x
	tare copy -q --dest-decompress "$mixed" oci:plain:x
	umoci unpack --image plain:x bundle
	[ -e bundle/rootfs/gzip ]
	[ -e bundle/rootfs/zstd ]
	[ -e bundle/rootfs/none ]
	tare copy -q --dest-decompress "$mixed" docker-archive:a.tar:plain/x:1
	podman load -q --signature-policy "$BATS_FILE_TMPDIR/policy.json" -i a.tar
}

@test "what the destination has already stays so with --dest-force-compress-format=false" {
	tare copy -q "$mixed" "$here/f/x:1"
	tare copy -q --dest-compress-format zstd --dest-force-compress-format=false "$mixed" "$here/f/x:2"
	equal "$(raw "$mixed" | sha256sum)" "$(raw "$here/f/x:2" | sha256sum)"
	tare copy -q --dest-compress-format zstd --dest-force-compress-format=false "$mixed" "$here/f/new:1"
	equal "+zstd +zstd +zstd" "$(kinds "$here/f/new:1")"
}

@test "an index with all its images: other layers, other manifests, another index that names them" {
	tare copy -q --all --dest-compress-format zstd "$two" "$here/i/zstd:1"
	for m in $(raw "$here/i/zstd:1" | jq -r '.manifests[].digest'); do
		[[ "$(kinds "$here/i/zstd@$m")" =~ ^(\+zstd ?)+$ ]]
	done
	equal "amd64 s390x" "$(raw "$here/i/zstd:1" | jq -r '[.manifests[].platform.architecture] | join(" ")' | sed "s/$(dpkg --print-architecture)/amd64/")"
	tare copy -q --all --dest-compress-format gzip --format v2s2 "$two" "$here/i/docker:1"
	raw "$here/i/docker:1" >list
	equal application/vnd.docker.distribution.manifest.list.v2+json "$(jq -r .mediaType list)"
	equal 2 "$(jq '[.manifests[] | select(.mediaType == "application/vnd.docker.distribution.manifest.v2+json")] | length' list)"
	tare copy -q --all --format oci "$here/i/docker:1" "$here/i/oci:1"
	equal application/vnd.oci.image.index.v1+json "$(raw "$here/i/oci:1" | jq -r .mediaType)"
	skopeo copy -q --all --insecure-policy --src-tls-verify=false "$here/i/docker:1" dir:s
	skopeo copy -q --all --insecure-policy --src-tls-verify=false "$here/i/zstd:1" dir:t
}

@test "--preserve-digests: nothing is changed, or nothing is copied" {
	run ! tare copy -q --preserve-digests --dest-compress-format zstd "$mixed" dir:d
	contains "$output" "--preserve-digests forbids"
	[ ! -e d ]
	run ! tare copy -q --preserve-digests --all --format v2s2 --dest-decompress "$two" "$here/p/x:1"
	run ! raw "$here/p/x:1"
	tare copy -q --preserve-digests --dest-compress-format gzip "$here/c/gzip:1" dir:d
	equal "$(raw "$here/c/gzip:1" | sha256sum)" "$(sha256sum <d/manifest.json)"
}

@test "zstd and Docker's words: OCI takes their place, or it is refused" {
	skopeo copy -q --insecure-policy --dest-tls-verify=false --format v2s2 "oci:$images/busybox:latest" "$here/z/docker:1"
	tare copy -q --dest-compress-format zstd "$here/z/docker:1" "$here/z/oci:1"
	equal application/vnd.oci.image.manifest.v1+json "$(raw "$here/z/oci:1" | jq -r .mediaType)"
	equal application/vnd.oci.image.layer.v1.tar+zstd "$(raw "$here/z/oci:1" | jq -r '.layers[0].mediaType')"
	skopeo copy -q --insecure-policy --src-tls-verify=false "$here/z/oci:1" dir:s
	run ! tare copy -q --format v2s2 "$here/z/oci:1" dir:d
	contains "$output" "no equivalent in format v2s2"
	[ ! -e d ]
	tare copy -q --dest-compress-format gzip --format v2s2 "$here/z/oci:1" dir:d
	equal application/vnd.docker.distribution.manifest.v2+json "$(jq -r .mediaType d/manifest.json)"
}

@test "push: format, level, and what the registry has" {
	tare copy -q "$here/c/gzip:1" tare:pushed:1
	tare push -q --format v2s2 pushed:1 "$plain_addr/push/docker:1"
	equal application/vnd.docker.distribution.manifest.v2+json "$(raw "$here/push/docker:1" | jq -r .mediaType)"
	same_image "$here/push/docker:1"
	tare push -q --compression-format zstd --compression-level 1 pushed:1 "$plain_addr/push/z1:1"
	tare push -q --compression-format zstd --compression-level 19 pushed:1 "$plain_addr/push/z19:1"
	[ "$(sizes "$here/push/z19:1")" -lt "$(sizes "$here/push/z1:1")" ]
	same_image "$here/push/z19:1"
	tare push -q --compression-format zstd --force-compression=false pushed:1 "$plain_addr/push/docker:2"
	equal "$(raw "$here/c/gzip:1" | sha256sum)" "$(raw "$here/push/docker:2" | sha256sum)"
	run ! tare push -q --format v2s1 pushed:1 "$plain_addr/push/x:1"
	contains "$output" "unsupported"
	run ! tare push -q --compression-format zstd:chunked pushed:1 "$plain_addr/push/x:1"
	contains "$output" "unsupported: compression 'zstd:chunked'"
	run ! tare push -q --compression-format gzip --compression-level 10 pushed:1 "$plain_addr/push/x:1"
	contains "$output" "gzip has 1 to 9"
	run ! tare push -q --force-compression pushed:1 "$plain_addr/push/x:1"
	contains "$output" "needs its format"
	run ! raw "$here/push/x:1"
	tare rmi pushed:1
}

@test "save --compress: plain layers in a docker-dir, the index goes along" {
	tare copy -q "$mixed" tare:mixed:1
	tare save -q --format docker-dir -o plain mixed:1
	equal "+gzip +zstd " "$(kinds dir:plain)"
	tare save -q --format docker-dir --compress -o d mixed:1
	equal "+gzip +zstd +gzip" "$(kinds dir:d)"
	equal "$(config "$mixed" | sha256sum)" "$(config dir:d | sha256sum)"
	skopeo copy -q --insecure-policy dir:d oci:back:x
	run ! tare save -q --compress -o x.tar mixed:1
	contains "$output" "--compress is for --format docker-dir"
	tare save -q --uncompressed --format oci-archive -o o.tar mixed:1
	equal "+gzip +zstd " "$(kinds oci-archive:o.tar)"
	tare rmi mixed:1
}

@test "bad input has one clear line, and nothing comes of it" {
	for words in "--dest-compress-format xz" "--dest-compress-format zstd --dest-compress-level 21" "--dest-compress-level 0" "--dest-compress --dest-decompress" \
		"--dest-force-compress-format" "--format v3" "--format v2s1" "--dest-compress-format zstd:chunked"; do
		# shellcheck disable=SC2086 # words
		run ! --separate-stderr tare copy -q $words "$mixed" dir:d
		equal 1 "${#stderr_lines[@]}"
		[ ! -e d ]
	done
	run ! tare copy -q --dest-compress-format zstd "$mixed" tare:x:1
	contains "$output" "the store takes an image as it is"
}

unused() { tare system check | grep "used by no image" | sort; }

@test "archives of one layer in several compressions: each goes out as it came" {
	local before
	before=$(unused)
	for kind in gzip zstd; do
		tare copy -q --dest-compress-format $kind "$mixed" oci-archive:$kind.tar:$kind
		tare copy -q oci-archive:$kind.tar tare:both:$kind
	done
	for kind in gzip zstd; do
		tare save -q --format oci-archive -o again.tar both:$kind
		equal "$(raw oci-archive:$kind.tar | sha256sum)" "$(raw oci-archive:again.tar | sha256sum)"
		skopeo copy -q --insecure-policy oci-archive:again.tar dir:$kind
	done
	tare rmi both:gzip
	tare push -q both:zstd "$plain_addr/both/zstd:1"
	tare rmi both:zstd
	# They were one image with two manifests: each name took its own along.
	equal "$before" "$(unused)"
}

@test "killed while it compresses: nothing is left in the store" {
	local before
	before=$(find /var/lib/tare/blobs | sort)
	for step in copy.squeeze copy.rewrite copy.blobs copy.documents; do
		run ! env TARE_FAULT=kill:$step tare copy -q --dest-compress-format zstd "$mixed" oci:l:x
		run ! env TARE_FAULT=step:$step tare copy -q --dest-compress-format zstd "$mixed" oci:l:x
	done
	equal "$before" "$(find /var/lib/tare/blobs | sort)"
	tare copy -q --dest-compress-format zstd "$mixed" oci:l:x
}
