# SPDX-License-Identifier: Apache-2.0
# Devices that vendors describe: `run --device vendor.com/class=name` and --gpus, by files in /etc/cdi and /var/run/cdi.

load ../lib/tare

setup_file() {
	# Not the machine's own.
	mkdir -p /etc/cdi /var/run/cdi
	mount -t tmpfs tmpfs /etc/cdi
	mount -t tmpfs tmpfs /var/run/cdi
	tare_setup_file
}
setup() { rm -rf /etc/cdi/* /var/run/cdi/*; }
teardown() { tare_teardown; }
teardown_file() {
	tare_teardown_file
	umount /etc/cdi /var/run/cdi
}

# spec DIR FILE KIND DEVICES [EDITS [VERSION]]
spec() {
	printf '{"cdiVersion":"%s","kind":"%s","devices":%s,"containerEdits":%s}\n' "${6:-1.1.0}" "$3" "$4" "${5:-{\}}" >"$1/$2"
}
env_device() { printf '{"name":"%s","containerEdits":{"env":["%s"]}}' "$1" "$2"; }

@test "variables, mounts, nodes and groups of a device" {
	mkdir "$BATS_TEST_TMPDIR/lib"
	echo driver >"$BATS_TEST_TMPDIR/lib/libx.so"
	spec /etc/cdi vendor.json vendor.com/dev '[{"name":"zero","containerEdits":{"env":["DEV=zero"],"deviceNodes":[{"path":"/dev/vendor0","hostPath":"/dev/zero","permissions":"rw"}],"additionalGids":[44,0]}}]' \
		'{"env":["VENDOR=1","PATH=/vendor/bin:/bin"],"mounts":[{"hostPath":"'"$BATS_TEST_TMPDIR/lib"'","containerPath":"/opt/vendor","options":["ro","nosuid","nodev","rbind"]}]}'
	run -0 tare run --rm --device vendor.com/dev=zero busybox sh -c 'echo $DEV $VENDOR $PATH; stat -c %t:%T /dev/vendor0; cat /opt/vendor/libx.so; grep ^Groups: /proc/self/status; touch /opt/vendor/x'  || :
	contains "$output" "zero 1 /vendor/bin:/bin"
	contains "$output" 1:5
	contains "$output" driver
	contains "$output" "44"
	contains "$output" "Read-only file system"
	tare create --name box --device vendor.com/dev=zero busybox true
	contains "$(inspect box '{{json .HostConfig.DeviceRequests}}')" '"Driver":"cdi"'
	contains "$(inspect box '{{json .HostConfig.DeviceRequests}}')" '"DeviceIDs":["vendor.com/dev=zero"]'
}

@test "a specification in YAML" {
	cat >/etc/cdi/v.yaml <<-'E'
	---
	cdiVersion: 0.7.0
	kind: vendor.com/net
	devices:
	- name: "0"
	  containerEdits:
	    env:
	    - CARD=0
	E
	equal 0 "$(tare run --rm --device vendor.com/net=0 busybox sh -c 'echo $CARD')"
}

@test "two devices of one file: what they have in common is applied once" {
	echo "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/log"
	cat >"$BATS_TEST_TMPDIR/hook" <<-E
	#!/bin/sh
	echo called \$1 >>$BATS_TEST_TMPDIR/calls
	E
	chmod +x "$BATS_TEST_TMPDIR/hook"
	spec /etc/cdi v.json vendor.com/dev "[$(env_device one ONE=1),$(env_device two TWO=2)]" \
		'{"hooks":[{"hookName":"createRuntime","path":"'"$BATS_TEST_TMPDIR/hook"'","args":["hook","common"]}]}'
	equal "1 2" "$(tare run --rm --device vendor.com/dev=one --device vendor.com/dev=two --device vendor.com/dev=one busybox sh -c 'echo $ONE $TWO')"
	equal "called common" "$(cat "$BATS_TEST_TMPDIR/calls")"
}

@test "a hook that fails fails the start, and nothing is left" {
	spec /etc/cdi v.json vendor.com/dev '[{"name":"x","containerEdits":{"hooks":[{"hookName":"createRuntime","path":"/bin/false"}]}}]'
	run -125 tare run --rm --device vendor.com/dev=x busybox true
	equal '' "$(tare ps -aq)"
	no_residue
}

@test "the environment of the image does not reach a hook (CVE-2025-23266)" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-E
	#!/bin/sh
	env >$BATS_TEST_TMPDIR/env
	E
	chmod +x "$BATS_TEST_TMPDIR/hook"
	spec /etc/cdi v.json vendor.com/dev '[{"name":"x","containerEdits":{"hooks":[{"hookName":"createRuntime","path":"'"$BATS_TEST_TMPDIR/hook"'","env":["OWN=1"]}]}}]'
	tare run --rm -e LD_PRELOAD=/evil.so -e EVIL=1 --device vendor.com/dev=x busybox true
	contains "$(cat "$BATS_TEST_TMPDIR/env")" OWN=1
	run grep -E 'LD_PRELOAD|EVIL' "$BATS_TEST_TMPDIR/env"
	equal '' "$output"
}

@test "what a node does not say the host's node does; none gives no right" {
	[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
	spec /etc/cdi v.json vendor.com/dev '[{"name":"all","containerEdits":{"deviceNodes":[{"path":"/dev/loop-control"}]}},{"name":"none","containerEdits":{"deviceNodes":[{"path":"/dev/loop-control","permissions":"none"}]}},{"name":"gone","containerEdits":{"deviceNodes":[{"path":"/dev/no-such"}]}}]'
	equal a:ed "$(tare run --rm --device vendor.com/dev=all busybox sh -c ': </dev/loop-control && stat -c %t:%T /dev/loop-control')"
	run tare run --rm --device vendor.com/dev=none busybox sh -c ': </dev/loop-control'
	contains "$output" "Operation not permitted"
	run -125 tare run --rm --device vendor.com/dev=gone busybox true
	contains "$output" /dev/no-such
}

@test "the program's user owns the node" {
	spec /etc/cdi v.json vendor.com/dev '[{"name":"x","containerEdits":{"deviceNodes":[{"path":"/dev/mine","hostPath":"/dev/zero"}]}},{"name":"y","containerEdits":{"deviceNodes":[{"path":"/dev/mine","hostPath":"/dev/zero","uid":5,"gid":6,"fileMode":384}]}}]'
	equal "1000:100" "$(tare run --rm -u 1000:100 --device vendor.com/dev=x busybox stat -c %u:%g /dev/mine)"
	equal "5:6 600" "$(tare run --rm -u 1000:100 --device vendor.com/dev=y busybox stat -c '%u:%g %a' /dev/mine)"
}

@test "/var/run/cdi stands over /etc/cdi; twice in one directory is a conflict" {
	spec /etc/cdi a.json vendor.com/dev "[$(env_device x FROM=etc),$(env_device y FROM=etc)]"
	spec /var/run/cdi a.json vendor.com/dev "[$(env_device x FROM=run)]"
	equal run "$(tare run --rm --device vendor.com/dev=x busybox sh -c 'echo $FROM')"
	equal etc "$(tare run --rm --device vendor.com/dev=y busybox sh -c 'echo $FROM')"
	spec /var/run/cdi b.json vendor.com/dev "[$(env_device x FROM=other)]"
	run -125 tare run --rm --device vendor.com/dev=x busybox true
	contains "$output" /var/run/cdi/b.json
	equal etc "$(tare run --rm --device vendor.com/dev=y busybox sh -c 'echo $FROM')"
}

@test "a device that is missing is said, with what could not be read" {
	run -125 tare run --rm --device vendor.com/dev=x --device vendor.com/dev=y busybox true
	contains "$output" "vendor.com/dev=x, vendor.com/dev=y"
	spec /etc/cdi bad.json vendor.com/dev '[{"name":"x","containerEdits":{"frob":1}}]'
	run -125 tare create --device vendor.com/dev=x busybox true
	contains "$output" /etc/cdi/bad.json
	contains "$output" frob
	equal '' "$(tare ps -aq)"
	# A file that is wrong is no other's harm.
	spec /etc/cdi good.json vendor.com/other "[$(env_device x OK=1)]"
	equal 1 "$(tare run --rm --device vendor.com/other=x busybox sh -c 'echo $OK')"
}

@test "fields of a later version, unknown versions and wrong kinds are refused" {
	spec /etc/cdi a.json vendor.com/a '[{"name":"x","containerEdits":{"netDevices":[{"hostInterfaceName":"a","name":"b"}]}}]' '{}' 1.0.0
	run -125 tare create --device vendor.com/a=x busybox true
	contains "$output" "needs cdiVersion 1.1.0"
	spec /etc/cdi a.json vendor.com/a "[$(env_device x A=1)]" '{}' 9.0.0
	run -125 tare create --device vendor.com/a=x busybox true
	contains "$output" "9.0.0"
}

@test "a link of the host moves into the container (netDevices)" {
	ip link add cdi-test0 type veth peer name cdi-test1
	spec /etc/cdi a.json vendor.com/nic '[{"name":"x","containerEdits":{"netDevices":[{"hostInterfaceName":"cdi-test0","name":"nic0"}]}}]'
	run -0 tare run --rm --device vendor.com/nic=x busybox ip -o link show nic0
	contains "$output" nic0
	ip link del cdi-test0 2>/dev/null || :
}

@test "--gpus: all, a number, named ones" {
	spec /etc/cdi nvidia.json nvidia.com/gpu "[$(env_device all GPUS=all),$(env_device 0 G0=0),$(env_device 1 G1=1),$(env_device GPU-abc GX=abc)]"
	equal "all" "$(tare run --rm --gpus all busybox sh -c 'echo $GPUS$G0$G1$GX')"
	equal "01" "$(tare run --rm --gpus 2 busybox sh -c 'echo $GPUS$G0$G1$GX')"
	equal "1" "$(tare run --rm --gpus device=1 busybox sh -c 'echo $GPUS$G0$G1$GX')"
	equal "0abc" "$(tare run --rm --gpus '"device=0,GPU-abc",capabilities=gpu' busybox sh -c 'echo $GPUS$G0$G1$GX')"
	run -125 tare run --rm --gpus 3 busybox true
	contains "$output" nvidia.com/gpu=2
	tare create --name box --gpus '"device=0,1"' busybox true
	contains "$(inspect box '{{json .HostConfig.DeviceRequests}}')" '"DeviceIDs":["0","1"],"Capabilities":[["gpu"]]'
}

@test "--gpus of another vendor, and without any" {
	run -125 tare run --rm --gpus all busybox true
	contains "$output" "no GPU is described in /etc/cdi or /var/run/cdi"
	spec /etc/cdi amd.json amd.com/gpu "[$(env_device all GPUS=amd)]"
	equal amd "$(tare run --rm --gpus all busybox sh -c 'echo $GPUS')"
	equal amd "$(tare run --rm --gpus driver=amd,count=all busybox sh -c 'echo $GPUS')"
	run -125 tare run --rm --gpus driver=intel,count=all busybox true
	for g in none 0 -1 frob=1 device= count=1,device=0; do
		run -125 tare create --gpus "$g" busybox true
		contains "$output" gpus
	done
}

@test "info lists the devices there are" {
	spec /etc/cdi a.json vendor.com/dev "[$(env_device x A=1)]"
	equal '[{"Source":"cdi","ID":"vendor.com/dev=x"}]' "$(tare info --format '{{json .DiscoveredDevices}}')"
	equal '["/etc/cdi","/var/run/cdi"]' "$(tare info --format '{{json .CDISpecDirs}}')"
	contains "$(tare info)" "cdi: vendor.com/dev=x"
}
