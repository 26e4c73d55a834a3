#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# CVE-2015-1335, CVE-2021-30465 and their kin: the tree is changed while we work in it. The races of src/os/path_race_test.c, ten times as long as in
# the unit test: long enough to find each hole when it is put back by hand.

setup() {
	os_test=$BATS_TEST_DIRNAME/../../build/src/os/os_test
	[ -x "$os_test" ] || skip "no unit tests in build/ (cmocka is missing)"
}

@test "no race of a hostile tree against opening, making and removing reaches what lies outside its root" {
	TARE_RACE=$((3 + ${TARE_ATTACK_SECONDS:-2})) run timeout 300 "$os_test"
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^ok .*path_race' <<<"$output"
}
