# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the fault tests share: a warm host, a list of steps from a trace, and the question whether anything is left.

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

home=$(mktemp -d /var/tmp/tare-fault.XXXXXX)
export REGISTRY_HOME=$home
trap 'rm -rf "$home"' EXIT
places=(/run/tare /var/lib/tare/containers /var/lib/tare/names)

# fault_begin IMAGES…: loads busybox, runs one container, remembers the host.
fault_begin() {
	images=$("$lib/make-images" "$@") || exit 125
	tare load -q -i "$images/busybox.docker.tar" >/dev/null
	warm || { echo "Bail out! tare run does not work"; exit 125; }
}

# The kernel ends the links of dead namespaces late: the picture is taken when it holds still.
warm() {
	tare run --rm busybox true || return
	"$lib/residue" snapshot "$home/warm" "${places[@]}"
	until sleep 0.3; "$lib/residue" diff "$home/warm" 0 >/dev/null; do
		"$lib/residue" snapshot "$home/warm" "${places[@]}"
	done
}

no_residue() { "$lib/residue" diff "$home/warm" "${1:-3}"; }

# After a failed check, so that one fault does not fail all checks behind it: wipes every trace by hand, warms up again.
scrub() {
	local path
	find /sys/fs/cgroup -path '*/tare-*' -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -9 2>/dev/null
	for path in /proc/[0-9]*; do
		[[ $(readlink "$path/exe" 2>/dev/null) == */tare-* ]] && kill -9 "${path#/proc/}" 2>/dev/null
	done
	awk '$5 ~ "^/run/tare/" { print $5 }' /proc/self/mountinfo | tac | xargs -r -n1 umount -l
	rm -rf /run/tare /var/lib/tare/containers /var/lib/tare/names
	ip link del tare0 2>/dev/null
	nft delete table inet tare 2>/dev/null
	find /sys/fs/cgroup -depth -path '*/tare-*' -type d -exec rmdir {} + 2>/dev/null
	warm
}

# check, and scrub if it failed
sweep() {
	local before=$tap_failed
	check "$@"
	[ "$tap_failed" = "$before" ] || scrub
}

# steps_of COMMAND…: the names of the steps that the command and its helpers go through, in order, each once.
steps_of() {
	rm -f "$home/trace"
	TARE_TRACE=$home/trace "$@" >/dev/null 2>&1 </dev/null
	sleep 0.3       # what the monitor does after the end belongs to it
	awk '$3 == "do" && !seen[$2]++ { print $2 }' "$home/trace" 2>/dev/null
}

# After a kill: what a person would type. Everything must be well then.
heal() {
	tare ps -a >/dev/null
	tare system check --quick >/dev/null
	tare ps -aq | xargs -r tare rm -f >/dev/null
	tare system check --quick
}
