# SPDX-License-Identifier: Apache-2.0
# Images of an ordinary user: his own store, in which the ids of /etc/subuid and /etc/subgid are the others.

load ../lib/tare

user=7654

setup_file() {
	tare_setup_file busybox debian
	home=$(mktemp -d /var/tmp/tare-rootless.XXXXXX)
	chmod 755 "$home"
	install -d -o $user -g $user "$home/user"
	install -d -o $user -g $user -m 700 "$home/run"
	# The sandbox has a mount namespace of its own, so the files of accounts may be covered.
	for file in passwd subuid subgid; do
		[ -e /etc/$file ] || : >/etc/$file
		{ cat /etc/$file; [ $file = passwd ] && echo "tester:x:$user:$user::$home/user:/bin/sh" || echo "tester:700000:65536"; } >"$home/$file"
		mount --bind "$home/$file" /etc/$file
	done
	export home
	registry_start plain plain
	registry_push plain "$images/debian" test/debian:1
	export plain_addr plain_dir plain_pid
}
teardown() {
	ids=$(as tare ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || as tare rm -f $ids >/dev/null
}
teardown_file() {
	[ -z "${plain_pid-}" ] || registry_stop plain
	as tare system check --quick
	umount /etc/passwd /etc/subuid /etc/subgid
	rm -rf "$home"
	tare_teardown_file
}

# as COMMAND…: as that user, in one more group, without any privilege
as() {
	setpriv --reuid $user --regid $user --groups 7655 --inh-caps=-all env -i HOME="$home/user" XDG_RUNTIME_DIR="$home/run" PATH="$TARE_BIN:/usr/sbin:/usr/bin:/sbin:/bin" "$@"
}
# What a tree holds; devices are nobody's but root's.
tree() { printf %s "cd '$1' && find . -not -type b -not -type c -printf '%p %y %m %U:%G %s %l %n\n' | sed -E 's/^(.* d [0-7]+ [0-9:]+).*/\1/' | sort"; }

@test "load, images, inspect, history, tag, save, rmi as an ordinary user; the store is his" {
	run -0 as tare load -i "$images/busybox.docker.tar"
	contains "$output" "Loaded image: busybox:latest"
	contains "$(as tare images)" busybox
	equal "$(tare inspect -f '{{.Id}}' busybox)" "$(as tare inspect -f '{{.Id}}' busybox)"
	as tare history busybox >/dev/null
	as tare tag busybox other
	as tare save -o "$home/user/saved.tar" busybox
	equal $user "$(stat -c %u "$home/user/saved.tar")"
	tar -tf "$home/user/saved.tar" | grep -q manifest.json
	equal $user "$(stat -c %u "$home/user/.local/share/tare")"
	[ ! -e "$home/user/.local/share/tare/containers/x" ]
	as tare rmi other >/dev/null
	as tare rmi busybox >/dev/null
	equal "" "$(as tare images -q)"
	equal "" "$(find "$home/user/.local/share/tare/layers" -mindepth 1 -not -name ingest)"
}

@test "pull: every file has the owner it has for root, mapped; devices are left out" {
	as tare pull -q --tls-verify=false "$plain_addr/test/debian:1"
	tare pull -q --tls-verify=false "$plain_addr/test/debian:1"
	bash -c "$(tree "$(tare image mount "$plain_addr/test/debian:1")")" >"$BATS_TEST_TMPDIR/root"
	tare image unmount "$plain_addr/test/debian:1" >/dev/null
	as tare unshare bash -c "d=\$(tare image mount $plain_addr/test/debian:1) && $(tree '$d' | sed "1s/'/\"/g") && tare image unmount -a >&2" >"$BATS_TEST_TMPDIR/user"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/root")" -gt 1000 ]
	diff "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/user"
	# Outside they are the user's and those of his range.
	equal "" "$(find "$home/user/.local/share/tare" -not -uid $user -not \( -uid +699999 -uid -765536 \))"
	[ -n "$(find "$home/user/.local/share/tare" -uid +699999 -print -quit)" ]
	tare rmi "$plain_addr/test/debian:1" >/dev/null
}

@test "push, copy, import, search of what is there" {
	as tare load -q -i "$images/busybox.docker.tar"
	as tare tag busybox "$plain_addr/user/busybox:1"
	as tare push -q --tls-verify=false "$plain_addr/user/busybox:1"
	as tare copy --src-tls-verify=false "docker://$plain_addr/user/busybox:1" "oci:$home/user/layout:busybox" 2>&1
	[ -e "$home/user/layout/index.json" ]
	as tare image list-tags --tls-verify=false "$plain_addr/user/busybox" | grep -q 1
	tar -C "$images" -c busybox.rootfs.tar | as tare import - imported >/dev/null
	contains "$(as tare images)" imported
	as tare rmi imported "$plain_addr/user/busybox:1" >/dev/null
}

@test "create, diff, commit and export; deletions and opaque directories go by user.overlay" {
	as tare load -q -i "$images/busybox.docker.tar"
	as tare run --name worker --network host busybox sh -c 'rm -r /home; mkdir /home; echo x >/home/file; rm /bin/vi; chown 33:44 /home/file'
	run -0 as tare diff worker
	contains "$output" "D /bin/vi"
	contains "$output" "A /home/file"
	as tare commit worker committed >/dev/null
	as tare export worker | tar -tvf - --numeric-owner | grep -q '33/44.* home/file'
	equal "file 33:44 gone" "$(as tare run --rm --network none committed sh -c 'echo $(ls /home) $(stat -c %u:%g /home/file) $([ -e /bin/vi ] || echo gone)')"
	layers=$home/user/.local/share/tare/layers
	[ -n "$(find "$layers" -type c)" ]
	as tare system check
	as tare rm worker >/dev/null
	as tare rmi committed >/dev/null
}

@test "an opaque directory of an image hides what is below it" {
	mkdir -p "$BATS_TEST_TMPDIR/a/opq" "$BATS_TEST_TMPDIR/b/opq"
	echo old >"$BATS_TEST_TMPDIR/a/opq/old"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/a/"
	: >"$BATS_TEST_TMPDIR/b/opq/.wh..wh..opq"
	echo new >"$BATS_TEST_TMPDIR/b/opq/new"
	. "$lib/oci_layout.bash"
	layout_begin "$home/layout"
	for x in a b; do
		tar -C "$BATS_TEST_TMPDIR/$x" --sort=name --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/$x.tar" .
		layout_layer "$home/layout" "$BATS_TEST_TMPDIR/$x.tar" gzip
	done
	layout_finish "$home/layout" opaque '{"Cmd":["/busybox","ls","/opq"]}'
	layout_end "$home/layout"
	chmod -R a+rX "$home/layout"
	as tare load -q -i "$home/layout"
	equal new "$(as tare run --rm --network none opaque)"
	[ -n "$(getfattr -R -h -d -m user.overlay.opaque --absolute-names "$home/user/.local/share/tare/layers")" ]
	equal new "$(as tare --storage-driver vfs run --rm --network none opaque)"
	as tare rmi opaque >/dev/null
}

@test "df is du, check and prune" {
	as tare load -q -i "$images/busybox.docker.tar"
	as tare create --name some busybox true >/dev/null
	df=$(as tare system df --format '{{.Size}}' | awk '{ n = $1 + 0; unit = $1; sub(/^[0-9.]+/, "", unit); f["B"] = 1; f["kB"] = 1e3; f["MB"] = 1e6; f["GB"] = 1e9; sum += n * f[unit] } END { printf "%d\n", sum }')
	du=$(du -s --block-size=1 "$home/user/.local/share/tare" | cut -f1)
	[ $((df > du ? df - du : du - df)) -le $((4096 + du / 200)) ] || { echo "df $df, du $du"; return 1; }
	run -0 as tare system df -v
	contains "$output" "some"
	as tare system check
	as tare rm some >/dev/null
	as tare system prune -af >/dev/null
	equal "" "$(as tare images -q)"
	as tare load -q -i "$images/busybox.docker.tar"
	file=$(find "$home/user/.local/share/tare/layers" -path '*/bin/busybox')
	printf x | dd of="$file" bs=1 seek=100 conv=notrunc status=none
	run ! as tare system check
	contains "$output" layer
	as tare system check --repair
	as tare system check
}

@test "containers that run are found by the next command, where they are" {
	as tare load -q -i "$images/busybox.docker.tar"
	for i in 1 2 3 4; do as tare run -d --name "first$i" --network none busybox sleep 1000 >/dev/null & first="${first-} $!"; done
	# shellcheck disable=SC2086 # a list of ids
	wait $first
	for i in 1 2 3 4; do equal 0 "$(as tare exec "first$i" id -u)"; done
	as tare rm -f first1 first2 first3 first4 >/dev/null
	as tare run -d --name lives --network host busybox sleep 1000 >/dev/null
	contains "$(as tare ps)" lives
	equal "0" "$(as tare exec lives id -u)"
	as tare exec lives sh -c 'echo x >/made'
	contains "$(as tare diff lives)" "A /made"
	as tare run -d --name second --network none busybox sleep 1000 >/dev/null
	equal "$(readlink "/proc/$(as tare inspect -f '{{.State.Pid}}' lives)/ns/user")" "$(readlink "/proc/$(as tare inspect -f '{{.State.Pid}}' second)/ns/user")"
	for i in 1 2 3 4 5 6; do as tare run -d --name "many$i" --network none busybox sleep 1000 >/dev/null & pids="${pids-} $!"; done
	# shellcheck disable=SC2086 # a list of ids
	wait $pids
	for i in 1 2 3 4 5 6; do equal 0 "$(as tare exec "many$i" id -u)"; done
	as tare rm -f many1 many2 many3 many4 many5 many6 >/dev/null
	cd "$home/user"
	equal "$home/user" "$(as tare unshare pwd)"
	as tare stop -t 0 second >/dev/null
	as tare restart -t 0 lives >/dev/null
	equal x "$(as tare exec lives cat /made)"
	as tare rm -f lives second >/dev/null
	as tare run -d --name orphan --user 33 --network none busybox sleep 1000 >/dev/null
	init=$(jq .pid "$home/run/tare/containers/$(as tare inspect -f '{{.Id}}' orphan)/live.json")
	monitor=$(jq .monitorPid "$home/run/tare/containers/$(as tare inspect -f '{{.Id}}' orphan)/live.json")
	kill -9 "$monitor"
	wait_for 5 bash -c "! grep -qs '^State:.[^Z]' /proc/$monitor/status"
	contains "$(as tare ps -a)" "Exited (137)"
	as tare rm orphan >/dev/null
	[ ! -e "/proc/$init" ]
	equal "" "$(as tare ps -aq)$(find "$home/run/tare/containers" -mindepth 1)"
	equal "" "$(as tare ps -aq)$(find "$home/run/tare/containers" -mindepth 1)"
	equal lock "$(ls "$home/run/tare/namespace")"
}

@test "a program that unshare ran and that shut itself in is not followed there" {
	mkfifo "$BATS_TEST_TMPDIR/ready"
	chmod 666 "$BATS_TEST_TMPDIR/ready"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
	as tare unshare unshare --user --mount --map-root-user sh -c "mount -t tmpfs none /etc && echo \$\$ >'$BATS_TEST_TMPDIR/ready' && exec sleep 1000" 3>&- 4>&- &
	read -r shut_in <"$BATS_TEST_TMPDIR/ready"
	inside=$(as tare unshare sh -c 'readlink /proc/self/ns/user; ls /etc | wc -l')
	theirs=$(readlink "/proc/$shut_in/ns/user")
	kill "$shut_in"
	[ "$theirs" != "${inside%%$'\n'*}" ]
	[ "${inside##*$'\n'}" -gt 0 ]
}

@test "unshare: ids, status of the program, errors" {
	equal "0 7654 1 1 700000 65536" "$(as tare unshare cat /proc/self/uid_map | paste -sd' ' | tr -s ' ' | sed 's/^ //')"
	run -42 as tare unshare sh -c 'exit 42'
	run -127 as tare unshare no-such-program
	run -125 tare unshare true
	contains "$output" "root already"
	run -1 as tare image mount busybox
	contains "$output" "tare unshare"
	run ! as tare --storage-driver erofs images
	contains "$output" "only root of the host"
	run -125 as tare create --storage-opt size=10M --network none busybox true
	contains "$output" "storage-opt size"
}

@test "without ids of his own a user has himself alone: images of root's files work, others are an error that says so" {
	grep -v tester "$home/subuid" >"$BATS_TEST_TMPDIR/none" || :
	mount --bind "$BATS_TEST_TMPDIR/none" /etc/subuid
	alone() { as tare --root "$home/user/alone" --run-root "$home/run/alone" "$@"; }
	alone load -q -i "$images/busybox.docker.tar" || { umount /etc/subuid; return 1; }
	run ! alone load -q -i "$images/debian.docker.tar"
	umount /etc/subuid
	contains "$output" "/etc/subuid"
	equal "" "$(find "$home/user/alone/layers/ingest" -mindepth 1)"
}

@test "what is missing is said: the programs of uidmap, a private directory for live state" {
	mkdir -p "$home/bin"
	ln -sf "$(command -v tare)" "$home/bin/tare"
	run ! setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all env -i HOME="$home/user" XDG_RUNTIME_DIR="$home/run" PATH="$home/bin" "$(command -v tare)" images
	contains "$output" "newuidmap"
	install -d -m 755 "/tmp/tare-run-$user"
	run ! setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all env -i HOME="$home/user" PATH="$PATH" tare images
	rmdir "/tmp/tare-run-$user"
	contains "$output" "not yours alone"
}
