# SPDX-License-Identifier: Apache-2.0
# Images for other systems and for several platforms: what cannot be run here is kept as it came, looked at and handed on with the same digests.

load ../lib/tare
. "$BATS_TEST_DIRNAME/../lib/oci_layout.bash"

setup_file() {
	tare_setup_file busybox
	REGISTRY_HOME=$BATS_FILE_TMPDIR registry_start plain
	export plain_addr plain_dir plain_pid here=docker://$plain_addr
	several "$BATS_FILE_TMPDIR/several"
	export several=oci:$BATS_FILE_TMPDIR/several:multi
	skopeo copy -q --all --insecure-policy --dest-tls-verify=false "$several" "$here/several/x:1"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --override-os windows --override-arch amd64 "$several" "$here/windows/x:1"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$BATS_FILE_TMPDIR/policy.json"
}

teardown_file() {
	registry_stop plain
	tare_teardown_file
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	find /var/lib/tare/blobs -type f | sort >before
}

# What a test brought is gone with its images.
teardown() {
	tare_teardown
	diff before <(find /var/lib/tare/blobs -type f | sort)
}

# layout_part DIR OS ARCHITECTURE [OS.VERSION]: one image of two layers; prints its descriptor.
layout_part() {
	local dir=$1 config manifest layers='[]' diffs='[]' n diff digest size
	for n in 1 2; do
		echo "$2 $3 $n" >"$dir/$2-$n"
		tar -C "$dir" --mtime=@1700000000 --owner=0 --group=0 -cf "$dir/tar" "$2-$n"
		diff=sha256:$(sha256sum <"$dir/tar" | cut -d' ' -f1)
		gzip -n "$dir/tar"
		read -r digest size < <(layout_blob "$dir" "$dir/tar.gz")
		layers=$(jq -c --arg d "$digest" --argjson s "$size" '. + [{mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: $d, size: $s}]' <<<"$layers")
		diffs=$(jq -c --arg d "$diff" '. + [$d]' <<<"$diffs")
		rm "$dir/$2-$n"
	done
	jq -nc --arg os "$2" --arg arch "$3" --arg v "${4-}" --argjson diffs "$diffs" '{created: "2024-01-01T00:00:00Z", os: $os, architecture: $arch, config: {Cmd: ["cmd"]},
		rootfs: {type: "layers", diff_ids: $diffs}, history: [$diffs[] | {created_by: "tests"}]} + if $v == "" then {} else {"os.version": $v} end' >"$dir/config"
	read -r digest size < <(layout_blob "$dir" "$dir/config")
	jq -nc --arg d "$digest" --argjson s "$size" --argjson l "$layers" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $d, size: $s}, layers: $l}' >"$dir/manifest"
	read -r digest size < <(layout_blob "$dir" "$dir/manifest")
	jq -nc --arg d "$digest" --argjson s "$size" --arg os "$2" --arg arch "$3" --arg v "${4-}" '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d,
		size: $s, platform: ({os: $os, architecture: $arch} + if $v == "" then {} else {"os.version": $v} end)}'
}

# layout_index DIR TAG DESCRIPTOR…: an index of them, alone in index.json.
layout_index() {
	local dir=$1 tag=$2 digest size
	shift 2
	printf '%s\n' "$@" | jq -sc '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' >"$dir/index"
	read -r digest size < <(layout_blob "$dir" "$dir/index")
	jq -nc --arg d "$digest" --argjson s "$size" --arg t "$tag" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": $t}}]}' >"$dir/index.json"
}

several() {
	layout_begin "$1"
	layout_end "$1"
	layout_index "$1" multi "$(layout_part "$1" linux "$(dpkg --print-architecture)")" "$(layout_part "$1" linux s390x)" \
		"$(layout_part "$1" windows amd64 10.0.17763.1)" "$(layout_part "$1" windows arm64 10.0.20348.2)"
}

raw() { skopeo inspect --raw --tls-verify=false "$@"; }
digest() { raw "$1" | sha256sum | cut -d' ' -f1; }

@test "a Windows image: pulled, looked at, saved, copied, pushed with its digest; not run" {
	windows=$plain_addr/windows/x:1
	want=$(digest "docker://$windows")
	tare pull -q "$windows"
	equal "sha256:$want" "$(tare image inspect -f '{{.Digest}}' "$windows")"
	equal "windows amd64 10.0.17763.1" "$(tare image inspect -f '{{.Os}} {{.Architecture}} {{.OsVersion}}' "$windows")"
	equal 2 "$(tare history -q "$windows" | wc -l)"
	contains "$(tare images)" windows/x
	for command in run create; do
		run ! --separate-stderr tare $command "$windows"
		equal 125 "$status"
		equal 1 "${#stderr_lines[@]}"
		contains "$stderr" "for 'windows(10.0.17763.1)/amd64': it can be kept, copied and pushed, but not run here"
	done
	run ! tare image mount "$windows"
	contains "$output" "not run here"
	tare push -q "$windows" "$plain_addr/windows/pushed:1"
	equal "$want" "$(digest "$here/windows/pushed:1")"
	tare copy -q "tare:$windows" oci:l:w
	equal "$want" "$(digest oci:l:w)"
	tare save -q --format oci-archive -o w.tar "$windows"
	equal "$want" "$(digest oci-archive:w.tar)"
	tare save -q -o w.docker.tar "$windows"
	tare rmi "$windows"
	tare load -q -i w.docker.tar
	equal "sha256:$want" "$(tare image inspect -f '{{.Digest}}' "$windows")"
	tare system check
	tare rmi "$windows"
}

@test "of an index the platform is chosen, also by the version of the system" {
	tare pull -q --platform windows/arm64 "$plain_addr/several/x:1"
	equal "windows arm64" "$(tare image inspect -f '{{.Os}} {{.Architecture}}' "$plain_addr/several/x:1")"
	tare pull -q --platform 'windows(10.0.17763.1)/amd64' "$plain_addr/several/x:1"
	equal "10.0.17763.1" "$(tare image inspect -f '{{.OsVersion}}' "$plain_addr/several/x:1")"
	run ! tare pull -q --platform 'windows(10.0.1)/amd64' "$plain_addr/several/x:1"
	contains "$output" "no image for platform 'windows(10.0.1)/amd64'"
	tare rmi "$plain_addr/several/x:1"
	tare image prune -f
}

@test "pull --all-platforms: all of the index is kept; push, copy and save give the whole with its digest" {
	name=$plain_addr/several/x:1
	want=$(digest "$several")
	tare pull -q --all-platforms "$name"
	equal 1 "$(tare images -q "$plain_addr/several/x" | wc -l)"
	tare push -q "$name" "$plain_addr/several/pushed:1"
	equal "$want" "$(digest "$here/several/pushed:1")"
	tare copy -q --all "tare:$name" oci:l:all
	equal "$want" "$(digest oci:l:all)"
	tare save -q --format oci-dir -o saved "$name"
	equal "$want" "$(jq -r '.manifests[0].digest[7:]' saved/index.json)"
	for blob in "$BATS_FILE_TMPDIR"/several/blobs/sha256/*; do
		cmp "$blob" "l/blobs/sha256/${blob##*/}"
		cmp "$blob" "saved/blobs/sha256/${blob##*/}"
	done
	tare save -q -o s.tar "$name"
	tare system check
	tare image prune -f
	tare rmi "$name"
	tare load -q --all-platforms -i s.tar
	tare push -q "$name" "$plain_addr/several/loaded:1"
	equal "$want" "$(digest "$here/several/loaded:1")"
	tare rmi "$name"
}

@test "--platform of what is here for several: inspect, history, save, push, copy, run" {
	name=$plain_addr/several/x:1
	tare pull -q --all-platforms "$name"
	equal "s390x" "$(tare image inspect --platform linux/s390x -f '{{.Architecture}}' "$name")"
	equal "windows" "$(tare image inspect --platform windows/arm64 -f '{{.Os}}' "$name")"
	equal 2 "$(tare history -q --platform windows/arm64 "$name" | wc -l)"
	part=$(raw "$several" | jq -r '.manifests[] | select(.platform.architecture == "s390x").digest[7:]')
	tare push -q --platform linux/s390x "$name" "$plain_addr/several/part:1"
	equal "$part" "$(digest "$here/several/part:1")"
	tare save -q --platform linux/s390x --format oci-archive -o p.tar "$name"
	equal "$part" "$(digest oci-archive:p.tar)"
	tare copy -q --platform linux/s390x "tare:$name" oci:l:p
	equal "$part" "$(digest oci:l:p)"
	run ! tare save -q --platform linux/ppc64le -o x.tar "$name"
	contains "$output" "not 'linux/ppc64le'"
	run ! tare run --rm --platform windows/arm64 "$name"
	contains "$output" "not run here"
	tare create --name other --platform linux/s390x "$name"
	equal "$name" "$(tare inspect -f '{{.Config.Image}}' other)"
	tare rm other
	equal s390x "$(tare image inspect -f '{{.Architecture}}' "$name")"
	equal windows "$(tare image inspect --platform windows/arm64 -f '{{.Os}}' "$name")"
	tare rmi "$name"
	tare image prune -f
}

@test "an index without this machine's platform: all of it comes all the same" {
	layout_begin l
	layout_end l
	layout_index l multi "$(layout_part l windows amd64 10.0.1)" "$(layout_part l windows arm64 10.0.2)"
	skopeo copy -q --all --insecure-policy --dest-tls-verify=false oci:l:multi "$here/foreign/x:1"
	run ! tare pull -q "$plain_addr/foreign/x:1"
	contains "$output" "no image for platform"
	tare pull -q --all-platforms "$plain_addr/foreign/x:1"
	tare push -q "$plain_addr/foreign/x:1" "$plain_addr/foreign/y:1"
	equal "$(digest oci:l:multi)" "$(digest "$here/foreign/y:1")"
	tare rmi "$plain_addr/foreign/x:1"
}

@test "pulled again: nothing is fetched; without --all-platforms what is here stays; with it the rest comes" {
	name=$plain_addr/several/x:1
	tare pull -q "$name"
	run ! tare copy -q --all "tare:$name" oci:l:all
	contains "$output" "tare pull --all-platforms"
	tare pull -q --all-platforms "$name"
	tare copy -q --all "tare:$name" oci:l:all
	run -0 tare pull --all-platforms "$name"
	contains "$output" "up to date"
	run -0 tare pull "$name"
	contains "$output" "up to date"
	tare tag "$name" other:1
	tare rmi "$name"
	tare push -q other:1 "$plain_addr/several/other:1"
	equal "$(digest "$several")" "$(digest "$here/several/other:1")"
	tare rmi other:1
}

@test "one of its names keeps all, another one does not: with the first the rest goes" {
	name=$plain_addr/several/x:1
	tare pull -q "$name"
	tare tag "$name" one:1
	tare pull -q --all-platforms "$name"
	all=$(find /var/lib/tare/blobs -type f | wc -l)
	tare rmi "$name"
	[ "$(find /var/lib/tare/blobs -type f | wc -l)" -lt "$all" ]
	tare run --rm one:1 true || :
	tare system check
	tare rmi one:1
}

@test "killed anywhere: the next pull heals, and nothing is left" {
	name=$plain_addr/several/x:1
	for step in image.layers image.blobs image.documents image.record; do
		run ! env TARE_FAULT=kill:$step tare pull -q --all-platforms "$name"
		run ! env TARE_FAULT=step:$step tare pull -q --all-platforms "$name"
	done
	tare pull -q --all-platforms "$name"
	tare copy -q --all "tare:$name" oci:l:all
	tare rmi "$name"
	tare system check --repair
}

@test "system check: a blob that nothing else is made of is missed, and fetched again" {
	name=$plain_addr/several/x:1
	tare pull -q --all-platforms "$name"
	layer=$(raw "$several" | jq -r '.manifests[3].digest[7:]')
	layer=$(jq -r '.layers[0].digest[7:]' "$BATS_FILE_TMPDIR/several/blobs/sha256/$layer")
	rm "/var/lib/tare/blobs/sha256/$layer"
	run ! tare system check
	contains "$output" "blob 'sha256:${layer:0:12}' is missing"
	tare system check --repair
	[ -e "/var/lib/tare/blobs/sha256/$layer" ]
	tare rmi "$name"
}

# foreign URL: a Linux image whose second layer is Docker's foreign, to be had from URL/<hex>; its blob is in the directory web.
foreign() {
	local dir=l layer manifest digest size
	layout_begin $dir
	layout_end $dir
	manifest=$(jq -r '.digest[7:]' <<<"$(layout_part $dir linux "$(dpkg --print-architecture)")")
	layer=$(jq -r '.layers[1].digest[7:]' $dir/blobs/sha256/"$manifest")
	mkdir web
	cp $dir/blobs/sha256/"$layer" web/
	jq -c --arg u "$1/$layer" '.layers[1].mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" | .layers[1].urls = [$u]' $dir/blobs/sha256/"$manifest" >$dir/m
	read -r digest size < <(layout_blob $dir $dir/m)
	jq -nc --arg d "$digest" --argjson s "$size" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "x"}}]}' >$dir/index.json
}

@test "a layer that may not be handed on: from where the manifest says, and sent only on request" {
	port=$(free_port)
	foreign "http://127.0.0.1:$port"
	want=$(digest oci:l:x)
	layer=$(raw oci:l:x | jq -r '.layers[1].digest[7:]')
	# skopeo leaves such layers where they are.
	skopeo copy -q --insecure-policy --dest-tls-verify=false oci:l:x "$here/foreign/layer:1"
	equal 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$plain_addr/v2/foreign/layer/blobs/sha256:$layer")"
	run ! tare pull -q "$plain_addr/foreign/layer:1"
	contains "$output" "where the manifest says it is"
	/usr/bin/python3 -m http.server --bind 127.0.0.1 -d web "$port" >/dev/null 2>&1 3>&- &
	server=$!
	wait_for 10 curl -s "http://127.0.0.1:$port/"
	tare copy -q "$here/foreign/layer:1" dir:d
	[ -s "d/$layer" ]
	# Without its blob it is fetched again when it is needed, from there.
	tare pull -q --no-keep-blobs "$plain_addr/foreign/layer:1"
	tare save -q --format oci-archive -o g.tar "$plain_addr/foreign/layer:1"
	equal "$want" "$(digest oci-archive:g.tar)"
	kill $server
	wait $server || :
	tare push -q "$plain_addr/foreign/layer:1" "$plain_addr/foreign/skipped:1"
	equal "$want" "$(digest "$here/foreign/skipped:1")"
	equal 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$plain_addr/v2/foreign/skipped/blobs/sha256:$layer")"
	tare push -q --allow-nondistributable-artifacts "$plain_addr/foreign/layer:1" "$plain_addr/foreign/sent:1"
	equal "$want" "$(digest "$here/foreign/sent:1")"
	equal 200 "$(curl -s -o /dev/null -w '%{http_code}' "http://$plain_addr/v2/foreign/sent/blobs/sha256:$layer")"
	tare save -q --format oci-archive -o f.tar "$plain_addr/foreign/layer:1"
	equal "$want" "$(digest oci-archive:f.tar)"
	tar tf f.tar | grep -q "$layer"
	tare rmi "$plain_addr/foreign/layer:1"
}

@test "more images in an index than descriptors a process has at first are brought" {
	local d=$BATS_TEST_TMPDIR/many i digest size one
	own() { tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }
	echo x >"$BATS_TEST_TMPDIR/x"
	tar -cf "$BATS_TEST_TMPDIR/tar" -C "$BATS_TEST_TMPDIR" x
	layout_begin "$d"
	layout_layer "$d" "$BATS_TEST_TMPDIR/tar"
	layout_finish "$d" x '{}'
	layout_end "$d"
	one=$(jq -r '.manifests[0].digest' "$d/index.json" | cut -d: -f2)
	jq -c '.manifests[0]' "$d/index.json" >list
	for i in $(seq 300); do
		sed "s/^{/{\"annotations\":{\"n\":\"$i\"},/" "$d/blobs/sha256/$one" >new
		read -r digest size < <(layout_blob "$d" new)
		echo "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"$digest\",\"size\":$size,\"platform\":{\"os\":\"plan9\",\"architecture\":\"$i\"}}"
	done >>list
	jq -sc '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: .}' list >new
	read -r digest size < <(layout_blob "$d" new)
	jq -nc --arg d "$digest" --argjson s "$size" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s}]}' >"$d/index.json"
	(ulimit -Sn 128; own load -q --all-platforms -i "$d")
	equal 304 "$(find "$BATS_TEST_TMPDIR/root/blobs/sha256" -type f | wc -l)"
}
