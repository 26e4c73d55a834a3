# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# power: an image store at random work, and what it must hold after the power failed in the middle of it. Shared by fault/power.sh (a disk that writes down what comes),
# vm/power (a machine that is killed) and the inside of that machine, which needs only the first part.
#
# The model: what a command has acknowledged is there with the content it should have, what it removed is gone, of a command that was under way all or nothing is seen.
# What images should hold is known from trees that other tools than ours made (trees_make).
#
# Who uses the model has: $work, a directory; $registry, where tests/lib/crowd-registry can be reached by tare; $archive and $rootfs, busybox as an archive and as
# a tree where the commands run; and `ask COMMAND`, which runs a line there, fails if that does, and puts what it says into $said.

# ---- where the store is ----

# tree DIR: a sum over all names and the content of all files.
tree() { (cd "$1" && { find . | LC_ALL=C sort; find . -type f | LC_ALL=C sort | xargs sha256sum; } | sha256sum | cut -d' ' -f1); }

# holds IMAGE: the same of an image.
holds() {
	local dir
	dir=$(tare image mount "$1") && tree "$dir" && tare image unmount "$1" >/dev/null
}

# made NAME PARENT NUMBER: an image of what a container did. A container that a cut one left is removed before.
made() {
	tare rm -f box >/dev/null 2>&1
	tare run --name box --network none "$2" sh -c "mkdir -p /made && seq $3 $(($3 + 3000)) >/made/$3" && tare commit -q box "$1"
}

# busy DIR: somebody else on that file system makes his own file durable all the time, and with it the names, but not the content, of what we have made by then.
# Ends when DIR/busy goes.
busy() {
	: >"$1/busy"
	while [ -e "$1/busy" ]; do
		dd if=/dev/zero of="$1/other" bs=4096 count=1 conv=fsync 2>/dev/null
		sleep 0.05
	done
}

# ---- what images should hold ----

crowd=6             # images the registry has
most=9              # names in the store; then it is cleared

architecture() { [ $(($1 % 2)) = 0 ] && echo amd64 || echo s390x; }

# trees_make ADDRESS IMAGES: trees of what the registry has, at ADDRESS for us, and of busybox (of tests/lib/make-images).
trees_make() {
	local i layer dir
	mkdir -p "$work"/tree/{busybox,imported} || return
	tar -C "$work/tree/busybox" -xf "$2/busybox.rootfs.tar" || return
	cp -a "$work/tree/busybox/etc" "$work/tree/imported/" || return
	for ((i = 0; i < crowd; i++)); do
		dir=$work/tree/crowd-$i
		mkdir "$dir" || return
		skopeo copy -q --insecure-policy --src-tls-verify=false --override-arch "$(architecture $i)" "docker://$1/crowd/$i:1" "dir:$work/image" || return
		for layer in $(jq -r '.layers[].digest | ltrimstr("sha256:")' "$work/image/manifest.json"); do
			tar -C "$dir" -xzf "$work/image/$layer" || return
		done
		rm -rf "$work/image"
	done
}

# tree_make TREE PARENT NUMBER: of what `made` makes.
tree_make() {
	[ ! -d "$work/tree/$1" ] || return 0
	cp -al "$work/tree/$2" "$work/tree/$1" && mkdir -p "$work/tree/$1/made" || return
	rm -f "$work/tree/$1/made/$3"
	seq "$3" $(($3 + 3000)) >"$work/tree/$1/made/$3"
}

sum_of() {
	[ -e "$work/sum-$1" ] || tree "$work/tree/$1" >"$work/sum-$1"
	cat "$work/sum-$1"
}

# ---- the model ----

# has: name -> tree. maybe: what the command under way makes of its names; "-": no such image.
declare -A has=() maybe=()
busybox=busybox:latest

# The next command in $command, what it leads to in maybe. One that the store must be able to do.
choose() {
	local names=("${!has[@]}") i=$((RANDOM % crowd)) kind=$((RANDOM % 12)) name made
	maybe=()
	[ -n "${has[$busybox]-}" ] || kind=load
	[ ${#names[@]} -lt $most ] || kind=clear
	case $kind in
	load)
		command="tare load -q -i $archive"
		maybe[$busybox]=busybox
		;;
	0 | 1 | 2)
		command="tare pull -q --tls-verify=false --platform linux/$(architecture $i) $registry/crowd/$i:1"
		maybe[$registry/crowd/$i:1]=crowd-$i
		;;
	3 | 4 | 5)
		# On busybox, or on what was made of it.
		name=$busybox
		for made in "${names[@]}"; do
			[[ ${has[$made]} != made-* || $((RANDOM % 2)) = 0 ]] || name=$made
		done
		made=made-${has[$name]#made-}-$i
		tree_make "$made" "${has[$name]}" $i || return
		command="made localhost/made:$i $name $i"
		maybe[localhost/made:$i]=$made
		;;
	6 | 7)
		name=${names[RANDOM % ${#names[@]}]}
		command="tare rmi -f $name"
		maybe[$name]=-
		;;
	8)
		name=${names[RANDOM % ${#names[@]}]}
		command="tare tag $name localhost/tag:$i"
		maybe[localhost/tag:$i]=${has[$name]}
		;;
	9)
		command="tar -C $rootfs -c etc | tare import -q - localhost/imported:$((i % 2))"
		maybe[localhost/imported:$((i % 2))]=imported
		;;
	10) command="tare image prune -f" ;;
	11) command="tare system check --repair" ;;
	clear)
		command="tare rm -f box; tare image prune -af"
		for name in "${names[@]}"; do maybe[$name]=-; done
		;;
	esac
}

# The command has said that it is done.
settle() {
	local name
	for name in "${!maybe[@]}"; do
		has[$name]=${maybe[$name]}
		[ "${has[$name]}" != - ] || unset "has[$name]"
	done
	maybe=()
}

# name_verify NAME: is here; its content is in $sum.
name_verify() {
	local name=$1 one
	for one in "${has[$name]-}" "${maybe[$name]-}"; do
		[ -n "$one" ] && [ "$one" != - ] && [ "$sum" = "$(sum_of "$one")" ] || continue
		has[$name]=$one
		return
	done
	echo "$name holds $sum; should hold ${has[$name]-nothing}, or ${maybe[$name]-nothing else}"
	return 1
}

# What is there, against what should be; then that is known, whatever became of the command that was cut off.
verify() {
	local name id sum
	declare -A seen=() sums=()
	ask "tare system check" || return
	grep -qx '0 problems left' <<<"$said" || { echo "$said"; return 1; }
	ask "tare images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}'" || return
	while read -r name id; do
		[[ -z $name || $name == "<none>"* ]] || seen[$name]=$id
	done <<<"$said"
	for name in "${!seen[@]}"; do
		id=${seen[$name]}
		# An image is looked at once, whatever its names.
		if [ -z "${sums[$id]-}" ]; then
			ask "holds $name" || return
			sums[$id]=${said%%$'\n'*}
		fi
		sum=${sums[$id]}
		name_verify "$name" || return
	done
	for name in "${!has[@]}"; do
		[ -z "${seen[$name]-}" ] || continue
		[ "${maybe[$name]-}" = - ] || { echo "$name is gone"; return 1; }
		unset "has[$name]"
	done
	maybe=()
}
