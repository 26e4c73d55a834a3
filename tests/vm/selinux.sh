# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# SELinux's labels as the kernel has them: of programs, of mounts, and of names that the policy does not know. In a machine of its own, whose kernel is
# told to take SELinux, with the policy that secilc makes of selinux.cil:
#
#   secilc -c 33 -o /tmp/policy -f /dev/null tests/vm/selinux.cil
#   TARE_VM_CMDLINE=security=selinux TARE_VM_ENV=POLICY=/tmp/policy tests/vm/run tests/vm/selinux.sh -- /tmp/policy "$(command -v getfattr)"
#
# tests/run vm does so.

. /tests/runtime/lib.bash
mount -t selinuxfs selinuxfs /sys/fs/selinux || { check "SELinux is on" false; plan_done; exit; }
# Whole or not at all.
busybox dd if="$POLICY" of=/sys/fs/selinux/load bs=1M count=1 2>/dev/null

label=system_u:system_r:container_t:s0:c1,c2 files=system_u:object_r:container_file_t:s0:c1,c2
current='tr -d "\\0" </proc/self/attr/current'
with=".process.selinuxLabel = \"$label\""
mounts_with=".linux.mountLabel = \"$files\""
label_of() { getfattr --absolute-names -n security.selinux --only-values "$1" | tr -d '\0'; }

check "the policy is loaded, and this is the kernel's label" equal system_u:system_r:kernel_t:s0 "$(tr -d '\0' </proc/self/attr/current)"
check "a program gets its label" prints se "$current" "$label" "$with"
check "also without no_new_privs" prints sennp "$current" "$label" "$with" '.process.noNewPrivileges = false'
check "without one it has ours" prints senone "$current" system_u:system_r:kernel_t:s0
bundle selife 'sleep 1000' "$with" "$mounts_with" '.mounts += [{destination: "/dev/mqueue", type: "mqueue", source: "mqueue"}]'
up selife
check "exec has the label of the container" equal "$label" "$(rt exec selife sh -c "$current")"
check "or the one it names" equal system_u:system_r:other_t:s0 "$(rt exec --process-label system_u:system_r:other_t:s0 selife sh -c "$current")"
check "exec with a label that the policy does not know is an error" fails rt exec --process-label system_u:system_r:nobody_t:s0 selife true
for path in /dev /dev/null /dev/shm /dev/pts /dev/mqueue; do
	check "$path has the label of mounts" equal "$files" "$(label_of "/proc/$(pid_of selife)/root$path")"
done
down selife
check "but procfs has the policy's" prints seproc 'grep -c "^[^-]* /proc [^-]*- proc .*context=" /proc/self/mountinfo' 0 "$with" "$mounts_with"
check "a masked directory has it" prints semask 'grep " /sys/firmware " /proc/self/mountinfo | grep -o "container_file_t:s0:c1,c2"' container_file_t:s0:c1,c2 "$with" "$mounts_with"
bundle sebad true '.process.selinuxLabel = "system_u:system_r:nobody_t:s0"'
check "a label that the policy does not know is an error" fails run sebad
check "which names it" matches nobody_t "$(run sebad 2>&1)"
bundle sebadmount true '.linux.mountLabel = "system_u:object_r:nobody_t:s0"'
check "so is one of mounts" fails run sebadmount
# CVE-2019-16884: a volume on /proc that would take the label instead.
mkdir -p "$home/fake/self/attr"
echo fake >"$home/fake/self/attr/exec"
bundle sefake true "$with" "(.mounts[] | select(.destination == \"/proc\")) |= {destination: \"/proc\", type: \"bind\", source: \"$home/fake\", options: [\"rbind\", \"rw\"]}"
check "a volume on /proc takes no label" fails run sefake
check "and stays as it was" equal fake "$(cat "$home/fake/self/attr/exec")"

runtime_done
