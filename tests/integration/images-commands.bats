# SPDX-License-Identifier: Apache-2.0
# What people ask of images that are here: images, history, inspect, tag, untag, rmi, prune, exists, tree, mount; in docker's and podman's words.

load ../lib/peers

setup_file() {
	tare_setup_file busybox
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	export home runtime
	# What files before this one left in the store is not counted here.
	tare images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '^busybox:latest ' | cut -d' ' -f2 | xargs -r tare rmi -f >/dev/null 2>&1 || :
	containerd_begin
	dockerd_begin
	skopeo copy -q "docker-archive:$images/busybox.docker.tar" "docker-daemon:busybox:latest" --dest-daemon-host "unix://$home/docker.sock"
}

setup() {
	tare run --name box busybox sh -c 'echo x >/x'
	tare commit -m 'a msg' -a me -c 'LABEL color=red' box made:1 >/dev/null
	tare rm box >/dev/null
}

teardown() {
	tare_teardown
	tare image unmount -a >/dev/null
	tare images -q made | xargs -r tare rmi -f >/dev/null 2>&1 || :
	tare image prune -f >/dev/null
	tare image exists busybox || tare load -q -i "$images/busybox.docker.tar" >/dev/null
}

teardown_file() {
	dockerd_end
	containerd_end
	tare_teardown_file
}

# keys: all paths of a JSON document, without what is inside of lists and maps of names.
keys() { jq -r 'paths(objects, arrays, scalars) | map(select(type == "string")) | join(".")' | grep -vE '^(Config\.(Labels|Volumes|ExposedPorts)|Labels|GraphDriver\.Data)\.' | sort -u; }

# squeeze: columns with one blank between them; how wide they are depends on the longest.
squeeze() { tr -s ' ' | sed 's/ $//' | sort; }

# ---- images ----

@test "images prints docker's table" {
	docker tag busybox two:2
	tare tag busybox two:2
	diff <(docker images | squeeze) <(tare images | grep -v ^made | squeeze)
	diff <(docker images --no-trunc | squeeze) <(tare images --no-trunc | grep -v ^made | squeeze)
	diff <(docker images --format '{{.Repository}} {{.Tag}} {{.ID}} {{.CreatedAt}} {{.Size}}' | sort) \
		<(tare images --format '{{.Repository}} {{.Tag}} {{.ID}} {{.CreatedAt}} {{.Size}}' | grep -v ^made | sort)
	docker rmi two:2
	tare rmi two:2
}

@test "images knows the columns of docker's templates" {
	for key in $(docker images --format '{{json .}}' busybox | jq -r 'keys[]'); do
		tare images --format "{{.$key}}" busybox
	done
	contains "$(tare images --format 'table {{.ID}}\t{{.Tag}}' made)" "IMAGE ID       TAG"
	equal made "$(tare images --format json made | jq -r .Repository)"
}

@test "a column that does not exist is named, with those that do" {
	run -1 tare images --format '{{.Nope}}'
	contains "$output" "can't evaluate field Nope; there are .Repository .Tag"
	run -1 tare images --format '{{frob .ID}}'
	contains "$output" 'template parsing error: template: :1: function "frob" not defined'
}

@test "images filters" {
	equal made:1 "$(tare images --filter since=busybox --format '{{.Repository}}:{{.Tag}}')"
	equal busybox:latest "$(tare images --filter before=made:1 --format '{{.Repository}}:{{.Tag}}')"
	equal made:1 "$(tare images --filter reference='m*:1' --format '{{.Repository}}:{{.Tag}}')"
	equal made:1 "$(tare images --filter reference='docker.io/library/m*' --format '{{.Repository}}:{{.Tag}}')"
	equal 2 "$(tare images --filter reference=made --filter reference=busybox -q | wc -l)"
	equal made:1 "$(tare images --filter label=color --format '{{.Repository}}:{{.Tag}}')"
	equal made:1 "$(tare images --filter label=color=red --format '{{.Repository}}:{{.Tag}}')"
	equal "" "$(tare images -q --filter label=color=red --filter label=taste)"
	equal busybox:latest "$(tare images --filter label!=color --format '{{.Repository}}:{{.Tag}}')"
	equal busybox:latest "$(tare images --filter until=1h --format '{{.Repository}}:{{.Tag}}')"
	equal busybox:latest "$(tare images --filter until=2025-01-01 --format '{{.Repository}}:{{.Tag}}')"
	equal made:1 "$(tare images --filter "id=$(tare images -q made)" --format '{{.Repository}}:{{.Tag}}')"
	equal "" "$(tare images -q --filter readonly=true)"
	tare create --name box made:1
	equal made:1 "$(tare images --filter containers=true --format '{{.Repository}}:{{.Tag}}')"
	run -125 tare images --filter label
	for bad in bad=x dangling=maybe since=nosuch until=soon; do
		run -1 tare images --filter "$bad"
		equal 1 "${#lines[@]}"
	done
}

@test "dangling images are those without a name" {
	tare untag made:1
	equal '<none>:<none>' "$(tare images --filter dangling=true --format '{{.Repository}}:{{.Tag}}')"
	equal busybox:latest "$(tare images --filter dangling=false --format '{{.Repository}}:{{.Tag}}')"
}

@test "images by name, in order, without headings" {
	tare tag busybox made:2
	equal $'1\n2' "$(tare images --sort tag --format '{{.Tag}}' made)"
	equal 1 "$(tare images -q made:2 | wc -l)"
	equal "" "$(tare images -q nosuch)"
	equal 2 "$(tare images --noheading made | wc -l)"
	equal 1 "$(tare images --history | grep -c "^busybox .*busybox:latest, made:2")"
	run -1 tare images --sort age
	equal "tare: invalid argument for --sort: 'age' is not created, id, repository, size or tag" "$output"
	contains "$(tare images --digests made:1)" "$(tare inspect -f '{{.Digest}}' made:1)"
}

# ---- history ----

@test "history prints docker's columns" {
	docker run --net none --name theirs busybox sh -c 'echo x >/x'
	docker commit -m 'a msg' theirs theirs:1
	docker rm theirs
	diff <(docker history --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' theirs:1 | head -1) \
		<(tare history --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' made:1 | head -1)
	diff <(docker history busybox | squeeze) <(tare history busybox | squeeze)
	diff <(docker history --human=false --no-trunc busybox | tr -s ' ' | cut -d' ' -f1,2) <(tare history --human=false --no-trunc busybox | tr -s ' ' | cut -d' ' -f1,2)
	for key in $(docker history --format '{{json .}}' busybox | jq -r 'keys[]'); do
		tare history --format "{{.$key}}" busybox
	done
	docker rmi theirs:1
	equal 2 "$(tare history -q made:1 | wc -l)"
	contains "$(tare history made:1)" "2B        a msg"
}

# ---- inspect ----

@test "image inspect has docker's keys" {
	docker image inspect busybox | jq '.[0] | del(.Container, .ContainerConfig)' | keys >"$BATS_TEST_TMPDIR/theirs"
	tare image inspect busybox | jq '.[0]' | keys >"$BATS_TEST_TMPDIR/ours"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours")"
}

@test "image inspect has podman's keys" {
	podman="podman --root $home/podman --runroot $home/podman-run --storage-driver vfs --cgroup-manager cgroupfs --events-backend none"
	$podman load -q -i "$images/busybox.docker.tar"
	$podman image inspect busybox | jq '.[0]' | keys >"$BATS_TEST_TMPDIR/theirs"
	$podman system reset -f
	tare image inspect busybox | jq '.[0]' | keys >"$BATS_TEST_TMPDIR/ours"
	equal "" "$(comm -23 "$BATS_TEST_TMPDIR/theirs" "$BATS_TEST_TMPDIR/ours")"
}

@test "inspect tells all names, whichever it was asked by" {
	tare tag made:1 made:2
	equal '["made:1","made:2"]' "$(tare inspect -f '{{json .RepoTags}}' made:2)"
	equal 'a msg|me|red' "$(tare inspect -f '{{.Comment}}|{{.Author}}|{{.Config.Labels.color}}' made:1)"
	run -1 tare image inspect nosuch
	contains "$output" "no such image: nosuch"
}

@test "templates as people write them" {
	equal "sh" "$(tare inspect -f '{{range $i, $w := .Config.Cmd}}{{if eq $i 0}}{{$w}}{{end}}{{end}}' made:1)"
	equal "color=red;" "$(tare inspect -f '{{range $k, $v := .Config.Labels}}{{printf "%s=%s;" $k $v}}{{end}}' made:1)"
	equal "made" "$(tare inspect -f '{{index (split (index .RepoTags 0) ":") 0}}' made:1)"
	equal "many" "$(tare inspect -f '{{if gt (len .RootFS.Layers) 1}}many{{else}}one{{end}}' made:1)"
}

# ---- names ----

@test "tag several, untag some, untag all" {
	tare tag made:1 made:2 made:3
	tare untag made:1 made:2
	equal $'1\n3' "$(tare images --sort tag --format '{{.Tag}}' made)"
	id=$(tare images -q made:1)
	tare untag made:1
	equal "$id" "$(tare images -q --filter dangling=true)"
	run -1 tare untag busybox nosuch
	contains "$output" "'nosuch' is no name of image"
	run -1 tare untag nosuch
	run -1 tare tag made:9 x
}

@test "image exists answers by its exit code" {
	tare image exists busybox
	tare image exists "$(tare images -q made)"
	run -1 tare image exists nosuch
	equal "" "$output"
}

# ---- removal ----

@test "rmi: missing images, all images, those in use" {
	run -1 tare rmi nosuch
	equal "tare: no such image: nosuch:latest" "$output"
	tare rmi -i nosuch
	run -0 tare rmi -f nosuch
	run -1 tare rmi
	run -1 tare rmi -a made
	tare create --name box busybox true
	run -1 tare rmi -a
	contains "$output" "is used by container 'box'"
	equal busybox "$(tare images --format '{{.Repository}}')"
	tare rm box
	tare rmi --no-prune -a
	equal "" "$(tare images -q)"
}

@test "image prune: without a name, by filter, all" {
	equal "Total reclaimed space: 0B" "$(tare image prune -f)"
	tare untag made:1
	equal "Total reclaimed space: 0B" "$(tare image prune -f --filter label=taste | tail -1)"
	run tare image prune <<<n
	contains "$output" "Are you sure you want to continue? [y/N]"
	id=$(tare images -q --no-trunc --filter dangling=true)
	run -0 --separate-stderr tare image prune <<<y
	contains "$output" "deleted: $id"
	contains "$output" "Total reclaimed space: 2B"
	tare create --name box busybox
	tare tag busybox made:7
	run -0 tare image prune -af
	equal 2 "$(tare images -q | wc -l)"
	tare rm box
	contains "$(tare image prune -af)" "untagged: made:7"
	equal "" "$(tare images -q)"
}

# ---- trees ----

@test "image tree shows layers and who ends with them" {
	contains "$(tare image tree made:1)" "Top Layer of: [busybox:latest]"
	contains "$(tare image tree made:1)" "└── ID: $(tare inspect -f '{{slice (index .RootFS.Layers 1) 7 19}}' made:1) Size:      2B Top Layer of: [made:1]"
	contains "$(tare image tree --whatrequires busybox)" "    └── ID:"
}

@test "image mount shows the files, and the image stays" {
	path=$(tare image mount made:1)
	equal x "$(cat "$path/x")"
	run ! touch "$path/y"
	equal "$path" "$(tare image mount made:1)"
	equal "made:1  $path" "$(tare image mount)"
	equal "$path" "$(tare image mount --format json | jq -r '.[0].mountpoint')"
	run -1 tare rmi made:1
	contains "$output" "is used by the mount at '$path'"
	run -0 tare image prune -af
	equal x "$(cat "$path/x")"
	equal "$(tare inspect -f '{{slice .Id 7}}' made:1)" "$(tare image unmount made:1)"
	[ ! -e "$path" ]
	equal "" "$(tare image unmount made:1)"
	tare rmi made:1
	run -1 tare image mount nosuch
	run -1 tare image unmount
}

# A layout whose documents and blobs are named by sha512.
sha512_layout() {
	/usr/bin/python3 - "$1" "$2" <<-'END'
		import hashlib, json, os, sys
		old, new = sys.argv[1:]
		os.makedirs(new + "/blobs/sha512")
		def read(d): return open(old + "/blobs/" + d.replace(":", "/"), "rb").read()
		def put(data):
		    hex = hashlib.sha512(data).hexdigest()
		    open(new + "/blobs/sha512/" + hex, "wb").write(data)
		    return {"digest": "sha512:" + hex, "size": len(data)}
		index = json.load(open(old + "/index.json"))
		manifest = json.loads(read(index["manifests"][0]["digest"]))
		for d in [manifest["config"], *manifest["layers"]]:
		    d.update(put(read(d["digest"])))
		entry = {**index["manifests"][0], **put(json.dumps(manifest).encode())}
		json.dump({"schemaVersion": 2, "manifests": [entry]}, open(new + "/index.json", "w"))
		open(new + "/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
	END
}

@test "an image by sha512 is copied, found by its id, shown, mounted and removed" {
	tare copy -q tare:made:1 "oci:$BATS_TEST_TMPDIR/old:1"
	sha512_layout "$BATS_TEST_TMPDIR/old" "$BATS_TEST_TMPDIR/new"
	tare copy -q "oci:$BATS_TEST_TMPDIR/new" tare:by512:1
	id=$(tare images -q --no-trunc by512)
	[[ $id == sha512:* && ${#id} = 135 ]]
	hex=${id#sha512:}
	equal "${hex:0:12}" "$(tare images -q by512)"
	for name in "$id" "$hex" "sha512:${hex:0:8}" "${hex:0:20}"; do
		equal "$id" "$(tare inspect --format '{{.Id}}' "$name")"
	done
	equal "by512" "$(tare images -f id="$id" --format '{{.Repository}}')"
	run ! tare inspect "sha256:${hex:0:8}"
	path=$(tare image mount by512:1)
	[ -e "$path/." ]
	contains "$(tare image mount)" "$path"
	equal "$hex" "$(tare image unmount by512:1)"
	tare rmi "${hex:0:16}"
	run ! tare inspect "$id"
}
