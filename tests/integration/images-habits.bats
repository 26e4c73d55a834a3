# SPDX-License-Identifier: Apache-2.0
# Command lines as people type them, given to docker (or podman) and to tare: the same output and the same exit code, or a reason why not.
#
# Each row of a table is one command line behind a word:
#     same    exit code and standard output, with ages taken out and blanks squeezed
#     sorted  the same, in any order of lines
#     fails   neither succeeds: podman's failures are 125, docker's and tare's 1
#     code    the exit code alone: what is printed is about this store, or words of an error
#     unlike  they differ, and what stands behind # says in what; docs/compatibility.md has it too. A row that differs no longer fails.
# IN is a directory with busybox.tar; the images are busybox, two:2 (the same) and made:1 (one more layer, the label color=red).

load ../lib/peers

setup_file() {
	tare_setup_file busybox
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	IN=$BATS_FILE_TMPDIR/in
	export home runtime IN
	tare images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '^busybox:latest ' | cut -d' ' -f2 | sort -u | xargs -r tare rmi -f >/dev/null 2>&1 || :
	tare image prune -f >/dev/null
	containerd_begin
	dockerd_begin
	mkdir "$IN"
	cp "$images/busybox.docker.tar" "$IN/busybox.tar"
	tare run --name box busybox sh -c 'echo x >/x; rm /bin/ash'
	tare commit -q -m 'a msg' -a me -c 'LABEL color=red' box made:1
	tare rm box
	tare tag busybox two:2
	tare save -o "$IN/all.tar" busybox two:2 made:1
	docker load -q -i "$IN/all.tar"
	podman load -q -i "$IN/all.tar"
	podman images
}

teardown_file() {
	podman rm -fa >/dev/null
	podman rmi -fa >/dev/null
	podman system reset -f >/dev/null 2>&1
	# shellcheck disable=SC2046 # a list of ids
	docker rm -f $(docker ps -aq) >/dev/null 2>&1 || :
	dockerd_end
	containerd_end
	tare_teardown
	tare rmi -f two:2 made:1 >/dev/null 2>&1 || :
	tare_teardown_file
}

podman() {
	/usr/bin/podman --root "$home/podman" --runroot "$home/podman-run" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
}

# Ages and times of the moment, sizes of blanks, docker.io's prefix as podman writes it.
normal() {
	sed -E 's/(About |Less than )?([0-9]+|an?) (second|minute|hour|day|week|month|year)s?( ago)?/AGE/g; s/AGE +ago/AGE/g; s/[[:blank:]]+/ /g; s/ $//; s#(docker\.io/(library/)?|localhost/)##g'
}

# said PROGRAM LINE: what it prints and how it ends, for comparing; errors are for people.
said() {
	local text code
	text=$(cd "$IN" && eval "$1 $2" </dev/null 2>"$BATS_TEST_TMPDIR/$1.err")
	code=$?
	printf '%s\nexit %d\n' "$text" $code
}

# compare PEER: reads the table.
compare() {
	local peer=$1 how line reason theirs ours n=0 wrong=0
	while read -r how line; do
		[ -n "$line" ] || continue
		reason=${line##* # }
		line=${line% # *}
		theirs=$(said "$peer" "$line" | normal)
		ours=$(said tare "$line" | normal)
		case $how in
		sorted) theirs=$(sort <<<"$theirs") ours=$(sort <<<"$ours");;
		fails) theirs=$(sed -n 's/^exit [1-9].*/fails/p' <<<"$theirs") ours=$(sed -n 's/^exit [1-9].*/fails/p' <<<"$ours");;
		code) theirs=${theirs##*$'\n'} ours=${ours##*$'\n'};;
		esac
		n=$((n + 1))
		[ -n "$theirs" ] || theirs="$peer succeeded"
		if [ "$how" = unlike ]; then
			[ "$theirs" = "$ours" ] || continue
			printf '%s and tare agree now on: %s (%s)\n' "$peer" "$line" "$reason"
		else
			[ "$theirs" != "$ours" ] || continue
			printf -- '--- %s %s\n%s\n%s\n' "$peer" "$line" "$(diff <(echo "$theirs") <(echo "$ours"))" "$(cat "$BATS_TEST_TMPDIR/$peer.err" "$BATS_TEST_TMPDIR/tare.err" | head -6)"
		fi
		wrong=$((wrong + 1))
	done
	echo "$n lines compared with $peer, $wrong wrong"
	[ "$n" -gt 0 ]
	[ "$wrong" = 0 ]
}

@test "docker: images" {
	compare docker <<-'END'
		sorted images
		sorted images -a
		sorted images --no-trunc
		sorted images -q
		sorted images -q --no-trunc
		sorted images -aq
		same images busybox
		same images busybox:latest
		same images two
		same images busybox:nosuch
		same images nosuch
		unlike images docker.io/library/busybox # docker knows only the short form
		same image ls made
		sorted image ls -q
		sorted image list
		same images --filter dangling=true
		sorted images --filter dangling=false -q
		same images --filter label=color
		same images --filter label=color=red --format '{{.Repository}}'
		same images -f label=color=blue
		same images -f reference='busy*'
		same images -f reference='*:2'
		same images -f reference='made' -f reference='two:2' -q
		sorted images -f before=made:1
		same images -f since=busybox
		same images --format '{{.ID}}' made
		same images --format '{{.Repository}}:{{.Tag}}' made
		same images --format '{{.ID}}\t{{.Size}}\t{{.CreatedAt}}' made
		same images --format 'table {{.Repository}}\t{{.ID}}' made
		same images --format '{{.Repository | upper}} {{println .Tag}}' made
		same images --format '{{json .Repository}}' made
		same images --format '{{.SharedSize}} {{.UniqueSize}} {{.Containers}}' made
		same images --format table made
		code images --filter bad=x
		code images --filter label
		code images --filter since=nosuch
		code images --format '{{.Nope}}' made
		code images --format '{{frob .ID}}' made
		code images --format '{{.ID' made
		code images a b
		code images --nope
		code images --filter
		code images -z
		code images --help
		unlike images --digests # the digest of a loaded image: docker has none until it is pushed, tare has its manifest
		unlike images --format json made # docker 20.10 prints the word; newer ones an object, as tare does
	END
}

@test "docker: history, inspect" {
	compare docker <<-'END'
		same history busybox
		same history made:1
		same history -q busybox
		same history -q --no-trunc busybox
		same history --no-trunc made:1
		same history --human=false busybox | cut -d' ' -f1-3
		unlike history --human=false --format '{{.Size}}' busybox # docker counts the bytes of symbolic links' targets, tare those of files
		same history -H=false -q made:1
		same image history busybox
		same history --format '{{.ID}}: {{.CreatedBy}}' made:1
		same history --format 'table {{.ID}}\t{{.Size}}' made:1
		same history --format '{{.CreatedAt}} {{.Comment}}' made:1
		code history nosuch
		code history
		code history a b
		code history --nope busybox
		same inspect -f '{{.Id}}' busybox
		same inspect --format '{{.Architecture}}/{{.Os}}' busybox
		same image inspect -f '{{json .Config.Cmd}}' made:1
		same image inspect -f '{{json .Config.Env}}' busybox
		same image inspect -f '{{.Config.Labels.color}}' made:1
		same image inspect -f '{{index .Config.Labels "color"}}' made:1
		same image inspect -f '{{range .RepoTags}}{{.}} {{end}}' busybox
		same image inspect -f '{{.RootFS.Type}} {{len .RootFS.Layers}}' made:1
		same image inspect -f '{{json .RootFS}}' made:1
		same image inspect -f '{{.Author}}|{{.Comment}}' made:1
		same image inspect -f '{{.Created}}' made:1
		same image inspect -f '{{.Size}}' nosuch
		same inspect --type image -f '{{.Id}}' busybox made:1
		same inspect -f '{{.Id}}' busybox nosuch
		same image inspect nosuch
		same inspect nosuch
		code inspect
		code inspect --type nonsense busybox
		code inspect --type container busybox
		unlike inspect -f '{{.Id' busybox # docker says 64 to a template that does not parse
		unlike inspect -f '{{.Nope}}' busybox # docker fails, tare prints <no value>
		code image inspect --nope busybox
	END
}

@test "docker: tag, rmi, prune" {
	compare docker <<-'END'
		same tag busybox three:3
		same tag three:3 localhost:5000/deep/er/three
		same tag busybox three
		code tag nosuch x
		code tag busybox
		code tag busybox Upper
		code tag busybox x:y:z
		code tag busybox x@sha256:0000000000000000000000000000000000000000000000000000000000000000
		same rmi three:3
		same image rm localhost:5000/deep/er/three
		same rmi --no-prune three
		same rmi nosuch
		same rmi -f nosuch
		code rmi
		code rmi Upper
		code rmi --nope x
		same image remove nosuch
		same image prune -f
		same image prune --force --filter until=1h
		same image prune -f --filter label=nosuch
		code image prune -f --filter bad=x
		code image prune x
		same container prune -f
		same system prune -f
		code system prune -f --filter bad=x
		code system prune -f --volumes --filter until=1h
	END
}

@test "docker: save, load, import, export, commit, diff" {
	docker run --name box --network none busybox sh -c 'echo x >/etc/x; rm /bin/ash; echo 127.0.0.1 >/etc/group'
	tare run --name box --network none busybox sh -c 'echo x >/etc/x; rm /bin/ash; echo 127.0.0.1 >/etc/group'
	compare docker <<-'END'
		sorted diff box
		sorted container diff box
		code diff nosuch
		code diff
		code diff a b c
		unlike export box | tar t | sort # docker's init leaves /.dockerenv, /dev/console, /etc/mtab and others behind
		same export box | tar t | grep -E '^(bin|home|etc/[^m])' | sort
		code export nosuch
		code export
		code export -o /nosuch/x box
		same export -o $BATS_TEST_TMPDIR/box.tar box
		code commit box committed:1
		same images --format '{{.Repository}}:{{.Tag}}' committed
		code commit -m msg -a me -c 'CMD ["ls"]' box committed:2
		same inspect -f '{{json .Config.Cmd}} {{.Author}} {{.Comment}}' committed:2
		code commit -p=false box
		code commit nosuch
		code commit
		code commit box Upper
		code commit -c 'RUN x' box
		same rm box
		same save -o $BATS_TEST_TMPDIR/saved.tar busybox
		sorted save busybox made:1 | tar xO manifest.json | jq -r '.[].RepoTags[]'
		code save nosuch
		code save
		code save -o /nosuch/x busybox
		same load -q -i busybox.tar
		same load --quiet --input busybox.tar
		same load -q < busybox.tar
		code load -i /nosuch
		code load -i /etc/passwd
		code load x
		same import - imported:1 < $BATS_TEST_TMPDIR/box.tar | cut -c1-7
		same inspect -f '{{.Os}}/{{.Architecture}} {{len .RootFS.Layers}}' imported:1
		code import -c 'CMD ["ls"]' -m msg $BATS_TEST_TMPDIR/box.tar imported:2
		same inspect -f '{{json .Config.Cmd}}|{{.Comment}}' imported:2
		code import -c 'RUN x' $BATS_TEST_TMPDIR/box.tar
		code import --platform linux/arm64 $BATS_TEST_TMPDIR/box.tar imported:3
		unlike inspect -f '{{.Architecture}}' imported:3 # docker 20.10 does not heed --platform unless it is experimental
		code import /nosuch
		code import
		code import $BATS_TEST_TMPDIR/box.tar Upper
		code rmi -f imported:1 imported:2 imported:3 committed:1 committed:2
	END
	docker image prune -f
	tare image prune -f
}

@test "docker: pull, push, search, login, logout" {
	compare docker <<-'END'
		code pull
		code pull -q 127.0.0.1:1/x
		code pull 127.0.0.1:1/x:1
		code pull -a 127.0.0.1:1/x
		code pull -a 127.0.0.1:1/x:1
		code pull Upper
		code pull a:b:c
		code pull --platform nonsense/x/y/z 127.0.0.1:1/x
		code pull --nope x
		code push
		code push 127.0.0.1:1/nosuch:1
		code push -a 127.0.0.1:1/nosuch
		code push Upper
		code push --nope x
		code search
		code search --limit 0 127.0.0.1:1/x
		code search --limit 101 127.0.0.1:1/x
		code search --filter bad=x 127.0.0.1:1/x
		code search 127.0.0.1:1/x
		code login -u x -p y 127.0.0.1:1
		code login --password-stdin 127.0.0.1:1
		code login -u x --password-stdin -p y 127.0.0.1:1
		code login a b
		unlike logout 127.0.0.1:1 # docker says that it removed what was not there
		code logout a b
		code manifest inspect 127.0.0.1:1/x
		code manifest inspect
		code manifest create
	END
}

@test "docker: groups, the system, slips" {
	compare docker <<-'END'
		code image
		code image --help
		code image lss
		unlike image help # tare prints the help
		code manifest --help
		code system --help
		code imagse
		code help images
		code help image ls
		code help nosuch
		code --nope
		code --help
		same info -f '{{.NCPU}} {{.OSType}} {{.Architecture}} {{.KernelVersion}} {{.Name}} {{.MemTotal}} {{.OperatingSystem}}'
		same info -f '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}}'
		same info --format '{{.CgroupVersion}} {{.LoggingDriver}} {{.IndexServerAddress}} {{.MemoryLimit}} {{.PidsLimit}} {{.CPUSet}}'
		same info -f '{{.Swarm.LocalNodeState}}'
		same info -f '{{.Images}}'
		same version -f '{{.Client.Os}}/{{.Client.Arch}} {{.Server.Os}}/{{.Server.Arch}} {{.Server.KernelVersion}}'
		unlike info -f '{{.' # docker says 64 to a template that does not parse
		code info x
		code version x
		same system df --format '{{.Type}} {{.TotalCount}} {{.Active}}' | head -2 # volumes other tests left are none of its business
		same system df | head -1
		same system df -v | head -3 | tail -1
		code system df x
		unlike system df --format '{{.Type}}' # tare has a row for what is none of these, so that the sum is du's
	END
}

@test "podman: what only it has" {
	tare image prune -f
	compare podman <<-'END'
		code image exists busybox
		code image exists nosuch
		code image exists
		sorted images --noheading --format '{{.Repository}}:{{.Tag}}'
		same images -n --format '{{.Id}} {{.Tag}}' made
		unlike images --sort tag --format '{{.Tag}}' busybox # podman lists the other names of the image too
		sorted images --sort repository --format '{{.Repository}}'
		same images --filter label!=color --sort repository --format '{{.Repository}}'
		same images --filter readonly=true -q
		same images --format '{{.Names}}|{{.RepoTags}}|{{.ReadOnly}}' made
		same images --format '{{.Labels}}' made
		same images --history --format '{{.Repository}}' made
		unlike history -q --no-trunc busybox # podman's ids are without sha256:, tare's are docker's
		same history --format '{{.CreatedBy}}' made:1
		same tag busybox four:4 four:5
		same untag busybox four:4
		same images --filter reference='four*' --noheading -q
		same untag busybox four:5
		fails untag nosuch
		fails untag busybox nosuch:1
		same tag busybox two:2
		same tag busybox busybox
		same rmi -i nosuch
		same rmi --ignore nosuch
		fails rmi -a busybox
		fails image tree --whatrequires nosuch
		same rmi nosuch
		same image mount --format json
		code image unmount -a
		same inspect -t image -f '{{.Architecture}}' busybox
		unlike inspect -t image -f '{{.Id}}' busybox # podman's ids are without sha256:
		fails image inspect -f '{{.Digest}}' nosuch
		same inspect -f '{{.Os}} {{.Architecture}} {{json .RepoTags}}' made:1
		same image diff --format json made:1 | jq -r '.deleted[]'
		code manifest create list:1
		code manifest exists list:1
		code manifest exists nosuch
		same manifest inspect list:1 | jq -c '.manifests // []'
		fails manifest create list:1
		fails manifest add nosuch:1 busybox
		fails manifest remove list:1 sha256:0
		code manifest rm list:1
		fails manifest rm nosuch
		code images --nope
		code pull --nope x
		code image --help
		unlike image inspect nosuch # podman's failures are 125
		unlike manifest create list:2 # podman prints an id it invented, tare the list's name
		unlike images --format json made # podman prints one list, docker an object per line, and so does tare
	END
}
