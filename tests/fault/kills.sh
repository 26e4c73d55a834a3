# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# kill -9 of a command that works on images before each system call that changes a directory or makes something durable: finer than the steps of steps.sh, and also
# where a command has no table of steps. The next command heals: `system check` finds no damage, the same command succeeds, what was here before is whole, and in the end
# prune leaves nothing that nobody needs. TARE_KILLS says at how many calls of each command (default 3, spread over all of them; "all" is the bar).

lib=$(cd "$(dirname "$0")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

kills=${TARE_KILLS:-3}
calls=mkdirat,renameat,renameat2,linkat,unlinkat,symlinkat,ftruncate,fsync,fdatasync,syncfs
home=$(mktemp -d /var/tmp/tare-kills.XXXXXX)
export REGISTRY_HOME=$home
images=$("$lib/make-images" busybox) || { echo "Bail out! no images"; exit 125; }
trap 'registry_stop plain; rm -rf "$home"' EXIT
registry_start plain plain || { echo "Bail out! no registry"; exit 125; }
registry_push plain "$images/busybox" test/busybox:1

program=$(type -P tare)
own() { "$program" --root "$home/root" --run-root "$home/run" "$@"; }

# The commands, one a line, and what makes room for each.
commands() {
	cat <<-END
		pull -q $plain_addr/test/busybox:1 | rmi -f $plain_addr/test/busybox:1
		pull -q --no-keep-blobs $plain_addr/test/busybox:1 | rmi -f $plain_addr/test/busybox:1
		load -q -i $images/busybox.oci.tar | rmi -f latest
		load -q -i $images/busybox.docker.tar | rmi -f busybox
		import -q $home/tree.tar localhost/imported:1 | rmi -f localhost/imported:1
		tag kept localhost/tagged:1 | rmi -f localhost/tagged:1
		untag kept localhost/tagged:1 | tag kept localhost/tagged:1
		commit -q box localhost/committed:1 | rmi -f localhost/committed:1
		rmi -f localhost/removed:1 | import -q $home/tree.tar localhost/removed:1
		image prune -f | import -q $home/tree.tar
		save -q -o $home/saved.tar kept |
		save -q --format oci-dir -o $home/saved kept |
		push -q kept $plain_addr/test/pushed:1 |
		copy -q docker://$plain_addr/test/busybox:1 tare:localhost/copied:1 | rmi -f localhost/copied:1
		copy -q tare:kept oci:$home/layout:1 |
		manifest create localhost/list:1 | manifest rm localhost/list:1
		manifest add localhost/full:1 kept | manifest rm localhost/full:1; manifest create localhost/full:1
		manifest push localhost/full:1 $plain_addr/test/list:1 |
		artifact add localhost/artifact:1 $home/tree.tar | artifact rm localhost/artifact:1
		artifact push $plain_addr/test/artifact:1 |
		artifact pull $plain_addr/test/artifact:1 | artifact rm $plain_addr/test/artifact:1
		artifact add --replace localhost/kept:1 $home/tree.tar |
		artifact rm localhost/gone:1 | artifact add localhost/gone:1 $home/tree.tar
		system check --repair |
	END
}

make_room() {
	local one words
	while IFS= read -r -d ';' one; do
		read -ra words <<<"$one"
		[ ${#words[@]} = 0 ] || own "${words[@]}" >/dev/null 2>&1
	done <<<"$1;"
}

# The calls of a command that may be the last: name and number, in order; as many as are wanted.
points() {
	strace -qq -e trace=$calls -e signal=none -o "$home/calls" "$program" --root "$home/root" --run-root "$home/run" "$@" >/dev/null 2>&1 </dev/null || return
	awk -F '[(]' -v want="$kills" -v first="$RANDOM" '
		{ all[NR] = $1 " " ++n[$1] }
		END { step = want == "all" || want >= NR ? 1 : NR / want; for (i = step == 1 ? 1 : 1 + first % step; i < NR + 1; i += step) print all[int(i)] }' "$home/calls"
}

# killed CALL NUMBER WORD…: is killed there, and the next one heals. With another past a command may have fewer calls than when they were counted: then it ends well.
killed() {
	local call=$1 number=$2 status=0 out
	shift 2
	timeout 60 strace -qq -e trace="$call" -e signal=none -e inject="$call:signal=KILL:when=$number" -o /dev/null \
		"$program" --root "$home/root" --run-root "$home/run" "$@" >"$home/out" 2>&1 </dev/null || status=$?
	case $status in
	137) hits=$((hits + 1)) ;;
	0) ;;
	*) echo "status $status"; cat "$home/out"; return 1 ;;
	esac
	out=$(own system check) && [[ $out == *"0 problems left" ]] || { echo "$out"; return 1; }
	equal whole "$(own run --rm --network none kept cat /made)" || return
	own artifact inspect localhost/kept:1 >/dev/null || return
	timeout 60 "$program" --root "$home/root" --run-root "$home/run" "$@" 2>&1 </dev/null || [ -n "$once" ] || return
	out=$(own system check) && [[ $out == *"0 problems left" ]] || { echo "$out"; return 1; }
}

sweep() {
	local room=$1 call number once= hits=0
	shift
	# These may have done it, and cannot do it twice.
	case "$1 $2" in "rmi "* | "untag "* | "artifact rm" | "artifact add" | "manifest create") once=1 ;; esac
	# Once without being watched: what commands before it left behind is tidied now, and the calls that are counted are those that will be made again.
	make_room "$room"
	own "$@" >/dev/null 2>&1 </dev/null
	make_room "$room"
	points "$@" >"$home/points"
	[ -s "$home/points" ] || { echo "no call to be killed at: $*"; return 1; }
	while read -r call number <&3; do
		make_room "$room"
		killed "$call" "$number" "$@" || { echo "killed before $call $number of: tare $*"; return 1; }
	done 3<"$home/points"
	[ $hits -gt 0 ] || { echo "was never killed"; return 1; }
}

# Layers, blobs, what is on its way, files of writers.
nothing_is_left() {
	own rm -f box >/dev/null
	# They keep their images.
	own manifest rm localhost/list:1 localhost/full:1 >/dev/null
	own image prune -af >/dev/null
	own artifact rm -a >/dev/null
	equal '' "$(find "$home/root"/{layers,blobs,images,artifacts} -mindepth 1 | grep -vE '/(ingest|sha256|sha512|\.tmp-[0-9a-f]*)$')"
}

echo whole >"$home/made"
tar -C "$home" -cf "$home/tree.tar" made
own load -q -i "$images/busybox.docker.tar" >/dev/null
own run --name box --network none busybox sh -c 'echo whole >/made; rm /bin/ls'
own commit -q box kept >/dev/null
own artifact add "$plain_addr/test/artifact:1" "$home/tree.tar" >/dev/null
own artifact add localhost/kept:1 "$home/tree.tar" >/dev/null
while IFS='|' read -r command room <&4; do
	read -ra words <<<"$command"
	check "${command//$home\//}: killed anywhere, the next one heals" sweep "$room" "${words[@]}"
done 4< <(commands)
check "nothing is left in the end" nothing_is_left
plan_done
