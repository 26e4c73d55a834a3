# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# images: what the tests with hostile images share. They run in tests/lib/sandbox (tare's default places are theirs). `load images`, then
#
#   image NAME CONFIG_JSON [TAR…]   an image evil/NAME: the busybox tree and these layers, loaded; `run` semantics in $status, $output
#   layer FILE CASE                 a crafted layer by tests/security/layers, aimed at $host
#   host_is_untouched               the canaries in $host are as they were
#   refused                         the last `run` failed as a program fails, with a sentence

here=$BATS_TEST_DIRNAME
. "$here/../lib/tare.bash"
. "$here/../lib/oci_layout.bash"

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	images=$("$here/../lib/make-images" busybox)
	tare load -q -i "$images/busybox.docker.tar"
	export images
}

setup() {
	# Short and outside every tree of tare's; the same depth for every test, so crafted layers can aim at it.
	host=/tmp/security-host.$$
	rm -rf "$host"
	mkdir -m 755 "$host"
	echo canary >"$host/canary"
	chmod 640 "$host/canary"
	before=$(host_state)
}

teardown() {
	tare_teardown
	rm -rf "$host"
}

host_state() { (cd "$host" && find . -printf '%p %y %m %U:%G %s %n\n' | sort && cat canary && getfattr -d -m - canary 2>/dev/null); }

host_is_untouched() {
	[ "$before" = "$(host_state)" ] || {
		echo "the host was reached:"
		diff <(echo "$before") <(host_state)
		return 1
	}
}

image() {
	local name=$1 config=$2 dir=$BATS_TEST_TMPDIR/layout-$1 tar
	shift 2
	rm -rf "$dir"
	layout_begin "$dir"
	layout_layer "$dir" "$images/busybox.rootfs.tar" none
	for tar in "$@"; do layout_layer "$dir" "$tar" none; done
	layout_finish "$dir" "evil/$name:1" "$config"
	layout_end "$dir"
	run tare load -q -i "$dir"
}

layer() { /usr/bin/python3 "$here/layers" "$2" "$host" >"$1"; }

refused() {
	[ "$status" -ne 0 ] && [ "$status" -le 125 ] && [ -n "$output" ] || {
		echo "wanted a refusal, got status $status: $output"
		return 1
	}
}

succeeded() {
	[ "$status" -eq 0 ] || {
		echo "status $status: $output"
		return 1
	}
}
