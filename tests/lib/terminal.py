#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a terminal of its own and plays the person in front of it.

    terminal.py WORD… -- COMMAND…

Words are done in order:
    type:TEXT      types it (escapes like \\x10 and \\r)
    /TEXT          waits until the screen has shown TEXT since the last such wait
    pause          waits a fifth of a second
    size:ROWSxCOLS resizes the terminal
    signal:NAME    sends a signal to the command
    stty           prints "raw" or "cooked": the terminal's mode now
    end            waits until the command ends and prints "status N" (or "signal N")
Everything the screen showed is printed last. Exit 1 with a message after 20 seconds of waiting.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 20


class Terminal:
    def __init__(self, command):
        self.screen, self.seen, self.status = b"", 0, None
        self.master, self.slave = pty.openpty()  # the slave stays open: the screen can be read after the command's end
        self.size("24x80")
        self.child = os.fork()
        if self.child == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in 0, 1, 2:
                os.dup2(self.slave, fd)
            os.closerange(3, 100)
            os.execvp(command[0], command)

    def size(self, text):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", *map(int, text.split("x")), 0, 0))

    def read(self, timeout):
        if select.select([self.master], [], [], timeout)[0]:
            self.screen += os.read(self.master, 65536)

    def wait(self, what, ready):
        end = time.monotonic() + PATIENCE
        while not ready():
            if time.monotonic() > end:
                print(self.screen.decode(errors="replace"))
                os.kill(self.child, signal.SIGKILL)
                sys.exit(f"terminal.py: waited in vain for {what}")
            self.read(0.05)

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def shown(self, text):
        at = self.screen.find(text, self.seen)
        if at >= 0:
            self.seen = at + len(text)
        return at >= 0

    def do(self, word):
        name, _, text = word.partition(":")
        if word.startswith("/"):
            self.wait(word[1:], lambda: self.shown(word[1:].encode()))
        elif name == "type":
            os.write(self.master, text.encode().decode("unicode_escape").encode("latin-1"))
        elif name == "pause":
            time.sleep(0.2)
        elif name == "size":
            self.size(text)
        elif name == "signal":
            os.kill(self.child, getattr(signal, "SIG" + text))
        elif name == "stty":
            print("cooked" if termios.tcgetattr(self.slave)[3] & termios.ICANON else "raw")
        elif name == "end":
            self.wait("the end", self.ended)
            self.read(0.1)
            code = os.waitstatus_to_exitcode(self.status)
            print(f"status {code}" if code >= 0 else f"signal {-code}")
        else:
            sys.exit(f"terminal.py: unknown word '{word}'")


def main():
    cut = sys.argv.index("--")
    terminal = Terminal(sys.argv[cut + 1:])
    for word in sys.argv[1:cut]:
        terminal.do(word)
    print(terminal.screen.decode(errors="replace").replace("\r", ""))


main()
