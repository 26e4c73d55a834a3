# SPDX-License-Identifier: Apache-2.0
"""The competitors: how each of them runs, execs, pulls and cleans up. A peer translates; the rows decide what is measured.

An engine has: name, available() -> reason or None, start(), stop(), prepare() (load the busybox image), and
run(net) / detach(id) / execute(id) / remove(ids) / load(archive) / pull(reference) / unpull(reference) -> argv, and
push(reference, destination) -> argvs, of which the last one pushes, plus memory programs.
"""
import itertools
import json
import os
import shutil
import subprocess
import time

from measure import Failed, command

NOFILE = ["--ulimit", "nofile=1024:1024"]  # the default of docker and podman asks for more, which needs CAP_SYS_RESOURCE
NPROC = ["--ulimit", "nproc=1024:1024"]       # podman raises this one too
counter = itertools.count()


def unique(prefix):
    return "%s-%d-%d" % (prefix, os.getpid(), next(counter))


class Daemon:
    """A process we start and end by its pid, with a log."""

    def __init__(self, argv, log, ready):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + 30
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(log) as text:
                    lines = text.read().strip().splitlines()[-1:]
                self.stop()
                raise Failed("%s did not come up: %s" % (argv[0], " ".join(lines)[:200]))
            time.sleep(0.05)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Engine:
    name = ""
    program = ""
    monitor = ()        # base names of the processes that stay beside one container
    daemons = ()        # base names of the daemons
    nets = ("bridge", "none", "host")
    end = None                          # how several are stopped without patience and removed: two commands
    compresses = True   # at a push, the layers that are not

    def __init__(self, world):
        self.world = world
        self.home = os.path.join(world.home, self.name)
        os.makedirs(self.home, exist_ok=True)

    def available(self):
        return None if shutil.which(self.program) else "not installed"

    def start(self):
        pass

    def stop(self):
        pass

    def prepare(self):
        command(self.load(self.world.images + "/busybox.docker.tar"))

    def ready(self, argv):
        try:
            command(argv, timeout=10)
            return True
        except Failed:
            return False


class Tare(Engine):
    name = "tare"
    monitor = ("tare-monitor",)

    def __init__(self, world, store="root", options=()):
        super().__init__(world)
        self.program = os.path.join(world.bin, "tare")
        self.base = [self.program, "--root", os.path.join(self.home, store), "--run-root", "/run/tare"] + list(options)

    def available(self):
        return None if os.access(self.program, os.X_OK) else "not built"

    def load(self, archive):
        return self.base + ["load", "-q", "-i", archive]

    def run(self, net):
        return self.base + ["run", "--rm", "--network", net, "busybox", "true"]

    def detach(self, name, net="bridge"):
        return self.base + ["run", "-d", "--name", name, "--network", net, "busybox", "sleep", "1000"]

    def create(self, name):
        return self.base + ["create", "--name", name, "--network", "none", "busybox", "sleep", "1000"]

    def list(self):
        return self.base + ["ps", "-a"]

    def execute(self, name):
        return self.base + ["exec", name, "true"]

    def remove(self, names):
        return [self.base + ["rm", "-f"] + names]

    def end(self, names):
        return [self.base + ["stop", "-t", "0"] + names, self.base + ["rm"] + names]

    def pull(self, reference):
        return self.base + ["pull", "-q", reference]

    def push(self, reference, destination):
        return [self.base + ["push", "-q", reference, destination]]

    def unpull(self, reference):
        return self.base + ["rmi", "-f", reference]


class Docker(Engine):
    name = "docker"
    program = "/usr/bin/docker"
    monitor = ("containerd-shim-runc-v2", "docker-proxy")
    daemons = ("dockerd", "containerd")

    def available(self):
        return None if os.access("/usr/bin/docker", os.X_OK) and shutil.which("dockerd") else "not installed"

    def start(self):
        self.world.containerd_start()
        socket = self.home + "/docker.sock"
        self.base = [self.program, "--host", "unix://" + socket, "--config", self.home + "/client"]
        config = self.home + "/daemon.json"
        with open(config, "w") as out:
            json.dump({}, out)
        self.daemon = Daemon(
            ["dockerd", "--config-file", config, "--data-root", self.home + "/data", "--exec-root", "/run/docker",
             "--pidfile", self.home + "/pid", "-H", "unix://" + socket, "--containerd", self.world.containerd_socket,
             "--storage-driver", "overlay2", "--log-level", "error", "--insecure-registry", "127.0.0.0/8"],
            self.home + "/log", lambda: self.ready(self.base + ["version"]))

    def stop(self):
        self.daemon.stop()

    def load(self, archive):
        return self.base + ["load", "-q", "-i", archive]

    def run(self, net):
        return self.base + ["run", "--rm"] + NOFILE + ["--network", net, "busybox", "true"]

    def detach(self, name, net="bridge"):
        return self.base + ["run", "-d", "--name", name] + NOFILE + ["--network", net, "busybox", "sleep", "1000"]

    def execute(self, name):
        return self.base + ["exec", name, "true"]

    def remove(self, names):
        return [self.base + ["rm", "-f"] + names]

    def end(self, names):
        return [self.base + ["stop", "-t", "0"] + names, self.base + ["rm"] + names]

    def pull(self, reference):
        return self.base + ["pull", "-q", reference]

    def push(self, reference, destination):
        return [self.base + ["tag", reference, destination], self.base + ["push", "-q", destination]]

    def unpull(self, reference):
        return self.base + ["rmi", "-f", reference]


class Podman(Engine):
    name = "podman"
    program = "podman"
    monitor = ("conmon",)

    def start(self):
        self.base = ["podman", "--root", self.home + "/root", "--runroot", "/run/podman-root", "--tmpdir", "/run/podman-tmp",
                     "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
                     "--network-config-dir", self.home + "/networks", "--log-level", "error"]
        self.policy = self.home + "/policy.json"
        with open(self.policy, "w") as out:
            json.dump({"default": [{"type": "insecureAcceptAnything"}]}, out)

    def load(self, archive):
        return self.base + ["load", "-q", "--signature-policy", self.policy, "-i", archive]

    def run(self, net):
        return self.base + ["run", "--rm"] + NOFILE + NPROC + ["--network", net, "--pull=never", "docker.io/library/busybox", "true"]

    def detach(self, name, net="bridge"):
        return self.base + ["run", "-d", "--name", name] + NOFILE + NPROC + ["--network", net, "--pull=never", "docker.io/library/busybox", "sleep", "1000"]

    def execute(self, name):
        return self.base + ["exec", name, "true"]

    def remove(self, names):
        return [self.base + ["rm", "-f", "-t", "0"] + names]

    def end(self, names):
        return [self.base + ["stop", "-t", "0"] + names, self.base + ["rm"] + names]

    def pull(self, reference):
        return self.base + ["pull", "-q", "--tls-verify=false", "--signature-policy", self.policy, reference]

    def push(self, reference, destination):
        return [self.base + ["push", "-q", "--tls-verify=false", "--signature-policy", self.policy, reference, destination]]

    def unpull(self, reference):
        return self.base + ["rmi", "-f", reference]


class Ctr(Engine):
    name = "ctr"
    program = "ctr"
    monitor = ("containerd-shim-runc-v2",)
    daemons = ("containerd",)
    nets = ("none", "host")             # ctr has no bridge of its own
    compresses = False

    def start(self):
        self.world.containerd_start()
        self.base = ["ctr", "--address", self.world.containerd_socket, "--namespace", "bench"]

    def load(self, archive):
        return self.base + ["images", "import", archive]

    def prepare(self):
        super().prepare()
        self.image = command(self.base + ["images", "list", "-q"])[1].split()[0]

    def run(self, net):
        return self.base + ["run", "--rm"] + (["--net-host"] if net == "host" else []) + [self.image, unique("c"), "true"]

    def detach(self, name, net="none"):
        return self.base + ["run", "-d", self.image, name, "sleep", "1000"]

    def execute(self, name):
        return self.base + ["task", "exec", "--exec-id", unique("e"), name, "true"]

    def remove(self, names):
        return [self.base + ["task", "rm", "-f"] + names, self.base + ["container", "rm"] + names]

    def pull(self, reference):
        return self.base + ["images", "pull", "--plain-http", reference]

    def push(self, reference, destination):
        return [self.base + ["images", "push", "--plain-http", destination, reference]]

    def unpull(self, reference):
        return self.base + ["images", "rm", "--sync", reference]


ENGINES = (Tare, Docker, Podman, Ctr)


class Runtime:
    """An OCI runtime called the way an engine calls it."""

    def __init__(self, world, name, program):
        self.name, self.program = name, program
        self.base = [program, "--root", "/run/oci-" + name]
        self.world = world

    def available(self):
        return None if shutil.which(self.program) else "not built" if self.name == "tare" else "not installed"

    def run(self, bundle):
        return self.base + ["run", "--bundle", bundle, unique("b")]

    def lifecycle(self, bundle, name):
        """create, start, delete as separate calls."""
        return [self.base + ["create", "--bundle", bundle, name], self.base + ["start", name]]

    def execute(self, name):
        return self.base + ["exec", name, "/bin/true"]

    def delete(self, name):
        return self.base + ["delete", "--force", name]


def runtimes(world):
    return [Runtime(world, "tare", os.path.join(world.bin, "tare-runtime")),
            Runtime(world, "crun", "/usr/bin/crun"), Runtime(world, "runc", "/usr/sbin/runc")]
