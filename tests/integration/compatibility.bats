# SPDX-License-Identifier: Apache-2.0
# docs/compatibility.md is what the option tables say, and knows every flag of the docker and podman that are installed.

load ../lib/tare

top=$BATS_TEST_DIRNAME/../..

@test "docs/compatibility.md is made of the option tables, and every flag of docker and podman has its row" {
	run -0 "$top/tools/compatibility" --check
	equal "" "$output"
}

@test "every flag the installed docker and podman have is known to docs/compatibility/peers.txt" {
	grep -v '^#' "$top/docs/compatibility/peers.txt" >"$BATS_TEST_TMPDIR/peers"
	missing=0 n=0
	while IFS=: read -r command flags; do
		# Not every version has every command.
		# shellcheck disable=SC2086 # words of a command line
		help=$(/usr/bin/$command --help 2>&1) || continue
		[[ $help == *"Usage:"*"${command#* }"* ]] || continue
		n=$((n + 1))
		for flag in $(sed -nE 's/^ +(-., )? *--([a-z0-9-]+).*/\2/p' <<<"$help" | grep -vx help); do
			grep -qE "(^| )$flag(,.)?( |$)" <<<"$flags" && continue
			echo "$command --$flag"
			missing=$((missing + 1))
		done
	done <"$BATS_TEST_TMPDIR/peers"
	echo "$n commands, $missing flags missing"
	[ "$n" -gt 40 ]
	[ "$missing" = 0 ]
}

@test "tare help --tables has a line for every flag that --help shows" {
	tare help --tables >"$BATS_TEST_TMPDIR/tables"
	for command in pull images "manifest push" "artifact add" run; do
		# shellcheck disable=SC2086 # words of a command line
		for flag in $(tare $command --help | sed -nE 's/^ +(-., )? *(--[a-z-]+).*/\2/p'); do
			grep -qF "flag	$command	$flag	" "$BATS_TEST_TMPDIR/tables"
		done
	done
	grep -qF "command	images, image ls, image list	" "$BATS_TEST_TMPDIR/tables"
	grep -qF "refused	image scp	" "$BATS_TEST_TMPDIR/tables"
	equal "" "$(awk -F'\t' '$1 == "flag" && $6 !~ /^(built|refused|later)$/' "$BATS_TEST_TMPDIR/tables")"
}
