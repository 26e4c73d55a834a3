# SPDX-License-Identifier: Apache-2.0
# The contract of storage drivers (src/image/snapshot): every test runs over each of them, with one image of three layers that holds what they may get wrong.

load ../lib/tare

drivers="overlay erofs vfs"

setup_file() {
	tare_setup_file busybox
	make_contract "$BATS_FILE_TMPDIR/contract"
	for driver in $drivers; do
		can "$driver" || continue
		# Layers are kept in the form the driver wants, so each gets a store of its own.
		t "$driver" load -q -i "$BATS_FILE_TMPDIR/contract" >/dev/null
	done
}

teardown() {
	for driver in $drivers; do
		can "$driver" || continue
		ids=$(t "$driver" ps -aq)
		# shellcheck disable=SC2086 # a list of ids
		[ -z "$ids" ] || t "$driver" rm -f $ids >/dev/null
	done
}

teardown_file() {
	for driver in $drivers; do
		can "$driver" || continue
		t "$driver" system check
		t "$driver" rmi -f contract >/dev/null
		[ -z "$(find "$BATS_FILE_TMPDIR/$driver/layers" -mindepth 1 -not -name ingest)" ]
		[ -z "$(find "$BATS_FILE_TMPDIR/$driver.run/layers" -mindepth 1 -not -name lock 2>/dev/null)" ]
	done
	[ -z "$(grep " - erofs " /proc/self/mountinfo)" ]
	tare_teardown_file
}

# t DRIVER ARGUMENT…: tare with that driver and a store of its own
t() {
	local driver=$1
	shift
	tare --root "$BATS_FILE_TMPDIR/$driver" --run-root "$BATS_FILE_TMPDIR/$driver.run" --storage-driver "$driver" "$@"
}

# Whether this kernel has what the driver needs.
can() {
	[ "$1" != erofs ] || { grep -qw erofs /proc/filesystems && [ "$(printf '%s\n' 6.4 "$(uname -r)" | sort -V | head -1)" = 6.4 ]; }
}

# each FUNCTION: calls it with each driver, and says which one failed
each() {
	local driver
	for driver in $drivers; do
		can "$driver" || { echo "# no $driver in this kernel" >&3; continue; }
		"$1" "$driver" || { echo "driver: $driver"; return 1; }
	done
}

layer() {
	tar -C "$1" --sort=name --numeric-owner --xattrs --xattrs-include='user.*' --xattrs-include='security.capability' --sparse --format=pax \
		--pax-option=delete=atime,delete=ctime -cf "$1.tar" .
	layout_layer "$2" "$1.tar" "$3"
}

make_contract() {
	local out=$1 a=$1.a b=$1.b c=$1.c long
	. "$lib/oci_layout.bash"
	long=$(printf 'n%.0s' $(seq 1 240))
	mkdir -p "$a"/{bin,etc,tmp,proc,sys,dev,d/sub,opq,gone,over,many}
	cp "$(command -v busybox)" "$a/bin/busybox"
	for x in sh ls cat stat touch rm mkdir mv ln sleep true dd sha256sum find readlink chmod chown wc grep; do ln -s busybox "$a/bin/$x"; done
	echo base >"$a/d/file"
	ln "$a/d/file" "$a/d/sub/hard"
	ln -s ../d/file "$a/etc/link"
	ln -s "$(printf 'x%.0s' $(seq 1 900))" "$a/etc/longlink"
	echo old >"$a/opq/old"
	echo old >"$a/gone/old"
	echo old >"$a/over/file"
	echo replaced >"$a/was-file"
	mkdir "$a/was-dir"
	echo x >"$a/was-dir/x"
	printf 'root:x:0:0:root:/:/bin/sh\n' >"$a/etc/passwd"
	install -o 1000 -g 50 -m 6640 /dev/null "$a/owned"
	mkdir -p "$a/long/$long"
	echo deep >"$a/long/$long/$long"
	for i in $(seq 1 1500); do : >"$a/many/file-number-$i"; done
	touch -d @1234567890 "$a/owned"
	truncate -s 3M "$a/sparse"
	printf mid | dd of="$a/sparse" bs=1 seek=1500000 conv=notrunc status=none
	mkfifo "$a/fifo"
	mknod "$a/null" c 1 3
	mkdir -p "$b"/{opq,d,over} "$b/was-file"
	: >"$b/opq/.wh..wh..opq"
	echo new >"$b/opq/new"
	: >"$b/.wh.gone"
	: >"$b/d/.wh.file"
	echo second >"$b/over/file"
	echo in >"$b/was-file/in"
	echo now >"$b/was-dir"
	echo x >"$b/with-xattr"
	setfattr -n user.tare -v value "$b/with-xattr"
	cp "$a/bin/busybox" "$b/capable"
	setcap cap_net_raw+ep "$b/capable"
	mkdir -p "$c/over" "$c/gone"
	echo third >"$c/over/file"
	echo back >"$c/gone/new"
	layout_begin "$out"
	layer "$a" "$out" gzip
	layer "$b" "$out" zstd
	layer "$c" "$out" none
	layout_finish "$out" contract '{"Cmd":["sh"],"Env":["PATH=/bin"]}'
	layout_end "$out"
}

# in_image DRIVER SCRIPT: what a shell says in a fresh container
in_image() { t "$1" run --rm --network none contract sh -c "$2"; }

content() {
	equal "hard: base; over: third; link dangles; sparse: 3145728 mid" "$(in_image "$1" 'echo "hard: $(cat /d/sub/hard); over: $(cat /over/file); $([ -e /etc/link ] || echo link dangles); sparse: $(stat -c %s /sparse) $(dd if=/sparse bs=1 skip=1500000 count=3 2>/dev/null)"')"
	equal "$(sha256sum <"$BATS_FILE_TMPDIR/contract.a/sparse")" "$(in_image "$1" 'sha256sum </sparse')"
	equal "$(sha256sum <"$BATS_FILE_TMPDIR/contract.a/bin/busybox")" "$(in_image "$1" 'sha256sum </bin/busybox')"
	equal deep "$(in_image "$1" 'cat /long/*/*')"
	equal 900 "$(in_image "$1" 'readlink /etc/longlink | dd bs=1 count=900 2>/dev/null | wc -c')"
	equal 1500 "$(in_image "$1" 'ls /many | wc -l')"
	equal ok "$(in_image "$1" '[ -e /many/file-number-777 ] && [ ! -e /many/file-number-1501 ] && echo ok')"
}
@test "content is what the layers hold" { each content; }

attributes() {
	equal "6640 1000:50 1234567890 regular empty file" "$(in_image "$1" 'stat -c "%a %u:%g %Y %F" /owned')"
	equal "fifo" "$(in_image "$1" 'stat -c %F /fifo')"
	equal "character special file 1:3" "$(in_image "$1" 'stat -c "%F %t:%T" /null')"
}
@test "mode, owner, time and kind are kept" { each attributes; }

xattrs() {
	t "$1" run -d --name xattrs --network none contract sleep 1000 >/dev/null
	root=/proc/$(t "$1" inspect -f '{{.State.Pid}}' xattrs)/root
	equal value "$(getfattr --only-values -n user.tare "$root/with-xattr" 2>/dev/null)"
	contains "$(getcap "$root/capable")" cap_net_raw
	[ -z "$(getfattr -R -h -d -m 'overlay' "$root/opq" 2>/dev/null)" ]
}
@test "extended attributes are kept, and overlay's own are not seen" { each xattrs; }

whiteouts() {
	equal "no /d/file; opq: new; gone: new; was-file: in; was-dir: now" \
		"$(in_image "$1" 'echo "$([ -e /d/file ] || echo no /d/file); opq: $(ls /opq); gone: $(ls /gone); was-file: $(ls /was-file); was-dir: $(cat /was-dir)"')"
	[ -z "$(in_image "$1" 'find / -xdev -name ".wh.*"')" ]
}
@test "whiteouts hide, opaque directories hide everything, kinds change" { each whiteouts; }

hardlinks() {
	equal "1" "$(in_image "$1" 'stat -c %h /owned')"
	# /d/file went in the second layer; the other name stays, and a write through one name of a pair is seen through the other.
	equal "2 new" "$(in_image "$1" 'ln /d/sub/hard /d/again && echo new >/d/again && echo "$(stat -c %h /d/sub/hard) $(cat /d/sub/hard)"')"
}
@test "hard links are links" { each hardlinks; }

writes() {
	t "$1" run -d --name first --network none contract sleep 1000 >/dev/null
	t "$1" run -d --name second --network none contract sleep 1000 >/dev/null
	t "$1" exec first sh -c 'echo mine >/over/file; rm -rf /opq; chmod 600 /sparse; mkdir /many/new; echo more >>/was-dir; mv /over /moved'
	equal "mine / no opq / now more" "$(t "$1" exec first sh -c 'echo $(cat /moved/file) / $([ -e /opq ] || echo no opq) / $(cat /was-dir)')"
	equal "third / new / now" "$(t "$1" exec second sh -c 'echo $(cat /over/file) / $(ls /opq) / $(cat /was-dir)')"
	t "$1" restart -t 0 first >/dev/null
	equal mine "$(t "$1" exec first cat /moved/file)"
}
@test "a container's changes are its own, and stay over a restart" { each writes; }

many_at_once() {
	local i pids=""
	for i in 1 2 3 4 5 6 7 8; do
		t "$1" run --rm --network none contract sh -c "echo $i >/over/file; cat /over/file" >"$BATS_TEST_TMPDIR/$i" &
		pids="$pids $!"
	done
	for i in $pids; do wait "$i"; done
	equal "1 2 3 4 5 6 7 8" "$(cat "$BATS_TEST_TMPDIR"/[1-8] | paste -sd' ')"
}
@test "containers that start and end at once do not meet" { each many_at_once; }

read_only() {
	run t "$1" run --rm --read-only --network none contract sh -c 'echo x >/d/new'
	[ "$status" -ne 0 ]
	equal third "$(t "$1" run --rm --read-only --network none contract cat /over/file)"
}
@test "a read-only root" { each read_only; }

volume() {
	equal "new" "$(t "$1" run --rm --network none -v "vol-$1:/opq" contract ls /opq)"
}
@test "a volume is filled from the image" { each volume; }

crash() {
	local delay pid
	for delay in 0.005 0.01 0.02 0.04 0.08; do
		t "$1" run --rm --network none contract true >/dev/null 2>&1 &
		pid=$!
		sleep $delay
		kill -9 $pid 2>/dev/null || :
		wait $pid || :
	done
	sleep 0.5
	t "$1" system check >"$BATS_TEST_TMPDIR/check" || { cat "$BATS_TEST_TMPDIR/check"; return 1; }
	t "$1" system check --quick
	equal "" "$(t "$1" ps -aq)"
	equal "" "$(find "$BATS_FILE_TMPDIR/$1.run/layers" -mindepth 1 -not -name lock 2>/dev/null)"
	equal "" "$(awk -v dir="$BATS_FILE_TMPDIR/$1.run" 'index($5, dir) == 1' /proc/self/mountinfo)"
	equal third "$(in_image "$1" 'cat /over/file')"
}
@test "kill -9 at any moment leaves nothing after the next check" { each crash; }

inspected() {
	t "$1" create --name who --network none contract true >/dev/null
	equal "$1 $1" "$(t "$1" inspect -f '{{.Driver}} {{.GraphDriver.Name}}' who)"
	contains "$(t "$1" info)" "Storage Driver: $1"
}
@test "inspect and info say which driver it is" { each inspected; }

changes() {
	t "$1" create --name fresh --network none contract true >/dev/null
	equal "" "$(t "$1" diff fresh)"
	t "$1" run --name changed --network none contract sh -c 'echo mine >/over/file; rm /was-dir; mkdir -p /new/sub; echo x >/new/sub/file; ln -s x /new/link
		chmod 700 /many; rm -r /long; mkdir /long; echo again >/long/file; rm /etc/passwd; mkdir /etc/passwd; ln /d/sub/hard /d/other'
	equal "$(printf '%s
' "C /d" "C /d/sub" "A /d/other" "C /d/sub/hard" "C /etc" "C /etc/passwd" "C /long" "A /long/file" "C /many" "A /new" "A /new/link" "A /new/sub" \
		"A /new/sub/file" "C /over" "C /over/file" "D /was-dir" | grep -v /d/sub | sort)" "$(t "$1" diff changed | grep -Ev '/d/sub|^D /long/' | sort)"
	t "$1" commit changed "changed-$1" >/dev/null
	equal "mine 700 file again x base" "$(t "$1" run --rm --network none "changed-$1" sh -c 'echo $(cat /over/file) $(stat -c %a /many) $(ls /long) $(cat /long/file) $(cat /new/sub/file) $(cat /d/other)')"
	t "$1" run --rm --network none "changed-$1" sh -c '[ ! -e /was-dir ] && [ -d /etc/passwd ] && [ -L /new/link ]'
	# Of the layer nothing is what was there before, and nothing what a start makes.
	equal "" "$(t "$1" image diff "changed-$1" | grep -E ' (/proc|/dev|/etc/hosts|/etc/resolv.conf|/bin|/sparse|/many/file.*)$')"
	equal 1500 "$(t "$1" run --rm --network none "changed-$1" ls /many | wc -l)"
	t "$1" commit --squash changed "squashed-$1" >/dev/null
	equal "" "$(t "$1" image diff "squashed-$1" "changed-$1" | grep -v '^C /\(d\|d/.*\|etc\|dev\|opq\|gone\|was-file\)$')"
	t "$1" rmi "squashed-$1" >/dev/null
	t "$1" export changed | tar -tf - >"$BATS_TEST_TMPDIR/list"
	grep -q 'over/file$' "$BATS_TEST_TMPDIR/list"
	run -0 t "$1" image mount contract
	equal third "$(cat "${lines[-1]}/over/file")"
	t "$1" image unmount contract >/dev/null
	contains "$(t "$1" image diff contract)" "/over/file"
	t "$1" rm -f changed fresh >/dev/null
	t "$1" rmi "changed-$1" >/dev/null
}
@test "what looks at trees, diff commit export and image mount, works over every form" { each changes; }

@test "layers of one form run with any driver" {
	for form in $drivers; do
		can "$form" || continue
		for driver in $drivers; do
			can "$driver" || continue
			equal third "$(tare --root "$BATS_FILE_TMPDIR/$form" --run-root "$BATS_FILE_TMPDIR/$form.run" --storage-driver "$driver" run --rm \
				--network none contract cat /over/file)"
		done
	done
}

@test "a container keeps the driver it was made with" {
	t vfs create --name keeps --network none contract sh -c 'echo x >>/file; cat /file' >/dev/null
	t vfs start -a keeps
	equal "x x" "$(tare --root "$BATS_FILE_TMPDIR/vfs" --run-root "$BATS_FILE_TMPDIR/vfs.run" --storage-driver overlay start -a keeps | paste -sd' ')"
}

@test "the store's own file decides, the variable over it, the option over that; an unknown driver is an error" {
	mkdir -p "$BATS_TEST_TMPDIR/root"
	echo '{"driver": "vfs"}' >"$BATS_TEST_TMPDIR/root/storage.json"
	at() { tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" "$@"; }
	contains "$(at info)" "Storage Driver: vfs"
	contains "$(TARE_STORAGE_DRIVER=overlay at info)" "Storage Driver: overlay"
	contains "$(TARE_STORAGE_DRIVER=overlay at --storage-driver vfs info)" "Storage Driver: vfs"
	run ! at --storage-driver zfs info
	contains "$output" "storage driver 'zfs'"
	echo '{"driver": "zfs"}' >"$BATS_TEST_TMPDIR/root/storage.json"
	run ! at info
	contains "$output" storage.json
}

# What happens where there are quotas is tested in a machine that has them: tests/vm/systemd/quota.sh.
@test "a size limit is refused where the file system has no project quotas, and leaves nothing" {
	for driver in overlay vfs; do
		mkdir -p "$BATS_TEST_TMPDIR/tmpfs"
		mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/tmpfs"
		on() { tare --root "$BATS_TEST_TMPDIR/tmpfs" --run-root "$BATS_TEST_TMPDIR/run" --storage-driver $driver "$@"; }
		on load -q -i "$images/busybox.docker.tar" >/dev/null
		run -125 on run --rm --network none --storage-opt size=10M busybox true
		contains "$output" "'$BATS_TEST_TMPDIR/tmpfs' (tmpfs) has no project quotas"
		equal "" "$(on ps -aq; ls "$BATS_TEST_TMPDIR/tmpfs/containers" "$BATS_TEST_TMPDIR/tmpfs/names" | grep -v :)"
		run -125 on create --network none --storage-opt size=much busybox true
		contains "$output" "not a size"
		run -125 on create --network none --storage-opt overlay2.size=1G busybox true
		contains "$output" "unsupported"
		echo '{"size": "10M"}' >"$BATS_TEST_TMPDIR/tmpfs/storage.json"
		run -125 on create --network none busybox true
		contains "$output" "no project quotas"
		on run --rm --network none --storage-opt size=0 busybox true
		echo '{"size": "plenty"}' >"$BATS_TEST_TMPDIR/tmpfs/storage.json"
		run -1 on images
		contains "$output" "storage.json': size 'plenty'"
		umount "$BATS_TEST_TMPDIR/tmpfs"
	done
}

@test "a vfs container shares what it did not change, where the file system can" {
	command -v mkfs.xfs >/dev/null && grep -qw xfs /proc/filesystems && [ -e /dev/loop-control ] || skip "no xfs, or no loop devices"
	truncate -s 400M "$BATS_TEST_TMPDIR/xfs"
	mkfs.xfs -q -K -m reflink=1 "$BATS_TEST_TMPDIR/xfs"
	mkdir "$BATS_TEST_TMPDIR/fs"
	mount -o loop "$BATS_TEST_TMPDIR/xfs" "$BATS_TEST_TMPDIR/fs"
	on() { tare --root "$BATS_TEST_TMPDIR/fs/store" --run-root "$BATS_TEST_TMPDIR/run" --storage-driver vfs "$@"; }
	used() { sync -f "$BATS_TEST_TMPDIR/fs"; stat -f -c '%b %f %S' "$BATS_TEST_TMPDIR/fs" | awk '{ print ($1 - $2) * $3 }'; }
	mkdir "$BATS_TEST_TMPDIR/big"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/big/"
	head -c 50000000 /dev/urandom >"$BATS_TEST_TMPDIR/big/noise"
	failed=
	tar -C "$BATS_TEST_TMPDIR/big" -c . | on import -q - big >/dev/null || failed=import
	before=$(used)
	on run --name copy --network none big /busybox sh -c 'echo more >>/noise' || failed=run
	after=$(used)
	equal 50000005 "$(stat -c %s "$BATS_TEST_TMPDIR"/fs/store/containers/*/root/noise)" || failed=size
	contains "$(on diff copy)" "C /noise" || failed=diff
	on rm copy >/dev/null
	on rmi big >/dev/null
	umount "$BATS_TEST_TMPDIR/fs"
	equal "" "$failed"
	[ $((after - before)) -lt 10000000 ] || { echo "$((after - before)) bytes more"; return 1; }
}

@test "erofs through a loop device, where the kernel does not mount files" {
	can erofs || skip "no erofs in this kernel"
	[ -e /dev/loop-control ] || skip "no loop devices"
	equal third "$(TARE_EROFS_LOOP=1 t erofs run --rm --network none contract cat /over/file)"
	[ -z "$(losetup -n -O BACK-FILE | grep "$BATS_FILE_TMPDIR")" ]
}

@test "the layers of two containers of one image are mounted once" {
	can erofs || skip "no erofs in this kernel"
	t erofs run -d --name one --network none contract sleep 1000 >/dev/null
	before=$(grep -c " - erofs " /proc/self/mountinfo)
	equal 3 "$before"
	t erofs run -d --name two --network none contract sleep 1000 >/dev/null
	equal "$before" "$(grep -c " - erofs " /proc/self/mountinfo)"
	t erofs rm -f one >/dev/null
	equal third "$(t erofs exec two cat /over/file)"
	equal "$before" "$(grep -c " - erofs " /proc/self/mountinfo)"
	t erofs rm -f two >/dev/null
	equal 0 "$(grep -c " - erofs " /proc/self/mountinfo || :)"
}
