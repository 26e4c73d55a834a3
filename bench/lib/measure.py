# SPDX-License-Identifier: Apache-2.0
"""Timing of one command, rounds over competitors, memory of processes."""
import fcntl
import os
import resource
import select
import signal
import statistics
import subprocess
import time


PIPE_SIZE = 1 << 20  # all that a command may print: the pipe is read when it has ended


class Failed(Exception):
    """A command that should have worked did not; the text is the reason shown under the table."""


def command(argv, timeout=120, env=None):
    """Runs argv; returns (seconds, output). Raises Failed with the last line it printed."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, close_fds=False, env=env)
    os.close(writer)
    ended = wait_pidfd(process, timeout)
    seconds = time.perf_counter() - start
    output = drain(reader)
    if not ended:
        raise Failed("%s: no answer in %d s" % (os.path.basename(argv[0]), timeout))
    if process.returncode != 0:
        lines = output.strip().splitlines() or ["status %d" % process.returncode]
        raise Failed("%s: %s" % (os.path.basename(argv[0]), lines[-1][:200]))
    return seconds, output


def processor_time():
    """Seconds of processor time of all commands that have ended, and of those they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_pidfd(process, timeout):
    """Waits without polling, so the figure is not rounded up to a sleep. Kills at the timeout; True if it ended itself."""
    fd = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if not poll.poll(timeout * 1000):
            process.send_signal(signal.SIGKILL)
            process.wait()
            return False
        process.wait()
        return True
    finally:
        os.close(fd)


def drain(fd):
    """What is in the pipe now. Whoever inherited the writing end (a monitor) may keep it open, so no waiting for EOF."""
    os.set_blocking(fd, False)
    output = b""
    try:
        while True:
            part = os.read(fd, 65536)
            if not part:
                break
            output += part
    except BlockingIOError:
        pass
    os.close(fd)
    return output.decode(errors="replace")


def rounds(count, competitors):
    """Measures every competitor once per round, starting with another one each round.

    competitors: {name: function returning seconds}. Returns {name: {"samples": […]} or {"failed": reason}}.
    One unmeasured round warms caches and finds the competitors that cannot run at all.
    """
    results, alive = {}, []
    for name, function in competitors.items():
        try:
            function()
            results[name] = {"samples": []}
            alive.append(name)
        except (Failed, OSError) as failure:
            results[name] = {"failed": str(failure)}
    for i in range(count):
        shift = i % len(alive) if alive else 0
        for name in alive[shift:] + alive[:shift]:
            if "failed" in results[name]:
                continue
            try:
                results[name]["samples"].append(competitors[name]())
            except (Failed, OSError) as failure:
                results[name] = {"failed": str(failure)}
    for result in results.values():
        if "samples" in result:
            result["value"] = statistics.median(result["samples"])
    return results


def memory(pids):
    """Sums (pss, private) in bytes over pids, from smaps_rollup; processes that are gone count nothing."""
    pss = private = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as rollup:
                for line in rollup:
                    key, _, rest = line.partition(":")
                    if key == "Pss":
                        pss += int(rest.split()[0]) * 1024
                    elif key in ("Private_Clean", "Private_Dirty"):
                        private += int(rest.split()[0]) * 1024
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pss, private


def switches(pids):
    """How often they were put on a processor until now, together."""
    total = 0
    for pid in pids:
        with open("/proc/%d/status" % pid) as status:
            total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
    return total


def pids_of(*programs):
    """Process ids in our network namespace whose executable has one of the given base names."""
    mine, found = os.readlink("/proc/self/ns/net"), []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if os.path.basename(os.readlink("/proc/%s/exe" % entry)).split(" ")[0] in programs \
                    and os.readlink("/proc/%s/ns/net" % entry) == mine:
                found.append(int(entry))
        except OSError:
            continue
    return found


def parallel(count, argv_of):
    """Starts count commands at once; returns (seconds until the last one ended, number that failed, a reason)."""
    with open(os.devnull, "wb") as null:
        start = time.perf_counter()
        running = [subprocess.Popen(argv_of(i), stdin=null, stdout=null, stderr=subprocess.PIPE) for i in range(count)]
        failed, reason = 0, ""
        for process in running:
            if process.wait() != 0:
                failed += 1
                reason = reason or drain(process.stderr.fileno()).strip().splitlines()[-1:]
        return time.perf_counter() - start, failed, reason[0] if reason else ""
