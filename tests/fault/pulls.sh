# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Many pulls of images that overlap, at once, with rmi, prunes and check --repair between them: no pull fails, nobody removes what another relies on, and a layer
# comes again only if somebody removed it in between (lib/crowd-ledger counts); nothing is left in the end. TARE_CROWD_SECONDS says how long the mixed
# part lasts (default 8; the bar is 60), TARE_CROWD_PULLS how many pulls run at once (default 50). The seed is printed; TARE_CROWD_SEED repeats the order of commands, though not their moments.

lib=$(cd "$(dirname "$0")/../lib" && pwd)
. "$lib/tap.bash"
. "$lib/registry.bash"
PATH=${TARE_BIN:-$lib/../../build/bin}:$PATH

seconds=${TARE_CROWD_SECONDS:-8}
crowd=${TARE_CROWD_PULLS:-50}
images=20
seed=${TARE_CROWD_SEED:-$RANDOM}
RANDOM=$seed
echo "# seed $seed, $crowd pulls of $images images, $seconds seconds"

home=$(mktemp -d /var/tmp/tare-crowd.XXXXXX)
"$lib/crowd-registry" "$home" $images >"$home/registry.log" 2>&1 &
registry=$!
trap 'kill $registry; wait $registry 2>/dev/null; rm -rf "$home"' EXIT
: >"$home/removals"
wait_for 30 test -s "$home/port" || { echo "Bail out! no registry: $(cat "$home/registry.log")"; exit 125; }
addr=127.0.0.1:$(cat "$home/port")

own() { tare --root "$home/root" --run-root "$home/run" "$@"; }

# pull NUMBER: of each two images with a common index, one is of another platform.
pull() { own pull -q --platform "linux/$([ $(($1 % 2)) = 0 ] && echo amd64 || echo s390x)" "$addr/crowd/$1:1"; }

# Runs a command in the background; what it says goes to failures if it fails and its last line does not match ALLOWED.
# A command that removes says which layers it removed; when it ran stands beside them.
removing() {
	local began ended output status=0
	began=$(date +%s%N)
	output=$("$@" 2>&1) || status=$?
	ended=$(date +%s%N)
	sed -nE "s/^(Deleted: |deleted: |layer )(sha256:[0-9a-f]{64})(: .*\(repaired\))?\$/$began $ended \2/p" <<<"$output" >>"$home/removals"
	echo "$output"
	return $status
}

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
	[ ! -s "$home/removals" ] && no_download_was_needless && equal "$(wc -l <"$home/layers")" "$(wc -l <"$home/downloads")"
}

no_download_was_needless() { "$lib/crowd-ledger" "$home" | tee "$home/ledger"; return "${PIPESTATUS[0]}"; }

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

# Whoever would remove or name an image that is being pulled, or is not here (any more), is told so. A pull always succeeds, and so do prunes and checks.
gone='being used right now|no such image'
mixed() {
	local until=$((SECONDS + seconds)) i
	while [ $SECONDS -lt $until ]; do
		i=$((RANDOM % images))
		case $((RANDOM % 16)) in
		0 | 1 | 2) launch "$gone" removing own rmi -f "$addr/crowd/$i:1" ;;
		3) launch '' removing own system check --repair --quick ;;
		4) launch '' removing own image prune -f ;;
		5) launch '' removing own system prune -f ;;
		6) launch '' removing own image prune -af ;;
		7) launch "$gone" own tag "$addr/crowd/$i:1" "$addr/crowd/$((RANDOM % images)):1" ;;
		*) launch '' pull $i ;;
		esac
		while [ "$(jobs -rp | wc -l)" -gt "$crowd" ]; do wait -n 2>/dev/null; done
	done
	wait $(jobs -p | grep -vx $registry)
	nothing_failed
}

check "$crowd pulls of $images overlapping images at once succeed" many_pulls
check "each layer was downloaded once" each_came_once
check "the store is clean" is_clean
: >"$home/failures"
check "pulls, rmi, tags, prunes and repairs at once: nobody takes what another relies on" mixed
check "no layer came again that nobody had removed" no_download_was_needless
sed 's/^/# /' "$home/ledger" | tail -1
check "every image can be had and is whole" all_are_whole
check "when all images are removed nothing is left" nothing_is_left

plan_done
