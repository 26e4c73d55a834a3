# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Mounts: what every option word does, and whose ids a mount shows.

# shellcheck source=tests/runtime/lib.bash
. "$(dirname "$0")/lib.bash"

host=$home/host
mkdir -p "$host/sub" "$home/other"
echo file >"$host/file"
echo other >"$home/other/file"
ln -s file "$host/link"
ln -s /nowhere "$host/dangling"

# bind OPTION,OPTION… [DESTINATION [SOURCE]]: a filter that adds a bind mount.
bind() {
	jq -nr --arg o "$1" --arg d "${2:-/mnt}" --arg s "${3:-$host}" \
		'".mounts += [" + ({destination: $d, type: "bind", source: $s, options: ($o | split(","))} | tostring) + "]"'
}
fresh() { jq -nr --arg o "$1" '".mounts += [" + ({destination: "/fresh", type: "tmpfs", source: "tmpfs", options: ($o | split(","))} | tostring) + "]"'; }
options_of() { echo "awk '\$5 == \"$1\" { print \$6 }' /proc/self/mountinfo"; }
userns='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'

# --- attributes ---

check "nosuid, nodev, noexec, noatime" prints attrs "$(options_of /mnt)" "rw,nosuid,nodev,noexec,noatime" "$(bind bind,nosuid,nodev,noexec,noatime)"
check "later words win" prints later "$(options_of /fresh)" "rw,relatime" "$(fresh ro,nosuid,noexec,rw,suid,exec)"
check "nosymfollow" prints nosymfollow 'cat /mnt/file; cat /mnt/link 2>&1 | grep -o "Too many.*\|Symbolic.*"' $'file\nToo many levels of symbolic links' "$(bind bind,nosymfollow)"
check "a flag of the file system" prints dirsync 'awk "\$5 == \"/fresh\"" /proc/self/mountinfo | grep -o dirsync' dirsync "$(fresh dirsync,sync,async,size=1m)"

# The recursive words change what is mounted below as well.
mount -t tmpfs tmpfs "$host/sub"
check "ro leaves the mounts below alone" prints roflat 'touch /mnt/sub/x && echo written; touch /mnt/x 2>/dev/null || echo no' $'written\nno' "$(bind rbind,ro)"
check "rro does not" prints rro 'touch /mnt/sub/x 2>/dev/null || echo no; touch /mnt/x 2>/dev/null || echo no' $'no\nno' "$(bind rbind,rro)"
check "rnoexec, rnosuid, rnodev" prints rattr "$(options_of /mnt/sub)" "rw,nosuid,nodev,noexec,relatime" "$(bind rbind,rnoexec,rnosuid,rnodev)"
umount "$host/sub"

check "shared makes a peer group" prints shared 'awk "\$5 == \"/mnt\" { print \$7 }" /proc/self/mountinfo | cut -d: -f1' shared "$(bind bind,shared)"
check "a destination without a slash is below the root" prints relative 'cat /a/b/file' file "$(bind bind a/b)"
check "remount changes what is mounted there" prints remount "$(options_of /fresh); awk '\$5 == \"/fresh\"' /proc/self/mountinfo | grep -o size=[0-9]*k" \
	$'ro,nosuid,relatime\nsize=2048k' "$(fresh size=1m)" "$(fresh remount,ro,nosuid,size=2m)"
bundle noremount true "$(bind bind,remount,ro /etc)"
check "remount of what is no mount is refused" fails run noremount
bundle badoption true "$(fresh no-such-option)"
check "a word that nobody knows is the file system's to refuse" fails run badoption
check "tmpcopyup" prints copyup 'cat /etc/group | head -1 | cut -d: -f1; touch /etc/mine && echo written' $'root\nwritten' \
	'.mounts += [{destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]'

# --- links ---

check "the source's links are followed" prints srcfollow 'cat /tmp/x; [ -L /tmp/x ] || echo plain' $'file\nplain' "$(bind bind /tmp/x "$host/link")"
check "src-nofollow mounts the link itself" prints srcno 'readlink /run/x' /nowhere "$(fresh mode=755)" '.mounts[-1].destination = "/run"' "$(bind bind,src-nofollow /run/x "$host/dangling")"
check "copy-symlink makes the link again" prints copylink 'readlink /run/x; grep -c " /run/x " /proc/self/mountinfo' $'/nowhere\n0' \
	"$(fresh mode=755)" '.mounts[-1].destination = "/run"' "$(bind bind,copy-symlink /run/x "$host/dangling")"
check "copy-symlink mounts what is no link" prints copyfile 'cat /run/x; grep -c " /run/x " /proc/self/mountinfo' $'file\n1' \
	"$(fresh mode=755)" '.mounts[-1].destination = "/run"' "$(bind bind,copy-symlink /run/x "$host/file")"
bundle copyclash true "$(fresh mode=755)" '.mounts[-1].destination = "/run"' "$(bind bind,copy-symlink /run/x "$host/dangling")" "$(bind bind,copy-symlink /run/x "$host/link")"
check "copy-symlink over another link is refused" fails run copyclash
check "and says what it wanted" matches "make the link to .file.: file exists" "$(run copyclash 2>&1)"
check "dest-nofollow mounts on a link, not behind it" prints destno '[ -L /run/l ] && echo link || cat /run/l; cat /run/file' $'file\nother' \
	"$(fresh mode=755)" '.mounts[-1].destination = "/run"' "$(bind bind /run/file "$home/other/file")" "$(bind bind,copy-symlink /run/l "$host/link")" \
	"$(bind bind,dest-nofollow /run/l "$host/file")"

# --- ids ---

# tmpfs maps ids since 6.3. On an older kernel a directory of the disk is looked at, in the machine that has one.
mapped=$home/mapped
mkdir -p "$mapped" "$home/below"
if printf '6.3\n%s\n' "$(uname -r)" | sort -CV; then
	mount -t tmpfs -o mode=755 tmpfs "$mapped"
	mount -t tmpfs -o mode=755 tmpfs "$home/below"
fi
why=
rt features | jq -e .linux.mountExtensions.idmap.enabled >/dev/null || why="this runtime has none"
[[ $(stat -f -c %T "$mapped") != tmpfs ]] || mountpoint -q "$mapped" || why="tmpfs of $(uname -r) cannot map ids"
touch "$mapped/root" "$mapped/user"
chown 1000:1001 "$mapped/user"
owners='stat -c %u:%g /mnt/root /mnt/user'
if [ -z "$why" ]; then
	check "mappings of the mount" prints idmount "$owners" $'5000:5000\n6000:6001' "$(bind bind /mnt "$mapped")" \
		'.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 5000, size: 5000}], gidMappings: [{containerID: 0, hostID: 5000, size: 5000}]}'
	check "mappings of the mount and the word" prints idword "$owners" $'7:8\n1007:1009' "$(bind bind,idmap /mnt "$mapped")" \
		'.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 7, size: 5000}], gidMappings: [{containerID: 0, hostID: 8, size: 5000}]}'
	check "idmap alone is the container's user namespace" prints iduserns "$owners; touch /mnt/new; echo made" $'0:0\n65534:65534\nmade' "$(bind bind,idmap /mnt "$mapped")" "$userns"
	check "what root of the container writes belongs to root outside" equal 0:0 "$(stat -c %u:%g "$mapped/new")"
	check "without idmap it is nobody's" prints idnone "$owners" $'65534:65534\n65534:65534' "$(bind bind /mnt "$mapped")" "$userns"
	check "crun's word with ranges" prints idranges "$owners" $'3000:3000\n4:5' "$(bind "bind,idmap=uids=0-3000-1#1000-4-1;gids=0-3000-1#1001-5-1" /mnt "$mapped")"
	check "ranges relative to the container's ids" prints idrelative "$owners" $'9:9\n2:3' \
		"$(bind "bind,idmap=uids=@0-9-1#@1000-2-1;gids=@0-9-1#@1001-3-1" /mnt "$mapped")" "$userns"
	mkdir "$mapped/sub"
	mount --bind "$home/below" "$mapped/sub"
	touch "$mapped/sub/root"
	ids='.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 5000, size: 5000}], gidMappings: [{containerID: 0, hostID: 5000, size: 5000}]}'
	check "idmap leaves the mounts below alone" prints idflat 'stat -c %u /mnt/root /mnt/sub/root' $'5000\n0' "$(bind rbind,idmap /mnt "$mapped")" "$ids"
	check "ridmap does not" prints ridmap 'stat -c %u /mnt/root /mnt/sub/root' $'5000\n5000' "$(bind rbind,ridmap /mnt "$mapped")" "$ids"
	umount "$mapped/sub"
else
	skip "mapped ids" "$why"
fi
bundle idnothing true "$(bind bind,idmap /mnt "$mapped")"
check "idmap without any mappings is refused" fails run idnothing
check "and says why" matches 'no mappings' "$(run idnothing 2>&1)"
bundle idfresh true "$(fresh idmap)"
check "ids of a new file system are not mapped" fails run idfresh
for dir in "$mapped" "$home/below"; do ! mountpoint -q "$dir" || umount "$dir"; done

# --- mounts that come and go ---

if rt mounts --help >/dev/null 2>&1; then
	# list OPTIONS DESTINATION SOURCE …: a file with an array of bind mounts.
	list() { jq -n '[$ARGS.positional | _nwise(3) | {destination: .[1], type: "bind", source: .[2], options: (.[0] | split(","))}]' --args "$@" >"$home/list.json"; }
	add() { rt mounts add "$1" "$home/list.json"; }
	remove() { rt mounts remove "$1" "$home/list.json"; }
	sees() { equal "$2" "$(rt exec "$1" cat "$3" 2>&1)"; }

	bundle live 'mkdir /tmp/d; ln -s / /tmp/up; ln -s /proc /tmp/proc; sleep 1000' "$(fresh mode=1777)" '.mounts[-1].destination = "/tmp"'
	up live
	until_true rt exec live test -L /tmp/proc
	list bind,ro /a/b "$host" bind /a/f "$home/other/file" bind /tmp/up/c "$host/file"
	check "mounts add puts them there" add live
	check "a directory" sees live file /a/b/file
	check "with its options" fails rt exec live touch /a/b/x
	check "a file" sees live other /a/f
	check "a link in the container leads nowhere but inside" sees live file /c
	list bind,ro /a/b "$host" bind /a/f "$home/other/file"
	check "mounts remove takes them away" remove live
	check "and nothing is left" equal "" "$(rt exec live sh -c 'ls -A /a/b; cat /a/f')"
	check "a second time there is nothing to remove" fails remove live
	list bind /a/b "$host" bind,no-such-word /e "$home/absent"
	check "a source that is not there is an error" fails add live
	list bind /a/b "$host" bind /proc/version "$home/other/file"
	check "a mount over a file of procfs is refused" fails add live
	check "what came before it is taken back" equal "" "$(rt exec live ls -A /a/b)"
	list bind /tmp/proc/keys /dev/null
	check "what lies behind a link of the container is not removed" fails remove live
	check "so its masks stay" equal 0 "$(rt exec live sh -c 'cat /proc/keys | wc -l')"
	jq -n '[{destination: "/newproc", type: "proc", source: "proc"}, {destination: "/newtmp", type: "tmpfs", options: ["size=4k"]}]' >"$home/list.json"
	check "new file systems are added too" add live
	check "a procfs is the container's" matches 'sleep' "$(rt exec live cat /newproc/1/cmdline | tr '\0' ' ')"
	check "the tmpfs has its size" matches '^4' "$(rt exec live df -k /newtmp | awk 'END { print $2 }')"
	jq -n '[{destination: "/sys", type: "sysfs", source: "sysfs", options: ["ro"]}, {destination: "/proc", type: "proc", source: "proc"}]' >"$home/list.json"
	check "also where the container has such ones" add live
	echo '{"destination": "/x"}' >"$home/list.json"
	check "what is no array is refused" fails add live
	check "neither add nor remove is refused" fails rt mounts change live "$home/list.json"
	down live
	bundle liveids 'sleep 1000' "$userns"
	up liveids
	check "a file of root outside is nobody's inside" equal 65534 "$(rt exec liveids stat -c %u /etc/group)"
	if [ -z "$why" ]; then
		echo mapped >"$home/rootfile"
		list bind,idmap /etc/group "$home/rootfile"
		check "ids are mapped in a container that runs" add liveids
		check "and are the container's" equal "0 mapped" "$(rt exec liveids sh -c 'echo $(stat -c %u /etc/group) $(cat /etc/group)')"
	else
		skip "ids are mapped in a container that runs" "$why"
	fi
	down liveids
	list bind /a/b "$host"
	check "a container that is gone gets no mounts" fails add liveids
else
	skip "mounts add and remove" "this runtime has none"
fi

# --- the root ---

# moved NAME SHELL WANTED [FILTER…]: with --no-pivot; warnings are no output.
moved() {
	local name=$1 script=$2 wanted=$3
	shift 3
	bundle "$name" "$script" "$@"
	equal "$wanted" "$(rt run --no-pivot --bundle "$home/$name" "$name" 2>"$home/err" </dev/null)" || { cat "$home/err"; return 1; }
}
all='.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP"])'
# A user namespace inside may mount a procfs of its own only if one without masks is in sight of the kernel.
fresh_proc='unshare -U -r -m -p -f mount -t proc proc /tmp 2>/dev/null && echo new || echo no'
check "pivoted: nothing of the host is mounted any more" prints pivoted "grep -c ' / / ' /proc/self/mountinfo; $fresh_proc" $'0\nno' "$all" '.process.noNewPrivileges = false'
check "--no-pivot: the program has the same root" moved nopivot 'ls / | grep -c etc; cat /proc/1/comm; echo x >/dev/null && echo null' $'1\nsh\nnull'
check "which is said" matches 'no-pivot' "$(cat "$home/err")"
check "nothing of the host's procfs is left below it" moved nopivotproc "$fresh_proc" no "$all" '.process.noNewPrivileges = false'
bundle nopivotexec 'sleep 1000'
rt create --no-pivot --bundle "$home/nopivotexec" nopivotexec </dev/null >/dev/null 2>&1 && rt start nopivotexec
check "exec has that root too" equal "inside" "$(rt exec nopivotexec sh -c "[ -e '$home' ] && echo outside || hostname")"
down nopivotexec
check "a shared root on demand" prints propagation 'awk "\$5 == \"/\" { print \$7 }" /proc/self/mountinfo | cut -d: -f1' shared '.linux.rootfsPropagation = "shared"'
check "a read-only root" prints roroot 'touch /x 2>/dev/null || echo no; touch /dev/shm/x && echo yes' $'no\nyes' '.root.readonly = true'
check "masked directories share one read-only file system" prints masks 'for d in /a /b; do touch $d/x 2>/dev/null || echo no; done; stat -c %d /a /b | sort -u | wc -l' $'no\nno\n1' \
	"$(fresh size=4k)" "$(bind bind /a "$host")" "$(bind bind /b "$host/sub")" '.linux.maskedPaths = ["/a", "/b"]'

# --- features ---

check "features names every option" equal true "$(rt features | jq '[.mountOptions[] | IN("idmap", "ridmap", "rro", "nosymfollow", "tmpcopyup", "copy-symlink")] | map(select(.)) | length == 6')"

runtime_done
