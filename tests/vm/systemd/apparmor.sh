# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# AppArmor where it is on: the profile that containers get unasked, what it closes that no seccomp filter sees, and who goes without.

. /tests/lib/tap.bash
work=$(mktemp -d /var/tmp/apparmor.XXXXXX)
t() { tare --root "$work/store" --run-root "$work/run" "$@"; }
run() { t run --rm --network none "${@:1:$#-1}" busybox sh -c "${!#}"; }
label='tr -d "\0" </proc/self/attr/apparmor/current 2>/dev/null || tr -d "\0" </proc/self/attr/current'
loaded() { grep -c '^tare-default ' /sys/kernel/security/apparmor/profiles; }
# The command fails.
refused() { if "$@" >/dev/null 2>&1; then return 1; fi; }

tar -C /bundle/rootfs -c . | t import - busybox >/dev/null
check "AppArmor is on" equal Y "$(cat /sys/module/apparmor/parameters/enabled)"
check "a container gets the profile" equal "tare-default (enforce)" "$(run "$label")"
check "which is loaded once" equal 1 "$(loaded)"
check "info says that AppArmor is on" matches apparmor "$(t info --format '{{json .SecurityOptions}}')"
check "apparmor=unconfined does without" equal unconfined "$(run --security-opt apparmor=unconfined "$label")"
check "so does --privileged" equal unconfined "$(run --privileged "$label")"
check "a profile that is not loaded is an error" refused run --security-opt apparmor=nobody-has-this true
printf 'profile tare-vm-other flags=(attach_disconnected,mediate_deleted) {\n file,\n capability,\n network,\n signal,\n ptrace,\n unix,\n deny /etc/group r,\n}\n' | apparmor_parser -r -K
check "another profile by name" equal "tare-vm-other (enforce)" "$(run --security-opt apparmor=tare-vm-other "$label")"
check "which does what it says" refused run --security-opt apparmor=tare-vm-other 'cat /etc/group'

t run -d --name box --network none busybox sleep 1000 >/dev/null
check "exec has the profile of the container" equal "tare-default (enforce)" "$(t exec box sh -c "$label")"
check "a privileged exec has none" equal unconfined "$(t exec --privileged box sh -c "$label")"
check "the container can be stopped" t stop -t 5 box
t rm -f box >/dev/null 2>&1

# Without masks and read-only paths, only the profile stands before the host.
open=(--cap-add SYS_ADMIN --security-opt systempaths=unconfined)
before=$(cat /proc/sys/kernel/core_pattern)
run "${open[@]}" 'mount -o remount,rw /proc/sys 2>/dev/null; echo x >/proc/sys/kernel/core_pattern' >/dev/null 2>&1
check "the host's core_pattern stays" equal "$before" "$(cat /proc/sys/kernel/core_pattern)"
check "nothing is mounted" refused run "${open[@]}" 'mount -t tmpfs tmpfs /mnt'
check "kcore is closed" refused run "${open[@]}" 'head -c 1 /proc/kcore'
check "sysrq-trigger is closed" refused run "${open[@]}" 'echo h >/proc/sysrq-trigger'
check "the kernel's log is not read from /sys" refused run "${open[@]}" 'ls /sys/firmware/*'
check "parameters of its own namespaces are its own" run "${open[@]}" 'echo 4096 >/proc/sys/kernel/msgmax && echo 1 >/proc/sys/net/ipv4/ip_forward 2>/dev/null; [ $(cat /proc/sys/kernel/msgmax) = 4096 ]'
check "its processes may be looked at and ended" run 'sleep 100 & cat /proc/$!/status >/dev/null && kill $! && ps >/dev/null'

# CVE-2026-31431: the family ALG, whatever call asks for it. Without a filter, so that the profile alone is asked; it is asked before the family is looked up.
alg='import socket
try: socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET); print(0)
except OSError as e: print(e.errno)'
if command -v python3 >/dev/null; then
	check "without the profile the family ALG is no matter of permission" matches '^(0|97)$' "$(python3 -c "$alg")"
	check "with it nobody gets one" equal 13 "$(aa-exec -p tare-default -- python3 -c "$alg")"
fi

# Another version of the program has another text: it is loaded again.
echo old >"$work/run/apparmor-profile"
check "a profile of another version is replaced" equal "tare-default (enforce)" "$(run "$label")"
check "by ours" refused grep -qx old "$work/run/apparmor-profile"
echo -n tare-default >/sys/kernel/security/apparmor/.remove
check "one that somebody unloaded comes back" equal "tare-default (enforce)" "$(run "$label")"

check "nothing is left" equal '' "$(t ps -aq)"
plan_done
