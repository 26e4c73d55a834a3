# SPDX-License-Identifier: Apache-2.0
# What an image's tree is does not depend on who unpacks it: umoci, podman and every storage driver of ours, compared by content, kind, mode, owner, size, time,
# links and attributes, for five images: busybox, four layers of Debian with nginx and Python, forty layers, everything awkward, what later entries do to earlier ones.

load ../lib/tare

drivers="overlay erofs vfs"

setup_file() {
	tare_setup_file busybox debian
	work=/tmp/tare-unpack-$$           # podman takes no capitals in a path
	mkdir "$work"
	export work
	# In memory, where that keeps attributes: what a disk does is not the question here.
	mount -t tmpfs -o mode=755 tmpfs "$work"
	: >"$work/probe"
	setfattr -n user.probe -v x "$work/probe" 2>/dev/null || umount "$work"
	forty "$work/forty"
	awkward "$work/awkward"
	order "$work/order"
	ln -s "$images/busybox" "$work/busybox"
	ln -s "$images/debian" "$work/debian"
}

teardown() {
	local driver
	for driver in $drivers; do umount -l "$work/trees/$driver.mnt" 2>/dev/null || :; done
	umount -l "$work/trees/podman/overlay" 2>/dev/null || :
	rm -rf "$work/trees"
	tare_teardown
}

teardown_file() {
	umount -l "$work" 2>/dev/null || :
	rm -rf "$work"
	tare_teardown_file
}

can() {
	[ "$1" != erofs ] || { grep -qw erofs /proc/filesystems && [ "$(printf '%s\n' 6.4 "$(uname -r)" | sort -V | head -1)" = 6.4 ]; }
}

pack() {
	tar -C "$1" --sort=name --numeric-owner --xattrs --xattrs-include='user.*' --xattrs-include='security.capability' --sparse --format=pax \
		--pax-option=delete=atime,delete=ctime -cf "$1.tar" .
	layout_layer "$2" "$1.tar" "${3:-gzip}"
	rm -rf "$1" "$1.tar"
}

finish() {
	layout_finish "$1" latest '{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]}'
	layout_end "$1"
}

forty() {
	local i t=$1.tree
	. "$lib/oci_layout.bash"
	layout_begin "$1"
	for i in $(seq 40); do
		mkdir -p "$t/d$((i % 7))/sub" "$t/all"
		echo "$i" >"$t/all/last"
		echo "$i" >"$t/all/of-$i"
		echo "$i" >"$t/d$((i % 7))/sub/file-$((i % 3))"
		[ $((i % 5)) != 0 ] || : >"$t/all/.wh.of-$((i - 3))"
		[ $((i % 8)) != 0 ] || { mkdir -p "$t/d$((i % 3))"; : >"$t/d$((i % 3))/.wh..wh..opq"; }
		pack "$t" "$1" gzip
	done
	finish "$1"
}

awkward() {
	local t=$1.tree long
	. "$lib/oci_layout.bash"
	long=$(printf 'n%.0s' $(seq 1 250))
	mkdir -p "$t"/{links,gone/sub,opq,mode,special,"with space",long/$long/$long/$long}
	echo one >"$t/links/a"
	ln "$t/links/a" "$t/links/b"
	ln "$t/links/a" "$t/mode/c"
	ln -s a "$t/links/sym"
	ln "$t/links/sym" "$t/links/hard-link-to-a-link" 2>/dev/null || :
	ln -s ../../../../../../etc/passwd "$t/links/up"
	ln -s "$(printf 'y%.0s' $(seq 1 3000))" "$t/links/long"
	echo x >"$t/gone/sub/file"
	echo x >"$t/opq/old"
	echo x >"$t/replaced"
	install -m 4711 -o 1234 -g 4321 /dev/null "$t/mode/setuid"
	install -m 0 /dev/null "$t/mode/none"
	mkdir -m 3777 "$t/mode/sticky"
	mkdir -m 0 "$t/mode/closed"
	chown 100000:200000 "$t/mode/closed"
	mkfifo -m 600 "$t/special/fifo"
	mknod "$t/special/block" b 259 1048575
	mknod "$t/special/char" c 4095 255
	echo deep >"$t/long/$long/$long/$long/$long"
	truncate -s 40M "$t/sparse"
	printf begin | dd of="$t/sparse" conv=notrunc status=none
	printf mid | dd of="$t/sparse" bs=1 seek=12345678 conv=notrunc status=none
	truncate -s 5000000000 "$t/huge-hole"
	truncate -s 0 "$t/empty"
	echo x >"$t/attr"
	setfattr -n user.one -v 1 "$t/attr"
	setfattr -n user.binary -v 0x00ff00ff "$t/attr"
	setfattr -n user.big -v "$(printf 'v%.0s' $(seq 1 2000))" "$t/attr"
	setfattr -n user.dir -v d "$t/mode/sticky"
	cp /bin/true "$t/capable"
	setcap cap_net_raw,cap_sys_time+ep "$t/capable"
	printf 'caf\xc3\xa9' >"$t/caf"$'\xc3\xa9'
	printf 'bad' >"$t/bad"$'\xff\xfe'
	echo nl >"$t/with"$'\n'newline
	touch -d '1975-01-01 00:00:00.123456789' "$t/empty"
	layout_begin "$1"
	pack "$t" "$1" gzip
	mkdir -p "$t/opq" "$t/links" "$t/replaced/now/a/directory" "$t/mode/closed"
	: >"$t/.wh.gone"
	: >"$t/opq/.wh..wh..opq"
	: >"$t/links/.wh.b"
	echo new >"$t/opq/new"
	chmod 700 "$t/mode/closed"
	pack "$t" "$1" gzip
	finish "$1"
}

# Archives as no tar(1) writes them: later entries replace earlier ones of every kind, parents are implied, entries come twice.
order() {
	. "$lib/oci_layout.bash"
	/usr/bin/python3 - "$1.tar" <<-'END'
		import io, sys, tarfile
		t = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
		def add(name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, mtime=1700000000, uid=0):
		    e = tarfile.TarInfo(name)
		    e.type, e.size, e.linkname, e.mode, e.mtime, e.uid, e.gid = kind, len(data), link, mode, mtime, uid, uid
		    t.addfile(e, io.BytesIO(data))
		D, L, H = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
		add("./", D, mode=0o750)
		add("implied/by/this", data=b"file")
		add("implied", D, mode=0o711, uid=7)
		add("twice", data=b"first")
		add("twice", data=b"second, longer", mode=0o600)
		add("file-then-dir", data=b"x")
		add("file-then-dir", D, mode=0o755)
		add("file-then-dir/in", data=b"in")
		add("file-then-link", data=b"x")
		add("file-then-link", L, link="twice")
		add("dir", D, mode=0o755)
		add("dir", D, mode=0o2775, uid=9)
		add("real", D, mode=0o755)
		add("alias", L, link="real")
		add("hard-source", data=b"shared")
		add("sub/hard", H, link="hard-source")
		add("/absolute", data=b"absolute")
		add("./dotted/./name", data=b"dotted")
		add("empty-name-dir//double", data=b"double")
		t.close()
	END
	layout_begin "$1"
	layout_layer "$1" "$1.tar" gzip
	finish "$1"
}

# Every path of a tree with all that matters about it; NUL between records, so that names may hold anything.
describe() {
	(
		cd "$1"
		find . -mindepth 1 -printf '%P\0%y %m %U:%G %s %T@ %n %l\0' | /usr/bin/python3 -c '
import hashlib, os, sys, time
fields = sys.stdin.buffer.read().split(b"\0")[:-1]
out, groups = [], {}
for path in sorted(fields[::2]):
    st = os.lstat(path)
    if not os.path.isdir(path) or os.path.islink(path): groups.setdefault((st.st_dev, st.st_ino), path)
for path, rest in zip(fields[::2], fields[1::2]):
    kind, mode, owner, size, mtime, links, target = rest.split(b" ", 6)
    st = os.lstat(path)
    if kind == b"d": size = b"-"
    # Not how many names a file has (overlayfs counts those a later layer removed), but which are of one file.
    links = repr(groups.get((st.st_dev, st.st_ino), b"-")).encode()
    if kind not in b"fd": size = b"-"
    mtime = mtime.split(b".")[0]
    # Nobody says the time of a directory that is only implied: it is the moment of unpacking, or none.
    if kind == b"d" and (mtime == b"0" or abs(time.time() - int(mtime)) < 3600): mtime = b"-"
    extra = []
    if kind in b"bc": extra.append(b"%d:%d" % (os.major(st.st_rdev), os.minor(st.st_rdev)))
    if kind == b"f" and st.st_size < 1 << 30: extra.append(hashlib.sha256(open(path, "rb").read()).hexdigest().encode())
    if kind in b"fd":
        for name in sorted(os.listxattr(path)):
            if name.startswith("user.") and not name.startswith("user.overlay") and not name.startswith("user.rootless") and not name.startswith("user.umoci") or name == "security.capability":
                extra.append(name.encode() + b"=" + os.getxattr(path, name).hex().encode())
    out.append(b" ".join([repr(path).encode(), kind, mode, owner, size, mtime, links, target[:200]] + extra))
sys.stdout.buffer.write(b"\n".join(sorted(out)) + b"\n")'
	)
}

# Our own tree, by driver, without a container: image_tool mounts the layers as a container's root, with nothing in the way.
ours() {
	local driver=$1 image=$2 root=$work/trees/$1 id
	tare --root "$root" --run-root "$root.run" --storage-driver "$driver" load -q -i "$work/$image" >/dev/null
	id=$(tare --root "$root" --run-root "$root.run" images -q --no-trunc | head -1)
	"$tool" "$root" mount "$id" "$driver" "$work/trees/$driver.mnt"
	describe "$work/trees/$driver.mnt" >"$work/$driver"
	"$tool" "$root" unmount "$work/trees/$driver.mnt"
}

podmans() {
	local p id mnt
	p=(podman --root "$work/trees/podman" --runroot "$work/trees/podman.run" --storage-driver overlay --cgroup-manager cgroupfs --events-backend none)
	"${p[@]}" pull -q "oci:$work/$1:latest" >/dev/null
	id=$("${p[@]}" images -q | head -1)
	mnt=$("${p[@]}" image mount "$id")
	describe "$mnt" >"$work/podman"
	"${p[@]}" image umount "$id" >/dev/null
}

same() {
	cmp -s "$work/$1" "$work/$2" || { diff "$work/$1" "$work/$2" | head -20; echo "$1 and $2 differ"; return 1; }
}

compare() {
	local driver peer peers
	tool=$TARE_BIN/../src/image/image_tool
	umoci unpack --image "$work/$1:latest" "$work/trees/umoci" >"$work/umoci.log" 2>&1 || { tail -3 "$work/umoci.log"; return 1; }
	describe "$work/trees/umoci/rootfs" >"$work/umoci"
	[ "$(wc -l <"$work/umoci")" -gt "$2" ]
	peers=umoci
	[ "${3-}" = umoci ] || { podmans "$1"; peers="umoci podman"; }
	for driver in $drivers; do
		can "$driver" || { echo "# no $driver in this kernel" >&3; continue; }
		ours "$driver" "$1"
		for peer in $peers; do same "$peer" "$driver"; done
	done
}

@test "busybox" { compare busybox 100; }
@test "four layers of Debian with nginx and Python" { compare debian 5000; }
@test "forty layers" { compare forty 20; }
@test "links, sparse files, attributes, devices, long names, whiteouts" { compare awkward 30; }
# podman refuses an archive that names a path twice.
@test "later entries replace earlier ones, parents are implied" { compare order 15 umoci; }
