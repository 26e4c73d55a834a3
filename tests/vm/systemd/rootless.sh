# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Containers of an ordinary user whose systemd hands cgroups on: limits that hold, and a clear word where there are none.
. /tests/lib/tap.bash

useradd -m -u 1234 tester 2>/dev/null
grep -q ^tester: /etc/subuid || { echo tester:700000:65536 >>/etc/subuid; echo tester:700000:65536 >>/etc/subgid; }
loginctl enable-linger tester
for _ in $(seq 100); do [ -S /run/user/1234/bus ] && break; sleep 0.2; done
home=/home/tester
tar -C /bundle/rootfs -cf "$home/image.tar" .
chown tester: "$home/image.tar"
user() { systemd-run --quiet --property=KillMode=process --machine=tester@.host --user --pipe --wait --working-directory="$home" --setenv=PATH="$PATH" "$@"; }
# Without a session: what su without systemd, or a cron job has.
bare() { setpriv --reuid 1234 --regid 1234 --clear-groups env -i HOME="$home" PATH="$PATH" "$@"; }
cgroup() { cut -d: -f3 "/proc/$(user tare inspect -f '{{.State.Pid}}' "$1")/cgroup"; }
scopes() { systemctl --machine=tester@.host --user list-units --all --plain --no-legend 'tare-*'; }

check "import" user tare import -q "$home/image.tar" small
check "run with limits" user tare run -d --name web --network none --memory 32m --pids-limit 12 small /bin/sh -c 'sleep 1000'
check "its scope is the user's" matches '^/user.slice/user-1234.slice/user@1234.service/user.slice/tare-' "$(cgroup web)"
check "the files hold them" equal "33554432 12" "$(cat "/sys/fs/cgroup$(cgroup web)"/{memory,pids}.max | paste -sd' ')"
check "exec goes there" equal 0 "$(user tare exec web id -u)"
check "processes are limited" matches 'fork|Resource' "$(user tare exec web sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do sleep 5 & done' 2>&1)"
check "restart keeps them" equal 33554432 "$(user tare restart -t 0 web >/dev/null 2>&1; cat "/sys/fs/cgroup$(cgroup web)/memory.max")"
check "what was not handed on is an error that says so" matches 'cpuset|controller' "$(user tare run --rm --network none --cpuset-cpus 0 small true 2>&1)"
check "rm" user tare rm -f web
check "leaves no unit" equal '' "$(scopes)"
check "without limits" equal 0 "$(user tare run --rm --network none small id -u)"
check "no session, no limits: what is missing is said" matches 'loginctl enable-linger' "$(bare tare run --rm --network none --memory 32m small true 2>&1)"
check "no session, without limits" equal 0 "$(bare tare run --rm --network none small id -u)"

loginctl disable-linger tester
systemctl stop user@1234.service
plan_done
