# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# kill -9 of any of our programs at any moment, during many runs and pulls. Afterwards: one `rm -f` of what is left, a clean
# `tare system check`, nothing leaked. TARE_CHAOS_RUNS and TARE_CHAOS_PULLS say how many (default 60 and 8; the bar is 500
# and 50). The seed is printed; TARE_CHAOS_SEED repeats the order of blows, though not their moment.

. "$(dirname "$0")/fault.bash"
runs=${TARE_CHAOS_RUNS:-60}
pulls=${TARE_CHAOS_PULLS:-8}
seed=${TARE_CHAOS_SEED:-$RANDOM}
RANDOM=$seed
echo "# seed $seed, $runs runs, $pulls pulls"
fault_begin busybox debian
registry_start plain plain || { echo "Bail out! no registry"; exit 125; }
registry_push plain "$images/debian" test/debian:1

# Kills one of our programs, any, again and again, until the file goes. Our process namespace is the sandbox's.
killer() {
	local pids pid name
	while [ -e "$home/killing" ]; do
		sleep "0.0$((RANDOM % 9 + 1))"
		pids=()
		for pid in /proc/[0-9]*; do
			name=$(readlink "$pid/exe" 2>/dev/null) || continue
			[[ ${name##*/} == tare* || $name == */memfd:tare* ]] && pids+=("${pid#/proc/}")
		done
		[ ${#pids[@]} = 0 ] || kill -9 "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null
	done
}

storm() {
	: >"$home/killing"
	killer &
	local pid=$!
	"$@"
	rm "$home/killing"
	wait $pid
}

many_runs() {
	local i
	for ((i = 0; i < runs; i++)); do
		case $((i % 3)) in
		0) timeout 30 tare run --rm busybox true ;;
		1) timeout 30 tare run -d -p "$((20000 + i)):80" busybox sleep 0.2 ;;
		2) timeout 30 tare run --network none --name "chaos$i" busybox sh -c 'echo x; exit 3' ;;
		esac >/dev/null 2>&1 </dev/null &
		((i % 4 == 3)) && wait -n 2>/dev/null
	done
	sleep 2         # the last ones end, one way or the other
}
many_pulls() {
	local i
	for ((i = 0; i < pulls; i++)); do
		timeout 60 tare pull -q "$plain_addr/test/debian:1" >/dev/null 2>&1 </dev/null && tare rmi -f "$plain_addr/test/debian:1" >/dev/null 2>&1
	done
}

storm many_runs
check "after kills during $runs runs everything can be removed" heal
check "and nothing is left" no_residue 10
works() { tare run --rm -p 20000:80 busybox true; }
check "and a run works" works
storm many_pulls
check "after kills during $pulls pulls the store is sound" tare system check
pulled() { tare pull -q "$plain_addr/test/debian:1" && tare run --rm --network none "$plain_addr/test/debian:1" true; }
check "and a pull works" pulled
tare rmi -f "$plain_addr/test/debian:1" >/dev/null
registry_stop plain
check "nothing is left in the end" no_residue 10

plan_done
