# SPDX-License-Identifier: Apache-2.0
# `tare ui`: the dashboard, with a person at a terminal (tests/lib/terminal.py).

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

ui() { "$lib/terminal.py" "$@" -- tare ui; }

@test "ui needs a terminal" {
	run -1 tare ui </dev/null
	contains "$output" "needs a terminal"
}

@test "ui lists containers, and leaves the terminal as it was" {
	tare run -d --name first busybox sleep 100
	tare create --name second busybox true
	run -0 ui /first stty type:q end stty
	contains "$output" second
	contains "$output" raw
	contains "$output" cooked
	contains "$output" "status 0"
	contains "$output" $'\033[?1049l'
}

@test "ui shows a log, an explanation, and goes back" {
	tare run -d --name box busybox sh -c 'echo line-of-the-log; exec sleep 100'
	wait_for 5 bash -c 'tare logs box | grep -q line'
	run -0 ui /box type:l /line-of-the-log type:q /NAME type:i "/What it may do" 'type:\x1b' /NAME type:q end
	contains "$output" "status 0"
}

@test "ui stops and starts" {
	tare run -d --name box --stop-signal KILL busybox sleep 100
	run -0 ui /running type:s "/exited (137)" type:S /running type:q end
	contains "$output" "status 0"
	running box
}

@test "ui removes after a yes, and not after a no" {
	tare run -d --name box busybox sleep 100
	run -0 ui /box type:D "/whatever it does?" type:n /NAME type:q end
	running box
	run -0 ui /box type:D "/whatever it does?" type:y "/ 0 containers" type:q end
	equal '' "$(tare ps -aq)"
}

@test "ui opens a shell and comes back" {
	tare run -d --name box busybox sleep 100
	run -0 ui /box type:e '/#' 'type:echo in$((1+1))side\r' /in2side 'type:exit\r' /NAME type:q end
	contains "$output" "status 0"
}

@test "ui follows the size of its window" {
	tare create --name box busybox true
	run -0 ui /box size:8x40 /arrows size:50x200 /PORTS '/q: quit' type:q end
	contains "$output" "status 0"
}

@test "ui shows nothing of hostile logs and words that drives a terminal" {
	tare run -d --name box busybox sh -c 'printf "\033]0;title\007\033[31mred\033[0m\n\033[2Jcleared\n"; exec sleep 100'
	wait_for 5 bash -c 'tare logs box | grep -q cleared'
	run -0 ui /box type:l /cleared type:q type:q end
	[[ $output != *$'\033]0;'* && $output != *$'\033[31m'* && $output != *$'\a'* ]]
}

@test "ui ends by a signal as by q" {
	tare create --name box busybox true
	run -0 ui /box signal:TERM end stty
	contains "$output" cooked
	contains "$output" $'\033[?1049l'
}
