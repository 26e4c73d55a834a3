# SPDX-License-Identifier: Apache-2.0
# `tare explain`: why a container ended, what it met, what it may do, on one page. And --timing of the commands that take time.

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

@test "explain says what a container is, whatever its state" {
	tare create --name box busybox echo 'two words'
	run -0 tare explain box
	contains "$output" "box is created"
	contains "$output" "/bin/echo 'two words'" || contains "$output" "echo 'two words'"
	contains "$output" "never started: tare start box"
	run -1 tare explain nobody-here
	contains "$output" "no such container"
}

@test "explain: each way to end has its sentence" {
	while IFS='|' read -r program words; do
		tare run --name box busybox sh -c "$program" >/dev/null 2>&1 || :
		run -0 tare explain box
		contains "$output" "$words"
		tare rm box >/dev/null
	done <<-'E'
	exit 0|all went well
	exit 3|status 3
	no-such-program|was not found
	exit 126|could not be executed
	sh -c 'kill -SEGV $$'; exit $?|a child that signal 11 (SIGSEGV) killed
	sleep 100 & kill -9 $!; wait $!|a child that signal 9 (SIGKILL) killed
	E
}

@test "explain: killed and stopped" {
	tare run -d --name box busybox sleep 100
	tare kill box
	tare wait box
	run -0 tare explain box
	contains "$output" "signal 9 (SIGKILL)"
	contains "$output" "tare stop"
	tare rm box
	tare run -d --name box --pid host busybox sleep 100
	tare stop -t 5 box
	run -0 tare explain box
	contains "$output" "asked to end"
}

@test "explain: out of memory names the limit" {
	run tare run --name box --memory 16m busybox sh -c 'exec tail /dev/zero'
	[ "$(inspect box '{{.State.OOMKilled}}')" = true ] || skip "this machine counts no memory"
	run -0 tare explain box
	contains "$output" "out of memory"
	contains "$output" "16.8MB"
	contains "$output" MET
}

@test "explain: a start that failed says why" {
	tare create --name box busybox /no/such/program
	run tare start box
	run -0 tare explain box
	contains "$output" /no/such/program
}

@test "explain: limits, capabilities, filters, namespaces, mounts, devices, ports" {
	tare run -d --name box --memory 64m --cpus 0.5 --pids-limit 50 --cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges --pid host \
		-v /srv:/data:ro --device /dev/fuse -p 127.0.0.1:18080:80 --ulimit nofile=99 busybox sleep 100 ||
		{ mknod /dev/fuse c 10 229; false; }
	run -0 tare explain box
	for words in "67.1MB" "0.50 of a processor" "50" "ALSO: NET_ADMIN" "filtered by the default profile" "no-new-privileges" "--pid host" "bind /srv on /data, read-only" \
		"/dev/fuse as /dev/fuse (rwm)" "127.0.0.1:18080 of the host goes to its 80/tcp" "nofile: 99, at most 99" "it sees the host's processes"; do
		contains "$output" "$words"
	done
	[[ $output != *"of the usual fourteen:"*MKNOD*";"* ]]
}

@test "explain: what leads to the host" {
	run -0 bash -c 'tare create --name box busybox true >/dev/null && tare explain box'
	contains "$output" "Nothing that was asked for"
	tare rm box
	tare create --name box --privileged busybox true
	run -0 tare explain box
	contains "$output" "as good as root of the host"
	contains "$output" "NOT filtered"
	contains "$output" "NOTHING is hidden"
	tare rm box
	tare create --name box --cap-add SYS_ADMIN --network host -v /etc:/host -v /var/run/docker.sock:/var/run/docker.sock busybox true
	run -0 tare explain box
	for words in "--cap-add SYS_ADMIN" "loopback" "/etc of the host can be written" "/var/run/docker.sock: whoever may speak to it"; do contains "$output" "$words"; done
}

@test "explain of hostile words drives no terminal" {
	tare create --name box busybox printf $'\033[2J\a\nSTATUS: fine'
	run -0 tare explain box
	[[ $output != *$'\033'* && $output != *$'\a'* ]]
	[ "$(grep -c '^STATUS' <<<"$output")" = 0 ]
}

@test "explain --format" {
	tare create --name box busybox true
	equal created "$(tare explain --format '{{.status}}' box)"
	tare explain --format json box | python3 -c 'import json,sys; d=json.load(sys.stdin); assert d["name"]=="box" and [s for s in d["sections"] if s["title"]=="Limits"]'
}

@test "tare --timing says where the time of any command went" {
	for words in "create --name box busybox sleep 100" "start box" "exec box true" "restart -t 0 box" "stop -t 0 box" "run --rm busybox true"; do
		# shellcheck disable=SC2086
		run -0 tare --timing $words
		contains "$output" "TOOK (ms)"
		contains "$output" " command"
		contains "$output" "everything"
	done
	contains "$output" "monitor.start"
	run -3 tare --timing run --rm busybox sh -c 'exit 3'
}

@test "info has docker's keys, and podman's for templates" {
	tare info --format '{{json .}}' | python3 -c '
import json, sys
d = json.load(sys.stdin)
for k in "Containers Images Driver Plugins MemoryLimit CgroupDriver CgroupVersion KernelVersion NCPU MemTotal DockerRootDir Name ServerVersion SecurityOptions Warnings InitBinary SystemTime".split(): assert k in d, k
assert "bridge" in d["Plugins"]["Network"] and "local" in d["Plugins"]["Volume"] and "json-file" in d["Plugins"]["Log"]'
	equal "$(tare info --format '{{.DockerRootDir}} {{.Driver}} {{.ServerVersion}}')" "$(tare info --format '{{.Store.GraphRoot}} {{.Store.GraphDriverName}} {{.Version.Version}}')"
	case $(uname -m) in x86_64) equal amd64 "$(tare info --format '{{.Host.Arch}}')" ;; esac
	equal false "$(tare info --format '{{.Host.Security.Rootless}}')"
	equal tare-runtime "$(tare info --format '{{.Host.OCIRuntime.Name}}')"
}
