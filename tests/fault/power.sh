# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The power fails during pulls and removals: a disk that writes down every write and flush (lib/disk-recorder), and what it may hold if it stops at a random moment and
# loses any part of what was not flushed. After each: the file system is mounted, `system check` finds no image that is not whole, and pulls work without more.
# TARE_POWER_CUTS says how many (default 12; the bar is 50), TARE_POWER_FS the file system (ext4; xfs where mkfs.xfs is installed). The seeds are printed with what fails.

lib=$(cd "$(dirname "$0")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

cuts=${TARE_POWER_CUTS:-12}
fs=${TARE_POWER_FS:-ext4}
seed=${TARE_POWER_SEED:-$RANDOM}
# The journal goes out every second, and no file is written earlier than it must be: who forgets to sync loses.
declare -A options=([ext4]=commit=1,noauto_da_alloc [xfs]=defaults)
echo "# $fs, $cuts cuts, seeds from $seed"

home=$(mktemp -d /var/tmp/tare-power.XXXXXX)
mkdir "$home/fuse" "$home/disk"
"$lib/crowd-registry" "$home" 8 >"$home/registry.log" 2>&1 &
registry=$!
loop=
tidy() {
	umount "$home/disk" 2>/dev/null
	[ -z "$loop" ] || losetup -d "$loop"
	umount "$home/fuse" 2>/dev/null
	kill $registry
	wait 2>/dev/null
	rm -rf "$home"
}
trap tidy EXIT
wait_for 30 test -s "$home/port" || { echo "Bail out! no registry"; exit 125; }
addr=127.0.0.1:$(cat "$home/port")

own() { timeout 60 tare --root "$home/disk/root" --run-root "$home/run" "$@"; }
pull() { own pull -q --platform "linux/$([ $(($1 % 2)) = 0 ] && echo amd64 || echo s390x)" "$addr/crowd/$1:1"; }

make_disk() {
	case $fs in
	ext4) truncate -s 64M "$home/base" && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$home/base" ;;
	xfs) truncate -s 320M "$home/base" && mkfs.xfs -q -K "$home/base" ;;
	esac
}

# What happens while the disk writes down: images come, share layers, move names, go.
work() {
	pull 0 && sleep 1.2 && pull 1 && own rmi "$addr/crowd/0:1" && pull 2 && sleep 1.2 && own tag "$addr/crowd/2:1" "$addr/crowd/1:1" && pull 5 && sleep 1.2 &&
		own rmi -f "$addr/crowd/2:1" && pull 0 && sleep 1.2 && own rmi "$addr/crowd/5:1" && pull 6 && sleep 1.2
}

recorded() {
	local status=0
	make_disk || return
	"$lib/disk-recorder" serve "$home/base" "$home/fuse" "$home/log" >"$home/recorder.log" 2>&1 &
	wait_for 10 test -e "$home/fuse/disk" || { cat "$home/recorder.log"; return 1; }
	loop=$(losetup -f --show "$home/fuse/disk") && mount -o "${options[$fs]}" "$loop" "$home/disk" || return
	work || status=$?
	umount "$home/disk"
	losetup -d "$loop"
	loop=
	umount "$home/fuse"
	wait $!
	return $status
}

# The end of a whole recording is a disk like any other; else the recording is at fault.
survives() {
	local status=0
	"$lib/disk-recorder" cut "$home/base" "$home/log" "$1" "$home/cut" || return
	mount -o loop "$home/cut" "$home/disk" || return
	# The machine was started again.
	cat /proc/sys/kernel/random/uuid >"$home/boot"
	mount --bind "$home/boot" /proc/sys/kernel/random/boot_id
	own system check && pull 0 && pull 1 && own system check --repair && equal "0 problems left" "$(own system check)" || status=$?
	umount /proc/sys/kernel/random/boot_id
	umount "$home/disk"
	return $status
}

check "a disk writes down what pulls and removals do" recorded
check "its end is good" survives end
for ((i = 0; i < cuts; i++)); do
	check "a power cut: no image is damaged, pulls go on (seed $((seed + i)))" survives $((seed + i))
done
plan_done
