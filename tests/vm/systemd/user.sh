# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A user without privileges and his own systemd: cgroups he was delegated, limits that hold.
. /tests/lib/tap.bash

useradd -m -u 1234 tester 2>/dev/null
loginctl enable-linger tester
for _ in $(seq 100); do [ -S /run/user/1234/bus ] && break; sleep 0.2; done
home=/home/tester
cp -a /bundle/rootfs "$home/rootfs"
chown -R tester: "$home/rootfs"
# user COMMAND… : as a service of the user's systemd, which is where his cgroups begin.
user() { systemd-run --quiet --machine=tester@.host --user --pipe --wait --working-directory="$home" --setenv=PATH="$PATH" "$@"; }
rt() { user tare-runtime --root "$home/state" --systemd-cgroup "$@"; }
# bundle NAME SHELL [JQ]
bundle() {
	user sh -c "mkdir -p $1 && cd $1 && ln -sfn ../rootfs rootfs && rm -f config.json && tare-runtime spec --rootless"
	jq --arg sh "$2" ".process.terminal = false | .process.args = [\"/bin/sh\", \"-c\", \$sh] | ${3:-.}" "$home/$1/config.json" >"$home/new.json"
	chown tester: "$home/new.json"
	mv "$home/new.json" "$home/$1/config.json"
}
scope() { systemctl --machine=tester@.host --user show -P "$2" "$1"; }
no_unit() { equal '' "$(systemctl --machine=tester@.host --user list-units --all --plain --no-legend "$1")"; }

check "the user's systemd runs" test -S /run/user/1234/bus
bundle web 'sleep 1000' '.linux.resources = {memory: {limit: 33554432}, pids: {limit: 12}} | .linux.cgroupsPath = ":mine:web"'
check "create with limits" rt create --bundle "$home/web" --pid-file "$home/web.pid" web
check "start" rt start web
base=/user.slice/user-1234.slice/user@1234.service/user.slice/mine-web.scope
check "its scope is the user's" equal "$base/container" "$(cut -d: -f3 "/proc/$(cat "$home/web.pid")/cgroup")"
check "the user's systemd knows the limits" equal "33554432 12" "$(scope mine-web.scope MemoryMax) $(scope mine-web.scope TasksMax)"
check "the files hold them" equal "33554432 12" "$(cat /sys/fs/cgroup$base/container/{memory,pids}.max | paste -sd' ')"
check "exec goes there" equal 2 "$(rt exec --detach web sleep 100 </dev/null >/dev/null 2>&1; wc -l </sys/fs/cgroup$base/container/cgroup.procs)"
check "delete --force" rt delete --force web
check "leaves no unit" no_unit 'mine-*'
bundle plain 'echo $(id -u); cat /proc/self/cgroup' 'del(.linux.cgroupsPath)'
check "without a path, without limits" matches '^0' "$(rt run --bundle "$home/plain" plain 2>&1)"
check "nothing of it stays" no_unit 'tare-plain*'
nobus() { user env XDG_RUNTIME_DIR=/nowhere DBUS_SESSION_BUS_ADDRESS= tare-runtime --root "$home/state" --systemd-cgroup run --bundle "$home/web" nobus 2>&1; }
check "no systemd to be found is an error that says where it looked" matches "connect to systemd at '/nowhere/bus'" "$(nobus)"

loginctl disable-linger tester
systemctl stop user@1234.service
plan_done
