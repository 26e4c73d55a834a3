# SPDX-License-Identifier: Apache-2.0
# save: archives and directories that everybody can read, with the ids and digests that images have here.

load ../lib/peers

setup_file() {
	peers_begin
	containerd_begin
	images=$("$lib/make-images" busybox debian)
	tare load -q -i "$images/busybox.docker.tar"
	tare load -q -i "$images/debian.oci.tar"     # layers as gzip
	tare tag latest debian
	tare rmi latest
	tare tag debian x.io/y/z:1
	tare save -o "$home/one.tar" debian
	tare save -m -o "$home/two.tar" busybox debian:latest x.io/y/z:1
	tare save --format oci-archive -o "$home/oci.tar" debian
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$home/policy.json"
	deb=$(tare images -q --no-trunc debian) box=$(tare images -q --no-trunc busybox)
	export deb box
}

teardown_file() {
	umount -l "$home/podman/overlay" 2>/dev/null || :
	containerd_end
	tare system check --quick
	nothing_left
}

setup() { cd "$BATS_TEST_TMPDIR"; }

podman() { /usr/bin/podman --root "$home/podman" --runroot "$home/podman-run" --storage-driver overlay --events-backend file "$@"; }
digest_of() { skopeo inspect --format '{{.Digest}}' "$1"; }
leftovers() { find . -mindepth 1 -maxdepth 1 -printf '%f\n'; }

@test "save and load: same id, same names, same bytes" {
	tare --root "$PWD/root" --run-root "$PWD/run" load -q -i "$home/two.tar"
	equal "$(tare images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort)" \
		"$(tare --root "$PWD/root" --run-root "$PWD/run" images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | sort)"
	tare --root "$PWD/root" --run-root "$PWD/run" save -o again.tar busybox debian:latest x.io/y/z:1
	cmp again.tar "$home/two.tar"
}

@test "the same images give the same archive, to a file, a pipe, and standard output" {
	tare save debian >out.tar
	cmp out.tar "$home/one.tar"
	tare save debian | cmp - "$home/one.tar"
	mkfifo pipe
	cmp pipe "$home/one.tar" 3>&- &
	tare save -o pipe debian
	wait $!
}

@test "a name without tag means all its tags; an id means no name" {
	tare tag busybox a/b:1
	tare tag busybox a/b:2
	tare save a/b | tar xO manifest.json >names
	tare rmi a/b:1 a/b:2
	equal '["docker.io/a/b:1","docker.io/a/b:2"]' "$(jq -c '.[0].RepoTags | sort' names)"
	tare save "$box" >id.tar
	equal null "$(tar xOf id.tar manifest.json | jq -c '.[0].RepoTags')" || equal '[]' "$(tar xOf id.tar manifest.json | jq -c '.[0].RepoTags')"
	equal "blobs/sha256/${box#*:}" "$(tar xOf id.tar manifest.json | jq -r '.[0].Config')"
}

@test "docker load: one and several" {
	dockerd_begin
	docker load -q -i "$home/one.tar"
	equal "$deb" "$(docker images -q --no-trunc debian)"
	docker rmi -f debian
	docker load -q -i "$home/two.tar"
	equal "$deb" "$(docker images -q --no-trunc debian)"
	equal "$box" "$(docker images -q --no-trunc busybox)"
	equal "$deb" "$(docker images -q --no-trunc x.io/y/z:1)"
	docker save -o back.tar busybox
	dockerd_end
	tare --root "$PWD/root" --run-root "$PWD/run" load -q -i back.tar
	equal "$box" "$(tare --root "$PWD/root" --run-root "$PWD/run" images -q --no-trunc)"
}

@test "podman load: one and several, and an oci-archive" {
	for archive in one two oci; do
		podman load -q --signature-policy "$home/policy.json" -i "$home/$archive.tar"
		equal "${deb#*:}" "$(podman image inspect -f '{{.Id}}' docker.io/library/debian:latest)"
		[ $archive != two ] || equal "${box#*:}" "$(podman image inspect -f '{{.Id}}' docker.io/library/busybox:latest)"
		podman rmi -a -f
	done
	podman load -q --signature-policy "$home/policy.json" -i "$home/two.tar"
	podman save -q -o back.tar docker.io/library/busybox
	tare --root "$PWD/root" --run-root "$PWD/run" load -q -i back.tar
	equal "$box" "$(tare --root "$PWD/root" --run-root "$PWD/run" images -q --no-trunc)"
}

@test "ctr images import: one, several, and an oci-archive; the digests are ours" {
	manifest=$(digest_of "oci-archive:$home/oci.tar")
	for archive in one two oci; do
		ctr -a "$home/containerd.sock" -n saved images import "$home/$archive.tar"
		equal "$manifest" "$(ctr -a "$home/containerd.sock" -n saved images ls | awk '$1 == "docker.io/library/debian:latest" { print $3 }')"
		ctr -a "$home/containerd.sock" -n saved images rm $(ctr -a "$home/containerd.sock" -n saved images ls -q)
	done
}

@test "skopeo and umoci: archives, layout and dir" {
	manifest=$(digest_of "oci-archive:$home/oci.tar")
	skopeo inspect "docker-archive:$home/two.tar:busybox:latest" >/dev/null
	tare save --format oci-dir -o layout debian
	equal "$manifest" "$(digest_of oci:layout)"
	tare save --format oci-dir -o layout busybox
	equal "docker.io/library/busybox:latest docker.io/library/debian:latest" "$(umoci ls --layout layout | sort | xargs)"
	umoci unpack --image layout:docker.io/library/busybox:latest bundle
	[ -x bundle/rootfs/bin/busybox ]
	tare save --format docker-dir -o dir busybox
	tare save --format docker-dir -o dir debian
	equal "$manifest" "$(digest_of dir:dir)"
	equal 7 "$(find dir -type f | wc -l)"     # five blobs, manifest, version: nothing of busybox
	skopeo copy -q --insecure-policy dir:dir oci:from-dir:x
	equal "$manifest" "$(digest_of oci:from-dir:x)"
}

@test "an existing layout is extended; what has the name is replaced, the rest stays" {
	cp -r "$images/busybox" layout
	tare save --format oci-dir -o layout debian
	tare save --format oci-dir -o layout debian
	equal "docker.io/library/debian:latest latest" "$(umoci ls --layout layout | sort | xargs)"
	equal "$(digest_of "oci:$images/busybox:latest")" "$(digest_of oci:layout:latest)"
}

@test "two saves into one layout at the same time: both are in it" {
	tare save --format oci-dir -o layout debian &
	tare save --format oci-dir -o layout busybox
	wait $!
	equal "docker.io/library/busybox:latest docker.io/library/debian:latest" "$(umoci ls --layout layout | sort | xargs)"
}

@test "a damaged blob in a layout is replaced" {
	tare save --format oci-dir -o layout busybox
	layer=$(jq -r '.layers[0].digest[7:]' "layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)")
	dd if=/dev/zero of="layout/blobs/sha256/$layer" bs=1 count=10 seek=100 conv=notrunc status=none
	tare save --format oci-dir -o layout busybox
	equal "$layer" "$(sha256sum <"layout/blobs/sha256/$layer" | cut -d' ' -f1)"
}

@test "nothing is left of a save that fails or is killed; what was there stays" {
	echo precious >old.tar
	for step in open blobs documents close; do
		run ! env TARE_FAULT=step:save.$step tare save -o new.tar debian
		run ! env TARE_FAULT=step:save.$step tare save -o old.tar debian
		run ! env TARE_FAULT=step:save.$step tare save --format oci-dir -o layout debian
		run ! env TARE_FAULT=kill:save.$step tare save -o new.tar debian
		equal old.tar "$(leftovers)"
		equal precious "$(cat old.tar)"
	done
	run ! env TARE_FAULT=kill:save.documents tare save --format oci-dir -o layout debian
	tare save --format oci-dir -o layout debian
	equal "$(digest_of "oci-archive:$home/oci.tar")" "$(digest_of oci:layout)"
	equal '' "$(find layout -name '.tmp*')"
}

@test "a damaged blob in the store is not handed on" {
	tare --root "$PWD/root" --run-root "$PWD/run" load -q -i "$home/one.tar"
	blob=$(find root/blobs/sha256 -size +1M | head -1)
	dd if=/dev/zero of="$blob" bs=1 count=10 seek=1000 conv=notrunc status=none
	run ! tare --root "$PWD/root" --run-root "$PWD/run" save -o new.tar debian
	contains "$output" damaged
	[ ! -e new.tar ]
}

@test "bad input: no image, a terminal, unknown words, places that cannot be" {
	run ! tare save no/such
	contains "$output" "no such image"
	run ! script -qec "tare save busybox" /dev/null
	contains "$output" "cowardly refusing to save to a terminal"
	run ! tare save --format zip -o x busybox
	contains "$output" "unknown format 'zip'"
	run ! tare save --format oci-dir busybox
	contains "$output" "use -o"
	run ! tare save --format docker-dir -o x busybox debian
	contains "$output" "holds one image"
	run ! tare save -o . busybox
	contains "$output" directory
	run ! tare save -o no/such/x busybox
	mkdir full
	touch full/file
	run ! tare save --format oci-dir -o full busybox
	contains "$output" "neither empty nor an OCI layout"
	run ! tare save --platform linux/s390x -o x busybox
	contains "$output" "linux/amd64"
	equal full "$(leftovers)"
}

@test "a layout whose blobs/ leads elsewhere is not followed" {
	mkdir -p layout victim
	printf '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
	ln -s ../victim layout/blobs
	run ! tare save --format oci-dir -o layout busybox
	equal '' "$(find victim -mindepth 1)"
}
