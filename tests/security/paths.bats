#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CVE-2015-1335, CVE-2021-30465 and their kin: the tree is changed while we work in it. The races of src/os/path_race_test.c, each of them
# TARE_ATTACK_SECONDS by openat2 and as long by the walk.

setup() {
	os_test=$BATS_TEST_DIRNAME/../../build/src/os/os_test
	[ -x "$os_test" ] || skip "no unit tests in build/ (cmocka is missing)"
}

@test "no race of a hostile tree against opening, making and removing reaches what lies outside its root" {
	local seconds=${TARE_ATTACK_SECONDS:-2} before=$SECONDS
	TARE_RACE=$seconds run timeout $((60 + 15 * seconds)) "$os_test"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^ok .*path_race' <<<"$output")" = 5 ]
	[ $((SECONDS - before)) -ge $((9 * seconds - 1)) ]
}
