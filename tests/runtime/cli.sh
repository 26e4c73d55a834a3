# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The command line: what callers pass in besides a bundle (sockets, descriptors, terminals, logs), what they read, and what they
# are told when something is wrong. What needs python to play the caller is skipped where there is none.

. "$(dirname "$0")/lib.bash"

tools=$here/../lib
python() { [ -x /usr/bin/python3 ] && [ -x "$tools/pidfd-receiver" ]; }

# --- pidfd ---

if python && rt create --help | grep -q pidfd-socket; then
	# With a receiver in the background: with_receiver COMMAND… ; what it received is in $home/received.
	with_receiver() {
		rm -f "$home/pidfd.sock"
		"$tools/pidfd-receiver" "$home/pidfd.sock" >"$home/received" 2>&1 &
		local receiver=$!
		until_true test -S "$home/pidfd.sock" && "$@" && wait $receiver
	}
	bundle pidfd 'sleep 1000'
	check "create sends a pidfd of init" with_receiver rt create --bundle "$home/pidfd" --pidfd-socket "$home/pidfd.sock" pidfd
	check "it is a pidfd of init" equal "standard $(pid_of pidfd)" "$(cat "$home/received")"
	rt start pidfd
	check "exec sends a pidfd" with_receiver rt exec --detach --pid-file "$home/pid" --pidfd-socket "$home/pidfd.sock" pidfd sleep 1000
	check "it is a pidfd of the process" equal "setns $(cat "$home/pid")" "$(cat "$home/received")"
	check "exec says so when nobody listens" fails rt exec --pidfd-socket "$home/nobody.sock" pidfd true
	down pidfd
	bundle receiver 'sleep 1000' ".annotations = {\"run.oci.pidfd_receiver\": \"$home/pidfd.sock\"}"
	check "the annotation run.oci.pidfd_receiver asks for the same" with_receiver rt create --bundle "$home/receiver" receiver
	check "and gets it" equal "$(pid_of receiver)" "$(sed 's/.* //' "$home/received")"
	down receiver
	check "create says so when nobody listens" fails rt create --bundle "$home/pidfd" --pidfd-socket "$home/nobody.sock" pidfd
	check "and leaves nothing behind" gone pidfd
fi

# --- readiness ---

# As runc does it; crun binds its socket elsewhere.
if python && [ "$runtime" != crun ]; then
	inside='[{destination: "/usr", source: "/usr", type: "bind", options: ["bind", "ro"]}, {destination: "/lib", source: "/lib", type: "bind", options: ["bind", "ro"]}, {destination: "/lib64", source: "/lib64", type: "bind", options: ["bind", "ro"]}]'
	say='python3 -c "import os, socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), os.environ[\"NOTIFY_SOCKET\"])"'
	with_manager() {
		local name=$1
		shift
		rm -f "$home/manager"
		"$tools/service-manager" "$name" "$home/said" &
		manager=$!
		until_true grep -q "${name#@}" /proc/net/unix && NOTIFY_SOCKET=$name "$@"
	}
	bundle ready "$say STATUS=busy; sleep 0.3; $say \"\$(printf 'READY=1\nSTATUS=up')\"; sleep 1000" ".mounts += $inside"
	sed -i 's|PATH=/bin:/sbin|PATH=/bin:/sbin:/usr/bin|' "$home/ready/config.json"
	with_manager "$home/manager" rt create --bundle "$home/ready" ready </dev/null >"$home/ready.out" 2>&1
	check "a notify socket is bound into the container" matches '/run/notify' "$(rt exec ready cat /proc/mounts)"
	check "start waits for READY" env NOTIFY_SOCKET="$home/manager" timeout 20 "$runtime" --root "$home/state" start ready
	wait $manager
	check "the manager hears READY, the pid and a barrier" equal "READY=1"$'\n'"MAINPID=$(pid_of ready)"$'\n'"BARRIER=1 +fd" "$(cat "$home/said")"
	down ready
	abstract() { with_manager "@tare-test-$$" timeout 20 "$runtime" --root "$home/state" run --detach --bundle "$home/ready" ready </dev/null >"$home/ready.out" 2>&1 && wait $manager; }
	check "run --detach does, too, to an abstract socket" abstract
	check "and names init" equal "MAINPID=$(pid_of ready)" "$(sed -n 2p "$home/said")"
	down ready
	bundle briefly "$say READY=1; sleep 0.2" ".mounts += $inside"
	sed -i 's|PATH=/bin:/sbin|PATH=/bin:/sbin:/usr/bin|' "$home/briefly/config.json"
	foreground() {
		with_manager "$home/manager" bash -c 'echo $$ >"$0/self"; exec "$@" </dev/null' "$home" "$runtime" --root "$home/state" run --bundle "$home/briefly" briefly && wait $manager
	}
	check "run in the foreground passes READY on while it waits" foreground
	check "and names itself" equal "MAINPID=$(cat "$home/self")" "$(sed -n 2p "$home/said")"
	bundle mute 'exit 0'
	mute() {
		with_manager "$home/manager" rt create --bundle "$home/mute" mute </dev/null || return
		NOTIFY_SOCKET=$home/manager timeout 10 "$runtime" --root "$home/state" start mute
	}
	check "start does not wait for a program that ended without a word" mute
	kill $manager && wait $manager
	down mute
	check "a manager that is not there is an error of start" fails env NOTIFY_SOCKET="$home/no-manager" "$runtime" --root "$home/state" run --bundle "$home/mute" mute
	check "and leaves nothing" gone mute
fi

# --- foreground ---

bundle obeys 'trap "echo got it; exit 7" USR1; echo ready; while :; do sleep 0.05; done'
signalled() {
	local s=0
	rt run --bundle "$home/obeys" obeys </dev/null >"$home/obeys.out" &
	local pid=$!
	until_true grep -q ready "$home/obeys.out"
	pkill -USR1 -P $pid -f 'run --bundle' || kill -USR1 $pid
	wait $pid || s=$?
	equal 7 $s && equal $'ready\ngot it' "$(cat "$home/obeys.out")"
}
check "run passes signals on and returns the program's status" signalled
bundle box 'sleep 1000'
up box
check "exec passes a closed standard input on" equal 0 "$(rt exec box wc -c <&-)"
closed_stdout() { rt exec box sh -c 'echo x; exit 5' >&-; equal 5 $?; }
check "exec without standard output works" closed_stdout
no_reader() { local s; set -o pipefail; timeout 20 "$runtime" --root "$home/state" exec box yes </dev/null | head -1; s=${PIPESTATUS[0]}; equal 141 "$s"; }
check "a program whose reader is gone ends of SIGPIPE" no_reader
if python; then
	megabyte() { "$tools/pty-run" "$runtime" --root "$home/state" exec -t box sh -c 'head -c 1000000 /dev/zero | tr "\0" x'; }
	check "a megabyte through a terminal loses nothing" equal 1000000 "$(megabyte | tr -cd x | wc -c)"
	check "nor does it into a pipe" equal 1000000 "$(rt exec -t box sh -c 'head -c 1000000 /dev/zero | tr "\0" x' </dev/null | tr -cd x | wc -c)"
	check "the terminal is as it was" matches $'canonical echo 3$' "$("$tools/pty-run" "$runtime" --root "$home/state" exec -t box sh -c 'echo hello; exit 3')"
	check "also after a signal" matches $'canonical echo 143' "$("$tools/pty-run" --signal TERM@hello "$runtime" --root "$home/state" exec -t box sh -c 'echo hello; sleep 1000')"
	check "the window's size arrives" matches '40 100' "$("$tools/pty-run" "$runtime" --root "$home/state" exec -t box stty size)"
	check "control-C is the program's" matches $'canonical echo 130' "$("$tools/pty-run" --input '\x03' "$runtime" --root "$home/state" exec -t box sh -c 'echo hello; sleep 1000; exit 1')"
	undrained() { head -c 300000 /dev/zero | tr '\0' '\n' | timeout 20 "$runtime" --root "$home/state" exec -t box sh -c 'stty raw -echo; sleep 0.5; echo done'; }
	check "input that nobody reads does not keep the output" matches 'done' "$(undrained)"
	background() { timeout 10 "$runtime" --root "$home/state" exec -t box sh -c 'sleep 1000 & echo left' </dev/null; }
	check "a process left on the terminal is not waited for" matches left "$(background)"
	hangup() { timeout 20 "$runtime" --root "$home/state" exec -t box sh -c 'trap "exit 9" HUP; while echo x; do :; done' </dev/null | head -1 >/dev/null; equal 9 "${PIPESTATUS[0]}"; }
	check "a reader that is gone hangs the terminal up" hangup
	# An output that nobody reads must cost no time: what the runtime used after a second of it is less than a fifth of one.
	blocked() {
		mkfifo "$home/fifo"
		exec 8<>"$home/fifo"
		"$runtime" --root "$home/state" exec -t box sh -c 'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done' </dev/null >&8 8>&- &
		local pid=$! used
		sleep 1.2
		used=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
		kill -KILL $pid
		wait $pid 2>/dev/null
		exec 8>&-
		rm "$home/fifo"
		[ "$used" -lt 20 ] || { echo "used $used ticks"; return 1; }
	}
	check "an output that nobody reads costs no time" blocked
fi
down box

runtime_done
