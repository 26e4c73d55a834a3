# SPDX-License-Identifier: Apache-2.0
# The corners of image documents: digests by sha512, layers of seekable formats, empty layers, dead and unknown types; and what is said about an image.

load ../lib/tare
. "$BATS_TEST_DIRNAME/../lib/oci_layout.bash"

setup_file() {
	tare_setup_file busybox
	REGISTRY_HOME=$BATS_FILE_TMPDIR registry_start plain
	export plain_addr plain_dir plain_pid here=docker://$plain_addr
	mkdir "$BATS_FILE_TMPDIR/wide"
	/usr/bin/python3 "$lib/wide-registry" "$BATS_FILE_TMPDIR/wide" >/dev/null 2>&1 3>&- &
	export wide_pid=$!
	wait_for 10 test -s "$BATS_FILE_TMPDIR/wide/port"
	wide_addr=127.0.0.1:$(cat "$BATS_FILE_TMPDIR/wide/port")
	export wide_addr wide=docker://$wide_addr
}

teardown_file() {
	registry_stop plain
	kill "$wide_pid" && wait "$wide_pid" || :
	tare_teardown_file
}

setup() { cd "$BATS_TEST_TMPDIR"; }

raw() { skopeo inspect --raw --tls-verify=false "$@"; }
sum() { raw "$1" | sha256sum | cut -d' ' -f1; }

# wide_blob DIR FILE: as layout_blob, by sha512.
wide_blob() {
	local hex size
	hex=$(sha512sum <"$2" | cut -d' ' -f1)
	size=$(stat -c %s "$2")
	mkdir -p "$1/blobs/sha512"
	mv "$2" "$1/blobs/sha512/$hex"
	echo "sha512:$hex $size"
}

# simple DIR LAYER_FILE TYPE [DIFF_ID]: a layout with an image of that one layer, by sha256; sets manifest.
simple() {
	local dir=$1 layer config digest size diff
	diff=${4:-sha256:$(sha256sum <"$2" | cut -d' ' -f1)}
	layout_begin "$dir"
	layout_end "$dir"
	read -r digest size < <(layout_blob "$dir" "$2")
	layer=$(jq -nc --arg t "$3" --arg d "$digest" --argjson s "$size" '{mediaType: $t, digest: $d, size: $s}')
	jq -nc --arg a "$(dpkg --print-architecture)" --arg d "$diff" '{os: "linux", architecture: $a, config: {Cmd: ["/busybox"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$dir/c"
	read -r digest size < <(layout_blob "$dir" "$dir/c")
	jq -nc --arg d "$digest" --argjson s "$size" --argjson l "$layer" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s}, layers: [$l]}' >"$dir/m"
	simple_finish "$dir"
}

# The manifest DIR/m becomes the image "x".
simple_finish() {
	local digest size
	read -r digest size < <(layout_blob "$1" "$1/m")
	jq -nc --arg d "$digest" --argjson s "$size" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "x"}}]}' >"$1/index.json"
}

tree() {
	mkdir tree
	cp "$(command -v busybox)" tree/busybox
	echo "$1" >tree/note
	tar -b 1 -C tree --mtime=@1700000000 --owner=0 --group=0 -cf layer.tar busybox note
	rm -r tree
}

@test "sha512 all the way: pull by digest, run, push, copy, save; the store has blobs/sha512" {
	local dir=l layer config manifest size diff hex
	tree sha512
	diff=sha512:$(sha512sum <layer.tar | cut -d' ' -f1)
	gzip -n layer.tar
	layout_begin $dir
	layout_end $dir
	read -r layer size < <(wide_blob $dir layer.tar.gz)
	layer=$(jq -nc --arg d "$layer" --argjson s "$size" '{mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: $d, size: $s}')
	jq -nc --arg a "$(dpkg --print-architecture)" --arg d "$diff" '{os: "linux", architecture: $a, config: {Cmd: ["/busybox", "echo", "512"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >c
	read -r config size < <(wide_blob $dir c)
	jq -nc --arg d "$config" --argjson s "$size" --argjson l "$layer" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s}, layers: [$l]}' >m
	read -r manifest size < <(wide_blob $dir m)
	jq -nc --arg d "$manifest" --argjson s "$size" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "x"}}]}' >$dir/index.json
	hex=${manifest#*:}
	for repository in wide/x plain/x; do
		tare copy -q oci:$dir:x "$wide/$repository:1"
		cmp "$dir/blobs/sha512/$hex" "$BATS_FILE_TMPDIR/wide/${repository/\//%}/1"
	done
	tare pull -q "$wide_addr/wide/x@$manifest"
	[ -e "/var/lib/tare/blobs/sha512/$hex" ]
	equal "$config" "$(tare image inspect -f '{{.Id}}' "$wide_addr/wide/x@$manifest")"
	equal 512 "$(tare run --rm "$wide_addr/wide/x@$manifest")"
	tare push -q "$wide_addr/wide/x@$manifest" "$wide_addr/wide/pushed:1"
	cmp "$dir/blobs/sha512/$hex" "$BATS_FILE_TMPDIR/wide/wide%pushed/1"
	[ -e "$BATS_FILE_TMPDIR/wide/wide%pushed/$(jq -r .digest <<<"$layer")" ]
	tare save -q --format oci-dir -o saved "$wide_addr/wide/x@$manifest"
	for blob in $dir/blobs/sha512/*; do
		cmp "$blob" "saved/blobs/sha512/${blob##*/}"
	done
	tare save -q -o saved.tar "$wide_addr/wide/x@$manifest"
	tare copy -q "$wide/wide/x@$manifest" oci-archive:a.tar:x
	tare copy -q oci-archive:a.tar oci:back:x
	equal "$manifest" "$(jq -r '.manifests[0].digest' back/index.json)"
	tare copy -q oci:back:x dir:d
	cmp "$dir/blobs/sha512/$hex" d/manifest.json
	[ -e "d/$(jq -r '.digest[7:]' <<<"$layer")" ]
	tare system check
	tare rmi "$wide_addr/wide/x@$manifest"
	[ ! -e "/var/lib/tare/blobs/sha512/$hex" ]
	tare load -q -i saved.tar
	tare rmi "$config"
	# What is not what its digest says is not taken.
	printf x >>"$BATS_FILE_TMPDIR/wide/wide%x/$(jq -r .digest <<<"$layer")"
	run ! tare pull -q "$wide_addr/wide/x@$manifest"
	run ! tare copy -q "$wide/wide/x@$manifest" oci:z:x
}

@test "a registry that calls a manifest by another algorithm is believed if that is right" {
	tree other
	simple l layer.tar application/vnd.oci.image.layer.v1.tar
	tare copy -q oci:l:x "$wide/wide/other:1"
	tare pull -q "$wide_addr/wide/other:1"
	tare push -q "$wide_addr/wide/other:1" "$wide_addr/wide/other:2"
	equal "$(sum oci:l:x)" "$(sha256sum <"$BATS_FILE_TMPDIR/wide/wide%other/2" | cut -d' ' -f1)"
	run -0 tare pull "$wide_addr/wide/other:1"
	tare rmi "$wide_addr/wide/other:1"
}

@test "zstd:chunked is zstd: podman's image with its table of contents is pulled and runs" {
	tree chunked
	simple l layer.tar application/vnd.oci.image.layer.v1.tar
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >policy.json
	podman=(/usr/bin/podman --root "$BATS_TEST_TMPDIR/podman" --runroot "$BATS_TEST_TMPDIR/podman-run" --storage-driver vfs --events-backend file)
	"${podman[@]}" pull -q --signature-policy policy.json oci:l:x
	id=$("${podman[@]}" images -q | head -1)
	"${podman[@]}" push -q --signature-policy policy.json --tls-verify=false --compression-format zstd:chunked "$id" "$plain_addr/chunked/x:1"
	raw "$here/chunked/x:1" >m
	equal application/vnd.oci.image.layer.v1.tar+zstd "$(jq -r '.layers[0].mediaType' m)"
	contains "$(jq -c '.layers[0].annotations | keys' m)" zstd-chunked.manifest-checksum
	tare pull -q "$plain_addr/chunked/x:1"
	equal chunked "$(tare run --rm "$plain_addr/chunked/x:1" /busybox cat /note)"
	tare push -q "$plain_addr/chunked/x:1" "$plain_addr/chunked/y:1"
	equal "$(sum "$here/chunked/x:1")" "$(sum "$here/chunked/y:1")"
	tare rmi "$plain_addr/chunked/x:1"
}

@test "estargz is gzip of several members" {
	local dir=l diff
	tree stargz
	diff=sha256:$(sha256sum <layer.tar | cut -d' ' -f1)
	# As estargz has it: every file a member of its own, an empty one at the end.
	split -b 4096 --filter='gzip -n' layer.tar >layer.gz
	printf '' | gzip -n >>layer.gz
	simple $dir layer.gz application/vnd.oci.image.layer.v1.tar+gzip "$diff"
	tare load -q -i $dir
	equal stargz "$(tare run --rm x:latest /busybox cat /note)"
	tare rmi x:latest
}

@test "empty layers: of no files, of no bytes, no layers at all" {
	tar -cf layer.tar -T /dev/null
	gzip -kn layer.tar
	simple files layer.tar.gz application/vnd.oci.image.layer.v1.tar+gzip "sha256:$(sha256sum <layer.tar | cut -d' ' -f1)"
	: >nothing
	simple bytes nothing application/vnd.oci.image.layer.v1.tar
	tree none
	simple layers layer.tar application/vnd.oci.image.layer.v1.tar
	jq -nc --arg a "$(dpkg --print-architecture)" '{os: "linux", architecture: $a, config: {}, rootfs: {type: "layers", diff_ids: []}}' >c
	read -r digest size < <(layout_blob layers c)
	jq -nc --arg d "$digest" --argjson s "$size" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s}, layers: []}' >layers/m
	simple_finish layers
	for kind in files bytes layers; do
		tare load -q -i $kind
		tare push -q x:latest "$plain_addr/empty/$kind:1"
		equal "$(sum oci:$kind:x)" "$(sum "$here/empty/$kind:1")"
		tare copy -q --dest-compress-format zstd tare:x:latest oci:z:$kind
		tare save -q -o $kind.tar x:latest
		tare rmi x:latest
		tare load -q -i $kind.tar
		tare rmi x:latest
	done
	tare system check
}

@test "schema 1 is refused in one line that says what to do" {
	printf '{"schemaVersion":1,"name":"old/x","tag":"1","architecture":"amd64","fsLayers":[{"blobSum":"sha256:%064d"}],"history":[{"v1Compatibility":"{}"}]}' 0 >m
	curl -s -X PUT --data-binary @m -H 'Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws' "http://$wide_addr/v2/old/x/manifests/1"
	for words in "pull -q $wide_addr/old/x:1" "copy -q $wide/old/x:1 oci:x:1" "image inspect $wide/old/x:1"; do
		# shellcheck disable=SC2086 # words
		run ! --separate-stderr tare $words
		equal 1 "${#stderr_lines[@]}"
		contains "$stderr" "unsupported: Docker schema 1 manifest; push the image again with a current tool"
	done
}

@test "a config or layer of a type nobody knows: no image to pull, but copied as it is" {
	tree unknown
	simple l layer.tar application/vnd.oci.image.layer.v1.tar
	manifest=l/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' l/index.json)
	jq -c '.config.mediaType = "application/x-config+json"' "$manifest" >l/m
	cp -r l layer
	simple_finish l
	jq -c '.layers[0].mediaType = "application/x-layer"' "$manifest" >layer/m
	simple_finish layer
	for kind in l layer; do
		tare copy -q oci:$kind:x "$here/unknown/$kind:1"
		equal "$(sum oci:$kind:x)" "$(sum "$here/unknown/$kind:1")"
		run ! --separate-stderr tare pull -q "$plain_addr/unknown/$kind:1"
		equal 1 "${#stderr_lines[@]}"
		contains "$stderr" "unsupported"
	done
	contains "$stderr" "application/x-layer"
}

# note REPOSITORY TAG NUMBER: an artifact about the image, made with curl alone; prints its digest.
note() {
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x-note","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d},"annotations":{"n":"%d"}}' \
		"$subject" "$subject_size" "$1"
}

@test "referrers of a registry without that call: copying keeps the list, deleting takes from it, the last one takes it away" {
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci:$images/busybox:latest" "$here/notes/x:1"
	subject=sha256:$(sum "$here/notes/x:1")
	subject_size=$(raw "$here/notes/x:1" | wc -c)
	for n in 1 2; do
		layout_begin note$n
		layout_end note$n
		printf '{}' >note$n/c
		layout_blob note$n note$n/c >/dev/null
		note $n >note$n/m
		simple_finish note$n
		tare copy -q oci:note$n:x "$here/notes/x:note$n"
	done
	list=$here/notes/x:${subject/:/-}
	equal "1 2" "$(raw "$list" | jq -r '[.manifests[].annotations.n] | join(" ")')"
	equal "application/x-note application/x-note" "$(raw "$list" | jq -r '[.manifests[].artifactType] | join(" ")')"
	equal 2 "$(tare image referrers --format '{{.Digest}}' "$plain_addr/notes/x:1" | wc -l)"
	tare image delete "$here/notes/x:note1"
	equal 2 "$(raw "$list" | jq -r '[.manifests[].annotations.n] | join(" ")')"
	tare image delete "$here/notes/x:note2"
	run ! raw "$list"
	equal '' "$(tare image referrers --format '{{.Digest}}' "$plain_addr/notes/x:1")"
}

# The document of `skopeo inspect`, without what a newer skopeo has and Debian's has not.
like_skopeo() {
	equal "$(skopeo inspect --tls-verify=false "$1" | jq -S .)" "$(tare image inspect "$1" | jq -S 'del(.LayersData, .Variant)')"
}

@test "image inspect of places: skopeo's document, manifest and config" {
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci:$images/busybox:latest" "$here/look/x:1"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --format v2s2 "oci:$images/busybox:latest" "$here/look/x:2"
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci:$images/busybox:latest" dir:d
	before=$(find /var/lib/tare | sort)
	for place in "$here/look/x:1" "$here/look/x:2" "oci:$images/busybox:latest" "dir:$PWD/d" "oci-archive:$images/busybox.oci.tar"; do
		like_skopeo "$place"
		equal "$(raw "$place" | sha256sum)" "$(tare image inspect --raw "$place" | sha256sum)"
		equal "$(skopeo inspect --config --raw --tls-verify=false "$place" | sha256sum)" "$(tare image inspect --raw --config "$place" | sha256sum)"
		equal "$(skopeo inspect --config --tls-verify=false "$place" | jq -S .)" "$(tare image inspect --config "$place" | jq -S .)"
	done
	equal "$before" "$(find /var/lib/tare | sort)"
	equal "1 2" "$(tare image inspect "$here/look/x:1" | jq -r '.RepoTags | sort | join(" ")')"
	equal '' "$(tare image inspect --no-tags "$here/look/x:1" | jq -r '.RepoTags | join(" ")')"
	equal "$plain_addr/look/x linux" "$(tare image inspect -f '{{.Name}} {{.Os}}' "$here/look/x:1")"
	equal '' "$(tare image inspect -f '{{with .Nothing}}x{{end}}' "$here/look/x:1")"
	equal application/vnd.docker.image.rootfs.diff.tar.gzip "$(tare image inspect -f '{{(index .LayersData 0).MIMEType}}' "$here/look/x:2")"
	equal "sha256:$(sum "$here/look/x:1")" "$(tare inspect -f '{{.Digest}}' "$here/look/x:1")"
}

@test "image inspect of images here: their manifest and config; names that look like places are names first" {
	tare copy -q "oci-archive:$images/busybox.oci.tar" tare:looked:1
	equal "$(tare image inspect -f '{{.Id}}' looked:1)" "sha256:$(tare image inspect --config --raw looked:1 | sha256sum | cut -d' ' -f1)"
	equal "$(tare image inspect -f '{{.Digest}}' looked:1)" "sha256:$(tare image inspect --raw looked:1 | sha256sum | cut -d' ' -f1)"
	equal "$(sum "oci-archive:$images/busybox.oci.tar")" "$(tare image inspect --raw looked:1 | sha256sum | cut -d' ' -f1)"
	tare tag looked:1 oci:1
	equal "$(tare image inspect -f '{{.Id}}' looked:1)" "$(tare image inspect -f '{{.Id}}' oci:1)"
	tare rmi oci:1
	tare rmi looked:1
	run ! tare image inspect --raw no/such:1
	contains "$output" "no such image"
	run ! --separate-stderr tare image inspect "$here/no/such:1"
	equal 1 "${#stderr_lines[@]}"
	run ! tare image inspect --raw -f '{{.}}' busybox
	contains "$output" "--format goes with neither"
}
