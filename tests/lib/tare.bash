# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# tare: what every bats file about the command line begins with. Tests run in tests/lib/sandbox, so tare's default places,
# bridge and nft table are theirs.
#
#   setup_file    { tare_setup_file; }       loads the busybox image, remembers what the host holds after a first container
#   teardown      { tare_teardown; }         removes every container
#   teardown_file { tare_teardown_file; }    asks tare system check, removes the images' state, compares what the host holds

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$lib/registry.bash"

TARE_BIN=${TARE_BIN:-$lib/../../build/bin}
PATH=$TARE_BIN:$PATH
export PATH TARE_BIN

bats_require_minimum_version 1.5.0

tare_setup_file() {
	images=$("$lib/make-images" "${@:-busybox}") || return
	export images
	tare load -q -i "$images/busybox.docker.tar"
	# The bridge and the nft table come with the first container and stay: they are no residue.
	tare run --rm busybox true
	# Its link is reaped with its namespace, some time after it; a snapshot that holds it would miss it later.
	wait_for 10 bash -c '! ip -o link | grep -qE "^[0-9]+: v[0-9a-f]{10,}@"'
	"$lib/residue" snapshot "$BATS_FILE_TMPDIR/warm" /run/tare /var/lib/tare/containers /var/lib/tare/names
}

# Removes all containers; what bats runs is short, so nobody needs them after the test.
tare_teardown() {
	local ids
	ids=$(tare ps -aq)
	# shellcheck disable=SC2086 # a list of ids
	[ -z "$ids" ] || tare rm -f $ids >/dev/null
}

tare_teardown_file() {
	[ -e "$BATS_FILE_TMPDIR/warm" ] || return 0     # setup_file failed and said why
	tare system check --quick
	"$lib/residue" diff "$BATS_FILE_TMPDIR/warm" 5
}

# no_residue: nothing more on the host than after the first container.
no_residue() {
	"$lib/residue" diff "$BATS_FILE_TMPDIR/warm" 5
}

# equal WANTED GOT
equal() {
	[ "$1" = "$2" ] || { printf "wanted '%s'\ngot    '%s'\n" "$1" "$2"; return 1; }
}

# contains TEXT PART
contains() {
	[[ $1 == *"$2"* ]] || { printf "no '%s' in '%s'\n" "$2" "$1"; return 1; }
}

# inspect CONTAINER TEMPLATE
inspect() { tare inspect -f "$2" "$1"; }

running() { equal running "$(inspect "$1" '{{.State.Status}}')"; }
exited() { equal exited "$(inspect "$1" '{{.State.Status}}')"; }

# fetch URL: what a web server answers.
fetch() { curl -s --max-time 5 "$1"; }
