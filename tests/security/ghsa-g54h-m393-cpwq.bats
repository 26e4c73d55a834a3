# SPDX-License-Identifier: Apache-2.0
# Device rules that end up as a list of what is denied leave everything else open (GHSA-g54h-m393-cpwq). A container with
# CAP_MKNOD makes a node for every major number and may open only the harmless ones.

load security

@test "ghsa-g54h-m393-cpwq: of all devices that can be made only the default ones can be opened" {
	tree devices
	config 'mkdir /n; for t in b c; do for major in $(seq 1 259); do for minor in 0 1 8; do
			mknod /n/$t-$major-$minor $t $major $minor || echo "cannot make $t $major:$minor"; done; done; done
		for n in /n/*; do e=$(/attack open $n) && echo "open $n"; case $e in "Operation not permitted" | open) ;; *) echo "$n: $e" ;; esac; done | sort' \
		'.process.capabilities |= map_values(["CAP_MKNOD"])'
	run_container
	succeeded
	# Of those made only random (1:8) and the terminals (5:0, 136:*) are allowed. Major 0 is overlayfs's whiteout, which no rule is asked about.
	run grep -vE '/n/c-(1-8|5-0|136-[018])\b' <<<"$output"
	[ -z "$output" ] || { echo "$output" | head -20; return 1; }
}

@test "ghsa-g54h-m393-cpwq: the same without any rule in the configuration" {
	tree norules
	config 'mknod /sda b 8 0; mknod /mem c 1 1; mknod /tun c 10 200; mknod /zero c 1 5; for n in sda mem tun zero; do /attack open /$n; done' \
		'.process.capabilities |= map_values(["CAP_MKNOD"])' 'del(.linux.resources)'
	run_container
	[ "$output" = $'Operation not permitted\nOperation not permitted\nOperation not permitted\nopen' ]
}

@test "ghsa-g54h-m393-cpwq: an allowed device opens as far as it is allowed" {
	tree allowed
	config 'mknod /tun c 10 200; mknod /fuse c 10 229; for n in tun fuse; do (exec 3</$n) 2>&1 | grep -o "Operation not permitted" || echo "read $n"; /attack open /$n; done; true' \
		'.process.capabilities |= map_values(["CAP_MKNOD"])' '.linux.resources.devices += [{allow: true, type: "c", major: 10, minor: 200, access: "r"}]'
	run_container
	[ "$output" = $'read tun\nOperation not permitted\nOperation not permitted\nOperation not permitted' ] || { echo "$output"; return 1; }
}
