# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The runtime's words once more where systemd makes the cgroups, what needs a kernel with AppArmor, and what needs a disk. What a container sees
# inside does not depend on who made its cgroup, and the machine is slow: that part is left to the other boot.

failed=0
sed '/^# --- inside ---/,/^# --- cgroups ---/d' /tests/runtime/runtime.sh >/tests/runtime/with-systemd.sh
for script in with-systemd delegation; do
	echo "# $script.sh"
	RUNTIME_MANAGER=systemd bash /tests/runtime/$script.sh || failed=1
done
for script in labels mounts; do
	echo "# $script.sh"
	bash /tests/runtime/$script.sh || failed=1
done
exit $failed
