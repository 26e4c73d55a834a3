# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The power fails while images come, are made and go: a disk that writes down every write and flush (lib/disk-recorder), and what it may hold if it stops at a random
# moment and loses any part of what was not flushed. Each time what was acknowledged by that moment is there and whole, of the command under way all or nothing
# is seen (lib/power.bash), and the work goes on without more. vm/power is the same with a real machine, which loses less.
#
# TARE_POWER_ON names file systems and storage drivers (default "ext4 xfs"; for the bar "ext4:erofs" as well), TARE_POWER_CUTS how many cuts each has (default 3;
# for the bar 50), TARE_POWER_WORK how many commands are recorded (default 10; for the bar 40). TARE_POWER_SEED repeats the commands and the moments.

lib=$(cd "$(dirname "$0")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
. "$lib/power.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

cuts=${TARE_POWER_CUTS:-3}
commands=${TARE_POWER_WORK:-10}
seed=${TARE_POWER_SEED:-$RANDOM}
# The journal goes out every second, and no file is written earlier than it must be: who forgets to sync loses.
declare -A options=([ext4]=commit=1,noauto_da_alloc [xfs]=defaults)
echo "# $cuts cuts each, seeds from $seed"

work=$(mktemp -d /var/tmp/tare-power.XXXXXX)
mkdir "$work/fuse" "$work/disk"
images=$("$lib/make-images" busybox) || { echo "Bail out! no images"; exit 125; }
archive=$images/busybox.docker.tar
rootfs=$work/tree/busybox
"$lib/crowd-registry" "$work" $crowd >"$work/registry.log" 2>&1 &
server=$!
loop=
unmount() {
	# Layers that the erofs driver mounted once for all stay until the machine stops.
	awk -v run="$work/run/" 'index($5, run) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r -n 1 umount -l
	rm -rf "$work/run"
	umount "$work/disk"
}
tidy() {
	unmount 2>/dev/null
	[ -z "$loop" ] || losetup -d "$loop"
	umount "$work/fuse" 2>/dev/null
	kill $server
	wait 2>/dev/null
	rm -rf "$work"
}
trap tidy EXIT
wait_for 30 test -s "$work/port" || { echo "Bail out! no registry"; exit 125; }
registry=127.0.0.1:$(cat "$work/port")
trees_make "$registry" "$images" || { echo "Bail out! the images cannot be unpacked"; exit 125; }

program=$(type -P tare)
tare() { timeout 60 "$program" --root "$work/disk/root" --run-root "$work/run" "$@"; }
ask() { said=$(eval "$1" 2>&1 </dev/null) || { echo "status $? from: $1"; echo "$said"; return 1; }; }

# Somebody else may be quicker with the device that was free.
loop_of() {
	local try
	for try in 1 2 3 4 5; do
		loop=$(losetup -f --show "$1") && return
		sleep 0.$try
	done
	return 1
}

disk_make() {
	rm -f "$work/base"
	truncate -s 320M "$work/base"
	case $1 in
	ext4) mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$work/base" ;;
	xfs) mkfs.xfs -q -K "$work/base" ;;
	esac
}

# The state of the model before each command, what the command may make of it, and how long the log was when it was done.
states=() outcomes=() marks=() history=()

work_all() {
	local i
	has=()
	for ((i = 0; i < commands; i++)); do
		choose || return
		states[i]=$(declare -p has)
		outcomes[i]=$(declare -p maybe)
		history[i]=$command
		ask "$command" || return
		marks[i]=$(stat -c %s "$work/log")
		settle
		# Now and then the journal goes out by itself.
		[ $((RANDOM % 6)) != 0 ] || sleep 1.2
	done
	states[i]=$(declare -p has)
	outcomes[i]=$(declare -p maybe)
}

recorded() {
	local status=0 recorder
	RANDOM=$seed
	disk_make "$1" || return
	"$lib/disk-recorder" serve "$work/base" "$work/fuse" "$work/log" >"$work/recorder.log" 2>&1 &
	recorder=$!
	wait_for 10 test -e "$work/fuse/disk" || { cat "$work/recorder.log"; return 1; }
	loop_of "$work/fuse/disk" && mount -o "${options[$1]}" "$loop" "$work/disk" || return
	busy "$work/disk" &
	work_all || status=$?
	rm "$work/disk/busy"
	wait $!
	unmount
	losetup -d "$loop"
	loop=
	umount "$work/fuse"
	wait $recorder
	return $status
}

# recall BYTES: the model as it was when the log was that long.
recall() {
	local i=0 state outcome
	while [ $i -lt ${#marks[@]} ] && [ "${marks[i]}" -le "$1" ]; do i=$((i + 1)); done
	state=${states[i]} outcome=${outcomes[i]}
	eval "has=${state#declare -A has=}"
	eval "maybe=${outcome#declare -A maybe=}"
	[ $i -lt 3 ] || printf 'done: %s\n' "${history[@]:i-3:3}"
	echo "then: ${history[i]-nothing}"
}

goes_on() {
	local i
	for ((i = 0; i < 3; i++)); do
		choose && ask "$command" && settle || return
	done
}

# The end of a whole recording is a disk like any other; else the recording is at fault.
survives() {
	local status=0 cut
	RANDOM=$1
	cut=$("$lib/disk-recorder" cut "$work/base" "$work/log" "$1" "$work/cut") || return
	echo "$cut"
	recall "${cut%%:*}"
	loop_of "$work/cut" && mount "$loop" "$work/disk" || return
	# The machine was started again.
	cat /proc/sys/kernel/random/uuid >"$work/boot"
	mount --bind "$work/boot" /proc/sys/kernel/random/boot_id
	verify && goes_on && verify || status=$?
	umount /proc/sys/kernel/random/boot_id
	unmount
	losetup -d "$loop"
	loop=
	return $status
}

for on in ${TARE_POWER_ON:-ext4 xfs}; do
	fs=${on%:*}
	export TARE_STORAGE_DRIVER=overlay
	[ "$on" = "$fs" ] || TARE_STORAGE_DRIVER=${on#*:}
	check "$fs, $TARE_STORAGE_DRIVER: a disk writes down what images do" recorded "$fs"
	check "$fs, $TARE_STORAGE_DRIVER: its end is good" survives end
	for ((i = 0; i < cuts; i++)); do
		check "$fs, $TARE_STORAGE_DRIVER: a power cut takes nothing that was acknowledged (seed $((seed + i)))" survives $((seed + i))
	done
done
plan_done
