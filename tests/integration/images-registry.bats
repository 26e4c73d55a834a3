# SPDX-License-Identifier: Apache-2.0
# What a registry has: tags, referrers, deleting; and what asking it for an image we have costs.

load ../lib/tare

# LAYOUT SUBJECT: an image whose manifest says it is about SUBJECT.
subject_layout() {
	. "$lib/oci_layout.bash"
	local dir=$1 subject=$2 manifest digest size
	printf 'about\n' >"$dir.file"
	tar -C "$(dirname "$dir")" -cf "$dir.tar" "$(basename "$dir").file"
	layout_begin "$dir"
	layout_layer "$dir" "$dir.tar"
	layout_finish "$dir" latest '{}'
	manifest=$dir/blobs/sha256/$(jq -r '.manifests[0].digest' "$dir/index.json" | cut -d: -f2)
	jq -c --arg s "$subject" '. + {artifactType: "application/x-note", annotations: {k: "v"},
		subject: {mediaType: .mediaType, digest: $s, size: 7}}' "$manifest" >"$dir/new"
	read -r digest size < <(layout_blob "$dir" "$dir/new")
	jq -c --arg d "$digest" --argjson s "$size" '.manifests[0].digest = $d | .manifests[0].size = $s |
		.manifests[0].annotations = {"org.opencontainers.image.ref.name": "note:1"}' "$dir/index.json" >"$dir/new" && mv "$dir/new" "$dir/index.json"
	layout_end "$dir"
}

setup_file() {
	tare_setup_file busybox
	registry_start plain plain
	registry_push plain "$images/busybox" test/busybox:1
	export plain_addr plain_dir plain_pid box=$plain_addr/test/busybox:1
	flaky_start
	export flaky there
	tare pull -q "$box"
	tare push -q "$box" "$there/plain/x:1"
}

setup() {
	: >"$flaky/requests"
}

teardown() {
	tare_teardown
}

teardown_file() {
	flaky_stop
	tare rmi -f "$box" >/dev/null 2>&1 || :
	registry_stop plain
	tare_teardown_file
}

requests() { awk -v m="$1" -v p="${2:-}" '$2 == m && index($3, p) { n++ } END { print n + 0 }' "$flaky/requests"; }

@test "an image that is here costs one HEAD, by digest nothing" {
	tare pull -q "$there/plain/x:1"
	: >"$flaky/requests"
	run -0 tare pull "$there/plain/x:1"
	contains "$output" "up to date"
	equal 1 "$(wc -l <"$flaky/requests")"
	equal 1 "$(requests HEAD /manifests/1)"
	digest=$(tare images --digests --format '{{.Repository}} {{.Digest}}' | awk -v r="$there/plain/x" '$1 == r { print $2 }')
	tare pull -q "$there/plain/x@$digest"
	: >"$flaky/requests"
	tare pull -q "$there/plain/x@$digest"
	equal 0 "$(wc -l <"$flaky/requests")"
	tare rmi -f "$there/plain/x:1" "$there/plain/x@$digest"
}

@test "a tag that moved is fetched" {
	tare import -q "$images/busybox.rootfs.tar" "$there/plain/moving:1" 2>/dev/null || tare import "$images/busybox.rootfs.tar" "$there/plain/moving:1"
	tare push -q "$there/plain/moving:1"
	tare rmi "$there/plain/moving:1"
	tare pull -q "$there/plain/moving:1"
	first=$(tare images -q --no-trunc "$there/plain/moving:1")
	tare push -q "$box" "$there/plain/moving:1"
	run -0 tare pull "$there/plain/moving:1"
	contains "$output" "Downloaded newer"
	[ "$first" != "$(tare images -q --no-trunc "$there/plain/moving:1")" ]
	tare rmi -f "$there/plain/moving:1"
	tare image prune -f >/dev/null 2>&1 || tare rmi -f "$first" || :
}

@test "list-tags: all pages, as skopeo prints them" {
	for tag in a b c d e; do
		tare push -q "$box" "$plain_addr/tags/x:$tag"
		tare push -q "$box" "$there/plain/tags:$tag"
	done
	equal "$(skopeo list-tags --tls-verify=false "docker://$plain_addr/tags/x")" "$(tare image list-tags "docker://$plain_addr/tags/x")"
	equal "a b c d e" "$(tare image list-tags "$there/plain/tags" | jq -r '.Tags | join(" ")')"
	[ "$(requests GET last=)" -ge 2 ]
	run ! tare image list-tags "$plain_addr/no/such"
	contains "$output" "no/such"
}

@test "push -a and pull -a: every tag" {
	tare tag "$box" "$plain_addr/all/x:1"
	tare tag "$box" "$plain_addr/all/x:2"
	tare tag "$box" "$plain_addr/all/y:3"
	tare push -a "$plain_addr/all/x"
	equal "1 2" "$(tare image list-tags "$plain_addr/all/x" | jq -r '.Tags | sort | join(" ")')"
	run ! tare image list-tags "$plain_addr/all/y"
	tare rmi "$plain_addr/all/x:1" "$plain_addr/all/x:2" "$plain_addr/all/y:3"
	equal "$(printf '%s\n' "$plain_addr/all/x:1" "$plain_addr/all/x:2")" "$(tare pull -a -q "$plain_addr/all/x" | sort)"
	tare rmi "$plain_addr/all/x:1" "$plain_addr/all/x:2"
	run ! tare push -a "$plain_addr/all/x:1"
	contains "$output" "has a tag"
	run ! tare push -a "$plain_addr/none/x"
	contains "$output" "no such image"
}

@test "push --digestfile and --platform" {
	tare push -q --digestfile "$BATS_TEST_TMPDIR/digest" "$box" "$plain_addr/file/x:1"
	equal "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$plain_addr/file/x:1")" "$(cat "$BATS_TEST_TMPDIR/digest")"
	tare push -q --platform "linux/$(dpkg --print-architecture)" "$box" "$plain_addr/file/x:2"
	run ! tare push -q --platform linux/s390x "$box" "$plain_addr/file/x:3"
	contains "$output" "linux/s390x"
}

@test "push --digestfile writes through a link, and asks nothing of the working directory" {
	local digest name
	ln -s real "$BATS_TEST_TMPDIR/link"
	name=$plain_addr/file/note:1
	echo note >"$BATS_TEST_TMPDIR/note"
	tare artifact add "$name" "$BATS_TEST_TMPDIR/note"
	# Nobody can create anything in /proc.
	(cd /proc && tare push -q --digestfile "$BATS_TEST_TMPDIR/link" "$box" "$plain_addr/file/x:4")
	[ -L "$BATS_TEST_TMPDIR/link" ]
	digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$plain_addr/file/x:4")
	equal "$digest" "$(cat "$BATS_TEST_TMPDIR/real")"
	digest=$(cd /proc && tare artifact push -q --digestfile "$BATS_TEST_TMPDIR/link" "$name")
	[ -L "$BATS_TEST_TMPDIR/link" ]
	equal "$digest" "$(cat "$BATS_TEST_TMPDIR/real")"
	tare artifact rm "$name"
}

@test "delete: the manifest with all its tags; a tag alone where the registry can" {
	tare push -q "$box" "$plain_addr/gone/x:1"
	tare push -q "$box" "$plain_addr/gone/x:2"
	run ! tare image delete "$plain_addr/gone/x:1"
	contains "$output" "docker://"
	tare image delete "docker://$plain_addr/gone/x:1"
	run ! skopeo inspect --tls-verify=false "docker://$plain_addr/gone/x:2"
	run ! tare image delete "docker://$plain_addr/gone/x:1"
	contains "$output" "not found"
	tare push -q "$box" "$there/plain/gone:1"
	tare push -q "$box" "$there/plain/gone:2"
	tare image delete --only-tag "docker://$there/plain/gone:1"
	equal 2 "$(tare image list-tags "$there/plain/gone" | jq -r '.Tags[]')"
}

@test "referrers: where the registry knows them, and by the tag where it does not" {
	subject=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$box")
	subject_layout "$BATS_TEST_TMPDIR/note" "$subject"
	tare load -q -i "$BATS_TEST_TMPDIR/note"
	for place in "$plain_addr/notes/x" "$there/subject/x" "$there/nosubject/x"; do
		tare push -q "$box" "$place:1"
		equal '' "$(tare image referrers --format '{{.Digest}}' "$place:1")"
		tare push -q --digestfile "$BATS_TEST_TMPDIR/digest" note:1 "$place:note"
		equal "$(cat "$BATS_TEST_TMPDIR/digest") application/x-note" "$(tare image referrers --format '{{.Digest}} {{.ArtifactType}}' "$place:1")"
		equal '' "$(tare image referrers --artifact-type application/other --format '{{.Digest}}' "$place:1")"
		tare push -q note:1 "$place:note"
		equal 1 "$(tare image referrers --format '{{.Digest}}' "$place:1" | wc -l)"
	done
	# The duty of clients: the index under the tag of the subject, with what it says of the note.
	equal v "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/notes/x:${subject/:/-}" | jq -r '.manifests[0].annotations.k')"
	equal 0 "$(requests PUT "/v2/subject/x/manifests/sha256-")"
	equal 1 "$(requests PUT "/v2/nosubject/x/manifests/sha256-")"
	tare rmi -f note:1
}

@test "an artifact is no image, and the error says what to do" {
	printf '{}' >"$BATS_TEST_TMPDIR/empty"
	digest=sha256:$(sha256sum <"$BATS_TEST_TMPDIR/empty" | cut -d' ' -f1)
	location=$(curl -s -D - -o /dev/null -X POST "http://$there/v2/plain/art/blobs/uploads/" | tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
	curl -s -X PUT --data-binary '{}' -H 'Content-Type: application/octet-stream' "$location?digest=$digest"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x-thing","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[]}' "$digest" |
		curl -s -X PUT --data-binary @- -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "http://$there/v2/plain/art/manifests/1"
	run ! tare pull -q "$there/plain/art:1"
	contains "$output" "application/x-thing"
	contains "$output" "artifact pull"
}
