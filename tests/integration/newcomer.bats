# SPDX-License-Identifier: Apache-2.0
# What somebody types who does not know tare yet, or slips: one line that says what is wrong, where docker would exit with the same code.

load ../lib/tare

setup_file() { tare_setup_file busybox; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

# Every command about images and registries, with as many arguments as it wants.
commands() {
	cat <<-END
		artifact add x y
		artifact extract x y
		artifact inspect x
		artifact ls
		artifact pull x
		artifact push x
		artifact rm x
		commit x
		copy x y
		diff x
		export x
		history x
		image delete docker://x
		image diff x
		image exists x
		image inspect x
		image list-tags x
		image mount
		image prune
		image tree x
		image trust set x
		image trust show
		image unmount x
		images
		import x
		info
		inspect x
		load
		login
		logout
		manifest add x y
		manifest annotate x y
		manifest create x
		manifest exists x
		manifest inspect x
		manifest push x
		manifest remove x y
		manifest rm x
		pull x
		push x
		rmi x
		save x
		search x
		system check
		system df
		system prune
		tag x y
		untag x
	END
}

@test "a flag that nobody knows: 125, and the nearest one is named" {
	commands >"$BATS_TEST_TMPDIR/commands"
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command line
		run -125 --separate-stderr tare $line --no-such-flag </dev/null
		equal "" "$output"
		equal "tare: unknown flag: --no-such-flag" "${stderr_lines[0]}"
		equal 2 "${#stderr_lines[@]}"
	done <"$BATS_TEST_TMPDIR/commands"
	run -125 tare images --fromat json
	contains "$output" "unknown flag: --fromat (did you mean --format?)"
	run -125 tare images -Z
	contains "$output" "unknown flag: -Z"
	run -125 tare history --format
	contains "$output" "flag needs an argument: --format"
	run -125 tare pull --quiet=perhaps x
	contains "$output" "invalid argument for --quiet: 'perhaps' is not true or false"
	run -125 tare --nonsense images
	contains "$output" "unknown flag: --nonsense"
}

@test "too few and too many arguments: 1, as docker, and the usage" {
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command line
		case $line in
		*" x"*) run -1 --separate-stderr tare ${line%% x*} </dev/null;;
		esac
		contains "${stderr_lines[0]-}" "tare: "
	done < <(commands | grep ' x' | grep -vE '^(login|logout|rmi|image unmount|image exists|manifest exists|image trust show|artifact rm)')
	run -1 tare images a b
	contains "$output" "'tare images' takes at most 1 argument: [REPOSITORY[:TAG]]"
	run -1 tare system df x
	contains "$output" "takes no arguments"
}

@test "--help of every command names its usage and each of its flags" {
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command line
		run -0 --separate-stderr tare ${line%% x*} --help </dev/null
		equal "" "$stderr"
		contains "${lines[0]}" "Usage:  tare "
		[ "${#lines[@]}" -gt 1 ]
	done < <(commands | sed 's, docker://x,,; s, x.*,,')
}

@test "groups of commands list what they have" {
	for group in image manifest artifact system container "image trust"; do
		# shellcheck disable=SC2086 # words of a command line
		run -0 --separate-stderr tare $group --help
		equal "Usage:  tare $group COMMAND" "${lines[0]}"
		# shellcheck disable=SC2086
		run -0 --separate-stderr tare help $group
		equal "Usage:  tare $group COMMAND" "${lines[0]}"
		# shellcheck disable=SC2086
		run -0 --separate-stderr tare $group
		equal "" "$output"
		equal "Usage:  tare $group COMMAND" "${stderr_lines[0]}"
	done
	contains "$(tare image --help)" "inspect"
}

@test "commands that are none: the nearest one is named" {
	run -1 tare imagse
	equal "tare: 'imagse' is not a tare command; did you mean 'images'?" "$output"
	run -1 tare image lss
	equal "tare: 'image lss' is not a tare command; did you mean 'image ls'?" "$output"
	run -1 tare image frobnicate
	equal "tare: 'image frobnicate' is not a tare command; see 'tare image --help'" "$output"
	run -1 tare frobnicate
	equal "tare: 'frobnicate' is not a tare command; see 'tare --help'" "$output"
	run -1 tare help frobnicate
	run -125 tare image scp host::x
	contains "$output" "unsupported: 'image scp': "
	run -125 tare trust inspect x
	contains "$output" "unsupported: 'trust': "
}

@test "images, containers and files that are not there: one line that names them" {
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command line
		run -1 --separate-stderr tare $line </dev/null
		equal 1 "${#stderr_lines[@]}"
		contains "$stderr" nosuch
	done <<-END
		history nosuch
		image inspect nosuch
		image tree nosuch
		image mount nosuch
		image unmount nosuch
		image diff nosuch
		inspect nosuch
		diff nosuch
		commit nosuch
		export nosuch
		rmi nosuch
		save nosuch
		push 127.0.0.1:1/nosuch
		tag nosuch other
		untag nosuch
		load -i /nosuch
		import /nosuch
		manifest push nosuch 127.0.0.1:1/x
		manifest rm nosuch
		manifest annotate nosuch busybox
		manifest remove nosuch busybox
		artifact inspect nosuch
		artifact rm nosuch
		artifact push nosuch
		artifact extract nosuch /tmp
		artifact add name:1 /nosuch
		copy oci:/nosuch dir:/tmp/x
		copy dir:/nosuch oci:/tmp/x
	END
	run -1 tare manifest exists nosuch
	equal "" "$output"
}

@test "names that cannot be" {
	while read -r line; do
		# shellcheck disable=SC2086 # words of a command line
		run -1 --separate-stderr tare $line </dev/null
		equal 1 "${#stderr_lines[@]}"
		contains "$stderr" "lower-case"
	done <<-END
		tag busybox Upper
		pull Upper
		push Upper
		manifest create Upper
		artifact pull 127.0.0.1:1/Upper
	END
}

@test "standard output that takes nothing is an error" {
	for command in images "history busybox" "image inspect busybox" "system df" info "image ls --format json" "image tree busybox" --help "images --help"; do
		# shellcheck disable=SC2086 # words of a command line
		run -1 sh -c "tare $command 2>&1 >/dev/full"
		contains "$output" "No space left on device"
		run -1 sh -c "tare $command 2>&1 >&-"
		contains "$output" "Bad file descriptor"
	done
	run -1 sh -c "tare save busybox 2>&1 >/dev/full"
	contains "$output" "no space left on device"
	run -1 sh -c "tare save busybox 2>&1 >&-"
	contains "$output" "write archive: "
}

@test "without a standard stream nothing of ours is opened in its place" {
	run -0 sh -c "tare images -q busybox <&- 2>&-"
	equal "$(tare images -q busybox)" "$output"
	run -1 sh -c "tare load -q <&-"
	[ -n "$output" ]
}

@test "an ordinary user is told what is needed" {
	run -1 setpriv --reuid 1234 --regid 1234 --clear-groups "$(command -v tare)" images
	[ -n "$output" ]
	run -0 setpriv --reuid 1234 --regid 1234 --clear-groups "$(command -v tare)" images --help
	run -125 setpriv --reuid 1234 --regid 1234 --clear-groups "$(command -v tare)" images --nope
}
