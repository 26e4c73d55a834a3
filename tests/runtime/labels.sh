# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What security modules and keyrings know of a container.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

# --- session keyrings ---

keys='.linux.maskedPaths = []'
# How many hold the keyring of a container, as seen by whoever asks.
users='awk "\$9 == \"_ses.$1:\" { print \$3 }" /proc/keys'
users_of() { sh -c "$users" sh "$1"; }
if grep -q keyring /proc/keys; then
	bundle ring 'sleep 1000' "$keys"
	up ring
	check "a container has a session keyring of its name" equal 1 "$(users_of ring | wc -l)"
	before=$(users_of ring)
	check "exec joins it" [ "$(rt exec ring sh -c "$users" sh ring)" -gt "$before" ]
	check "and makes no other" equal 1 "$(users_of ring | wc -l)"
	down ring
	bundle noring 'sleep 1000' "$keys"
	rt create --no-new-keyring --bundle "$home/noring" noring </dev/null >/dev/null 2>&1 && rt start noring
	check "--no-new-keyring makes none" equal "" "$(rt exec noring true; users_of noring)"
	down noring
else
	skip "keyrings" "this kernel has none, or hides them"
fi

# --- AppArmor ---

profile=tare-test-$$
enabled() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
if enabled && command -v apparmor_parser >/dev/null; then
	for name in "$profile" "$profile-outer"; do
		printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n file,\n capability,\n signal,\n mount,\n umount,\n pivot_root,\n ptrace,\n unix,\n network,\n change_profile -> **,\n deny /etc/group r,\n}\n' "$name" |
			apparmor_parser -r -K
	done
	current='cat /proc/self/attr/apparmor/current 2>/dev/null || cat /proc/self/attr/current'
	aa='.process.apparmorProfile = "'$profile'"'
	check "a profile confines the program" prints aa "$current" "$profile (enforce)" "$aa"
	check "and does what it says" prints aadeny 'cat /etc/group 2>&1 | grep -o "Permission denied"; cat /etc/passwd >/dev/null && echo read' $'Permission denied\nread' "$aa"
	check "also without no_new_privs" prints aannp "$current" "$profile (enforce)" "$aa" '.process.noNewPrivileges = false'
	check "unconfined by name" prints aaun "$current" unconfined '.process.apparmorProfile = "unconfined"'
	bundle aalife 'sleep 1000' "$aa"
	up aalife
	check "exec is confined as the container is" equal "$profile (enforce)" "$(rt exec aalife sh -c "$current")"
	check "or by the profile it names" equal "$profile-outer (enforce)" "$(rt exec --apparmor "$profile-outer" aalife sh -c "$current")"
	down aalife
	bundle aanone true '.process.apparmorProfile = "no-such-profile"'
	check "a profile that is not loaded is an error" fails run aanone
	check "which names it" matches "no-such-profile" "$(run aanone 2>&1)"
	check "in a user namespace" prints aauserns "$current" "$profile (enforce)" "$aa" \
		'.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
	if command -v aa-exec >/dev/null; then
		confined() { aa-exec -p "$profile-outer" -- "$runtime" --root "$home/state" run --bundle "$home/$1" "$1" </dev/null; }
		bundle aastack "$current" "$aa"
		check "a confined runtime stacks the profile under no_new_privs" matches "$profile-outer//&$profile |$profile//&$profile-outer " "$(confined aastack 2>&1)"
	else
		skip "a confined runtime stacks the profile" "no aa-exec here"
	fi
	for name in "$profile" "$profile-outer"; do echo -n "$name" >/sys/kernel/security/apparmor/.remove 2>/dev/null; done
else
	skip "AppArmor confines" "it is not enabled here, or has no parser"
fi
if ! enabled; then
	bundle noaa true '.process.apparmorProfile = "docker-default"'
	check "a profile is refused where AppArmor is off" fails run noaa
fi
if [ ! -e /sys/fs/selinux/enforce ]; then
	bundle noselinux true '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	check "a label is refused where SELinux is off" fails run noselinux
	check "a label of mounts means nothing there" prints nomountlabel 'echo up' up '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
fi
bundle badcontext true '.annotations = {"run.oci.mount_context_type": "nonsense"}'
check "a kind of context that is none is refused" fails run badcontext

runtime_done
