# SPDX-License-Identifier: Apache-2.0
# commit, diff, export: trees of containers as layers and archives, and that other people's tools read them.

load ../lib/peers

setup_file() {
	tare_setup_file busybox
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	export home runtime
	containerd_begin
	dockerd_begin
	podman="podman --root $home/podman --runroot $home/podman-run --storage-driver vfs --cgroup-manager cgroupfs --events-backend none"
	export podman
}

teardown() {
	tare_teardown
	tare rmi -f made made:2 made:3 >/dev/null 2>&1 || :
}

teardown_file() {
	dockerd_end
	containerd_end
	$podman system reset -f >/dev/null 2>&1 || :
	tare_teardown_file
}

# change NAME [RUN-OPTION...]: a container that changed its tree in every way there is.
change() {
	local name=$1
	shift
	tare run --name "$name" "$@" busybox sh -c '
		rm /bin/ls; mkdir -p /new/deep; echo hi >/new/f; ln /new/f /new/g; ln -s /nowhere /new/l; mkfifo /new/p
		mknod /new/c c 1 3; chmod 4711 /new/f; chown 12:34 /new/l -h; touch -d @1000000000 /new/f
		rm -rf /var; mkdir /var; echo a >/var/only; echo root:x:0:0:root:/:/bin/sh >/etc/passwd; truncate -s 5M /new/sparse
		echo b >"/new/ä b"; mkdir -p /new/$(printf %0150d 1); echo c >/new/$(printf %0150d 1)/$(printf %0200d 2)'
}

# layout IMAGE DIRECTORY: what the store holds of an image as an OCI layout.
layout() {
	local manifest hex
	manifest=$(tare inspect -f '{{index .RepoDigests 0}}' "$1")
	manifest=${manifest#*@}
	mkdir -p "$2/blobs/sha256"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$2/oci-layout"
	for hex in "${manifest#*:}" $(jq -r '.config.digest, .layers[].digest' "/var/lib/tare/blobs/sha256/${manifest#*:}" | cut -d: -f2); do
		cp "/var/lib/tare/blobs/sha256/$hex" "$2/blobs/sha256/"
	done
	jq -n --arg d "$manifest" --argjson s "$(stat -c %s "/var/lib/tare/blobs/sha256/${manifest#*:}")" '{schemaVersion: 2, manifests: [{
		mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "it"}}]}' >"$2/index.json"
}

# tree DIRECTORY: every name with what it is, without what time and place make of directories.
tree() { (cd "$1" && find . -mindepth 1 -printf '%P %y %m %U:%G %l %s %n\n' | sed -E 's/ d (.*) [0-9]+ [0-9]+$/ d \1/' | sort); }

# goes_on: the container named box writes.
goes_on() {
	local before
	before=$(timeout 5 tare exec box stat -c %s /n)
	wait_for 5 bash -c "[ $before -lt \$(timeout 5 tare exec box stat -c %s /n) ]"
}

# ---- diff ----

@test "a container that changed nothing differs in nothing" {
	tare run --name still busybox true
	equal "" "$(tare diff still)"
	equal '{}' "$(tare diff --format json still)"
}

@test "diff says what docker says of the same commands" {
	skopeo copy -q "docker-archive:$images/busybox.docker.tar" "docker-daemon:busybox:latest" --dest-daemon-host "unix://$home/docker.sock"
	script='echo a >/a; mkdir /b; echo c >/b/c; rm /bin/ls; echo d >>/etc/passwd; chmod 700 /tmp; ln -s x /y; mv /a /z'
	docker run --net none --name theirs busybox sh -c "$script"
	tare run --name ours busybox sh -c "$script"
	docker diff theirs | sort >"$BATS_TEST_TMPDIR/theirs"
	tare diff ours | sort >"$BATS_TEST_TMPDIR/ours"
	docker rm theirs
	diff "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours"
}

@test "a directory made again hides what it held" {
	tare run --name again busybox sh -c 'rm -rf /var; mkdir /var; echo a >/var/new'
	equal $'A /var/new\nC /var\nD /var/run' "$(tare diff again | sort)"
}

@test "diff of a running container, and of what does not exist" {
	tare run -d --name runs busybox sh -c 'echo x >/x; sleep 100'
	wait_for 5 test -n "$(tare exec runs ls /x)"
	equal "A /x" "$(tare diff runs)"
	run -1 tare diff none
	equal "tare: no such container or image: none" "$output"
	run -1 tare container diff busybox
}

@test "image diff: a layer, and two images" {
	change box
	tare commit -q box made
	tare diff box >"$BATS_TEST_TMPDIR/container"
	tare image diff made >"$BATS_TEST_TMPDIR/layer"
	tare image diff busybox made >"$BATS_TEST_TMPDIR/two"
	diff "$BATS_TEST_TMPDIR/container" "$BATS_TEST_TMPDIR/layer"
	diff "$BATS_TEST_TMPDIR/container" "$BATS_TEST_TMPDIR/two"
	equal "" "$(tare diff made made)"
}

@test "image diff: an image may have no layer at all" {
	. "$lib/oci_layout.bash"
	layout_begin "$BATS_TEST_TMPDIR/bare"
	layout_finish "$BATS_TEST_TMPDIR/bare" bare:1 '{"Cmd":["/x"]}'
	tare load -q -i "$BATS_TEST_TMPDIR/bare"
	run -0 tare image diff bare:1
	equal "" "$output"
	tare create --name nothing bare:1
	run -1 tare commit nothing
	contains "$output" "0 layers"
	tare rm nothing
	tare rmi bare:1
}

# ---- commit ----

@test "a committed image holds what the container held" {
	change box
	tare commit box made
	tare create --name again made
	tare export box | tar -xf - -C "$(mkdir -p "$BATS_TEST_TMPDIR/c" && echo "$BATS_TEST_TMPDIR/c")"
	tare export again | tar -xf - -C "$(mkdir -p "$BATS_TEST_TMPDIR/m" && echo "$BATS_TEST_TMPDIR/m")"
	# What a start puts there for its own files is no change and not in the image.
	diff <(tree "$BATS_TEST_TMPDIR/c" | grep -vE '^etc/(hosts|hostname|resolv.conf) ') <(tree "$BATS_TEST_TMPDIR/m")
	[ "$(stat -c %Y "$BATS_TEST_TMPDIR/m/new/f")" = 1000000000 ]
	[ "$(stat -c '%a %h' "$BATS_TEST_TMPDIR/m/new/f")" = "4711 2" ]
}

@test "a squashed image holds the same in one layer" {
	change box
	tare commit box made
	tare commit -s box made:2
	equal 1 "$(tare inspect -f '{{len .RootFS.Layers}}' made:2)"
	equal "" "$(tare image diff made made:2)"
}

@test "podman, umoci and skopeo unpack the layer to the same tree" {
	change box
	tare commit box made
	layout made "$BATS_TEST_TMPDIR/oci"
	mkdir "$BATS_TEST_TMPDIR/ours"
	tare create --name again made
	tare export again | tar -xf - -C "$BATS_TEST_TMPDIR/ours"
	rm -rf "$BATS_TEST_TMPDIR/ours"/{dev,proc,sys}
	umoci unpack --image "$BATS_TEST_TMPDIR/oci:it" "$BATS_TEST_TMPDIR/umoci" >/dev/null
	rm -rf "$BATS_TEST_TMPDIR/umoci/rootfs"/{dev,proc,sys}
	diff <(tree "$BATS_TEST_TMPDIR/ours") <(tree "$BATS_TEST_TMPDIR/umoci/rootfs")
	skopeo inspect "oci:$BATS_TEST_TMPDIR/oci:it" >/dev/null
	id=$(cd "$BATS_TEST_TMPDIR" && $podman pull -q oci:oci:it)
	root=$($podman image mount "$id")
	diff <(cd "$BATS_TEST_TMPDIR/ours" && find . ! -path './etc*' -printf '%P %y %m %U:%G %l\n' | grep -v '^ d' | sort) \
		<(cd "$root" && find . -path ./dev -prune -o -path ./proc -prune -o -path ./sys -prune -o ! -path './etc*' -printf '%P %y %m %U:%G %l\n' |
			grep -v '^ d' | sort)
	$podman image unmount "$id"
	$podman rmi "$id"
}

@test "docker runs what was committed" {
	tare run --name box busybox sh -c 'echo works >/it'
	tare commit -c 'CMD ["cat","/it"]' box made
	layout made "$BATS_TEST_TMPDIR/oci"
	skopeo copy -q "oci:$BATS_TEST_TMPDIR/oci:it" docker-daemon:made:1 --dest-daemon-host "unix://$home/docker.sock"
	equal works "$(docker run --net none --rm made:1)"
	docker rmi made:1
}

@test "nothing changed: no layer more" {
	tare run --name box busybox true
	tare commit box made
	equal 1 "$(tare inspect -f '{{len .RootFS.Layers}}' made)"
}

@test "the configuration is the container's, with changes" {
	tare run --name box -e A=b -w /tmp -u 7 -l k=v -p 127.0.0.1::80 -v /data busybox echo hello
	tare commit -a 'Jo <jo@example.com>' -m 'a word' -c 'ENV X=y' -c 'LABEL q=r' box made
	equal '["echo","hello"]' "$(tare inspect -f '{{json .Config.Cmd}}' made)"
	contains "$(tare inspect -f '{{.Config.Env}}' made)" "A=b X=y"
	equal '/tmp 7 map[k:v q:r] map[80/tcp:map[]] map[/data:map[]]' \
		"$(tare inspect -f '{{.Config.WorkingDir}} {{.Config.User}} {{.Config.Labels}} {{.Config.ExposedPorts}} {{.Config.Volumes}}' made)"
	equal 'Jo <jo@example.com>' "$(tare inspect -f '{{.Author}}' made)"
	equal '7' "$(tare run --rm made id -u)"
}

@test "docker's media types on demand; zstd and plain layers" {
	change box
	tare commit -f docker box made
	layout made "$BATS_TEST_TMPDIR/oci"
	contains "$(cat "$BATS_TEST_TMPDIR"/oci/blobs/sha256/*)" application/vnd.docker.image.rootfs.diff.tar.gzip
	tare commit --compression zstd box made:2
	tare commit --compression none box made:3
	equal "$(tare inspect -f '{{.RootFS.Layers}}' made)" "$(tare inspect -f '{{.RootFS.Layers}}' made:2)"
	equal "$(tare inspect -f '{{.RootFS.Layers}}' made)" "$(tare inspect -f '{{.RootFS.Layers}}' made:3)"
	run -1 tare commit --compression lzma box
	equal "tare: compression 'lzma' is not gzip, zstd or none" "$output"
	run -1 tare commit -f sif box
}

@test "the id goes to standard output and to a file" {
	tare run --name box busybox true
	id=$(tare commit -q --iidfile "$BATS_TEST_TMPDIR/id" box made)
	equal "$id" "$(cat "$BATS_TEST_TMPDIR/id")"
	equal "$id" "$(tare inspect -f '{{.Id}}' made)"
}

@test "a running container is frozen meanwhile, and goes on" {
	tare run -d --name box busybox sh -c 'while :; do echo x >>/n; sleep 0.01; done'
	wait_for 5 tare exec box test -s /n
	tare commit box made
	goes_on
	tare commit --pause=false -q box made:2
}

@test "a commit that is killed leaves the container running and nothing else" {
	tare run -d --name box busybox sh -c 'dd if=/dev/urandom of=/big bs=1M count=60; while :; do echo x >>/n; sleep 0.01; done'
	wait_for 20 tare exec box test -s /n
	for delay in 0.02 0.05 0.1 0.2; do
		tare commit box made >/dev/null 3>&- &
		sleep "$delay"
		kill -9 $! 2>/dev/null || :
		wait $! || :
	done
	goes_on
	tare commit -q box made
	tare rm -f box
	tare system check
}

@test "a name that cannot be, a container that is not" {
	run -1 tare commit none made
	equal "tare: no such container: none" "$output"
	tare run --name box busybox true
	run -1 tare commit box 'Bad Name'
	run -1 tare commit -c 'FROM scratch' box made
	contains "$output" "unsupported: change 'FROM scratch'"
}

# ---- export ----

@test "export and import again; docker and podman import it, too" {
	change box
	tare export -o "$BATS_TEST_TMPDIR/tar" box
	tare import -q "$BATS_TEST_TMPDIR/tar" made
	equal hi "$(tare run --rm made cat /new/f)"
	docker import "$BATS_TEST_TMPDIR/tar" theirs >/dev/null
	equal hi "$(docker run --net none --rm theirs cat /new/f)"
	docker rmi theirs >/dev/null
	$podman import -q "$BATS_TEST_TMPDIR/tar" theirs >/dev/null
	$podman rmi theirs >/dev/null
}

@test "export holds the names docker's holds" {
	docker create --net none --name theirs busybox sh >/dev/null
	tare create --name ours busybox sh
	docker export theirs | tar -t | grep -v '^\.dockerenv$' | sort >"$BATS_TEST_TMPDIR/theirs"
	docker rm theirs
	tare start ours                       # so that its mount points are there, as docker makes them at once
	tare export ours | tar -t | sort >"$BATS_TEST_TMPDIR/ours"
	diff <(grep -vE '^(dev|etc|proc|sys)/' "$BATS_TEST_TMPDIR/theirs") <(grep -vE '^(dev|etc|proc|sys)/' "$BATS_TEST_TMPDIR/ours")
}

@test "a writer that fails, a terminal, a file that is there" {
	tare run --name box busybox true
	run -1 bash -c 'tare export box >/dev/full'
	contains "$output" "no space left on device"
	echo old >"$BATS_TEST_TMPDIR/f"
	run -1 tare export -o "$BATS_TEST_TMPDIR/f" none
	equal old "$(cat "$BATS_TEST_TMPDIR/f")"
	tare export -o "$BATS_TEST_TMPDIR/f" box
	tar -tf "$BATS_TEST_TMPDIR/f" >/dev/null
	run "$lib/pty-run" tare export box
	contains "$output" "refusing to write an archive to a terminal"
}
