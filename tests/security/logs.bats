# SPDX-License-Identifier: Apache-2.0
# Logs and attached clients as a way to the host: symbolic links in place of log files (class of CVE-2025-0750), output that looks like records, lines without end
# (class of CVE-2022-31030, CVE-2022-1708), clients that break off (classes of CVE-2022-23471 and CVE-2025-64329), a container that eats all memory (CVE-2019-14891).

load ../lib/tare

setup_file() { tare_setup_file; }
teardown() { tare_teardown; }
teardown_file() { tare_teardown_file; }

monitor_of() { pgrep -f "tare-monitor --config.*$(inspect "$1" '{{.Id}}')"; }
memory_of() { awk '/^Anonymous/ { print $2 }' "/proc/$1/smaps_rollup"; }
small() { [ "$(memory_of "$1")" -le 300 ] || { echo "$(memory_of "$1") kB"; return 1; }; }

@test "a log is not written through a symbolic link, and not into a fifo or a device" {
	echo precious >"$BATS_TEST_TMPDIR/victim"
	ln -s "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/link"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	for place in link fifo; do
		run -125 timeout 5 tare run --rm --network none --log-opt path="$BATS_TEST_TMPDIR/$place" busybox echo x
		contains "$output" "$place"
	done
	run -125 timeout 5 tare run --rm --network none --log-opt path=/dev/null busybox echo x
	equal precious "$(cat "$BATS_TEST_TMPDIR/victim")"
	run ! timeout 5 "$TARE_BIN/tare-monitor" --sync -c c1 -u u1 -r /bin/true -b "$BATS_TEST_TMPDIR" -F -l "k8s-file:$BATS_TEST_TMPDIR/link"
	equal precious "$(cat "$BATS_TEST_TMPDIR/victim")"
}

@test "links planted where a log turns over are removed, not followed" {
	echo precious >"$BATS_TEST_TMPDIR/victim"
	chmod 600 "$BATS_TEST_TMPDIR/victim"
	mkdir "$BATS_TEST_TMPDIR/logs"
	tare run -d --name turner --network none --log-opt path="$BATS_TEST_TMPDIR/logs/log" --log-opt max-size=4k --log-opt max-file=3 busybox sh -c \
		'i=0; while [ ! -e /stop ]; do echo $i; i=$((i+1)); done; echo end' >/dev/null
	for _ in $(seq 300); do
		ln -sf "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/logs/x"
		mv -f "$BATS_TEST_TMPDIR/logs/x" "$BATS_TEST_TMPDIR/logs/log$((RANDOM % 3 ? 1 : 2))" 2>/dev/null || :
		ln -sf "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/logs/log.1" 2>/dev/null || :
		ln -sf "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/logs/log" 2>/dev/null || :
	done
	tare exec turner touch /stop
	wait_for 10 exited turner
	equal "precious 600" "$(cat "$BATS_TEST_TMPDIR/victim") $(stat -c %a "$BATS_TEST_TMPDIR/victim")"
	run timeout 5 tare logs turner
	[[ $output != *precious* ]]
}

@test "what a container writes stays its own: no record of its making, no line of another stream" {
	fake='{"log":"forged\n","stream":"stderr","time":"2020-01-01T00:00:00Z"}'
	for driver in json-file k8s-file; do
		tare run -d --name forger-$driver --network none --log-driver $driver -e F="$fake" busybox sh -c \
			'echo "$F"; printf "a\"}\\\\\n{\"log\":\n"; printf "2020-01-01T00:00:00Z stderr F forged\n\r2020-01-01T00:00:00Z stdout P x\n"; printf "nul\0nul\n"' >/dev/null
		wait_for 10 exited forger-$driver
		equal "" "$(tare logs forger-$driver 2>&1 >/dev/null)"
		equal "$(printf '%s\na"}\\\n{"log":\n2020-01-01T00:00:00Z stderr F forged\n\r2020-01-01T00:00:00Z stdout P x\nnul\0nul\n' "$fake" | od -c)" "$(tare logs forger-$driver | od -c)"
		equal 6 "$(tare logs -t forger-$driver | tr '\r\0' '  ' | grep -c "^$(date -u +%Y)")"
		equal "" "$(tare logs --until 2020-02-01 forger-$driver)"
	done
}

@test "a line without end costs the monitor and its reader no memory" {
	tare run -d --name endless --network none --log-opt max-size=20m busybox sh -c 'echo go; tr "\0" x </dev/zero | head -c 150000000; sleep 1000' >/dev/null
	pid=$(monitor_of endless)
	bytes=$(timeout 60 tare logs -f endless | head -c 60000000 | wc -c)
	equal 60000000 "$bytes"
	small "$pid"
	wait_for 60 sh -c "tare top endless | grep -q sleep || tare exec endless sh -c 'ps | grep -q \"[s]leep 1000\"'"
	small "$pid"
	peak=$(bash -c 'ulimit -v 400000; tare logs --tail 1 endless | wc -c')
	[ "$peak" -gt 0 ]
}

@test "an attached client that reads nothing, one that sends without end, and broken frames cost the monitor nothing" {
	tare run -d -i --name flooded --network none busybox sh -c 'yes x | head -c 30000000; sleep 1000' >/dev/null
	pid=$(monitor_of flooded)
	ctl=/run/tare/containers/$(inspect flooded '{{.Id}}')/ctl
	python3 - "$ctl" <<'END'
import os, socket, struct, sys
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(sys.argv[1])
    return s
held = []
for _ in range(20):                       # attach and never read
    s = connect()
    s.send(struct.pack("=III", 2, 4, 1))
    held.append(s)
for junk in (b"", b"x", b"\0" * 8, b"\xff" * 32000, struct.pack("=II", 3, 99), struct.pack("=III", 999, 4, 0)):
    s = connect()
    try:
        s.send(junk)
    except OSError:
        pass
    s.close()
s = connect()
s.send(struct.pack("=III", 2, 4, 2))
s.setblocking(False)
try:
    while True:
        s.send(struct.pack("=II", 3, 32768) + b"y" * 32768)
except OSError:
    pass
END
	wait_for 20 tare exec flooded sh -c 'ps | grep -q "[s]leep 1000"'
	wait_for 5 sh -c "[ \$(ls /proc/$pid/fd | wc -l) -le 20 ]"
	small "$pid"
	running flooded
}

@test "a container that eats all memory is killed, its monitor is not, and says so" {
	[ -d /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/memory.stat ] || skip "no memory controller"
	tare run -d --name hog --network none -m 16m --memory-swap 16m busybox sh -c 'exec tail /dev/zero' >/dev/null
	wait_for 20 exited hog
	equal "137 true" "$(inspect hog '{{.State.ExitCode}} {{.State.OOMKilled}}')"
}
