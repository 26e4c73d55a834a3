# SPDX-License-Identifier: Apache-2.0
# manifest lists: made, annotated, pushed; what a registry, skopeo, podman and docker then see.

load ../lib/tare

setup_file() {
	tare_setup_file busybox
	registry_start plain plain
	registry_push plain "$images/busybox" test/busybox:1
	# A second image, for another platform as far as its config says.
	tare run --name box busybox sh -c 'echo arm >/arch'
	tare export box | tare import --platform linux/arm64/v8 - arm:1 >/dev/null
	tare rm box
	export plain_addr plain_dir plain_pid
}

teardown() {
	tare_teardown
	for list in list:1 "$plain_addr/test/list:1" "$plain_addr/test/busybox:multi"; do
		tare manifest rm "$list" >/dev/null 2>&1 || :
	done
}

teardown_file() {
	tare rmi -f arm:1 >/dev/null
	registry_stop plain
	tare_teardown_file
}

manifest_of() { tare inspect -f '{{.Digest}}' "$1"; }

@test "create, add, annotate, remove, rm" {
	equal "Created manifest list docker.io/library/list:1" "$(tare manifest create list:1)"
	equal '[]' "$(tare manifest inspect list:1 | jq -c .manifests)"
	equal "$(manifest_of busybox)" "$(tare manifest add list:1 busybox)"
	tare manifest add --annotation a=b --os-version 9 list:1 arm:1
	equal '["amd64","arm64"]' "$(tare manifest inspect list:1 | jq -c '[.manifests[].platform.architecture]')"
	equal '{"architecture":"arm64","os":"linux","os.version":"9","variant":"v8"}' "$(tare manifest inspect list:1 | jq -cS '.manifests[1].platform')"
	equal '{"a":"b"}' "$(tare manifest inspect list:1 | jq -c '.manifests[1].annotations')"
	tare manifest annotate --arch riscv64 --variant '' --annotation c=d list:1 "$(manifest_of arm:1)"
	tare manifest annotate --os-features win32k list:1 busybox
	equal '["amd64","riscv64"]' "$(tare manifest inspect list:1 | jq -c '[.manifests[].platform.architecture]')"
	equal '{"a":"b","c":"d"}' "$(tare manifest inspect list:1 | jq -c '.manifests[1].annotations')"
	equal '["win32k"]' "$(tare manifest inspect list:1 | jq -c '.manifests[0].platform["os.features"]')"
	# The same image again is the same entry.
	tare manifest add list:1 busybox
	equal 2 "$(tare manifest inspect list:1 | jq '.manifests | length')"
	tare manifest remove list:1 "$(manifest_of busybox)"
	equal 1 "$(tare manifest inspect list:1 | jq '.manifests | length')"
	equal list:1 "$(tare manifest rm list:1)"
	run -1 tare manifest rm list:1
	equal "tare: no such manifest list: list:1" "$output"
}

@test "a list is made once, or amended" {
	tare manifest create list:1 busybox
	run -1 tare manifest create list:1 arm:1
	equal "tare: manifest list 'list:1' exists; --amend adds to it" "$output"
	tare manifest create --amend list:1 arm:1
	equal 2 "$(tare manifest inspect list:1 | jq '.manifests | length')"
	tare manifest exists list:1
	run -1 tare manifest exists nosuch
	equal "" "$output"
}

@test "a list that could not be made is not there" {
	run -1 tare manifest create list:1 busybox "$plain_addr/test/nosuch:1"
	run -1 tare manifest exists list:1
}

@test "push: the registry has the list and the images; others choose by platform" {
	tare manifest create list:1 busybox arm:1
	digest=$(tare manifest push -q --digestfile "$BATS_TEST_TMPDIR/digest" list:1 "docker://$plain_addr/test/list:1")
	equal "$digest" "$(cat "$BATS_TEST_TMPDIR/digest")"
	equal "$digest" "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list:1" | sha256sum | sed 's/ .*//; s/^/sha256:/')"
	equal application/vnd.oci.image.index.v1+json "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list:1" | jq -r .mediaType)"
	equal amd64 "$(skopeo inspect --tls-verify=false "docker://$plain_addr/test/list:1" | jq -r .Architecture)"
	equal arm64 "$(skopeo inspect --override-arch arm64 --override-variant v8 --tls-verify=false "docker://$plain_addr/test/list:1" | jq -r .Architecture)"
	skopeo copy -q --all --src-tls-verify=false "docker://$plain_addr/test/list:1" "oci:$BATS_TEST_TMPDIR/oci:1"
	tare pull -q "$plain_addr/test/list:1"
	equal amd64 "$(tare inspect -f '{{.Architecture}}' "$plain_addr/test/list:1")"
	tare rmi "$plain_addr/test/list:1"
	equal "$digest" "sha256:$(tare manifest push -q list:1 "$plain_addr/test/list:2" | cut -d: -f2)"
}

@test "push --purge in Docker's words removes the list" {
	tare manifest create list:1 busybox
	tare manifest push -q -f v2s2 --purge list:1 "$plain_addr/test/list:docker"
	equal application/vnd.docker.distribution.manifest.list.v2+json \
		"$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list:docker" | jq -r .mediaType)"
	equal application/vnd.docker.distribution.manifest.v2+json \
		"$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list:docker" | jq -r '.manifests[0].mediaType')"
	run -1 tare manifest exists list:1
}

@test "push with another compression: the list names what its images became" {
	tare manifest create list:1 busybox arm:1
	tare manifest push -q --compression-format zstd --compression-level 1 --digestfile "$BATS_TEST_TMPDIR/digest" list:1 "$plain_addr/test/list:zstd"
	skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list:zstd" >"$BATS_TEST_TMPDIR/list"
	equal "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/list" | cut -d' ' -f1)" "$(cat "$BATS_TEST_TMPDIR/digest")"
	for digest in $(jq -r '.manifests[].digest' "$BATS_TEST_TMPDIR/list"); do
		equal application/vnd.oci.image.layer.v1.tar+zstd \
			"$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/list@$digest" | jq -r '.layers[0].mediaType')"
	done
	skopeo copy -q --all --insecure-policy --src-tls-verify=false "docker://$plain_addr/test/list:zstd" "dir:$BATS_TEST_TMPDIR/dir"
	run ! tare manifest push -q --compression-format xz list:1 "$plain_addr/test/list:no"
	contains "$output" unsupported
}

@test "images of a registry are added without pulling them" {
	there=$(skopeo inspect --tls-verify=false "docker://$plain_addr/test/busybox:1" | jq -r .Digest)
	tare manifest create "$plain_addr/test/busybox:multi"
	equal "$there" "$(tare manifest add "$plain_addr/test/busybox:multi" "docker://$plain_addr/test/busybox:1")"
	equal amd64 "$(tare manifest inspect "$plain_addr/test/busybox:multi" | jq -r '.manifests[0].platform.architecture')"
	run -1 tare image exists "$plain_addr/test/busybox:1"
	# It is where the list goes already.
	tare manifest push -q "$plain_addr/test/busybox:multi"
	equal "$there" "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/test/busybox:multi" | jq -r '.manifests[0].digest')"
	run -1 tare manifest push -q "$plain_addr/test/busybox:multi" "$plain_addr/elsewhere/x:1"
	contains "$output" "is not here; pull it first" || [ -n "$(tare images -q busybox)" ]
}

@test "all entries of a list in a registry" {
	tare manifest create list:1 busybox arm:1
	tare manifest push -q list:1 "$plain_addr/test/list:all"
	tare manifest rm list:1
	tare manifest create list:1
	tare manifest add --all list:1 "$plain_addr/test/list:all"
	equal 2 "$(tare manifest inspect list:1 | jq '.manifests | length')"
	tare manifest create --all --amend list:1 "$plain_addr/test/list:all"
	equal 2 "$(tare manifest inspect list:1 | jq '.manifests | length')"
}

@test "manifest inspect of what a registry has" {
	equal 2 "$(tare manifest inspect "$plain_addr/test/busybox:1" | jq .schemaVersion)"
	run -1 tare manifest inspect "$plain_addr/test/nosuch:1"
	equal 1 "${#lines[@]}"
}

@test "bad input" {
	run -1 tare manifest add nosuch busybox
	equal "tare: no such manifest list: nosuch:latest" "$output"
	run -1 tare manifest create "list@$(manifest_of busybox)"
	tare manifest create list:1 busybox
	run -1 tare manifest annotate --arch x list:1 arm:1
	contains "$output" "is no entry of manifest list"
	run -1 tare manifest push -f sif list:1 "$plain_addr/test/x:1"
	run -1 tare manifest add list:1
	contains "${lines[0]}" "needs at least 2 arguments"
}

@test "an image in a list is kept: rmi refuses, prune spares, force takes the names alone" {
	tare import --platform linux/s390x "$images/busybox.rootfs.tar" kept:1 >/dev/null
	id=$(tare images -q --no-trunc kept:1)
	tare manifest create list:1 kept:1 >/dev/null || tare manifest create --all list:1 kept:1 >/dev/null
	run ! --separate-stderr tare rmi kept:1
	equal 1 "${#stderr_lines[@]}"
	contains "$stderr" "is used by manifest list 'list:1'"
	tare image prune -a -f
	tare system prune -a -f
	equal "$id" "$(tare images -q --no-trunc kept:1)"
	tare tag kept:1 other:1
	tare rmi other:1
	tare rmi -f kept:1
	equal "$id" "$(tare images -a -q --no-trunc --filter dangling=true)"
	tare image prune -f
	equal "$id" "$(tare images -a -q --no-trunc --filter dangling=true)"
	tare manifest rm list:1
	tare image prune -f
	equal '' "$(tare images -a -q --no-trunc --filter dangling=true)"
	tare load -q -i "$images/busybox.docker.tar"
	tare import --platform linux/arm64/v8 "$images/busybox.rootfs.tar" arm:1 >/dev/null
}
