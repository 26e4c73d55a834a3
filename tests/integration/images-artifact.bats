# SPDX-License-Identifier: Apache-2.0
# artifacts: files under names of registries; what skopeo and the registry say of them, and hostile titles.

load ../lib/tare

setup_file() {
	tare_setup_file busybox
	registry_start plain plain
	registry_push plain "$images/busybox" test/busybox:1
	export plain_addr plain_dir plain_pid
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	echo one >one.txt
	head -c 3000000 /dev/urandom >two.bin
	name=$plain_addr/files/it:1
}

teardown() {
	tare_teardown
	tare artifact rm -a >/dev/null
}

teardown_file() {
	registry_stop plain
	tare_teardown_file
}

@test "add, ls, inspect, extract, rm" {
	digest=$(tare artifact add --type application/x-mine --file-type text/plain --annotation a=b "$name" one.txt two.bin)
	equal "$digest" "$(tare artifact ls -q --no-trunc)"
	equal "$plain_addr/files/it 1 ${digest:7:12} 3MB" "$(tare artifact ls --noheading | tr -s ' ')"
	equal "$digest" "$(tare artifact inspect -f '{{.Digest}}' "$name")"
	equal 'application/x-mine text/plain application/vnd.oci.empty.v1+json' \
		"$(tare artifact inspect "$name" | jq -r '.Manifest | "\(.artifactType) \(.layers[0].mediaType) \(.config.mediaType)"')"
	equal '{"a":"b","org.opencontainers.image.title":"one.txt"}' "$(tare artifact inspect "$name" | jq -c '.Manifest.layers[0].annotations')"
	mkdir out
	tare artifact extract "$name" out
	cmp one.txt out/one.txt
	cmp two.bin out/two.bin
	tare artifact extract --title two.bin "$name" chosen
	cmp two.bin chosen
	tare artifact extract --digest "sha256:$(sha256sum one.txt | cut -d' ' -f1)" "$name" "$PWD/first"
	cmp one.txt first
	run -1 tare artifact extract "$name" nowhere
	contains "$output" "has 2 files: give a directory"
	run -1 tare artifact extract --title nosuch "$name" out
	equal "$digest" "$(tare artifact rm "$name")"
	equal "" "$(tare artifact ls -q)"
	[ -z "$(ls /var/lib/tare/artifacts)" ]
}

@test "append adds files; a name is taken once" {
	tare artifact add "$name" one.txt
	run -1 tare artifact add "$name" two.bin
	contains "$output" "exists; --append adds to it"
	tare artifact add --append "$name" two.bin
	equal '["one.txt","two.bin"]' "$(tare artifact inspect "$name" | jq -c '[.Manifest.layers[].annotations["org.opencontainers.image.title"]]')"
	run -1 tare artifact add --append --type x/y "$name" two.bin
	run -1 tare artifact add "$plain_addr/files/other:1" nosuch.txt
	equal 1 "$(tare artifact ls -q | wc -l)"
}

@test "push and pull: the same bytes, and skopeo copies them" {
	digest=$(tare artifact add --subject "$plain_addr/test/busybox:1" "$name" one.txt two.bin)
	equal "$digest" "$(tare artifact push -q "$name")"
	skopeo inspect --raw --tls-verify=false "docker://$name" >raw
	equal "$digest" "sha256:$(sha256sum raw | cut -d' ' -f1)"
	equal "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/busybox:1" | sha256sum | cut -d' ' -f1)" "$(jq -r .subject.digest raw | cut -d: -f2)"
	tare artifact rm "$name"
	equal "$digest" "$(tare artifact pull -q "$name")"
	mkdir out
	tare artifact extract "$name" out
	cmp two.bin out/two.bin
	# Again, and by digest.
	equal "$digest" "$(tare artifact pull -q "$name")"
	equal "$digest" "$(tare artifact pull -q "$plain_addr/files/it@$digest")"
	run -1 tare artifact pull "$plain_addr/files/nosuch:1"
	equal 1 "${#lines[@]}"
	run -1 tare artifact push "$plain_addr/files/nosuch:1"
	contains "$output" "no such artifact"
}

@test "an image of a registry is an artifact like any other; artifacts are no images" {
	tare artifact pull -q "$plain_addr/test/busybox:1"
	equal 1 "$(tare artifact inspect "$plain_addr/test/busybox:1" | jq '.Manifest.layers | length')"
	tare artifact add "$name" one.txt
	tare artifact push -q "$name"
	run -1 tare pull "$name"
	contains "$output" "not a container image but an artifact"
}

@test "a title that leaves the directory is refused" {
	for title in ../evil /evil . .. a/b ''; do
		tare artifact add --annotation "org.opencontainers.image.title=$title" "$name" one.txt
		mkdir -p out
		run -1 tare artifact extract "$name" out
		contains "$output" "is not the name of a file"
		[ -z "$(ls out)" ]
		[ ! -e evil ]
		tare artifact rm "$name"
	done
	# One that is a link there already is replaced, not written through.
	echo keep >kept
	tare artifact add --annotation org.opencontainers.image.title=link "$name" one.txt
	ln -s ../kept out/link
	tare artifact extract "$name" out
	equal keep "$(cat kept)"
	cmp one.txt out/link
}

# Kills an "artifact add" with these options in the middle.
killed_add() {
	[ -p slow ] || mkfifo slow
	tare artifact add "$@" "$name" one.txt slow >/dev/null 3>&- &
	wait_for 5 bash -c 'ls -d /var/lib/tare/artifacts/.new-* >/dev/null 2>&1'
	kill -9 $!
	wait $! || :
}

@test "what was killed while it was made is made anew, and what it should have replaced stays" {
	killed_add
	equal "" "$(tare artifact ls -q)"
	tare artifact add "$name" one.txt
	equal 1 "$(tare artifact ls -q | wc -l)"
	tare system check
	equal "" "$(find /var/lib/tare/artifacts -name '.new-*')"
	killed_add --replace
	tare artifact extract "$name" out
	cmp one.txt out
	tare artifact add --replace "$name" "$BATS_TEST_FILENAME"
	equal "$(basename "$BATS_TEST_FILENAME")" "$(tare artifact inspect "$name" | jq -r '.. | ."org.opencontainers.image.title"? // empty')"
	equal 1 "$(tare artifact ls -q | wc -l)"
}

@test "damaged content is not handed out" {
	tare artifact add "$name" one.txt
	hex=$(sha256sum one.txt | cut -d' ' -f1)
	echo two >"/var/lib/tare/artifacts/$(ls /var/lib/tare/artifacts)/$hex"
	run -1 tare artifact extract "$name" out
	contains "$output" "is damaged"
	[ ! -e out ]
}
