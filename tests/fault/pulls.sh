# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Many pulls of images that overlap, at once, with rmi and check --repair between them: nothing is downloaded twice, nobody removes what another relies on,
# nothing is left in the end. TARE_CROWD_SECONDS says how long the mixed part lasts (default 10; the bar is 60), TARE_CROWD_PULLS how many pulls
# run at once (default 50). The seed is printed; TARE_CROWD_SEED repeats the order of commands, though not their moments.

lib=$(cd "$(dirname "$0")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

seconds=${TARE_CROWD_SECONDS:-10}
crowd=${TARE_CROWD_PULLS:-50}
images=20
seed=${TARE_CROWD_SEED:-$RANDOM}
RANDOM=$seed
echo "# seed $seed, $crowd pulls of $images images, $seconds seconds"

home=$(mktemp -d /var/tmp/tare-crowd.XXXXXX)
"$lib/crowd-registry" "$home" $images >"$home/registry.log" 2>&1 &
registry=$!
trap 'kill $registry; wait $registry 2>/dev/null; rm -rf "$home"' EXIT
wait_for 30 test -s "$home/port" || { echo "Bail out! no registry: $(cat "$home/registry.log")"; exit 125; }
addr=127.0.0.1:$(cat "$home/port")

own() { tare --root "$home/root" --run-root "$home/run" "$@"; }

# pull NUMBER: of each two images with a common index, one is of another platform.
pull() { own pull -q --platform "linux/$([ $(($1 % 2)) = 0 ] && echo amd64 || echo s390x)" "$addr/crowd/$1:1"; }

# Runs a command in the background; what it says goes to failures if it fails and its last line does not match ALLOWED.
launch() {
	local allowed=$1
	shift
	(
		output=$("$@" 2>&1) && exit
		[ -n "$allowed" ] && [[ $output =~ $allowed ]] || echo "$* (status $?): $output" >>"$home/failures"
	) &
}

nothing_failed() { [ ! -s "$home/failures" ] || { head -20 "$home/failures"; return 1; }; }

# Every blob of a layer came once, by one download from its first byte to its last.
each_came_once() {
	awk '{ n[$1]++ } $2 != 0 || $4 != 1 { print "not in one piece, or together with another:", $0; bad = 1 }
		END { for (d in n) if (n[d] != 1) { print d, "came", n[d], "times"; bad = 1 }; exit bad }' "$home/downloads"
}

none_together() { ! awk '$4 != 1' "$home/downloads" | grep .; }

# Nothing but what `system check` calls clean, without a word.
is_clean() { equal "0 problems left" "$(own system check 2>&1)"; }

all_are_whole() {
	local i
	for ((i = 0; i < images; i++)); do
		own inspect --type image "$addr/crowd/$i:1" >/dev/null 2>&1 || pull $i >/dev/null || { echo "image $i"; return 1; }
	done
	is_clean
}

# Layers, blobs, what is on its way, locks that somebody forgot.
nothing_is_left() {
	local i
	for ((i = 0; i < images; i++)); do own rmi -f "$addr/crowd/$i:1" >/dev/null || return; done
	own images -qa | sort -u | xargs -r tare --root "$home/root" --run-root "$home/run" rmi -f
	equal '' "$(find "$home/root"/{layers,blobs,images} -mindepth 1 | grep -vE '/(ingest|sha256|sha512)$')"
	equal '' "$(find "$home/root/locks" -type f ! -name records ! -name removal)"
}

many_pulls() {
	local i
	for ((i = 0; i < crowd; i++)); do launch '' pull $((i % images)); done
	wait $(jobs -p | grep -vx $registry)
	nothing_failed
}

# Whoever comes to an image that is being removed, or has just been, is told so.
gone='being used right now|no such image|is missing|no such file'
mixed() {
	local until=$((SECONDS + seconds)) i
	while [ $SECONDS -lt $until ]; do
		i=$((RANDOM % images))
		case $((RANDOM % 8)) in
		0 | 1 | 2) launch "$gone" own rmi -f "$addr/crowd/$i:1" ;;
		3) launch '' own system check --repair --quick ;;
		4) launch "$gone" own tag "$addr/crowd/$i:1" "$addr/crowd/$((RANDOM % images)):1" ;;
		*) launch "$gone" pull $i ;;
		esac
		while [ "$(jobs -rp | wc -l)" -gt "$crowd" ]; do wait -n 2>/dev/null; done
	done
	wait $(jobs -p | grep -vx $registry)
	nothing_failed
}

check "$crowd pulls of $images overlapping images at once succeed" many_pulls
check "each layer was downloaded once" each_came_once
check "the store is clean" is_clean
: >"$home/downloads"
: >"$home/failures"
check "pulls, rmi, tags and repairs at once: nobody takes what another relies on" mixed
check "no layer was downloaded by two at the same time" none_together
check "every image can be had and is whole" all_are_whole
check "when all images are removed nothing is left" nothing_is_left

plan_done
