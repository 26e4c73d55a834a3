# SPDX-License-Identifier: Apache-2.0
# copy: between all places, with the same digests and the same bytes everywhere, as skopeo, umoci, podman, docker and containerd see them.

load ../lib/peers

setup_file() {
	peers_begin
	images=$("$lib/make-images" busybox debian)
	REGISTRY_HOME=$home registry_start plain plain
	REGISTRY_HOME=$home registry_start secure tls
	export plain_addr plain_dir plain_pid secure_addr secure_dir secure_pid
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$home/policy.json"
	registry_push plain "$images/debian" from/debian:1
	deb=docker://$plain_addr/from/debian:1
	digest=$(digest_of "$deb")
	two_platforms "$home/two"
	export deb digest
}

teardown_file() {
	umount -l "$home/podman/overlay" 2>/dev/null || :
	registry_stop plain
	registry_stop secure
	tare system check --quick
	nothing_left
}

setup() { cd "$BATS_TEST_TMPDIR"; }

podman() { /usr/bin/podman --root "$home/podman" --runroot "$home/podman-run" --storage-driver overlay --events-backend file "$@"; }
digest_of() { skopeo inspect --tls-verify=false "${@:2}" --format '{{.Digest}}' "$1"; }
same() { equal "$digest" "$(digest_of "$@")"; }
leftovers() { find . -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs; }

# The blobs of the image, by bare digest, in any of: a layout, a dir:, a registry's storage.
blobs_are_same() {
	local blob other
	for blob in $(jq -r '.config.digest, .layers[].digest' "$images/debian/blobs/sha256/${digest#*:}"); do
		blob=${blob#*:}
		other=$1/blobs/sha256/$blob
		[ -e "$other" ] || other=$1/$blob
		[ -e "$other" ] || other=$1/data/docker/registry/v2/blobs/sha256/${blob:0:2}/$blob/data
		cmp "$images/debian/blobs/sha256/$blob" "$other" || return
	done
}

# A layout with an index: busybox for this machine, and the same for s390x.
two_platforms() {
	local m index
	cp -r "$images/busybox" "$1"
	m=$(jq -c '.manifests[0] | del(.annotations)' "$1/index.json")
	index=$(jq -nc --argjson m "$m" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
		manifests: [$m, ($m | .platform.architecture = "s390x" | .annotations = {"copy": "second"})]}')
	local hex
	hex=$(printf %s "$index" | sha256sum | cut -d' ' -f1)
	printf %s "$index" >"$1/blobs/sha256/$hex"
	jq -c --arg d "sha256:$hex" --argjson s "${#index}" '.manifests = [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $d, size: $s,
		annotations: {"org.opencontainers.image.ref.name": "multi"}}]' "$1/index.json" >"$1/new"
	mv "$1/new" "$1/index.json"
}

@test "from a registry to everywhere: same digest, same bytes" {
	tare copy -q "$deb" oci:layout:x
	same oci:layout:x
	blobs_are_same layout
	tare copy -q "$deb" dir:dir
	same dir:dir
	blobs_are_same dir
	tare copy -q "$deb" oci-archive:o.tar:x
	same oci-archive:o.tar:x
	tare copy -q "$deb" docker-archive:d.tar:some/name:1
	mkdir unpacked
	tar xf d.tar -C unpacked
	blobs_are_same unpacked
	skopeo inspect docker-archive:d.tar:some/name:1 >/dev/null
	tare copy -q --dest-tls-verify=false --dest-creds alice:secret "$deb" "docker://$secure_addr/a/debian:1"
	same "docker://$secure_addr/a/debian:1" --creds alice:secret
	blobs_are_same "$secure_dir"
	for from in "$deb" dir:dir oci-archive:o.tar; do
		tare copy -q "$from" tare:copied:1
		tare save --format oci-dir -o saved copied:1
		same oci:saved:docker.io/library/copied:1
		tare rmi copied:1
		rm -r saved
	done
}

@test "from everywhere to a registry: same digest" {
	tare copy -q "$deb" oci:layout:x
	tare copy -q "$deb" dir:dir
	tare copy -q "$deb" oci-archive:o.tar:x
	tare copy -q "$deb" docker-archive:d.tar:some/name:1
	tare copy -q "$deb" tare:copied:1
	for from in oci:layout:x oci:layout dir:dir oci-archive:o.tar:x docker-archive:d.tar docker-archive:d.tar:some/name:1 docker-archive:d.tar:@0 tare:copied:1 \
		containers-storage:copied:1 "$deb"; do
		tare copy -q "$from" "docker://$plain_addr/to/debian:1"
		same "docker://$plain_addr/to/debian:1"
		curl -s -X DELETE "http://$plain_addr/v2/to/debian/manifests/$digest"
	done
	tare rmi copied:1
}

@test "round and round: layout, archive, dir, registry, archive, store, layout" {
	tare copy -q "oci:$images/debian:latest" oci-archive:1.tar:a
	tare copy -q oci-archive:1.tar:a dir:2
	tare copy -q --dest-tls-verify=false --dest-creds alice:secret dir:2 "docker://$secure_addr/round/x:1"
	tare copy -q --src-tls-verify=false --src-creds alice:secret "docker://$secure_addr/round/x:1" docker-archive:3.tar:b/c:1
	tare copy -q docker-archive:3.tar tare:round:1
	tare copy -q tare:round:1 oci:4:z
	same oci:4:z
	blobs_are_same 4
	tare rmi -f round:1 b/c:1
}

@test "what skopeo, podman and umoci wrote is copied as it is" {
	skopeo copy -q --insecure-policy "oci:$images/debian:latest" dir:s
	tare copy -q dir:s oci:l:s
	same oci:l:s
	skopeo copy -q --insecure-policy "oci:$images/debian:latest" oci-archive:s.tar:x
	tare copy -q oci-archive:s.tar oci:l:s2
	same oci:l:s2
	skopeo copy -q --insecure-policy "docker-archive:$images/busybox.docker.tar" docker-archive:s2.tar:box:1
	tare copy -q docker-archive:s2.tar:box:1 oci:l:box
	equal "$(skopeo inspect --config docker-archive:s2.tar | sha256sum)" "$(skopeo inspect --config oci:l:box | sha256sum)"
	cp -r "$images/busybox" u
	umoci tag --image u:latest new
	umoci config --image u:new --config.user 7
	tare copy -q oci:u:new "docker://$plain_addr/umoci/x:1"
	equal "$(digest_of oci:u:new)" "$(digest_of "docker://$plain_addr/umoci/x:1")"
	podman load -q --signature-policy "$home/policy.json" -i "$images/busybox.docker.tar"
	podman save -q --format oci-archive -o p.tar docker.io/library/busybox
	tare copy -q oci-archive:p.tar "docker://$plain_addr/podman/x:1"
	equal "$(digest_of oci-archive:p.tar)" "$(digest_of "docker://$plain_addr/podman/x:1")"
}

@test "what is copied, podman, docker, containerd and umoci take" {
	tare copy -q "$deb" "docker://$plain_addr/peers/debian:1"
	podman pull -q --tls-verify=false --signature-policy "$home/policy.json" "$plain_addr/peers/debian:1"
	equal "$digest" "$(podman image inspect -f '{{.Digest}}' "$plain_addr/peers/debian:1")"
	tare copy -q "oci:$images/busybox:latest" docker-archive:d.tar:box/one:1
	tare copy -q "oci:$images/busybox:latest" oci:layout:box
	umoci unpack --image layout:box bundle
	[ -x bundle/rootfs/bin/busybox ]
	id=$(jq -r .config.digest "$images/busybox/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' "$images/busybox/index.json")")
	containerd_begin
	dockerd_begin
	docker load -q -i d.tar
	equal "$id" "$(docker images -q --no-trunc box/one:1)"
	docker pull -q "$plain_addr/peers/debian:1"
	contains "$(docker image inspect -f '{{.RepoDigests}}' "$plain_addr/peers/debian:1")" "$digest"
	ctr -a "$home/containerd.sock" -n copied images pull --plain-http "$plain_addr/peers/debian:1" >/dev/null
	equal "$digest" "$(ctr -a "$home/containerd.sock" -n copied images ls | awk 'NR == 2 { print $3 }')"
	dockerd_end
	ctr -a "$home/containerd.sock" -n copied images rm "$plain_addr/peers/debian:1"
	containerd_end
}

@test "within a registry blobs are mounted; again, they exist; a stream is not asked" {
	run -0 tare copy "$deb" "docker://$plain_addr/mounted/debian:1"
	contains "$output" Mounted
	[[ $output != *Downloading* ]]
	run -0 tare copy "oci:$images/debian:latest" "docker://$plain_addr/mounted/debian:2"
	contains "$output" "already exists"
	[[ $output != *Pushed* ]]
}

@test "indexes: one image, all of them, the index alone" {
	tare copy -q "oci:$home/two:multi" oci:one:x
	equal manifest "$(jq -r '.manifests[0].mediaType' one/index.json | cut -d. -f4)"
	tare copy -q --platform linux/s390x "oci:$home/two:multi" oci:other:x
	run ! tare copy -q --platform linux/mips "oci:$home/two:multi" oci:none:x
	contains "$output" "no image for platform 'linux/mips'"
	for how in --all --multi-arch=all; do
		tare copy -q $how "oci:$home/two:multi" "docker://$plain_addr/multi/x:1"
		equal "$(skopeo inspect --raw "oci:$home/two:multi" | sha256sum)" "$(skopeo inspect --raw --tls-verify=false "docker://$plain_addr/multi/x:1" | sha256sum)"
	done
	tare copy -q -a "docker://$plain_addr/multi/x:1" dir:all
	tare copy -q -a dir:all oci:back:multi
	equal "$(jq -c '.manifests[0].digest' "$home/two/index.json")" "$(jq -c '.manifests[0].digest' back/index.json)"
	tare copy -q --multi-arch index-only "oci:$home/two:multi" oci:bare:x
	equal 1 "$(find bare/blobs -type f | wc -l)"
	run ! tare copy -q -a "oci:$home/two:multi" docker-archive:x.tar
	contains "$output" "no place for an index"
}

names() { tare images --format '{{.Repository}}:{{.Tag}}' | sort | xargs; }

@test "into the store: the image that is named, under the name that is given and no other" {
	local before
	before=$(names)
	cp -r "$images/busybox" two
	tare copy -q "$deb" oci:two:deb
	for from in oci:two:deb "$deb"; do
		tare copy -q "$from" tare:only:this
		equal "$(printf '%s\n' $before only:this | sort | xargs)" "$(names)"
		tare rmi only:this
	done
	tare copy -q "docker-archive:$images/busybox.docker.tar:busybox:latest" tare:only:this
	run ! tare copy -q "docker-archive:$images/busybox.docker.tar:other" tare:only:that
	contains "$output" "no image 'other'"
	run ! tare copy -q oci:two tare:only:that
	contains "$output" "say which"
	tare rmi only:this
}

@test "--format: other words, same blobs, there and back; --preserve-digests forbids it" {
	tare copy -q --format v2s2 "$deb" dir:v2
	equal application/vnd.docker.distribution.manifest.v2+json "$(jq -r .mediaType v2/manifest.json)"
	blobs_are_same v2
	skopeo copy -q --insecure-policy dir:v2 oci:checked:x
	tare copy -q --format oci dir:v2 oci:back:x
	equal "$(skopeo inspect --raw oci:back:x | jq -c .layers)" "$(skopeo inspect --raw "oci:$images/debian:latest" | jq -c .layers)"
	run ! tare copy -q --format v2s2 --preserve-digests "$deb" dir:no
	contains "$output" "--preserve-digests"
	tare copy -q --format oci --preserve-digests "$deb" dir:yes
	same dir:yes
	equal "back checked v2 yes" "$(leftovers)"
}

@test "--digestfile, --additional-tag, --remove-signatures, several images in an archive" {
	tare copy -q --digestfile digest "$deb" oci:l:x
	equal "$digest" "$(cat digest)"
	tare copy -q --additional-tag b:2 --additional-tag c "$deb" docker-archive:d.tar:a:1
	equal '["docker.io/library/a:1","docker.io/library/b:2","docker.io/library/c:latest"]' "$(tar xOf d.tar manifest.json | jq -c '.[0].RepoTags')"
	tare copy -q "$deb" dir:signed
	echo signature >signed/signature-1
	run ! tare copy -q dir:signed oci:l:y
	contains "$output" "--remove-signatures"
	tare copy -q --remove-signatures dir:signed oci:l:y
	cp -r "$images/busybox" several
	tare copy -q "$deb" oci:several:deb
	same oci:several:deb
	run ! tare copy -q oci:several dir:which
	contains "$output" "say which"
	run ! tare copy -q oci:several:none dir:which
	contains "$output" "no image 'none'"
}

@test "credentials: together, apart, from files, or none at all" {
	to=docker://$secure_addr/creds/x:1
	tare copy -q --dest-tls-verify=false --dest-username alice --dest-password secret "$deb" "$to"
	tare copy -q --src-tls-verify=false --src-username alice --src-password secret "$to" oci:l:x
	same oci:l:x
	echo "{\"auths\": {\"$secure_addr\": {\"auth\": \"$(printf alice:secret | base64)\"}}}" >auth.json
	tare copy -q --authfile auth.json --src-tls-verify=false "$to" oci:l:y
	same oci:l:y
	run ! tare copy -q --authfile auth.json --src-no-creds --src-tls-verify=false "$to" oci:l:z
	contains "$output" "log in"
	run ! tare copy -q --authfile auth.json --dest-no-creds --dest-tls-verify=false "$deb" "$to"
	run ! tare copy -q --src-no-creds --src-creds alice:secret "$to" oci:l:z
	contains "$output" "exclude each other"
	run ! tare copy -q --src-username alice "$to" oci:l:z
	contains "$output" "go together"
	run ! tare copy -q --src-creds "" "$to" oci:l:z
	contains "$output" "--src-no-creds"
}

@test "nothing is left of a copy that fails, is killed, or interrupted" {
	for step in open_source choose collect open_destination blobs documents close; do
		run ! env TARE_FAULT=step:copy.$step tare copy -q "$deb" oci-archive:a.tar
		run ! env TARE_FAULT=kill:copy.$step tare copy -q "$deb" docker-archive:d.tar:x
		run ! env TARE_FAULT=step:copy.$step tare copy -q "$deb" oci:layout:x
		run ! env TARE_FAULT=step:copy.$step tare copy -q "$deb" dir:dir
		equal '' "$(leftovers)"
	done
	mkfifo pipe
	tare copy -q "$deb" docker-archive:pipe:x >out 2>&1 3>&- &
	pid=$!
	exec 5<pipe
	head -c 1000 <&5 >/dev/null
	# Bash lets what runs behind it ignore SIGINT, and so does tare then.
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	equal 143 $code
	exec 5<&-
	contains "$(cat out)" interrupted
	rm pipe out
	run ! tare copy -q "docker://$plain_addr/no/such:1" oci:layout:x
	equal '' "$(leftovers)"
	equal '' "$(find /var/lib/tare/blobs/ingest -type f)"
}

@test "bad input has one clear line" {
	run ! tare copy busybox oci:x
	contains "$output" "names no transport"
	run ! tare copy docker-daemon:x oci:x
	contains "$output" "unsupported"
	run ! tare copy "$deb" "oci:"
	contains "$output" "path is missing"
	run ! tare copy "$deb" docker-archive:x:@1
	contains "$output" "for reading"
	run ! tare copy oci:no/such:x dir:x
	contains "$output" "no such file"
	run ! tare copy --multi-arch some "$deb" dir:x
	contains "$output" "unknown word 'some'"
	run ! tare copy --dest-shared-blob-dir x "$deb" dir:x
	contains "$output" unsupported
	run ! tare copy tare:no/such:1 dir:x
	contains "$output" "no such image"
	equal '' "$(leftovers)"
}
