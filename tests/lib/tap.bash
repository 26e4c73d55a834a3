# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# tap: a few words for tests in plain bash.
#
#   check "a sentence" COMMAND…   passes when COMMAND succeeds; on failure its output is shown
#   equal WANTED GOT              for use in COMMAND; says what differs
#   skip "a sentence" "reason"
#   plan_done                     prints the plan, exits with 1 if anything failed

tap_count=0
tap_failed=0
tap_output=$(mktemp)

# The output goes to a file, not to a pipe: a container that is left running would hold a pipe open.
check() {
	local name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@" >"$tap_output" 2>&1 </dev/null; then
		echo "ok $tap_count - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $name"
		head -20 "$tap_output" | sed 's/^/# /'
	fi
}

equal() {
	[ "$1" = "$2" ] || { echo "wanted '$1', got '$2'"; return 1; }
}

# matches EXTENDED_REGEX TEXT
matches() {
	[[ $2 =~ $1 ]] || { echo "wanted a match for '$1', got '$2'"; return 1; }
}

# fails COMMAND… : succeeds when COMMAND does not (not found, abort and segmentation fault are no proper failures).
fails() {
	local status=0
	"$@" || status=$?
	[[ $status != @(0|126|127|134|139) ]] || { echo "status $status from: $*"; return 1; }
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

plan_done() {
	rm -f "$tap_output"
	echo "1..$tap_count"
	[ $tap_failed -eq 0 ]
	exit
}
