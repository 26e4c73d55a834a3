# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# oci_layout: writes an OCI image layout with tar, gzip, sha256sum and jq alone, so that what we test with does not
# come from the program under test nor from a peer.
#
#   layout_begin DIR
#   layout_layer DIR TAR [gzip|zstd|none]      (in order, lowest first)
#   layout_finish DIR TAG CONFIG_JSON          (CONFIG_JSON: the .config object)
#
# A layout may be finished with several tags; each finish uses the layers added since the last one.

layout_begin() {
	mkdir -p "$1/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	echo '{"schemaVersion":2,"manifests":[]}' >"$1/index.json"
	echo '[]' >"$1/.layers"
	echo '[]' >"$1/.diffs"
}

# Moves FILE to its place among the blobs; prints "digest size".
layout_blob() {
	local dir=$1 file=$2 hex size
	hex=$(sha256sum <"$file" | cut -d' ' -f1)
	size=$(stat -c %s "$file")
	mv "$file" "$dir/blobs/sha256/$hex"
	chmod 644 "$dir/blobs/sha256/$hex"
	echo "sha256:$hex $size"
}

layout_layer() {
	local dir=$1 tar=$2 kind=${3:-gzip} diff blob digest size type=application/vnd.oci.image.layer.v1.tar
	diff=sha256:$(sha256sum <"$tar" | cut -d' ' -f1)
	blob=$(mktemp -p "$dir")
	case $kind in
	gzip) gzip -6 -n <"$tar" >"$blob"; type+=+gzip ;;
	zstd) zstd -q -3 <"$tar" >"$blob"; type+=+zstd ;;
	none) cp "$tar" "$blob" ;;
	*) echo "layout_layer: unknown compression '$kind'" >&2; return 2 ;;
	esac
	read -r digest size < <(layout_blob "$dir" "$blob")
	jq -c --arg t "$type" --arg d "$digest" --argjson s "$size" \
		'. + [{mediaType: $t, digest: $d, size: $s}]' "$dir/.layers" >"$dir/.new" && mv "$dir/.new" "$dir/.layers"
	jq -c --arg d "$diff" '. + [$d]' "$dir/.diffs" >"$dir/.new" && mv "$dir/.new" "$dir/.diffs"
}

layout_finish() {
	local dir=$1 tag=$2 config=$3 arch digest size tmp
	arch=$(dpkg --print-architecture)
	tmp=$(mktemp -p "$dir")
	jq -nc --argjson c "$config" --slurpfile diffs "$dir/.diffs" --arg arch "$arch" \
		'{created: "2024-01-01T00:00:00Z", architecture: $arch, os: "linux", config: $c,
		  rootfs: {type: "layers", diff_ids: $diffs[0]},
		  history: [$diffs[0][] | {created: "2024-01-01T00:00:00Z", created_by: "tests/lib"}]}' >"$tmp"
	read -r digest size < <(layout_blob "$dir" "$tmp")
	tmp=$(mktemp -p "$dir")
	jq -nc --arg d "$digest" --argjson s "$size" --slurpfile layers "$dir/.layers" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		  config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s},
		  layers: $layers[0]}' >"$tmp"
	read -r digest size < <(layout_blob "$dir" "$tmp")
	jq -c --arg d "$digest" --argjson s "$size" --arg tag "$tag" --arg arch "$arch" \
		'.manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
		  platform: {architecture: $arch, os: "linux"},
		  annotations: {"org.opencontainers.image.ref.name": $tag}}]' "$dir/index.json" >"$dir/.new"
	mv "$dir/.new" "$dir/index.json"
	echo '[]' >"$dir/.layers"
	echo '[]' >"$dir/.diffs"
}

layout_end() {
	rm -f "$1/.layers" "$1/.diffs"
}
