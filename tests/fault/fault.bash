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
	images=$("$lib/make-images" "$@" | tail -n 1) || exit 125
	tare load -q -i "$images/busybox.docker.tar" >/dev/null && tare run --rm busybox true || { echo "Bail out! tare run does not work"; exit 125; }
	"$lib/residue" snapshot "$home/warm" "${places[@]}"
}

no_residue() { "$lib/residue" diff "$home/warm" "${1:-5}"; }

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
