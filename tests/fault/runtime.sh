# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# tare-runtime alone, in the hands of a careless caller on a machine that runs out of things: verbs that are killed, interrupted or race with each
# other, a state directory that is full or read-only, too few descriptors or processes, configurations that are too much, hooks and consoles that misbehave.
# Each time: it works, or one sentence; no hang, no crash, and afterwards nothing is left. TARE_CHAOS_RUNS (default 60) says how many kills.

. "$(dirname "$0")/../runtime/lib.bash"
kills=${TARE_CHAOS_RUNS:-60}
seed=${TARE_CHAOS_SEED:-$RANDOM}
RANDOM=$seed
echo "# seed $seed, $kills kills"
runtime=${RUNTIME:-${TARE_BIN:-$here/../../build/bin}/tare-runtime}
mkdir -p "$home/state"

# Nothing of ours: no state, cgroup, process, mount.
clean() {
	local i left
	for ((i = 0; i < 60; i++)); do
		left=$(
			ls -A "$home/state" 2>/dev/null | grep -vx '.cache'
			find "$cg" -path "*/$slice/*" -type d 2>/dev/null
			for p in /proc/[0-9]*; do [ "$(readlink "$p/exe" 2>/dev/null)" = /tare-runtime ] && echo "$p $(tr '\0' ' ' <"$p/cmdline")"; done
			grep -F "$home/" /proc/self/mountinfo | grep -v "$home/full\|$home/ro"
		)
		[ -n "$left" ] || return 0
		sleep 0.05
	done
	echo "left: $left"
	return 1
}

# says COMMAND… : ends in time, either well or with a refusal that is a sentence. What a container holds is a file, no pipe we would wait for.
ends() {
	status=0
	timeout -k 2 30 "$@" >"$home/said" 2>&1 </dev/null || status=$?
	[[ $status != @(124|132|134|135|136|137|139) ]] || { echo "status $status: $(head -c 500 "$home/said") (from ${*: -4})"; return 1; }
}
says() {
	ends "$@" || return
	[ $status = 0 ] || [ -s "$home/said" ] || { echo "status $status, in silence (from ${*: -4})"; return 1; }
}
refuses() {
	ends "$@" || return
	[ $status -gt 0 ] && [ -s "$home/said" ] && [ "$(wc -c <"$home/said")" -lt 4096 ] || { echo "status $status: $(head -c 500 "$home/said") (from ${*: -4})"; return 1; }
}

# A program, so that timeout can run it.
printf '#!/bin/sh\nexec "%s" --root "%s" "$@"\n' "$runtime" "$home/state" >"$home/verb"
chmod 755 "$home/verb"
PATH=$home:$PATH

# ---- killed ----

# kill_during SIGNAL COMMAND… : signals the verb at a random moment within its usual time.
kill_during() {
	local signal=$1 pid
	shift
	"$runtime" --root "$home/state" "$@" </dev/null >/dev/null 2>&1 &
	pid=$!
	sleep "0.0$(printf %02d $((RANDOM % 25)))"
	kill "-$signal" $pid 2>/dev/null
	wait $pid 2>/dev/null
}

bundle dies 'sleep 100'
bundle hooked 'sleep 100' '.hooks.createRuntime = [{path: "/bin/true"}] | .hooks.poststop = [{path: "/bin/true"}] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} | .linux.sysctl = {"net.ipv4.ip_default_ttl": "9"}'

killed_verbs() {
	local i name signal
	for ((i = 0; i < kills; i++)); do
		name=$([ $((i % 2)) = 0 ] && echo dies || echo hooked)
		signal=$([ $((i % 3)) = 0 ] && echo INT || echo KILL)
		case $((i % 6)) in
		0 | 1) kill_during $signal create --bundle "$home/$name" victim ;;
		2) kill_during $signal run --detach --bundle "$home/$name" victim ;;
		3) verb create --bundle "$home/$name" victim </dev/null >/dev/null 2>&1; kill_during $signal start victim ;;
		4) up_as victim "$name"; kill_during $signal exec victim sleep 0.1; kill_during $signal pause victim; kill_during $signal kill victim KILL ;;
		5) up_as victim "$name"; kill_during $signal delete --force victim ;;
		esac
		says verb state victim || return
		verb delete --force victim || return
	done
}
up_as() { verb create --bundle "$home/$2" "$1" </dev/null >/dev/null 2>&1 && verb start "$1"; }
check "verbs killed at any moment leave what delete --force removes" killed_verbs
check "and nothing else" clean

# ---- at once ----

at_once() {
	local n=$1 i won=0
	shift
	for ((i = 0; i < n; i++)); do { timeout 30 "$runtime" --root "$home/state" "$@" </dev/null >"$home/at-once.$i" 2>&1; echo $? >"$home/won.$i"; } & done
	wait
	for ((i = 0; i < n; i++)); do
		case $(cat "$home/won.$i") in 0) won=$((won + 1)) ;; 124 | 137) echo "hangs"; return 1 ;; *) [ -s "$home/at-once.$i" ] || { echo "failed in silence"; return 1; } ;; esac
	done
	[ $won = "${WINNERS:-1}" ] || { echo "$won of $n succeeded"; cat "$home"/at-once.*; return 1; }
}
one_of_two() {
	local i
	for ((i = 0; i < 6; i++)); do
		at_once 4 create --bundle "$home/dies" twin || return
		at_once 4 start twin || return
		WINNERS=4 at_once 4 delete --force twin || return
		equal '' "$(verb list -q)" || return
	done
}
check "of four creates and starts at once one wins; four deletes agree" one_of_two
check "and nothing is left" clean

delete_during() {
	local i
	for ((i = 0; i < 12; i++)); do
		verb create --bundle "$home/dies" both </dev/null >/dev/null 2>&1 || return
		verb start both >/dev/null 2>&1 &
		sleep "0.00$((RANDOM % 9))"
		verb delete --force both || { wait; return 1; }
		wait
		verb delete --force both || return
	done
}
check "a delete during start wins" delete_during
exec_into_dying() {
	local i
	for ((i = 0; i < 12; i++)); do
		up_as dying dies || return
		(sleep "0.00$((RANDOM % 9))"; verb kill dying KILL) >/dev/null 2>&1 &
		# 137: it began, and died with the container.
		for _ in 1 2; do ends verb exec dying /bin/true || [ $status = 137 ] || return; done >"$home/dying"
		wait
		verb delete --force dying || return
	done
}
check "an exec into a container that is dying runs or says so" exec_into_dying
check "and nothing is left" clean

# ---- each state ----

each_state() {
	up_as each dies && verb pause each && verb kill each KILL && verb delete --force each || return
	up_as each dies && verb pause each && verb delete --force each || return
	verb create --bundle "$home/dies" each </dev/null >/dev/null 2>&1 && verb delete --force each || return
	up_as each dies && verb kill each KILL && verb delete --force each || return
	mkdir "$home/state/each" && verb delete --force each || return
	mkdir "$home/state/each" && : >"$home/state/each/state.json" && verb delete --force each || return
	verb delete --force each
}
check "delete --force removes a container in every state" each_state
another_process() {
	up_as reused dies || return
	local file=$home/state/reused/state.json pid
	pid=$(verb state reused | jq .pid)
	jq -c '.startTicks += 1' "$file" >"$home/changed" && cp "$home/changed" "$file" || return
	equal stopped "$(status_of reused)" || return
	refuses verb kill reused KILL && refuses verb exec reused true || return
	[ -d "/proc/$pid" ] || { echo "killed another's process"; return 1; }
	jq -c '.startTicks -= 1' "$file" >"$home/changed" && cp "$home/changed" "$file" && verb delete --force reused
}
check "a pid that another process has now is nobody's" another_process
damaged() {
	up_as damaged dies || return
	cp "$home/state/damaged/state.json" "$home/good"
	local bad
	for bad in '{' '[]' '{"id":"damaged"}' '{"id":"../other","bundle":"/","rootfs":"/","created":"x"}'; do
		printf %s "$bad" >"$home/state/damaged/state.json"
		mkdir -p "$home/other"
		refuses verb state damaged && refuses verb kill damaged KILL && refuses verb delete --force damaged && says verb list || { echo "$bad"; return 1; }
		[ -d "$home/other" ] && [ -d "$home/state/damaged" ] || { echo "removed for $bad"; return 1; }
	done
	cp "$home/good" "$home/state/damaged/state.json"
	verb delete --force damaged
}
check "a damaged record is said, and nothing is done by it" damaged
check "and nothing is left" clean

# ---- too little ----

no_room() {
	local free
	mkdir -p "$home/full"
	for free in 0 4 8 12 16; do
		mount -t tmpfs -o size=64k tmpfs "$home/full" || return
		head -c $((65536 - free * 1024)) /dev/zero >"$home/full/ballast" 2>/dev/null
		says "$runtime" --root "$home/full/state" create --bundle "$home/hooked" full || { umount -l "$home/full"; return 1; }
		rm "$home/full/ballast"
		"$runtime" --root "$home/full/state" delete --force full
		equal '' "$(ls -A "$home/full/state" 2>/dev/null | grep -vx '.cache')" || { umount -l "$home/full"; return 1; }
		umount "$home/full" || return
	done
}
check "a full state directory" no_room
read_only() {
	mkdir -p "$home/ro"
	mount -t tmpfs -o size=64k,ro tmpfs "$home/ro" || return
	refuses "$runtime" --root "$home/ro" create --bundle "$home/dies" ro && refuses "$runtime" --root "$home/ro/state" create --bundle "$home/dies" ro
	local r=$?
	umount "$home/ro"
	return $r
}
check "a read-only state directory" read_only
few_descriptors() {
	local n
	for ((n = 3; n < 26; n++)); do
		says bash -c "ulimit -n $n; exec '$runtime' --root '$home/state' run --bundle '$home/ends' few" || return
		equal '' "$(verb list -q)$(find "$cg" -path "*/$slice/*" -type d)" || return
	done
}
bundle ends true '.hooks.createRuntime = [{path: "/bin/true"}] | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
check "few descriptors" few_descriptors
few_processes() {
	local dir n
	dir=$(if v2; then echo "$cg/few"; else echo "$cg/pids/few"; fi)
	mkdir "$dir" 2>/dev/null && [ -e "$dir/pids.max" ] || return 0
	for n in 1 2 3; do
		echo $n >"$dir/pids.max"
		says bash -c "echo \$\$ >$dir/cgroup.procs; exec '$runtime' --root '$home/state' run --bundle '$home/ends' few" || return
		verb delete --force few || return
	done
	rmdir "$dir"
}
check "few processes" few_processes
check "and nothing is left" clean
little_memory() {
	local n
	for n in 3 4 5 6 8 16 32; do
		says prlimit --as=$((n << 20)) "$runtime" --root "$home/state" run --bundle "$home/ends" few || return
		verb delete --force few || return
	done
}
check "little memory" little_memory
check "and nothing is left" clean

# ---- too much ----

too_much() {
	local file=$home/dies/config.json keep=$home/keep.json
	cp "$file" "$keep"
	{ head -c -2 "$keep"; printf ',"annotations":{"x":"'; head -c 67000000 /dev/zero | tr '\0' x; printf '"}}'; } >"$file"
	refuses verb create --bundle "$home/dies" much || return
	{ printf '{"ociVersion":"1.0.2","x":'; head -c 200000 /dev/zero | tr '\0' '['; } >"$file"
	refuses verb create --bundle "$home/dies" much || return
	{ printf '{"ociVersion":"1.0.2","x":'; head -c 200000 /dev/zero | tr '\0' '['; head -c 200000 /dev/zero | tr '\0' ']'; printf '}'; } >"$file"
	refuses verb create --bundle "$home/dies" much || return
	printf '' >"$file"
	refuses verb create --bundle "$home/dies" much || return
	jq -c '.process.args += ["a\u0000b"]' "$keep" >"$file"
	refuses verb create --bundle "$home/dies" much || return
	sed 's/inside/in\xff\xfeside/' "$keep" >"$file"
	refuses verb create --bundle "$home/dies" much || return
	cp "$keep" "$file"
}
check "a configuration of 64 MB, one 200000 levels deep, an empty one, NUL bytes, no UTF-8" too_much
cp "$home/keep.json" "$home/dies/config.json"
long_arguments() {
	bundle long true
	jq -c '.process.args += [("x" * 1000000)]' "$home/long/config.json" >"$home/l" && mv "$home/l" "$home/long/config.json"
	refuses verb run --bundle "$home/long" long || return
	jq -c '.process.args = ["/bin/true"] + [range(0; 20000) | "some argument"]' "$home/long/config.json" >"$home/l" && mv "$home/l" "$home/long/config.json"
	says verb run --bundle "$home/long" long
	verb delete --force long
}
check "an argument of a megabyte, and twenty thousand of them" long_arguments
many_mounts() {
	bundle many 'wc -l </proc/self/mountinfo'
	jq -c '.mounts += [range(0; 3000) | {destination: "/mnt", type: "tmpfs", source: "x"}]' "$home/many/config.json" >"$home/l" && mv "$home/l" "$home/many/config.json"
	says verb run --bundle "$home/many" many || return
	verb delete --force many
}
check "three thousand mounts" many_mounts
check "and nothing is left" clean

# ---- hooks and consoles ----

cat >"$home/hook" <<'END'
#!/bin/sh
case $1 in
hangs) sleep 1000 ;;
stays) sleep 1000 & ;;
writes) head -c 300000000 /dev/zero; head -c 300000000 /dev/zero >&2 ;;
deaf) exec <&- >&- 2>&-; sleep 0.1 ;;
dies) kill -SEGV $$ ;;
esac
END
chmod 755 "$home/hook"
bad_hooks() {
	local what point
	for point in createRuntime createContainer poststart poststop; do
		for what in hangs stays writes deaf dies; do
			bundle hooks true ".hooks.$point = [{path: \"$home/hook\", args: [\"hook\", \"$what\"], timeout: 1}]"
			says verb run --bundle "$home/hooks" hooks || { echo "$point $what"; return 1; }
			verb delete --force hooks || { echo "$point $what"; return 1; }
		done
	done
}
check "hooks that hang, leave something running, write without end, are deaf or crash" bad_hooks
for p in /proc/[0-9]*; do [ "$(tr '\0' ' ' <"$p/cmdline" 2>/dev/null)" = "sleep 1000 " ] && kill -KILL "${p#/proc/}"; done

bad_consoles() {
	local kind
	for kind in deaf closes missing file; do
		rm -f "$home/console"
		case $kind in
		deaf | closes) python3 -c "
import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind('$home/console'); s.listen(1)
c, _ = s.accept()
c.close() if '$kind' == 'closes' else time.sleep(20)" & local pid=$!
			for ((i = 0; i < 100; i++)); do [ -S "$home/console" ] && break; sleep 0.05; done ;;
		file) : >"$home/console" ;;
		esac
		says verb create --bundle "$home/console-bundle" --console-socket "$home/console" console || { echo "$kind"; return 1; }
		verb start console >/dev/null 2>&1
		verb delete --force console || { echo "$kind"; return 1; }
		[ -z "${pid-}" ] || kill $pid 2>/dev/null || :
	done
}
bundle console-bundle 'cat /dev/zero' '.process.terminal = true'
check "console sockets that never read, hang up, are missing or no sockets" bad_consoles
check "nothing is left in the end" clean
plan_done
