# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# guest: what the machines are made of: Debian's kernel, which is fetched and unpacked once and never installed, and roots of the host's files.
# Who sources it says $here (tests/vm) and $top (the repository), and $work and $root before the guest_… functions.

cache=${TARE_TEST_CACHE:-/var/cache/tare-tests}
bin=${TARE_BIN:-$top/build/bin}
modules=(overlay veth bridge nf_tables nft_ct nft_masq nft_nat nft_chain_nat nft_fib_inet nft_counter xt_mark tun)

die() { echo "vm: $*" >&2; exit 125; }

# Prints the directory of the unpacked kernel, fetching it once.
kernel_dir() {
	local package dir work
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	if [ -z "$package" ]; then
		package=$(find "$cache" -maxdepth 1 -name 'linux-image-*' -printf '%f\n' 2>/dev/null | sort -V | tail -1)
	fi
	[ -n "$package" ] || die "no kernel package known: run apt-get update"
	dir=$cache/$package
	if [ ! -d "$dir" ]; then
		mkdir -p "$cache"
		work=$(mktemp -d "$cache/.kernel.XXXXXX")
		(cd "$work" && apt-get download -q "$package" >log 2>&1) || { tail -3 "$work/log" >&2; die "cannot download '$package'"; }
		dpkg-deb -x "$work"/*.deb "$work/tree"
		depmod -b "$work/tree" "${package#linux-image-}"
		rm -f "$work"/*.deb
		mv -T "$work/tree" "$dir" 2>/dev/null || [ -d "$dir" ]
		rm -rf "$work"
	fi
	echo "$dir"
}

# Copies a file to its own path (or to $2) in the guest's root, with the libraries it loads.
guest_add() {
	local file=$1 to=$2 library
	mkdir -p "$root/$(dirname "$to")"
	cp -L "$file" "$root/$to"
	# ldd fails on a static program, which needs nothing.
	for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
		[ -e "$root/$library" ] && continue
		mkdir -p "$root/$(dirname "$library")"
		cp -L "$library" "$root/$library"
	done
}

# guest_modules TREE KERNEL VERSION MODULE…
guest_modules() {
	local tree=$1 dir=$2 version=$3 module path
	shift 3
	mkdir -p "$tree/lib/modules/$version"
	for module in "$@"; do
		for path in $(modprobe -d "$dir" -S "$version" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod //p'); do
			path=${path#"$dir"}
			mkdir -p "$tree/$(dirname "$path")"
			cp "$dir/$path" "$tree/$path"
		done
	done
	# Dependencies are those of the modules that came along.
	cp "$dir/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$tree/lib/modules/$version/"
	depmod -b "$tree" "$version"
}

guest_busybox() {
	local tree=$1 program
	mkdir -p "$tree"/{bin,sbin,dev}
	cp -L "$(command -v busybox)" "$tree/bin/busybox"
	for program in $(busybox --list); do
		[ "$program" = busybox ] || ln -s /bin/busybox "$tree/bin/$program"
	done
	ln -s /bin/busybox "$tree/sbin/modprobe"
}

# What both kinds of guest get: our programs, the scripts, the bundle's tree, FILEs.
guest_payload() {
	local program
	mkdir -p "$root"/{usr/local/bin,bundle/rootfs,tests}
	for program in "$bin"/*; do
		[ ! -f "$program" ] || guest_add "$program" "/usr/local/bin/$(basename "$program")"
	done
	for program in "$@"; do
		guest_add "$program" "$program"
	done
	tar -C "$root/bundle/rootfs" -xf "$("$top/tests/lib/make-images" busybox)/busybox.rootfs.tar"
	mkdir "$root/tests/vm"
	cp -R "$top/tests/lib" "$top/tests/runtime" "$root/tests/"
	cp -R "$here/systemd" "$root/tests/vm/"
	cp "$here/all" "$root/tests/"
	for program in "${scripts[@]}"; do
		if [ ! -e "$root/tests/${program#"$top/tests/"}" ]; then        # none of ours: somebody's experiment
			cp "$program" "$root/tests/"
			program=$(basename "$program")
		fi
		echo "${program#"$top/tests/"}"
	done >"$root/tests/list"
	echo "${TARE_VM_ENV-}" >"$root/tests/env"
}

# guest_plain KERNEL VERSION FILE…: a root of the host's files, process 1 a script.
guest_plain() {
	local kernel=$1 version=$2 program
	root=$work/root
	shift 2
	mkdir -p "$root"/{proc,sys,tmp,run,etc,root,var/tmp,usr/bin,usr/sbin}
	guest_busybox "$root"
	rm -f "$root/bin/"{sh,bash,mount,umount}
	for program in /bin/bash /usr/bin/jq /bin/mount /bin/umount /usr/bin/unshare /usr/bin/setpriv /usr/bin/nsenter; do
		guest_add "$program" "$program"
	done
	ln -s bash "$root/bin/sh"
	guest_add "$(command -v ip)" /usr/sbin/ip
	for program in /usr/bin/crun /usr/sbin/runc; do
		[ ! -x $program ] || guest_add $program $program
	done
	guest_payload "$@"
	rm -f "$root/tests/lib/console"                                         # no python here
	cp "$here/init" "$root/init"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	guest_modules "$root" "$kernel" "$version" "${modules[@]}"
}

# guest_pack TREE: the tree as the kernel takes it.
guest_pack() { (cd "$1" && find . -print0 | cpio --null -o -H newc --quiet) >"$work/initramfs"; }
