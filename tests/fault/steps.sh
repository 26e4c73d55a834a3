# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Every step of create, start, run, exec, and of what is done with images (pull, push, save, load, copy, commit), fails in turn (TARE_FAULT=step:NAME):
# the command fails with a message that names the step, nothing is left, and the next command works. Then every program is killed before every step
# (TARE_FAULT=kill:NAME): the next command heals. The list of steps comes from a trace of the real thing.

. "$(dirname "$0")/fault.bash"
fault_begin busybox

attached=(tare run --rm --name faulty -p 18199:80 --memory 64m busybox true)
detached=(tare run -d --name faulty -p 18199:80 --memory 64m busybox sleep 100)

# Did the step run into the fault? A name in the trace may also be a note about a stretch of time, which is no step.
step_failed() { awk -v step="$1" '$2 == step && $6 != 0 { found = 1 } END { exit !found }' "$home/faulty"; }

# A step after the end of the program (in $late) may fail without the exit code saying so, and what it would have released
# is there until the next command; all others fail with a message that names them and leave nothing.
fails_clean() {
	local step=$1 status=0
	shift
	rm -f "$home/faulty"
	TARE_TRACE=$home/faulty TARE_FAULT=step:$step timeout 20 "$@" >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 124 ] || { echo "hangs"; return 1; }
	if step_failed "$step"; then
		case " $late " in
		*" $step "*) heal ;;
		*)
			[ $status != 0 ] || { echo "nobody noticed"; return 1; }
			grep -q -F "$step" "$home/out" || { echo "the message does not name the step: $(tail -2 "$home/out")"; return 1; }
			;;
		esac
	fi
	tare rm -f faulty >/dev/null 2>&1
	no_residue && tare system check --quick
}

heals() {
	local step=$1
	shift
	TARE_FAULT=kill:$step timeout 20 "$@" >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] || { echo "hangs"; return 1; }
	heal && no_residue 5
}

works() { tare run --rm -p 18199:80 busybox true && no_residue; }

all=$(steps_of "${attached[@]}")
check "a run is made of steps" [ -n "$all" ]
early=$(steps_of "${detached[@]}")
tare rm -f faulty >/dev/null
late=$(comm -23 <(sort <<<"$all") <(sort <<<"$early") | tr '\n' ' ')

for step in $all; do
	sweep "run: step $step fails and leaves nothing" fails_clean "$step" "${attached[@]}"
	sweep "run: a kill at $step is healed" heals "$step" "${attached[@]}"
done
# The way of a detached run, where it differs: who waits, and who cleans up.
for step in $early; do
	case $step in monitor.* | init.* | network.* | engine.* | container.* | name.* | live.*) ;; *) continue ;; esac
	sweep "run -d: step $step fails and leaves nothing" fails_clean "$step" "${detached[@]}"
	sweep "run -d: a kill at $step is healed" heals "$step" "${detached[@]}"
done
check "after all that a run works" works

tare run -d --name host busybox sleep 10000 >/dev/null
"$lib/residue" snapshot "$home/exec" "${places[@]}"
exec_fails() {
	local status=0
	TARE_FAULT=step:$1 timeout 20 tare exec host true >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 0 ] && [ $status != 124 ] || { echo "status $status"; return 1; }
	tare exec host true && "$lib/residue" diff "$home/exec" 5
}
exec_killed() {
	TARE_FAULT=kill:$1 timeout 20 tare exec host true >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] && tare exec host true && "$lib/residue" diff "$home/exec" 5
}
for step in $(steps_of tare exec host true); do
	check "exec: step $step fails and leaves nothing" exec_fails "$step"
	check "exec: a kill at $step leaves nothing" exec_killed "$step"
done
tare rm -f host >/dev/null

registry_start plain plain || { echo "Bail out! no registry"; exit 125; }
layout=$images/busybox
registry_push plain "$layout" test/busybox:1
own() { tare --root "$home/root" --run-root "$home/run" "$@"; }
pull=(tare --root "$home/root" --run-root "$home/run" pull -q "$plain_addr/test/busybox:1")
pull_fails() {
	local status=0
	rm -rf "$home/root"
	TARE_FAULT=step:$1 timeout 20 "${pull[@]}" >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 0 ] && [ $status != 124 ] || { echo "status $status"; return 1; }
	[ -z "$(own images -q)" ] && own system check && "${pull[@]}" && own run --rm --network none "$plain_addr/test/busybox:1" true
}
pull_killed() {
	rm -rf "$home/root"
	TARE_FAULT=kill:$1 timeout 20 "${pull[@]}" >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] || { echo "hangs"; return 1; }
	own system check && "${pull[@]}" && own system check && own run --rm --network none "$plain_addr/test/busybox:1" true
}
for step in $(steps_of "${pull[@]}"); do
	check "pull: step $step fails and nothing is visible" pull_fails "$step"
	check "pull: a kill at $step, then the next pull succeeds" pull_killed "$step"
done
push=(tare --root "$home/root" --run-root "$home/run" push -q --compression-format zstd "$plain_addr/test/busybox:1" "$plain_addr/to/busybox:1")
push_fails() {
	local status=0
	TARE_FAULT=step:$1 timeout 20 "${push[@]}" >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 0 ] && [ $status != 124 ] || { echo "status $status"; return 1; }
	own system check && "${push[@]}"
}
push_killed() {
	TARE_FAULT=kill:$1 timeout 20 "${push[@]}" >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] || { echo "hangs"; return 1; }
	own system check && "${push[@]}" && own system check
}
for step in $(steps_of "${push[@]}"); do
	check "push: step $step fails with a message, then the push succeeds" push_fails "$step"
	check "push: a kill at $step, then the next push succeeds" push_killed "$step"
done
# The other commands about images that are made of steps: what they make is not there, or they make it again.
again_fails() {
	local step=$1 status=0
	shift
	TARE_FAULT=step:$step timeout 20 tare --root "$home/root" --run-root "$home/run" "$@" >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 0 ] && [ $status != 124 ] || { echo "status $status"; return 1; }
	grep -q -F "$step" "$home/out" || { echo "the message does not name the step: $(tail -2 "$home/out")"; return 1; }
	[ ! -e "$home/made" ] || { echo "something was made"; return 1; }
	own system check && own "$@" && own system check
}
again_killed() {
	local step=$1
	shift
	TARE_FAULT=kill:$step timeout 20 tare --root "$home/root" --run-root "$home/run" "$@" >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] || { echo "hangs"; return 1; }
	own system check && own "$@" && own system check
}
again() {
	local name=$1 step all
	shift
	all=$(steps_of tare --root "$home/root" --run-root "$home/run" "$@")
	check "$name is made of steps" [ -n "$all" ]
	for step in $all; do
		rm -rf "$home/made"
		own rmi -f localhost/made:1 latest >/dev/null 2>&1
		check "$name: step $step fails with a message, then it succeeds" again_fails "$step" "$@"
		rm -rf "$home/made"
		own rmi -f localhost/made:1 latest >/dev/null 2>&1
		check "$name: a kill at $step, then it succeeds" again_killed "$step" "$@"
	done
}
again save save -q -o "$home/made" "$plain_addr/test/busybox:1"
again load load -q -i "$images/busybox.oci.tar"
again "copy between registries" copy -q "docker://$plain_addr/test/busybox:1" "docker://$plain_addr/copied/busybox:1"
again "copy into the store" copy -q "docker://$plain_addr/test/busybox:1" tare:localhost/made:1
registry_stop plain

own load -q -i "$images/busybox.docker.tar" >/dev/null
own run --name box --network none busybox sh -c 'echo x >/x; rm /bin/ls'
commit=(tare --root "$home/root" --run-root "$home/run" commit -q box made)
commit_works() {
	own system check && "${commit[@]}" && [ "$(own run --rm --network none made cat /x)" = x ] && own rmi made >/dev/null && own system check
}
commit_fails() {
	local status=0
	TARE_FAULT=step:$1 timeout 20 "${commit[@]}" >"$home/out" 2>&1 </dev/null || status=$?
	[ $status != 0 ] && [ $status != 124 ] || { echo "status $status"; return 1; }
	[ -z "$(own images -q made)" ] && commit_works
}
commit_killed() {
	TARE_FAULT=kill:$1 timeout 20 "${commit[@]}" >"$home/out" 2>&1 </dev/null
	[ $? != 124 ] || { echo "hangs"; return 1; }
	commit_works
}
all=$(steps_of "${commit[@]}")
own rmi made >/dev/null
for step in $all; do
	check "commit: step $step fails and nothing is visible" commit_fails "$step"
	check "commit: a kill at $step, then the next commit succeeds" commit_killed "$step"
done
own rm box >/dev/null
check "nothing is left in the end" no_residue

plan_done
