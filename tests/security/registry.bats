# SPDX-License-Identifier: Apache-2.0
# What a registry may say to hurt whoever pulls from it: bombs, streams without end, lies about sizes, headers and documents that are not what they seem
# (CVE-2014-9356, CVE-2017-14992, CVE-2017-11468, CVE-2020-1702, CVE-2021-20291, CVE-2021-21285, CVE-2023-25153). More in images.bats and cve-*.bats.

load ../lib/tare
load ../lib/evil

setup_file() { evil_start; }
teardown_file() { evil_stop; }
setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	: >"$evil_dir/requests"
}

# ---- bombs ----

# Megabytes that the store takes on disk.
on_disk() { du -sm "$BATS_TEST_TMPDIR/root" | cut -f1; }

@test "a gzip bomb is recognised, and gone from the disk" {
	refused "bomb" "$evil/layer-bomb-gzip/x:1"
	[ "$(on_disk)" -le 4 ]
}
@test "a zstd bomb is recognised, and gone from the disk" {
	refused "bomb" "$evil/layer-bomb-zstd/x:1"
	[ "$(on_disk)" -le 4 ]
}
@test "a bomb in an archive that is loaded or imported is recognised, and gone from the disk" {
	own images -q # makes the store
	for compress in "zstd -q" "xz -0"; do
		head -c 1100M /dev/zero | $compress >"$BATS_TEST_TMPDIR/bomb"
		run ! own load -q -i "$BATS_TEST_TMPDIR/bomb"
		contains "$output" bomb
		run ! own import -q "$BATS_TEST_TMPDIR/bomb"
		contains "$output" bomb
	done
	[ "$(on_disk)" -le 4 ]
}
@test "zstd that wants gigabytes of memory is refused" { refused "damaged" "$evil/layer-window/x:1"; }
@test "a file that is one hole of exabytes is refused" {
	refused "too large" "$evil/layer-sparse/x:1"
	[ "$(on_disk)" -le 4 ]
}
@test "five thousand attributes of one file: taken or refused by the file system, within a minute" {
	own pull -q "$evil/layer-attributes/x:1" || nothing_came
}
@test "a name of four hundred thousand letters is refused" { refused "layer" "$evil/layer-longest/x:1"; }

# ---- CVE-2021-20291 and its kin: streams that end too early, too late, or not at all ----

@test "gzip with garbage behind it, cut gzip, half a header: refused, nobody hangs" {
	refused "layer" "$evil/layer-trailing/x:1"
	refused "cut short" "$evil/layer-short/x:1"
	refused "layer" "$evil/layer-half-header/x:1"
}
@test "a layer of no bytes is an empty layer" { own pull -q "$evil/layer-nothing/x:1"; }
@test "a manifest without end is refused" { refused "longer" "$evil/stream/x:1"; }
@test "an error without end is an error" { refused "not found" "$evil/rant/x:1"; }
@test "headers without end are refused" { refused "" "$evil/headers/x:1"; }

# ---- sizes ----

@test "sizes that are negative, fractional or larger than anything are refused" {
	refused "" "$evil/sizes/negative:1"
	refused "" "$evil/sizes/huge:1"
	refused "" "$evil/sizes/float:1"
	run ! grep -q /blobs/ "$evil_dir/requests"
}
@test "a layer that is shorter or longer than its descriptor says is refused" {
	refused "descriptor" "$evil/sizes/more:1"
	refused "longer" "$evil/sizes/less:1"
}
@test "a config longer than its descriptor says is refused" { refused "" "$evil/config-size/x:1"; }
@test "a server that answers Range with other bytes harms nobody" { own pull -q "$evil/range-lies/x:1"; }

# ---- documents ----

@test "a member that comes twice is refused" { refused "layers" "$evil/duplicate/x:1"; }
@test "a hundred thousand brackets, a number of as many digits: refused" {
	refused "" "$evil/nested/x:1"
	refused "" "$evil/numbers/x:1"
}
@test "indexes in each other are followed three deep" {
	refused "in each other" --platform linux/amd64 "$evil/matryoshka/x:1"
	[ "$(grep -c manifests "$evil_dir/requests")" -le 3 ]
}
@test "what the header says of a digest and type is not believed" {
	own pull -q "$evil/liar/x:1"
	manifest=$(curl -s "http://$evil/v2/liar/x/manifests/1" | sha256sum | cut -d' ' -f1)
	[ -e "$BATS_TEST_TMPDIR/root/blobs/sha256/$manifest" ]
}

# ---- headers ----

@test "a token with a line end in it is not sent" {
	refused "token" "$evil/inject/x:1"
	run ! grep -q X-Evil "$evil_dir/requests"
}
@test "Retry-After of the past, or of the end of the world, is no reason to wait for it" {
	own pull -q "$evil/skew/x:1"
	own rmi -f "$(own images -q)"
	own pull -q "$evil/patience/x:1"
}

# ---- memory ----

# The most that one of the processes held which a pull needs, in kB.
pull_peak() {
	/usr/bin/python3 - timeout 120 tare --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" pull -q "$1" <<-'END'
		import resource, subprocess, sys
		code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else "failed")
	END
}

@test "a layer that comes in drips, each with as many headers as may be, costs no memory for each" {
	local usual drips
	usual=$(pull_peak "$evil/good/x:1")
	drips=$(pull_peak "$evil/drips/x:1")
	# Some 35 of 240 kB.
	[ "$(grep -c ' bytes=' "$evil_dir/requests")" -ge 25 ]
	[ "$drips" -le $((usual + 3000)) ] || { echo "$usual kB, and with drips $drips kB"; return 1; }
}
