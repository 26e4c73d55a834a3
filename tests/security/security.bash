# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# security: what the tests of one CVE each share. `load security`, then
#
#   tree NAME               a fresh busybox tree under $home/NAME/rootfs with the attacker's program at /attack; sets $bundle and $root
#   config SH [JQ_FILTER…]  writes $bundle/config.json: a container that runs the shell command SH, changed by the filters
#   rt WORDS…               the runtime under test (RUNTIME, default $TARE_BIN/tare-runtime)
#   run_container           runs $bundle to its end; output and status as bats' `run`
#   attacker WORDS…         starts a program of attack.c beside the test, killed at the end
#   while under_attack      TARE_ATTACK_SECONDS (default 2; `make check-security` gives 30) of rounds against it, and at least five
#   no_escape FILE…         the attackers who write there got nowhere. (Not `! grep`: bats does not hear a `!` that is not the last line of a test.)
#   refused                 the last `run` failed as a program fails, with a sentence, not by signal and not by "not found"
#
# The host's canaries live in $home/host, outside every tree. RUNTIME=crun or runc shows what the peers make of a test.

attack_seconds=${TARE_ATTACK_SECONDS:-2}
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$((300 + 4 * attack_seconds))}
here=$BATS_TEST_DIRNAME
runtime=${RUNTIME:-${TARE_BIN:-$here/../../build/bin}/tare-runtime}

setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -n "${attack_program-}" ] || attack_program=$(attack_build)
	home=$(mktemp -d /tmp/security.XXXXXX)
	chmod 755 "$home"
	mkdir "$home/host"
	echo canary >"$home/host/canary"
	attackers=()
	attack_end=
	first_core_pattern=$(cat /proc/sys/kernel/core_pattern)
}

teardown() {
	local pid id
	for pid in "${attackers[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	[ -n "${home-}" ] || return 0
	for id in $(rt list -q 2>/dev/null); do rt delete --force "$id" >/dev/null 2>&1 || :; done
	rm -rf --one-file-system "$home"
	# Whatever a test tried, the host must be as before.
	[ "$first_core_pattern" = "$(cat /proc/sys/kernel/core_pattern)" ] || {
		echo "$first_core_pattern" >/proc/sys/kernel/core_pattern
		echo "the host's core_pattern was changed" >&2
		return 1
	}
}

attack_build() {
	local out=${BATS_RUN_TMPDIR:-/tmp}/attack
	[ -x "$out" ] || { gcc -O1 -static -Wall -o "$out.$$" "$here/attack.c" && mv "$out.$$" "$out"; } || return
	echo "$out"
}

tree() {
	bundle=$home/$1
	root=$bundle/rootfs
	mkdir -p "$root"
	tar -C "$root" -xf "$("$here/../lib/make-images" busybox)/busybox.rootfs.tar"
	cp "$attack_program" "$root/attack"
}

config() {
	local sh=$1 filter
	shift
	jq -n --arg sh "$sh" --arg id "security-$$-${bundle##*/}" '{
		ociVersion: "1.0.2", root: {path: "rootfs"},
		process: {cwd: "/", args: ["/bin/sh", "-c", $sh], env: ["PATH=/bin:/sbin"], user: {uid: 0, gid: 0}, noNewPrivileges: true,
			capabilities: {bounding: [], permitted: [], effective: []}},
		mounts: [
			{destination: "/proc", type: "proc", source: "proc"},
			{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"]},
			{destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
			{destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"]}],
		linux: {cgroupsPath: ("/" + $id), namespaces: [{type: "pid"}, {type: "mount"}, {type: "network"}, {type: "ipc"}, {type: "uts"}],
			resources: {devices: [{allow: false, access: "rwm"}]},
			maskedPaths: ["/proc/kcore", "/proc/keys", "/sys/firmware"], readonlyPaths: ["/proc/sys", "/proc/bus", "/proc/sysrq-trigger"]}}' \
		>"$bundle/config.json"
	for filter in "$@"; do
		jq "$filter" "$bundle/config.json" >"$bundle/config.new"
		mv "$bundle/config.new" "$bundle/config.json"
	done
}

rt() { "$runtime" --root "$home/state" "$@"; }
run_container() { run timeout -k 5 60 "$runtime" --root "$home/state" run --bundle "$bundle" "c-${bundle##*/}" </dev/null; }

# A container that stays: created and started in the background.
up() {
	rt create --bundle "$bundle" "c-${bundle##*/}" </dev/null >"$bundle/out" 2>&1
	rt start "c-${bundle##*/}"
}

attacker() {
	"$attack_program" "$@" </dev/null >/dev/null 2>&1 3>&- &
	attackers+=($!)
}

under_attack() {
	[ -n "$attack_end" ] || { attack_end=$((${EPOCHREALTIME/./} + attack_seconds * 1000000)); rounds=0; }
	rounds=$((rounds + 1))
	[ $rounds -le 5 ] || [ ${EPOCHREALTIME/./} -lt $attack_end ]
}

no_escape() {
	local said
	said=$(grep -h ESCAPE "$@") && { echo "$said"; return 1; }
	[ $? = 1 ] # 2: there is no such file, so nobody attacked
}

refused() {
	[ "$status" -ne 0 ] && [ "$status" -lt 124 ] && [ -n "$output" ] || {
		echo "wanted a refusal, got status $status: $output"
		return 1
	}
}

succeeded() {
	[ "$status" -eq 0 ] || {
		echo "status $status: $output"
		return 1
	}
}

# The canary directory is as it was: one file, one word.
host_is_untouched() {
	[ "$(ls -A "$home/host")" = canary ] && [ "$(cat "$home/host/canary")" = canary ] || {
		echo "the host was reached:"
		ls -lA "$home/host"
		return 1
	}
}
