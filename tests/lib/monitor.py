#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of tare-monitor for tests: starts one, or connects to its ctl, and follows a script of words.

    monitor.py start MONITOR CONFIG WORD…     starts MONITOR with a control socket
    monitor.py connect RUN_DIR WORD…          connects to RUN_DIR/ctl

Words are done in order; what comes from the monitor meanwhile is printed, one message per line ("created PID" as "created").
    NAME[:TEXT]    sends the message: start, release, log_reopen, stdin:TEXT, stdin_eof, signal:N, attach:FLAGS, resize:ROWSxCOLUMNS
    +NAME          waits until such a message has come (eof: the connection ended)
    /TEXT          waits until the output so far contains TEXT
    pid            prints the container's pid
    close          closes the connection
    sleep:S        waits S seconds without reading
    kill-monitor   SIGKILL to the monitor we started
Output goes to stdout as "stdout b'…'" only with the word `show`; the whole output is in it. Exit 1 with a message after 20 seconds of waiting.
"""
import os
import select
import signal
import socket
import struct
import sys
import time

NAMES = ["none", "start", "attach", "stdin", "stdin_eof", "resize", "signal", "release", "log_reopen", "created", "started", "failed",
         "attached", "stdout", "stderr", "stdin_done", "exited", "refused"]
PATIENCE = 20


def payload(name, text):
    if name == "attach":
        return struct.pack("=I", int(text or 7))
    if name == "signal":
        return struct.pack("=i", int(text))
    if name == "resize":
        return struct.pack("=HH", *map(int, text.split("x")))
    return (text or "").encode().decode("unicode_escape").encode("latin-1")


class Client:
    def __init__(self, sock, child=None):
        self.sock, self.child, self.seen, self.output = sock, child, [], {"stdout": bytearray(), "stderr": bytearray()}
        self.pid = 0

    def receive(self, timeout):
        """One message, or None after @timeout."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return None
        try:
            packet = self.sock.recv(70000)
        except ConnectionResetError:
            packet = b""
        if not packet:
            name, body = "eof", b""
        else:
            kind, length = struct.unpack("=II", packet[:8])
            name, body = NAMES[kind], packet[8:]
            assert length == len(body), "a frame that lies about its length"
        if name in self.output:
            self.output[name] += body
        elif name == "created":
            self.pid = struct.unpack("=i", body)[0]
            print(name)
        elif name in ("failed", "refused"):
            print(name, body[8:].split(b"\0")[0].decode(), "errno", struct.unpack("=i", body[4:8])[0])
        elif name == "exited":
            print(name, body.decode())
        elif name != "stdin_done":
            print(name)
        self.seen.append(name)
        return name

    def wait(self, what, ready):
        end = time.monotonic() + PATIENCE
        while not ready():
            left = end - time.monotonic()
            if left <= 0 or (self.seen and self.seen[-1] == "eof"):
                self.show()
                sys.exit(f"monitor.py: no {what}; saw {' '.join(self.seen)}")
            self.receive(left)

    def show(self):
        for name, text in self.output.items():
            print(name, bytes(text))

    def send(self, name, text):
        self.sock.send(struct.pack("=II", NAMES.index(name), len(payload(name, text))) + payload(name, text))
        if name == "stdin":
            done = self.seen.count("stdin_done") + self.seen.count("refused")
            self.wait("stdin_done", lambda: self.seen.count("stdin_done") + self.seen.count("refused") > done)

    def do(self, word):
        name, _, text = word.partition(":")
        if word.startswith("+"):
            self.wait(word[1:], lambda: word[1:] in self.seen)
        elif word.startswith("/"):
            self.wait(f"output {word[1:]!r}", lambda: word[1:].encode() in self.output["stdout"] + self.output["stderr"])
        elif word == "show":
            self.show()
        elif word == "pid":
            print(self.pid)
        elif word == "close":
            self.sock.close()
        elif name == "sleep":
            time.sleep(float(text))
        elif word == "kill-monitor":
            os.kill(self.child, signal.SIGKILL)
        elif word == "length":
            print({k: len(v) for k, v in self.output.items()})
        else:
            self.send(name, text)


def start(monitor, config):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        os.dup2(theirs.fileno(), 9)
        os.execv(monitor, [monitor, "--config", config, "--control-fd", "9"])
    theirs.close()
    return Client(ours, child)


def connect(run_dir):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = os.open(".", os.O_RDONLY)
    os.chdir(run_dir)
    sock.connect("ctl")
    os.fchdir(here)
    return Client(sock)


def main():
    mode, words = sys.argv[1], sys.argv[2:]
    client = start(words[0], words[1]) if mode == "start" else connect(words[0])
    for word in words[2 if mode == "start" else 1:]:
        client.do(word)
    sys.stdout.flush()
    if client.child and client.seen[-1:] == ["eof"]:
        status = os.waitpid(client.child, 0)[1]
        sys.exit(os.waitstatus_to_exitcode(status))


main()
