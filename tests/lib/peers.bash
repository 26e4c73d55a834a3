# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# peers: other people's engines over tare-runtime, each with its state in $home. `load ../lib/peers`, then
#
#   peers_begin                   in setup_file: the images, $home, $runtime
#   containerd_begin, containerd_end
#   dockerd_begin, dockerd_end    needs containerd
#   nothing_left                  in teardown_file: no cgroup, mount, link or process of a container remains

. "$(dirname "${BASH_SOURCE[0]}")/tare.bash"

peers_begin() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	images=$("$lib/make-images" busybox)
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	export images home runtime
	"$lib/residue" snapshot "$home/before"
}

ours() { kill -0 "$(cat "$1")" 2>/dev/null; }
over() { ! ours "$1"; }
end() {
	[ -e "$1" ] || return 0
	kill "$(cat "$1")" 2>/dev/null
	wait_for 15 over "$1" || :
}

containerd_begin() {
	mkdir "$home/containerd"
	cat >"$home/containerd.toml" <<-END
		version = 2
		root = "$home/containerd/root"
		state = "$home/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$home/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		path = "$home/containerd/opt"
	END
	containerd -c "$home/containerd.toml" >"$home/containerd.log" 2>&1 3>&- &
	echo $! >"$home/containerd.ours"
	wait_for 15 ctr -a "$home/containerd.sock" version
}
containerd_end() { end "$home/containerd.ours"; }

# No bridge: ours is tested elsewhere. It raises limits, which needs CAP_SYS_RESOURCE: hence the default.
dockerd_begin() {
	echo '{}' >"$home/none.json"
	dockerd --config-file "$home/none.json" --data-root "$home/docker" --exec-root "$home/docker-exec" --pidfile "$home/dockerd.pid" \
		-H "unix://$home/docker.sock" --containerd "$home/containerd.sock" --storage-driver overlay2 --bridge none --iptables=false \
		--add-runtime "tare=$runtime" --default-runtime tare --default-ulimit nofile=1024:1024 --log-level error >"$home/dockerd.log" 2>&1 3>&- &
	echo $! >"$home/dockerd.ours"
	wait_for 20 docker version
}
dockerd_end() {
	end "$home/dockerd.ours"
	umount -l "$home"/docker/overlay2/* "$home/docker-exec/netns/default" 2>/dev/null || :     # its own, with runc as well
}
docker() { /usr/bin/docker -H "unix://$home/docker.sock" "$@"; }
export -f docker

# The parents of the containers' cgroups may stay, as their engines leave them.
remove_parents() {
	find /sys/fs/cgroup -depth -type d \( -path '*/docker' -o -path '*/peers' -o -path '*/libpod_parent' -o -path '*/libpod_parent/conmon' \) -exec rmdir {} + 2>/dev/null
	[ -z "$(find /sys/fs/cgroup -type d -path '*/libpod_parent*')" ]
}
nothing_left() {
	local left
	wait_for 5 remove_parents || :
	left=$("$lib/residue" diff "$home/before" 5) || { echo "$left"; return 1; }
}
