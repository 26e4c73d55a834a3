# SPDX-License-Identifier: Apache-2.0
"""The place the bench runs in: own network, mount and process namespaces, own /run, one temporary directory.

enter() starts the program again inside; when that ends, the kernel ends every process and network device in it, so
daemons of the peers leave nothing on the host but empty cgroups, which leave() removes.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from measure import command
from peers import Daemon

PEER_CGROUPS = ("docker", "libpod_parent", "bench")
HUGETLB = "/sys/fs/cgroup/hugetlb"


def enter(script, arguments):
    """Runs script again inside the namespaces; returns its exit status, then cleans up what namespaces do not."""
    home = tempfile.mkdtemp(prefix="tare-bench.", dir="/var/tmp")
    mounted = mount_hugetlb()
    try:
        return subprocess.call(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
             sys.executable, script, "--inside", home] + arguments)
    finally:
        leave(home)
        if mounted and subprocess.call(["umount", HUGETLB]) == 0:
            os.rmdir(HUGETLB)


def mount_hugetlb():
    """crun refuses a v1 hierarchy without hugetlb; a hybrid host may have left it to v2. True if we mounted it."""
    v1 = os.path.exists("/sys/fs/cgroup/memory/tasks")
    if not v1 or os.path.exists(HUGETLB):
        return False
    os.mkdir(HUGETLB)
    if subprocess.call(["mount", "-t", "cgroup", "-o", "hugetlb", "cgroup", HUGETLB], stderr=subprocess.DEVNULL) == 0:
        return True
    os.rmdir(HUGETLB)
    return False


def leave(home):
    for mount in reversed([line.split()[4] for line in open("/proc/self/mountinfo") if " " + home in line]):
        subprocess.call(["umount", "-l", mount], stderr=subprocess.DEVNULL)
    for path in glob.glob("/sys/fs/cgroup/*") + ["/sys/fs/cgroup"]:
        for name in PEER_CGROUPS:
            remove_cgroups(os.path.join(path, name))
    shutil.rmtree(home, ignore_errors=True)


def remove_cgroups(path):
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass


class World:
    def __init__(self, home, top, bin_directory, memory=False):
        self.home, self.top, self.bin = home, top, bin_directory
        self.containerd = None
        self.registries = []
        self.plain_pushed = False
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
        if memory:
            subprocess.check_call(["mount", "-t", "tmpfs", "-o", "mode=755,size=80%", "tmpfs", home])
        subprocess.check_call(["ip", "link", "set", "lo", "up"])
        self.images = command([top + "/tests/lib/make-images", "busybox"], timeout=300)[1].strip().splitlines()[-1]

    def close(self):
        for daemon in self.registries + [self.containerd]:
            if daemon:
                daemon.stop()

    def containerd_start(self):
        """One containerd serves docker and ctr, as on a host that has both."""
        if self.containerd:
            return
        home = os.path.join(self.home, "containerd")
        os.makedirs(home, exist_ok=True)
        self.containerd_socket = home + "/containerd.sock"
        with open(home + "/config.toml", "w") as out:
            out.write('version = 2\nroot = "%s/root"\nstate = "/run/containerd-bench"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                      '[grpc]\naddress = "%s"\n[plugins."io.containerd.internal.v1.opt"]\npath = "%s/opt"\n'
                      % (home, self.containerd_socket, home))
        self.containerd = Daemon(["containerd", "-c", home + "/config.toml", "-l", "error"], home + "/log",
                                 lambda: subprocess.call(["ctr", "-a", self.containerd_socket, "version"],
                                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0)

    def registry_serve(self, name, port):
        """docker-registry on loopback, empty; returns the directory of what it has."""
        home = os.path.join(self.home, name)
        os.makedirs(home, exist_ok=True)
        with open(home + "/config.yml", "w") as out:
            out.write("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
                      "storage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: 127.0.0.1:%d}\n" % (home, port))
        self.registries.append(Daemon(
            ["docker-registry", "serve", home + "/config.yml"], home + "/log",
            lambda: subprocess.call(["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:%d/v2/" % port]) == 0))
        return home + "/data"

    def registry_start(self):
        """One that holds debian:latest, four gzip layers, started on first use; returns the reference."""
        if not self.registries:
            self.registry_serve("registry", 5000)
            command(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false",
                     "oci:%s/debian:latest" % self.layouts(), "docker://127.0.0.1:5000/debian:latest"])
        return "127.0.0.1:5000/debian:latest"

    plain_name = "127.0.0.1:5001/plain:latest"      # what it is called in its archive: where it is pushed to

    def plain(self):
        """The same image as all can push it, made on first use; returns the directory it is in (bench/plain-image)."""
        path = os.path.join(self.home, "plain")
        if not os.path.exists(path):
            command([self.top + "/bench/plain-image", self.layouts() + "/debian", path, self.plain_name], timeout=600)
        return path

    def plain_start(self):
        """That one in the registry; returns the reference."""
        self.registry_start()
        reference = "127.0.0.1:5000/plain:latest"
        if not self.plain_pushed:
            command(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", "oci:%s/layout:latest" % self.plain(),
                     "docker://" + reference])
            self.plain_pushed = True
        return reference

    def layouts(self):
        return command([self.top + "/tests/lib/make-images", "busybox", "debian"], timeout=600)[1].strip().splitlines()[-1]

    def bundle(self, name, args):
        """A busybox bundle with the configuration `runc spec` writes."""
        path = os.path.join(self.home, "bundle-" + name)
        os.makedirs(path + "/rootfs")
        command(["tar", "-C", path + "/rootfs", "-xf", self.images + "/busybox.rootfs.tar"])
        writer = next(p for p in ("/usr/sbin/runc", "/usr/bin/crun", os.path.join(self.bin, "tare-runtime")) if os.access(p, os.X_OK))
        subprocess.check_call([writer, "spec"], cwd=path)
        with open(path + "/config.json") as config:
            spec = json.load(config)
        spec["process"]["args"] = args
        spec["process"]["terminal"] = False
        with open(path + "/config.json", "w") as config:
            json.dump(spec, config)
        return path
