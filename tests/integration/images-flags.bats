# SPDX-License-Identifier: Apache-2.0
# Flags of docker and podman about images, one by one, that no other file has: which image, when, how often, what is printed.

load ../lib/tare

setup_file() {
	tare_setup_file busybox
	registry_start plain
	skopeo copy -q --insecure-policy --dest-tls-verify=false "docker-archive:$images/busybox.docker.tar" "docker://$plain_addr/test/busybox:1"
	export plain_addr plain_dir plain_pid
}

setup() {
	tare run --name box busybox sh -c 'echo x >/x'
	tare commit -q -m 'a msg' -c 'LABEL color=red' box made:1 >/dev/null
	remote=$plain_addr/test/busybox:1
	tare images -q --filter dangling=true | xargs -r tare rmi -f >/dev/null
}

teardown() {
	tare_teardown
	tare images --format "{{.Repository}}:{{.Tag}}" | grep -E "^(made|$plain_addr)"  | xargs -r tare rmi -f >/dev/null 2>&1 || :
	tare image prune -f >/dev/null
	tare image exists busybox || tare load -q -i "$images/busybox.docker.tar" >/dev/null
}

teardown_file() {
	registry_stop plain
	tare_teardown_file
}

# ---- pull and push ----

@test "pull --os, --arch, --variant are --platform in three words" {
	equal "$remote" "$(tare pull -q --arch amd64 "$remote")"
	equal "$remote" "$(tare pull -q --os linux --arch amd64 "$remote")"
	run -1 tare pull -q --arch s390x "$remote"
	contains "$output" linux/s390x
	run -1 tare pull -q --os windows "$remote"
	contains "$output" windows/amd64
	tare rmi "$remote"
	run -1 tare pull -q --arch s390x "$remote"
	run -1 tare image exists "$remote"
	run -1 tare pull -q --variant v4 --arch arm64 "$remote"
	contains "$output" linux/arm64/v4
	run -1 tare pull --platform linux/amd64 --arch amd64 "$remote"
	contains "$output" "say the same in two ways"
}

@test "pull takes several names" {
	equal "$remote"$'\n'"$remote" "$(tare pull -q "$remote" "$remote")"
	tare rmi "$remote"
	run -1 tare pull -q "$plain_addr/test/nosuch" "$remote"
	run -1 tare image exists "$remote"
}

@test "pull --policy" {
	run -1 tare pull -q --policy never "$remote"
	contains "$output" "no such image: $remote"
	equal "$remote" "$(tare pull -q --policy missing "$remote")"
	equal "$remote" "$(tare pull -q --policy never "$remote")"
	# What is here answers while the registry is away, if that is allowed.
	gone=127.0.0.1:1/test/busybox:1
	tare tag "$remote" "$gone"
	equal "$gone" "$(tare pull -q --policy missing "$gone")"
	equal "$gone" "$(tare pull -q --policy newer "$gone")"
	run -1 tare pull -q --policy always "$gone"
	run -1 tare pull -q "$gone"
	tare rmi "$gone"
	run -1 tare pull -q --policy newer "$gone"
	run -1 tare pull --policy sometimes "$remote"
	contains "$output" "'sometimes' is not always, missing, newer or never"
}

@test "--retry begins again, --retry-delay says when" {
	run -1 --separate-stderr tare pull -q --retry 2 --retry-delay 10ms 127.0.0.1:1/x
	equal 2 "$(grep -c "trying again in 0.01 s" <<<"$stderr")"
	run -1 --separate-stderr tare push -q --retry 1 --retry-delay 10ms busybox 127.0.0.1:1/x
	equal 1 "$(grep -c "trying again" <<<"$stderr")"
	# What the registry answered is its answer.
	run -1 --separate-stderr tare pull -q --retry 2 --retry-delay 10ms "$plain_addr/test/nosuch"
	[[ $stderr != *again* ]]
	run -125 tare pull --retry-delay soon x
	contains "$output" "'soon' is not a duration"
}

@test "content trust: switched off, as docker has it, or refused" {
	tare pull -q --disable-content-trust "$remote"
	tare pull -q --disable-content-trust=true "$remote"
	tare push -q --disable-content-trust busybox "$plain_addr/test/pushed:1"
	tare run --rm --disable-content-trust busybox true
	run -125 tare run --disable-content-trust=false busybox true
	run -125 tare pull --disable-content-trust=false "$remote"
	contains "$output" "unsupported: --disable-content-trust=false: "
	run -125 tare push --disable-content-trust=false busybox "$plain_addr/test/pushed:1"
	run -125 tare pull --disable-content-trust=perhaps "$remote"
	run -125 tare pull --decryption-key k "$remote"
	contains "$output" "unsupported: --decryption-key: "
	tare push -q --remove-signatures busybox "$plain_addr/test/pushed:1"
}

# ---- looking ----

@test "images knows podman's words too" {
	digest=$(tare inspect -f '{{.Digest}}' made:1)
	id=$(tare inspect -f "{{slice .Id 7}}" made:1)
	equal "$id map[color:red] [made:1] [made@$digest] false false []" \
		"$(tare images --format '{{.Id}} {{.Labels}} {{.RepoTags}} {{.RepoDigests}} {{.Dangling}} {{.ReadOnly}} [{{.ParentId}}]' made)"
	equal "$(tare images --format '{{.CreatedAt}}|{{.CreatedSince}}' made)" "$(tare images --format '{{.CreatedTime}}|{{.Created}}' made)"
	equal "made:1" "$(tare images --format '{{.History}}' made)"
	# Docker's document has docker's keys alone.
	equal "Containers CreatedAt CreatedSince Digest ID Repository SharedSize Size Tag UniqueSize VirtualSize" \
		"$(tare images --format json made | jq -r 'keys | join(" ")')"
	equal "$(tare images --format json made)" "$(tare images --format '{{json .}}' made)"
	tare untag made:1
	equal true "$(tare images --filter dangling=true --format '{{.Dangling}}')"
}

@test "history and inspect --platform, history in podman's words" {
	equal "[made:1]" "$(tare history --format '{{.Tags}}' made:1 | head -1)"
	equal "$(tare history --format '{{.CreatedSince}}' made:1)" "$(tare history --format '{{.Created}}' made:1)"
	equal 2 "$(tare history -q --platform linux/amd64 made:1 | wc -l)"
	run -1 tare history --platform linux/arm64 made:1
	contains "$output" "image is for platform 'linux/amd64', not 'linux/arm64'"
	equal amd64 "$(tare image inspect --platform linux/amd64 -f '{{.Architecture}}' made:1)"
	run -1 tare image inspect --platform linux/arm64 made:1
	run -125 tare rmi --platform linux/amd64 made:1
	contains "$output" "unsupported: --platform: "
	run -125 tare images --tree
}

@test "inspect: types and the newest container" {
	equal box "$(tare inspect -l -f '{{.Name}}' | tr -d /)"
	equal 1 "$(tare inspect -t image -f '{{.Id}}' made:1 | wc -l)"
	equal 1 "$(tare inspect --type all -f '{{.Id}}' made:1 | wc -l)"
	run -1 tare inspect -t container made:1
	run -1 tare inspect -l box
	contains "$output" "either --latest or names"
	run -1 tare inspect --type volume nowhere
	contains "$output" "nowhere"
	run -1 tare inspect --type nonsense x
	run -1 tare inspect
	contains "$output" "needs at least 1 argument"
	contains "$(tare diff --latest)" "A /x"
	equal "$(tare diff box)" "$(tare diff -l)"
	equal "$(tare diff box)" "$(tare container diff -l)"
	run -1 tare diff -l box
	tare rm box
	run -1 tare diff -l
	contains "$output" "there is no container"
}

@test "search --list-tags" {
	skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false "docker://$remote" "docker://$plain_addr/test/busybox:2"
	equal "NAME TAG"$'\n'"$plain_addr/test/busybox 2"$'\n'"$plain_addr/test/busybox 1" "$(tare search --list-tags "$plain_addr/test/busybox" | tr -s ' ' | sort -r)"
	equal 1 "$(tare search --list-tags --limit 1 --format '{{.Tag}}' "$plain_addr/test/busybox" | wc -l)"
	equal "1 2" "$(tare search --list-tags --format json "$plain_addr/test/busybox" | jq -r .Tag | sort | paste -sd' ')"
	run -1 tare search --list-tags --filter stars=1 "$plain_addr/test/busybox"
	run -1 tare search --list-tags "$plain_addr/test/nosuch"
	equal "$(tare search "$plain_addr/busy")" "$(tare search --compatible "$plain_addr/busy")"
	equal "0||" "$(tare search --format '{{.Stars}}|{{.Official}}|{{.Automated}}' "$plain_addr/busy")"
}

# ---- making ----

@test "import --os, --arch, --variant; a URL says what to do" {
	tar cf "$BATS_TEST_TMPDIR/x.tar" -C /etc hostname
	tare import --arch arm --variant v7 "$BATS_TEST_TMPDIR/x.tar" made:2
	equal "linux arm v7" "$(tare inspect -f '{{.Os}} {{.Architecture}} {{.Variant}}' made:2)"
	tare import --os windows "$BATS_TEST_TMPDIR/x.tar" made:3
	equal "windows" "$(tare inspect -f '{{.Os}}' made:3)"
	run -1 tare import --platform linux/arm --arch arm "$BATS_TEST_TMPDIR/x.tar"
	run -125 tare import https://example.com/x.tar
	contains "$output" "unsupported: import from a URL; use 'curl -L https://example.com/x.tar | tare import -'"
}

@test "commit --no-pause" {
	tare run -d --name up busybox sleep 100
	tare commit --no-pause up made:2
	run -125 tare commit --config x up
	contains "$output" "unsupported: --config: "
}

# ---- lists and artifacts ----

@test "manifest: annotations and subject of the list, rm --ignore" {
	tare manifest create --annotation who=me list:1 busybox
	equal me "$(tare manifest inspect list:1 | jq -r .annotations.who)"
	equal docker.io/library/list:1 "$(tare manifest annotate --index --annotation a=b --subject made:1 list:1)"
	equal b "$(tare manifest inspect list:1 | jq -r .annotations.a)"
	equal "$(tare inspect -f '{{.Digest}}' made:1)" "$(tare manifest inspect list:1 | jq -r .subject.digest)"
	run -1 tare manifest annotate --index --arch x list:1
	run -1 tare manifest annotate --subject made:1 list:1 busybox
	run -1 tare manifest annotate list:1
	contains "$output" "which entry?"
	run -125 tare manifest annotate --features x list:1 busybox
	run -125 tare manifest add --artifact list:1 busybox
	run -1 tare manifest rm nosuch:1 list:1
	run -0 tare manifest rm --ignore nosuch:1 list:1
	equal "" "$output"
	run -0 tare manifest create other:1
	equal other:1 "$(tare manifest rm -i nosuch:1 other:1)"
}

@test "manifest inspect --verbose is docker's" {
	tare manifest inspect -v "$remote" >"$BATS_TEST_TMPDIR/one"
	equal "Descriptor Ref SchemaV2Manifest" "$(jq -r 'keys | join(" ")' "$BATS_TEST_TMPDIR/one")"
	equal "$remote amd64 linux" "$(jq -r '"\(.Ref) \(.Descriptor.platform.architecture) \(.Descriptor.platform.os)"' "$BATS_TEST_TMPDIR/one")"
	equal "$(tare manifest inspect "$remote" | jq -cS .)" "$(jq -cS .SchemaV2Manifest "$BATS_TEST_TMPDIR/one")"
	DOCKER_CLI_EXPERIMENTAL=enabled HOME=$BATS_TEST_TMPDIR /usr/bin/docker manifest inspect --insecure -v "$remote" >"$BATS_TEST_TMPDIR/theirs"
	diff <(jq -S 'del(.Raw)' "$BATS_TEST_TMPDIR/theirs") <(jq -S . "$BATS_TEST_TMPDIR/one")
	tare manifest create list:1 made:1 busybox
	tare manifest push -q list:1 "$plain_addr/test/list:v"
	for name in list:1 "$plain_addr/test/list:v"; do
		tare manifest inspect --verbose "$name" >"$BATS_TEST_TMPDIR/many"
		equal 2 "$(jq length "$BATS_TEST_TMPDIR/many")"
		equal "$(tare inspect -f '{{.Digest}}' made:1)" "$(jq -r '.[0].Descriptor.digest' "$BATS_TEST_TMPDIR/many")"
		contains "$(jq -r '.[0].Ref' "$BATS_TEST_TMPDIR/many")" "$name@sha256:"
	done
	tare manifest rm list:1
	run -1 --separate-stderr tare manifest inspect -v "$plain_addr/test/nosuch:1"
	equal 1 "${#stderr_lines[@]}"
}

@test "images --filter digest" {
	equal made:1 "$(tare images --filter "digest=$(tare inspect -f '{{.Digest}}' made:1)" --format '{{.Repository}}:{{.Tag}}')"
	equal "" "$(tare images -q --filter digest=sha256:00)"
	equal "" "$(tare images -q --filter manifest=true)"
	run -1 tare manifest inspect --cert-dir /nosuch "$remote"
	run -1 tare manifest create --cert-dir /nosuch list:9 "docker://$remote"
}

@test "manifest push --retry and --cert-dir reach the registry's door" {
	tare manifest create list:1 busybox
	run -1 --separate-stderr tare manifest push -q --retry 1 --retry-delay 10ms list:1 127.0.0.1:1/x/list:1
	contains "$stderr" "trying again in 0.01 s"
	run -1 tare manifest push -q --cert-dir /nosuch list:1 127.0.0.1:1/x/list:1
	tare manifest rm list:1
}

@test "artifact: --replace, push --digestfile, --retry" {
	name=$plain_addr/test/files:1
	echo one >"$BATS_TEST_TMPDIR/one"
	echo two >"$BATS_TEST_TMPDIR/two"
	tare artifact add "$name" "$BATS_TEST_TMPDIR/one"
	run -1 tare artifact add "$name" "$BATS_TEST_TMPDIR/two"
	tare artifact add --replace "$name" "$BATS_TEST_TMPDIR/two"
	equal two "$(tare artifact inspect "$name" | jq -r '[.Manifest.layers[].annotations["org.opencontainers.image.title"]] | join(" ")')"
	run -1 tare artifact add --replace --append "$name" "$BATS_TEST_TMPDIR/one"
	digest=$(tare artifact push -q --digestfile "$BATS_TEST_TMPDIR/digest" "$name")
	equal "$digest" "$(cat "$BATS_TEST_TMPDIR/digest")"
	run -1 --separate-stderr tare artifact pull -q --retry 1 --retry-delay 10ms 127.0.0.1:1/x/y:1
	contains "$stderr" "trying again"
	tare artifact rm "$name"
}

# ---- the system ----

@test "info and version in templates" {
	equal 1 "$(tare info -f '{{.Containers}}')"
	equal 0 "$(tare info --format '{{.ContainersRunning}}')"
	equal "$(tare images -q | sort -u | wc -l)" "$(tare info -f '{{.Images}}')"
	equal "$(nproc --all) $(uname -r) $(uname -m) $(uname -n) linux" "$(tare info -f '{{.NCPU}} {{.KernelVersion}} {{.Architecture}} {{.Name}} {{.OSType}}')"
	equal "inactive" "$(tare info -f '{{.Swarm.LocalNodeState}}')"
	equal "$(. /etc/os-release; echo "$PRETTY_NAME")" "$(tare info -f json | jq -r .OperatingSystem)"
	equal "$(tare version -f '{{.Server.Version}}')" "$(tare info -f '{{.ServerVersion}}')"
	equal "http://proxy:1" "$(http_proxy=http://me:secret@proxy:1 tare info -f '{{.HttpProxy}}')"
	equal linux "$(tare version -f json | jq -r .Client.Os)"
	run -1 tare info -f '{{.'
	contains "$(tare info)" "Containers: 1"
}

@test "system df: docker's document, podman's words" {
	equal "Images Containers Local Volumes Build Cache Other" "$(tare system df --format '{{.Type}}' | paste -sd' ')"
	equal "$(tare system df --format '{{.TotalCount}}')" "$(tare system df --format '{{.Total}}')"
	[ "$(tare system df --format '{{.RawSize}}' | head -1)" -gt 1000000 ]
	equal "BuildCache Containers Images Volumes" "$(tare system df -v --format json | jq -r 'keys | join(" ")')"
	equal box "$(tare system df -v --format '{{range .Containers}}{{.Names}}{{end}}')"
}

@test "what has no meaning here says why" {
	run -125 tare image prune -f --external
	contains "$output" "unsupported: --external: no other program keeps containers in this store"
	run -125 tare system prune -f --external
	run -125 tare image prune -f --build-cache
	run -125 tare system check --force
	run -125 tare system check --max 1h
	run -125 tare login --secret x
}
