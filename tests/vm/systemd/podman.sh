# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# podman with systemd's cgroups over our runtime: what it asks, it must find.
. /tests/lib/tap.bash

mkdir -p /etc/containers
[ -e /etc/containers/policy.json ] || echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
pod() { podman --runtime /usr/local/bin/tare-runtime --cgroup-manager systemd --events-backend file "$@"; }
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	"$@"
}
no_unit() { equal '' "$(systemctl list-units --all --plain --no-legend 'libpod-*')"; }

if ! command -v podman >/dev/null; then
	skip "podman" "it is not in this machine"
	plan_done
fi
check "an image is loaded" pod load -q -i /bundle/busybox.docker.tar
check "run" equal hello "$(pod run --rm --network none busybox echo hello 2>&1)"
check "detached, with limits" pod run -d --name web --network none --memory 64m --pids-limit 33 --cpus 0.5 busybox sleep 1000
id=$(pod inspect --format '{{.Id}}' web)
pid=$(pod inspect --format '{{.State.Pid}}' web)
check "its scope is podman's" equal "/machine.slice/libpod-$id.scope/container" "$(cut -d: -f3 "/proc/$pid/cgroup")"
check "systemd knows the limits" equal "67108864 33 500ms" \
	"$(for p in MemoryMax TasksMax CPUQuotaPerSecUSec; do systemctl show -P $p "libpod-$id.scope"; done | paste -sd' ')"
check "exec" equal inside "$(pod exec web echo inside)"
check "stats sees it" matches '64MB|67.11MB' "$(pod stats --no-stream --format '{{.MemUsage}}' web 2>&1)"
check "update" pod update --memory 128m web
check "reaches systemd" equal 134217728 "$(systemctl show -P MemoryMax "libpod-$id.scope")"
check "pause and unpause" bash -c "$(declare -f pod); pod pause web && pod unpause web"
check "rm -f" pod rm -f -t 0 web
check "leaves no scope" until_true no_unit

plan_done
