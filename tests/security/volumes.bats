# SPDX-License-Identifier: Apache-2.0
# Volumes whose contents are somebody's who does not wish us well: subpaths that are swapped while they are mounted (kubelet's and docker's holes of that kind,
# CVE-2017-1002101, CVE-2021-25741), a volume exported while it changes (CVE-2023-0778), a tar imported over links (CVE-2025-9566), contents that a first mount
# must not touch (CVE-2020-1726).

load images

attack_seconds=${TARE_ATTACK_SECONDS:-2}

# The attacker has the volume at /v: /v/dir, /v/file, and links to the host's directory and file beside them.
attacker_begin() {
	[ -x "$BATS_FILE_TMPDIR/attack" ] || gcc -O1 -static -Wall -o "$BATS_FILE_TMPDIR/attack" "$here/attack.c"
	tare run -d --name attacker --network none -v shared:/v busybox sh -c "mkdir -p /v/dir; echo harmless >/v/dir/canary; echo harmless >/v/file; ln -s $host /v/linkdir; ln -s $host/canary /v/link; ln -s ../../../../../../../../$host /v/updir; sleep 1000" >/dev/null
	wait_for 5 tare exec attacker test -L /v/updir
	tare cp "$BATS_FILE_TMPDIR/attack" attacker:/attack
}

swap() { tare exec -d attacker /attack swap "$1" "$2"; }

teardown() {
	tare_teardown
	tare volume prune -af >/dev/null
	rm -rf "$host"
}

rounds() {
	local n=0 until=$((SECONDS + attack_seconds))
	while [ $n -lt 5 ] || [ $SECONDS -lt $until ]; do
		"$@" || return
		host_is_untouched || return
		n=$((n + 1))
	done
}

# A start may fail, but never shows the host's.
subpath_once() {
	local said
	said=$(timeout -k 5 30 tare run --rm --network none --mount "type=volume,source=shared,target=/x,volume-subpath=$1" busybox sh -c 'cat /x/canary /x; echo evil >/x/new' 2>/dev/null) || :
	[[ $said != canary* ]] || { echo "the host's file is in the container"; return 1; }
}

@test "cve-2021-25741: a subpath that becomes a link while it is mounted" {
	attacker_begin
	swap /v/dir /v/linkdir
	rounds subpath_once dir
	rounds subpath_once file
}

@test "cve-2017-1002101: links in a volume lead nowhere but into it" {
	attacker_begin
	for path in linkdir link updir linkdir/canary updir/canary; do
		run -125 tare run --rm --network none --mount "type=volume,source=shared,target=/x,volume-subpath=$path" busybox cat /x
		refused
	done
	host_is_untouched
}

export_once() {
	timeout -k 5 30 tare volume export shared >"$BATS_TEST_TMPDIR/tar" 2>"$BATS_TEST_TMPDIR/err" || { cat "$BATS_TEST_TMPDIR/err"; return 1; }
	if tar -xOf "$BATS_TEST_TMPDIR/tar" 2>/dev/null | grep -aqx canary; then
		echo "the host's file is in the tar"
		return 1
	fi
}

@test "cve-2023-0778: a volume that changes while it is exported" {
	attacker_begin
	swap /v/dir /v/linkdir
	swap /v/file /v/link
	rounds export_once
}

import_once() { timeout -k 5 30 tare volume import shared "$BATS_TEST_TMPDIR/evil.tar" 2>/dev/null || :; }

@test "cve-2025-9566: a tar imported over links and races" {
	mkdir -p "$BATS_TEST_TMPDIR/in/dir" "$BATS_TEST_TMPDIR/in/linkdir"
	echo evil | tee "$BATS_TEST_TMPDIR/in/dir/canary" "$BATS_TEST_TMPDIR/in/file" >"$BATS_TEST_TMPDIR/in/linkdir/canary"
	chmod -R 777 "$BATS_TEST_TMPDIR/in"
	tar -C "$BATS_TEST_TMPDIR/in" -cf "$BATS_TEST_TMPDIR/evil.tar" dir/canary file linkdir/canary
	attacker_begin
	swap /v/dir /v/linkdir
	swap /v/file /v/link
	rounds import_once
}

@test "cve-2020-1726: what is in a volume is not touched by the first container that mounts it" {
	tare volume create kept >/dev/null
	echo mine >/var/lib/tare/volumes/kept/_data/passwd
	tare run --rm --network none -v kept:/etc busybox true
	[ "$(ls /var/lib/tare/volumes/kept/_data)" = passwd ]
	[ "$(cat /var/lib/tare/volumes/kept/_data/passwd)" = mine ]
}
