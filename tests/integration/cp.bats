# SPDX-License-Identifier: Apache-2.0
# cp: containers that run and that do not, with what is mounted on them; streams; owners. Docker's table of paths is in cp-peers.bats.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() {
	tare_teardown
	tare volume prune -af >/dev/null
}
teardown_file() { tare_teardown_file; }

# Both kinds: one that runs and one that was never started, over the same volume and bind.
pair() {
	mkdir -p "$BATS_TEST_TMPDIR/bind"
	echo bound >"$BATS_TEST_TMPDIR/bind/f"
	tare create --name still -v vol:/vol -v "$BATS_TEST_TMPDIR/bind:/bind" -v "$BATS_TEST_TMPDIR/bind:/fixed:ro" busybox sleep 100
	tare run -d --name moving -v vol:/vol -v "$BATS_TEST_TMPDIR/bind:/bind" -v "$BATS_TEST_TMPDIR/bind:/fixed:ro" --tmpfs /tmpfs busybox sleep 100
	cd "$BATS_TEST_TMPDIR"
}

@test "volumes and binds are seen, running or not" {
	pair
	echo x >x
	for c in still moving; do
		tare cp x "$c:/vol/$c"
		tare cp x "$c:/bind/$c"
		equal x "$(cat "/var/lib/tare/volumes/vol/_data/$c")"
		equal x "$(cat "bind/$c")"
		tare cp "$c:/bind/f" got
		equal bound "$(cat got)"
		run -1 tare cp x "$c:/fixed/x"
		contains "$output" "read-only"
	done
	tare cp x moving:/tmpfs/x
	equal x "$(tare exec moving cat /tmpfs/x)"
	tare cp moving:/tmpfs/x y
	equal x "$(cat y)"
	equal $'./moving\n./still' "$(tare cp still:/vol/. - | tar -t | grep -v '^./$' | sort | sed 's#^\(\./\)*#./#')"
}

@test "what was never started is its image; what was copied is there when it starts" {
	pair
	echo hello >x
	tare cp x still:/etc/greeting
	tare start still
	equal hello "$(tare exec still cat /etc/greeting)"
	tare exec still sh -c 'echo more >>/etc/greeting'
	tare stop -t 0 still
	tare cp still:/etc/greeting back
	equal $'hello\nmore' "$(cat back)"
	equal 'C /etc' "$(tare diff still | grep '^C /etc')"
}

@test "nothing is mounted or left afterwards, also after kill -9" {
	pair
	cp /proc/self/mountinfo before
	dd if=/dev/zero of=big bs=1M count=64 2>/dev/null
	tare cp big still:/big
	tare cp still:/big - | head -c 1000 >/dev/null || :
	tare cp big still:/big2 &
	sleep 0.05
	kill -9 $!
	wait || :
	equal '' "$(diff before /proc/self/mountinfo)"
	[ ! -e "/run/tare/containers/$(inspect still '{{.Id}}')" ]
	tare cp big still:/big2
	tare system check --quick
}

@test "from container to container, and within one" {
	pair
	echo x >x
	tare cp x still:/x
	tare cp still:/x moving:/x
	equal x "$(tare exec moving cat /x)"
	tare cp moving:/x still:/y
	tare cp still:/y still:/z
	tare cp still:/z - | tar -xO | grep -qx x
	tare cp moving:/x moving:/copied
	equal x "$(tare exec moving cat /copied)"
}

@test "a tar as source, compressed or not; broken ones and destinations that are none" {
	pair
	mkdir -p in/deep
	echo x >in/deep/f
	tar -C in -c . | tare cp - still:/etc
	tar -C in -cz . | tare cp - moving:/tmpfs
	equal x "$(tare exec moving cat /tmpfs/deep/f)"
	tare cp still:/etc/deep/f - | tar -xO | grep -qx x
	run -1 tare cp - still:/etc/passwd </dev/null
	contains "$output" "must be a directory"
	run -1 tare cp - still:/etc <<<"this is no tar, is it"
	tar -C in -c deep | head -c 700 >half
	run -1 tare cp - still:/etc <half
	run -1 bash -c 'tare cp still:/nothere - >/dev/null'
	contains "$output" "no such path in container still"
}

@test "owners: kept into a container, the caller's out of one; -a is the container's user" {
	tare create --name uu --user 77:88 busybox sleep 100
	cd "$BATS_TEST_TMPDIR"
	echo x >x
	chown 1234:2345 x
	chmod 4755 x
	tare cp x uu:/kept
	tare cp -a x uu:/given
	equal $'given 77/88 -rwsr-xr-x\nkept 1234/2345 -rwsr-xr-x' "$(tare export uu | tar -tv --numeric-owner | awk '$6 ~ /^(kept|given)$/ { print $6, $2, $1 }' | sort)"
	tare cp uu:/kept mine
	equal '0:0 755' "$(stat -c '%u:%g %a' mine)"
	tare cp -a uu:/kept same
	equal '1234:2345 4755' "$(stat -c '%u:%g %a' same)"
}

@test "devices stay in the container without -a; fifos and links come" {
	tare run --name dd busybox sh -c 'mknod /dev0 c 1 3; mkdir /t; mkfifo /t/p; ln -s x /t/l; ln /t/l /t/l2; echo a >/t/a; ln /t/a /t/b'
	cd "$BATS_TEST_TMPDIR"
	run -1 tare cp dd:/dev0 .
	contains "$output" "is a device"
	tare cp -a dd:/dev0 .
	equal 'character special file 1 3' "$(stat -c '%F %t %T' dev0)"
	tare cp dd:/t .
	[ -p t/p ]
	[ -L t/l ]
	equal "$(stat -c %i t/a)" "$(stat -c %i t/b)"
}

@test "attributes, holes and times come along" {
	tare create --name cc busybox
	cd "$BATS_TEST_TMPDIR"
	truncate -s 1G sparse
	echo end >>sparse
	setfattr -n user.note -v hi sparse
	touch -d '2001-02-03 04:05:06.5' sparse
	mkdir t && cp sparse t/ && touch -d 2002-03-04 t
	touch -r sparse t/sparse && touch -d 2002-03-04 t
	timeout 60 tare cp sparse cc:/sparse
	timeout 60 tare cp cc:/sparse back
	equal "$(stat -c '%s %Y' sparse)" "$(stat -c '%s %Y' back)"
	equal hi "$(getfattr --only-values -n user.note back)"
}

@test "--overwrite puts a file in the place of a directory and the other way round" {
	tare run --name oo busybox sh -c 'mkdir -p /d/sub/x /e; echo f >/d/file; mkdir /e/sub; echo g >/e/sub/g'
	cd "$BATS_TEST_TMPDIR"
	mkdir -p src/file
	echo s >src/sub
	run -1 tare cp src/. oo:/d
	contains "$output" "cannot overwrite"
	tare cp --overwrite src/. oo:/d
	equal s "$(tare cp oo:/d/sub - | tar -xO)"
}

@test "a read-only root stays so; files of ours are written through; a paused one is no obstacle" {
	cd "$BATS_TEST_TMPDIR"
	echo x >x
	tare create --name ro --read-only -v rw:/rw busybox sleep 100
	run -1 tare cp x ro:/x
	contains "$output" "read-only"
	tare cp x ro:/rw/x
	tare run -d --name up busybox sleep 100
	echo '1.2.3.4 somewhere' >hosts
	tare cp hosts up:/etc/hosts
	equal '1.2.3.4 somewhere' "$(tare exec up cat /etc/hosts)"
	tare pause up
	tare cp up:/etc/hosts h
	tare unpause up
	equal '1.2.3.4 somewhere' "$(cat h)"
}

@test "what is wrong is said" {
	tare create --name cc busybox
	cd "$BATS_TEST_TMPDIR"
	run -1 tare cp a b
	contains "$output" "CONTAINER:PATH"
	run -1 tare cp nosuch:/x .
	contains "$output" "no such container: nosuch"
	run -1 tare cp cc:/bin nodir/x
	contains "$output" "nodir"
	run -1 tare cp cc: .
	contains "$output" "path is empty"
	run -1 tare cp cc
	run -1 bash -c 'tare cp cc:/bin - </dev/null >/dev/full'
	contains "$output" "no space left"
}
