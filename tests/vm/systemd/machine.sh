# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the other scripts of this machine rely on.
. /tests/lib/tap.bash

check "systemd is process 1" equal systemd "$(cat /proc/1/comm)"
if grep -q systemd.legacy_systemd_cgroup_controller=1 /proc/cmdline; then
	check "cgroup v1 stands alone" equal "tmpfs cgroupfs 0" "$(stat -f -c %T /sys/fs/cgroup /sys/fs/cgroup/systemd | paste -sd' ') $(grep -c cgroup2 /proc/mounts)"
elif grep -q systemd.unified_cgroup_hierarchy=0 /proc/cmdline; then
	check "cgroup v1 has v2 at its side" equal "tmpfs cgroup2fs" "$(stat -f -c %T /sys/fs/cgroup /sys/fs/cgroup/unified | paste -sd' ')"
else
	check "cgroup v2 stands alone" equal cgroup2fs "$(stat -f -c %T /sys/fs/cgroup)"
fi
check "the system bus answers" busctl --system get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Version
check "AppArmor is on" equal Y "$(cat /sys/module/apparmor/parameters/enabled)"
check "CRIU works here" criu check
check "our runtime is the one in the path" equal /usr/local/bin/tare-runtime "$(command -v tare-runtime)"
failed_units() { equal '' "$(systemctl list-units --failed --plain --no-legend)"; }
check "no unit has failed" failed_units

plan_done
