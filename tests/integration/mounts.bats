# SPDX-License-Identifier: Apache-2.0
# -v, --mount, --tmpfs, --volumes-from, --image-volume, --read-only-tmpfs: what they mean, and that nothing of it stays.

load ../lib/tare

setup_file() { tare_setup_file; }
setup() {
	src=$BATS_TEST_TMPDIR/src
	mkdir -p "$src/sub"
	echo host >"$src/f"
}
teardown() {
	tare_teardown
	tare volume prune -af >/dev/null
	no_residue
}
teardown_file() { tare_teardown_file; }

# opts TARGET FLAGS…: the options of what is mounted there.
opts() {
	local target=$1
	shift
	tare run --rm --network none "$@" busybox sh -c "awk '\$5 == \"$target\" { print \$6, \$9 \$NF }' /proc/self/mountinfo"
}

@test "--mount: the words of every type" {
	equal host "$(tare run --rm --network none --mount "type=bind,src=$src,dst=/x" busybox cat /x/f)"
	contains "$(opts /x --mount "type=bind,source=$src,destination=/x,ro,nosuid,nodev,noexec")" "ro,nosuid,nodev,noexec"
	contains "$(opts /x --mount "type=bind,source=$src,target=/x,readonly=true,bind-recursive=readonly")" "ro,"
	contains "$(opts /x --mount "type=tmpfs,target=/x,tmpfs-size=2m,tmpfs-mode=0700")" "size=2048k,mode=700"
	contains "$(opts /pts --mount "type=devpts,target=/pts,mode=0620,gid=5")" "gid=5,mode=620"
	tare run --rm --network none --mount type=volume,source=vol,target=/v,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-driver=local busybox touch /v/x
	equal '{"a":"b"}' "$(tare volume inspect -f '{{json .Labels}}' vol)"
	equal '{"type":"tmpfs","device":"tmpfs"}' "$(tare volume inspect -f '{{json .Options}}' vol)"
	equal "" "$(tare run --rm --network none --mount type=volume,source=nc,target=/etc,volume-nocopy busybox ls /etc | grep passwd || :)"
	equal "passwd" "$(tare run --rm --network none --mount type=tmpfs,target=/etc,tmpcopyup busybox ls /etc | grep -x passwd)"
}

@test "--mount: what does not fit is refused with the reason" {
	run -125 tare run --rm --mount type=bind,target=/x busybox true
	contains "$output" "no source"
	run -125 tare run --rm --mount "type=bind,source=$src,target=/x,tmpfs-size=1m" busybox true
	contains "$output" "'tmpfs-size' does not go with type bind"
	run -125 tare run --rm --mount type=ramfs,target=/x busybox true
	contains "$output" "unsupported: mount type 'ramfs'"
	run -125 tare run --rm --mount type=volume,source=v,target=/x,volume-subpath=../up busybox true
	contains "$output" "leads out of the volume"
	run -125 tare run --rm --mount type=bind,source=/no/such,target=/x busybox true
	contains "$output" "/no/such"
	run -125 tare run --rm --mount type=image,source=no/such,target=/x busybox true
	contains "$output" "no such image"
	run -125 tare run --rm -v "$src:/x:colour" busybox true
	contains "$output" "unknown option 'colour'"
	run -125 tare run --rm --volume-driver nfs busybox true
	contains "$output" "unsupported"
}

@test "volume-subpath mounts a directory or a file of a volume, and nothing that is not below it" {
	tare run --rm --network none -v vol:/v busybox sh -c "mkdir -p /v/a/b; echo deep >/v/a/b/f; ln -s /etc /v/out; ln -s a/b /v/in; ln -s ../../../../etc /v/up"
	equal deep "$(tare run --rm --network none --mount type=volume,source=vol,target=/x,volume-subpath=a/b busybox cat /x/f)"
	equal deep "$(tare run --rm --network none --mount type=volume,source=vol,target=/x,subpath=in busybox cat /x/f)"
	equal deep "$(tare run --rm --network none --mount type=volume,source=vol,target=/file,volume-subpath=a/b/f busybox cat /file)"
	for path in out up; do
		run -125 tare run --rm --network none --mount type=volume,source=vol,target=/x,volume-subpath=$path busybox ls /x
		contains "$output" "leads out of volume"
	done
	run -125 tare run --rm --network none --mount type=volume,source=vol,target=/x,volume-subpath=nothing busybox true
	contains "$output" "subpath 'nothing'"
	tare create --name still --mount type=volume,source=vol,target=/x,volume-subpath=a busybox
	equal deep "$(tare cp still:/x/b/f - | tar -xO)"
}

@test "an image is mounted read-only, with rw over it something that goes with the run" {
	equal yes "$(tare run --rm --network none --mount type=image,source=busybox,target=/image busybox sh -c '[ -x /image/bin/sh ] && echo yes')"
	run -1 tare run --rm --network none --mount type=image,source=busybox,target=/image busybox touch /image/x
	contains "$output" "Read-only"
	tare run --name over --network none --mount type=image,source=busybox,target=/image,rw=true busybox sh -c 'echo x >/image/x && cat /image/x'
	id=$(inspect over '{{.Id}}')
	[ ! -e "/var/lib/tare/containers/$id/overlays" ]
	equal '' "$(grep "$id" /proc/self/mountinfo || :)"
}

@test "O: the source stays as it is; upperdir keeps what was written" {
	equal $'host\nnew' "$(tare run --rm --network none -v "$src:/x:O" busybox sh -c 'cat /x/f; echo new >/x/new; cat /x/new')"
	[ ! -e "$src/new" ]
	mkdir "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
	tare run --rm --network none -v "$src:/x:O,upperdir=$BATS_TEST_TMPDIR/upper,workdir=$BATS_TEST_TMPDIR/work" busybox sh -c 'echo new >/x/new'
	equal new "$(cat "$BATS_TEST_TMPDIR/upper/new")"
	[ ! -e "$src/new" ]
	run -125 tare run --rm -v "$src:/x:upperdir=/a,workdir=/b" busybox true
	contains "$output" "option 'O'"
}

@test "U: the source becomes the container's user's" {
	tare run --rm --network none --user 77:88 -v "$src:/x:U" busybox sh -c 'echo mine >/x/sub/new'
	equal $'77:88\n77:88' "$(stat -c %u:%g "$src/sub" "$src/f")"
	tare run --rm --network none --user 77:88 --mount type=volume,source=vol,target=/v,U busybox touch /v/x
	equal 77:88 "$(tare run --rm --network none --user 77:88 --tmpfs /t:U,size=1m busybox stat -c %u:%g /t)"
}

@test "--volumes-from: volumes and binds, ro if asked, in no place that is named otherwise" {
	tare create --name donor -v vol:/v -v "$src:/b" -v /anon --tmpfs /t busybox
	equal host "$(tare run --rm --network none --volumes-from donor busybox cat /b/f)"
	tare run --rm --network none --volumes-from donor busybox sh -c 'echo v >/v/x; echo a >/anon/x'
	equal $'v\na' "$(tare run --rm --network none --volumes-from donor:ro busybox cat /v/x /anon/x)"
	run -1 tare run --rm --network none --volumes-from donor:ro busybox touch /v/y
	equal '' "$(tare run --rm --network none --volumes-from donor -v other:/v busybox ls /v)"
	run -125 tare run --rm --volumes-from nobody busybox true
	contains "$output" "no such container: nobody"
	# --rm of a user does not take the donor's anonymous volume along.
	equal a "$(tare run --rm --network none --volumes-from donor busybox cat /anon/x)"
}

@test "volumes of the image, memory in a read-only root" {
	tare create --name maker busybox
	tare commit -q -c 'VOLUME /data' maker evil/volume:1
	equal 0 "$(tare run --rm --network none --image-volume ignore evil/volume:1 grep -c ' /data ' /proc/self/mountinfo || :)"
	equal tmpfs "$(tare run --rm --network none --image-volume tmpfs evil/volume:1 stat -f -c %T /data)"
	tare rmi evil/volume:1
	run -1 tare run --rm --network none --read-only busybox touch /tmp/x
	tare run --rm --network none --read-only --read-only-tmpfs busybox touch /tmp/x /run/x /var/tmp/x
}

@test "a volume can be exported and imported" {
	tare run --rm --network none -v vol:/v busybox sh -c 'mkdir /v/d; echo x >/v/d/f; chown -R 7:8 /v/d'
	cd "$BATS_TEST_TMPDIR"
	tare volume export -o vol.tar vol
	tar -tf vol.tar | grep -qx './d/f\|d/f'
	tare volume create copy
	tare volume import copy vol.tar
	equal 'x 7:8' "$(cat /var/lib/tare/volumes/copy/_data/d/f) $(stat -c %u:%g /var/lib/tare/volumes/copy/_data/d/f)"
	gzip -c vol.tar | tare volume import copy -
	tare volume create -o type=tmpfs -o device=tmpfs memory
	tare volume export vol | tare volume import memory
	run -1 tare volume import nothere vol.tar
	contains "$output" "no such volume"
	ln -s / /var/lib/tare/volumes/copy/_data/esc
	mkdir -p t/esc/tmp && echo evil >t/esc/tmp/tare-evil
	tar -C t -cf evil.tar esc/tmp/tare-evil
	tare volume import copy evil.tar
	[ ! -e /tmp/tare-evil ]
}
