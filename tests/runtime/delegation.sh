# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A container that may manage cgroups below its own.
. "$(dirname "$0")/lib.bash"

annotation() { echo ".annotations = {\"run.oci.delegate-cgroup\": \"$1\"}"; }

if ! v2; then
	bundle old true "$(annotation payload)"
	check "delegation where v2 does not stand alone is refused" matches "unsupported: annotation 'run.oci.delegate-cgroup'" "$(run old 2>&1)"
	runtime_done
fi

writable='.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] | .options += ["rw"] else . end)'
mapped='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
# NAME's directory and some of its files: whose they are.
owners() { (cd "$(cgroup_dir "$1")" && stat -c %u . cgroup.procs cgroup.subtree_control memory.max | paste -sd' '); }

bundle own 'sleep 1000' "$mapped" "$writable" '.linux.resources.pids = {limit: 30}'
up own
check "a writable cgroup belongs to the container's user, its limits do not" equal "100000 100000 100000 0" "$(owners own)"
makes() { rt exec own sh -c 'mkdir /sys/fs/cgroup/a /sys/fs/cgroup/b && echo 0 >/sys/fs/cgroup/a/cgroup.procs && cat /proc/self/cgroup'; }
check "who can make cgroups and go there" equal "0::/a" "$(makes 2>&1)"
check "but not lift his limits" fails rt exec own sh -c 'echo max >/sys/fs/cgroup/pids.max'
down own
check "what he made goes with the container" gone own
bundle other 'sleep 1000' "$mapped" "$writable" '.process.user = {uid: 7, gid: 7}'
up other
check "the owner is process.user" equal "100007 100007 100007 0" "$(owners other)"
down other
bundle readonly 'sleep 1000' "$mapped"
up readonly
check "a read-only one stays root's" equal "0 0 0 0" "$(owners readonly)"
down readonly
bundle nons 'sleep 1000' "$mapped" "$writable" '.linux.namespaces |= map(select(.type != "cgroup"))'
up nons
check "so does one without a cgroup namespace" equal "0 0 0 0" "$(owners nons)"
down nons

bundle below 'sleep 1000' "$(annotation payload)" "$writable" '.linux.resources.pids = {limit: 30}'
up below
check "delegate-cgroup: it lives one level below" matches '/payload$' "$(cat "/proc/$(pid_of below)/cgroup")"
check "the limits are above" equal 30 "$(limit below pids.max)"
check "where the root of its namespace is" equal "0::/payload" "$(rt exec below cat /proc/1/cgroup)"
check "it has controllers to hand on" matches 'memory.*pids' "$(rt exec below cat /sys/fs/cgroup/payload/cgroup.controllers)"
check "exec comes along" equal "0::/payload" "$(rt exec below cat /proc/self/cgroup)"
check "pause and resume" bash -c "'$runtime' --root '$home/state' pause below && '$runtime' --root '$home/state' resume below"
down below
check "nothing stays" gone below
for bad in .. a/../b /a ''; do
	bundle bad true "$(annotation "$bad")"
	check "the name '$bad' is refused" matches 'no relative path' "$(run bad 2>&1)"
done

runtime_done
