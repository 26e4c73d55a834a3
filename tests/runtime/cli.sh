# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The command line: what callers pass in besides a bundle (sockets, descriptors, terminals, logs), what they read, and what they
# are told when something is wrong. What needs python to play the caller is skipped where there is none.

. "$(dirname "$0")/lib.bash"

tools=$here/../lib
ours() { [[ $runtime != @(runc|crun) ]]; }
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
	"$runtime" --root "$home/state" run --bundle "$home/obeys" obeys </dev/null >"$home/obeys.out" &
	local pid=$!
	until_true grep -q ready "$home/obeys.out"
	kill -USR1 $pid
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

# --- what is printed ---

said() { rt "$@" 2>&1; }
status_of_command() { local s=0; rt "$@" >/dev/null 2>&1 || s=$?; echo $s; }
bundle shown 'sleep 1000' '.annotations = {"one": "1"}'
# No root of states, and a root without states.
check "list of a root that is not there is an error" fails command "$runtime" --root "$home/nothing" list
up shown
check "state has runc's keys in runc's order" equal "ociVersion id pid status bundle rootfs created annotations owner" "$(rt state shown | jq -r 'keys_unsorted | join(" ")')"
check "state is indented by two blanks" equal '  "id": "shown",' "$(rt state shown | sed -n 3p)"
check "state ends without a line end" equal '}' "$(rt state shown | tail -c 1)"
columns() { rt list | awk 'NR == 1 { header = $1 " " $2 " " $3 " " $4 " " $5 " " $6 } NR == 2 { print header; print index($0, $2), index($0, $3), index($0, $4) }'; }
check "list has runc's columns, twelve wide at least" equal $'ID PID STATUS BUNDLE CREATED OWNER\n13 25 37' "$(columns)"
check "list names the owner" equal "$(awk -F: '$3 == 0 { print $1; found = 1; exit } END { if (!found) print "#0" }' /etc/passwd 2>/dev/null || echo '#0')" "$(rt list --format json | jq -r '.[0].owner')"
check "list -q is the id" equal shown "$(rt list -q)"
check "a format that is none is an error" fails rt list --format xml
check "a relative root is found from where we stand" equal shown "$(cd "$home" && command "$runtime" --root state list -q)"
check "a root of / is refused" fails command "$runtime" --root / list
check "a root that means / is refused" fails command "$runtime" --root /tmp/.. list

# --- what is refused ---

check "an unknown flag ends with 1" equal 1 "$(status_of_command state --nonsense shown)"
check "a missing id ends with 1" equal 1 "$(status_of_command state)"
check "exec without an id ends with 1" equal 1 "$(status_of_command exec)"
check "too many arguments end with 1" equal 1 "$(status_of_command state shown more)"
check "the number of arguments is said as runc says it" matches 'requires exactly 1 argument' "$(said state)"
check "exec of what is not there ends with 255" equal 255 "$(status_of_command exec shown /no/such/program)"
check "and says so" matches 'no such file or directory' "$(said exec shown /no/such/program)"
check "a name that is nowhere in PATH is said in the words engines look for" matches 'executable file not found in \$PATH' "$(said exec shown nosuchprogram)"
check "so is a file that is no program" matches 'permission denied' "$(said exec shown /etc/passwd)"
check "so is a container that is not there" matches 'container does not exist' "$(said state nobody)"
rt kill shown KILL && until_true status_is shown stopped
check "so is one that does not run" matches 'not running' "$(said kill shown)"
down shown
one_line() { [ "$(said "$@" | grep -c .)" = 1 ] || { said "$@"; return 1; }; }
if ours; then
	for wrong in "state" "create a b" "exec --prserve-fds 1 x true" "exec --preserve-fds many x true" "--root" "--log-level loud list" "--rootless maybe list" "nonsense"; do
		# shellcheck disable=SC2086
		check "one line for: $wrong" one_line $wrong
	done
	check "a flag that is nearly one is proposed" matches 'did you mean --preserve-fds' "$(said exec --prserve-fds 1 x true)"
	check "one dash is as good as two for a long flag" equal '[]' "$(rt list -format json)"
	check "of the whole program, too" matches '^tare-runtime version' "$(command "$runtime" -root "$home/state" -version)"
	check "so is a command" matches "did you mean 'start'" "$(said stat x)"
	check "version names the commit or leaves it out" matches $'^tare-runtime version [0-9.]+\n(commit: [0-9a-f]{40}(-dirty)?\n)?spec: 1\\.[0-9.]+\nlibseccomp: [0-9.]+$' "$(rt -V)"
	check "the manual page is made of the tables" matches 'preserve.*pidfd' "$(rt help --man | tr -d '\n\\')"
fi

# --- regular expressions ---

if rt delete --help 2>&1 | grep -q regex; then
	for name in red-1 red-2 blue; do bundle $name 'sleep 1000' && up $name; done
	check "kill --regex signals what the expression fits" rt kill --regex '^red-[0-9]$' KILL
	check "the first" until_true status_is red-1 stopped
	check "the second" until_true status_is red-2 stopped
	check "no other" status_is blue running
	check "delete --regex removes them" rt delete --regex '^red'
	check "no other" equal blue "$(rt list -q)"
	check "delete --regex goes on where one cannot be deleted" rt delete --regex .
	check "which stays" equal blue "$(rt list -q)"
	check "delete --force --regex removes it" rt delete -f -r 'b(lu|la)e'
	check "nothing is left" equal '' "$(rt list -q)"
	check "an expression that is none is refused" fails rt delete --regex '('
fi

# --- logs ---

log() { command "$runtime" --root "$home/state" "$@" state nobody 2>"$home/stderr"; }
log --log "$home/log" --log-format json
check "a log file gets one object with runc's keys" equal "level msg time error" "$(jq -r 'keys_unsorted + [.level] | join(" ")' "$home/log")"
check "the message stands on stderr, too, in plain words" equal "$(jq -r .msg "$home/log")" "$(cat "$home/stderr")"
log --log "$home/log" --log-format json
check "the log is appended to" equal 2 "$(grep -c . "$home/log")"
check "its mode is 644" equal 644 "$(stat -c %a "$home/log")"
log
check "without one the log is text on stderr" matches 'level=error msg=' "$(cat "$home/stderr")"
check "a format that is none is refused" fails log --log-format xml
check "a log that cannot be opened is an error" fails log --log /no/such/dir/log
debug() { bundle quick true && rt --debug "$@" run --bundle "$home/quick" quick 2>&1; }
check "--debug says more" matches 'level=debug' "$(debug)"
if ours; then
	log --log "file:$home/log2"
	check "file: is a path" matches 'level=error' "$(cat "$home/log2")"
	check "--log-level=error keeps warnings back" equal '' "$(bundle wordy true ".hooks = {poststop: [{path: \"/bin/false\"}]}" && rt --log-level error run --bundle "$home/wordy" wordy 2>&1)"
	check "which are said otherwise" matches 'level=warning' "$(rt run --bundle "$home/wordy" wordy 2>&1)"
fi
if python && ours; then
	# hears SOCKET COMMAND… : the one datagram the command sends there.
	hears() {
		local socket=$1 receiver
		shift
		[ ! -e "$socket" ] || { echo "somebody listens on $socket already"; return 1; }
		mkdir -p "${socket%/*}"
		"$tools/service-manager" "$socket" "$home/heard" 1 &
		receiver=$!
		until_true test -S "$socket" && "$@"
		wait $receiver
		rm -f "$socket"
		tr -d '\0' <"$home/heard"
	}
	check "journald:ID speaks to the journal" matches $'^PRIORITY=3\nSYSLOG_IDENTIFIER=tare-runtime\nID=web\nMESSAGE\n.*container does not exist' "$(hears /run/systemd/journal/socket log --log journald:web)"
	check "syslog:ID speaks to syslog" matches '^<11>web\[[0-9]+\]: .*container does not exist' "$(hears /dev/log log --log syslog:web)"
	check "a journal that is not there is an error" fails log --log journald:web
fi

# --- spec ---

mkdir "$home/spec"
check "spec writes config.json" rt spec --bundle "$home/spec"
check "it is indented by tabs" equal $'\t"ociVersion"' "$(sed -n 2p "$home/spec/config.json" | cut -d: -f1)"
check "it is not overwritten" fails rt spec --bundle "$home/spec"
check "and says why" matches 'config.json exists' "$(said spec --bundle "$home/spec")"
rm "$home/spec/config.json"
check "spec --rootless maps us" equal 1 "$(rt spec --bundle "$home/spec" --rootless && jq '.linux.uidMappings[0].size' "$home/spec/config.json")"
if rt spec --help 2>&1 | grep -q -e --file; then
	check "spec --file writes elsewhere" equal 1 "$(rt spec --file "$home/other.json" && jq -r .process.terminal "$home/other.json" | grep -c true)"
fi
if rt create --help 2>&1 | grep -q -e --config; then
	bundle elsewhere 'echo from elsewhere'
	mv "$home/elsewhere/config.json" "$home/elsewhere.json"
	check "run --config reads elsewhere" equal "from elsewhere" "$(cd "$home" && rt run --bundle "$home/elsewhere" --config elsewhere.json elsewhere </dev/null)"
fi

# --- exec ---

bundle ex 'sleep 1000' '.process.env += ["WHO=box", "EMPTY="]' '.process.user = {uid: 0, gid: 0, additionalGids: [7]}'
rt create --bundle "$home/ex" ex </dev/null >"$home/ex.out" 2>&1
check "exec works in a created container" equal hello "$(rt exec ex echo hello)"
rt start ex
ex() { rt exec "$@" </dev/null; }
check "--cwd" equal /tmp "$(ex --cwd /tmp ex pwd)"
check "a relative --cwd is refused" equal 255 "$(status_of_command exec --cwd tmp ex pwd)"
check "--env adds to the container's" equal $'1\nbox' "$(ex -e A=1 --env B=2 ex sh -c 'echo $A; echo $WHO')"
check "--env replaces" equal you "$(ex -e WHO=you ex sh -c 'echo $WHO')"
check "what is replaced is not there twice" equal 1 "$(ex -e WHO=you ex env | grep -c ^WHO=)"
check "--user UID:GID" equal "12:34" "$(ex --user 12:34 ex sh -c 'echo $(id -u):$(id -g)')"
check "--user UID keeps the group" equal "12:0" "$(ex -u 12 ex sh -c 'echo $(id -u):$(id -g)')"
for user in 1x x +1 0x1 4294967296 -1 1: :1 1:2:3; do
	check "--user $user is refused" equal 255 "$(status_of_command exec -u "$user" ex true)"
done
check "--additional-gids adds to the container's" equal "7 8 9" "$(ex -g 8 --additional-gids 9 ex sh -c 'sed -n "s/^Groups:[[:space:]]*//p" /proc/self/status | tr -s "[:space:]" " "' | tr ' ' '\n' | grep -x -E '[789]' | tr '\n' ' ' | sed 's/ $//')"
caps() { ex "$@" ex sh -c 'grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)" /proc/self/status' | awk '{ printf "%s ", $2 }'; }
base=$(caps)
plus() { printf '0000000000000000 %016x %016x %016x 0000000000000000 ' $((0x$(echo "$base" | cut -d' ' -f2) | 1 << 21)) $((0x$(echo "$base" | cut -d' ' -f3) | 1 << 21)) $((0x$(echo "$base" | cut -d' ' -f4) | 1 << 21)); }
check "--cap adds to bounding, effective and permitted, and to nothing else" equal "$(plus)" "$(caps --cap CAP_SYS_ADMIN)"
check "--no-new-privs" equal 1 "$(ex --no-new-privs ex sed -n 's/^NoNewPrivs:.//p' /proc/self/status)"
check "--no-new-privs=false takes it from the container's" equal 0 "$(ex --no-new-privs=false ex sed -n 's/^NoNewPrivs:.//p' /proc/self/status)"
jq '.process | .args = ["sh", "-c", "echo $WHO $(id -u); exit 4"] | .env += ["WHO=file"] | .user.uid = 5' "$home/ex/config.json" >"$home/process.json"
from_file() { local s=0 out; out=$(ex --process "$home/process.json" ex) || s=$?; equal "file 5 4" "$out $s"; }
check "--process FILE is the whole process" from_file
check "a process file that is none is refused" equal 255 "$(echo '{"args": []}' >"$home/bad.json"; status_of_command exec --process "$home/bad.json" ex)"
check "no command and no file is refused" equal 255 "$(status_of_command exec ex)"
detached() { (cd "$home" && ex --detach --pid-file exec.pid ex sh -c 'echo $$ >/proc/self/oom_score_adj 2>/dev/null; sleep 1000') && grep -q sleep "/proc/$(cat "$home/exec.pid")/cmdline"; }
check "--detach returns and --pid-file says whom it left" detached
check "the status is the program's" equal 42 "$(status_of_command exec ex sh -c 'exit 42')"
check "a signal's is 128 and its number" equal 143 "$(status_of_command exec ex sh -c 'kill -TERM $$; sleep 1')"
check "--preserve-fds passes descriptors on" equal hello "$(ex --preserve-fds 1 ex cat /proc/self/fd/3 3<<<hello)"
check "and no more than that" equal "" "$(ex --preserve-fds 1 ex sh -c 'cat <&4 2>/dev/null' 3<<<a 4<<<b)"
check "one that is not open is refused" equal 255 "$(status_of_command exec --preserve-fds 1 ex true 3<&-)"
check "a terminal that goes nowhere is refused" matches 'cannot allocate tty' "$(said exec -t -d ex true)"
check "so is a console socket without one" matches 'cannot use console socket' "$(said exec --console-socket /tmp/x ex true)"
down ex

# --- descriptors ---

bundle fds 'echo ${LISTEN_FDS:-none} ${LISTEN_PID:-none}; for fd in 3 4 5; do [ -e /proc/self/fd/$fd ] && echo $fd; done; true'
fds() { "$@" "$runtime" --root "$home/state" run --bundle "$home/fds" ${preserve:+--preserve-fds $preserve} fds </dev/null; }
check "nothing is passed on by itself" equal "none none" "$(fds env 3<<<a 4<<<b)"
check "--preserve-fds passes on" equal $'none none\n3' "$(preserve=1 fds env 3<<<a 4<<<b)"
listening='export LISTEN_PID=$$; exec "$0" "$@"'
check "LISTEN_FDS comes first, with the pid of the container" equal $'1 1\n3\n4' "$(preserve=1 LISTEN_FDS=1 fds bash -c "$listening" 3<<<a 4<<<b 5<<<c)"
check "LISTEN_FDS of somebody else is nothing to us" equal "none none" "$(LISTEN_PID=1 LISTEN_FDS=1 fds env 3<<<a)"
check "one that is not open is an error" equal 1 "$(preserve=2 fds env 3<<<a >/dev/null 2>&1; echo $?)"
check "and leaves nothing" gone fds

# --- features ---

if ours; then
	features() { rt features | jq -c "$1"; }
	check "features is indented by four blanks and ends its line" equal '    "ociVersionMin": "1.0.0",' "$(rt features | sed -n 2p)"
	check "every hook is there" equal '["prestart","createRuntime","createContainer","startContainer","poststart","poststop"]' "$(features .hooks)"
	check "mount options hold what engines ask for" equal '["rro","idmap"]' "$(features '[.mountOptions[] | select(. == "rro" or . == "idmap")]')"
	check "every namespace of the specification is there" equal 8 "$(features '.linux.namespaces | length')"
	check "nothing is null" equal '[]' "$(features '[paths(. == null)]')"
	check "unsafe annotations are named" equal true "$(features '.potentiallyUnsafeConfigAnnotations | contains(["run.oci.", "org.systemd.property."])')"
	check "no commit of runc is claimed" equal null "$(features '.annotations["org.opencontainers.runc.commit"]')"
fi

# --- annotations ---

if ours; then
	bundle krun true '.annotations = {"run.oci.handler": "krun"}'
	refused() { run "$1" 2>&1; }
	check "a handler that is not built is refused" matches "unsupported: .*run.oci.handler.*'krun'" "$(refused krun)"
	check "and leaves nothing" gone krun
	bundle compat true '.annotations = {"module.wasm.image/variant": "compat"}'
	check "so is a WebAssembly module" matches 'unsupported: .*module.wasm.image/variant' "$(refused compat)"
	check "one that may be none and is none runs" prints smart 'echo ran' ran '.annotations = {"module.wasm.image/variant": "compat-smart", "krun.cpus": "2"}'
fi

# --- keep ---

bundle kept 'exit 6'
keep() { local s=0; rt run --keep --bundle "$home/kept" kept </dev/null || s=$?; equal 6 $s; }
if rt run --help 2>&1 | grep -q -e --keep; then
	check "run --keep ends with the program's status" keep
	check "and leaves the container" status_is kept stopped
	check "which can be deleted" rt delete kept
fi

# --- whose root it is ---

if ours && python && command -v setpriv >/dev/null; then
	mkdir "$home/xdg" && chmod 777 "$home/xdg"
	as_user() { setpriv --reuid=12345 --regid=12345 --clear-groups env XDG_RUNTIME_DIR="$home/xdg" "$@"; }
	check "an ordinary user's root lies below XDG_RUNTIME_DIR" as_user "$runtime" list
	check "where cleaners of old files leave it alone" equal "1700 12345" "$(stat -c '%a %u' "$home/xdg/tare/runtime")"
	rm -rf "$home/xdg/tare"
	check "root of the host does not go there" env XDG_RUNTIME_DIR="$home/xdg" "$runtime" list
	check "and makes nothing there" fails test -e "$home/xdg/tare"
	check "nor does who is root of a user namespace and says so" unshare -Ur env USER=root XDG_RUNTIME_DIR="$home/xdg" "$runtime" list
	check "and makes nothing there either" fails test -e "$home/xdg/tare"
	check "who does not say so goes there" unshare -Ur env USER=somebody XDG_RUNTIME_DIR="$home/xdg" "$runtime" list
	check "indeed" test -d "$home/xdg/tare/runtime"
fi

# --- a terminal in the foreground ---

if python; then
	bundle front 'stty size; tty; exit 3' '.process.terminal = true'
	front() { "$tools/pty-run" "$@" "$runtime" --root "$home/state" run --bundle "$home/front" front; }
	check "run gives a terminal with our window's size" matches $'40 100\r?\n/dev/pts/0\r?\n\n?canonical echo 3$' "$(front)"
	check "and leaves nothing" gone front
	bundle front 'trap "echo caught; exit 8" INT; echo hello; while :; do sleep 0.05; done' '.process.terminal = true'
	check "control-C reaches the program of run" matches $'caught.*canonical echo 8$' "$(front --input '\x03')"
	check "a signal to run reaches it, too" matches $'caught.*canonical echo 8$' "$(front --signal INT@hello)"
	bundle size 'stty size' '.process.terminal = true' '.process.consoleSize = {height: 11, width: 22}'
	check "consoleSize is the size where we have no terminal" matches '11 22' "$(rt run --bundle "$home/size" size </dev/null)"
	check "exec -t works with standard input closed" matches works "$(up box && timeout 10 "$runtime" --root "$home/state" exec -t box echo works <&-)"
	down box
fi

# --- keyring ---

if ours && [ -r /proc/keys ]; then
	bundle ring 'sleep 1000'
	keyrings() { grep -c "_ses.$1" /proc/keys; }
	up ring
	check "a container has a session keyring of its own" equal 1 "$(keyrings ring)"
	down ring
	rt create --bundle "$home/ring" --no-new-keyring bare </dev/null
	check "with --no-new-keyring it has not" equal "created 0" "$(status_of bare) $(keyrings bare)"
	down bare
fi

runtime_done
