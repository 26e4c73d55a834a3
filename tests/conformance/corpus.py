# SPDX-License-Identifier: Apache-2.0
"""The corpus of the differential tests: one configuration of a plain container, and a table of small edits of it.

A row is (name, edits, short): an edit is put(path, value), add(path, value…) for lists, drop(path), or text(t) for a document that is no JSON object of ours.
Paths are members joined by dots. "@" in a string is the host directory with something to mount, "MOUNTNS" a fresh mount namespace. `short` marks the rows that run in `make check`.
"""
import copy
import json

CAPS = ["CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",
        "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]


def base(cgroup, root):
    return {
        "ociVersion": "1.0.2",
        "root": {"path": root},
        "hostname": "inside",
        "process": {
            "user": {"uid": 0, "gid": 0}, "args": ["/bin/probe", "0"], "env": ["PATH=/usr/bin:/bin", "TERM=xterm"], "cwd": "/", "noNewPrivileges": True,
            "capabilities": {k: list(CAPS) for k in ("bounding", "effective", "permitted")},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        ],
        "linux": {
            "cgroupsPath": cgroup,
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount")],
            "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }


def put(path, value):
    return ("put", path, value)


def add(path, *values):
    return ("add", path, list(values))


def drop(path):
    return ("drop", path, None)


def text(document):
    return ("text", "", document)


def edited(document, edits, data):
    document = copy.deepcopy(document)
    for verb, path, value in edits:
        value = json.loads(json.dumps(value).replace("@", data)) if verb != "text" else value
        if verb == "text":
            return value
        names = [int(n) if n.isdigit() else n for n in path.split(".")]
        at = document
        for n in names[:-1]:
            at = at[n] if isinstance(n, int) else at.setdefault(n, {})
        if verb == "put":
            at[names[-1]] = value
        elif verb == "add":
            at.setdefault(names[-1], [])
            at[names[-1]] = at[names[-1]] + value
        else:
            at.pop(names[-1], None)
    return document


P, L, R = "process.", "linux.", "linux.resources."
USERNS = [add(L + "namespaces", {"type": "user"}), put(L + "uidMappings", [{"containerID": 0, "hostID": 100000, "size": 65536}]),
          put(L + "gidMappings", [{"containerID": 0, "hostID": 100000, "size": 65536}])]


NO_MOUNT = [put(L + "namespaces", [{"type": t} for t in ("pid", "network", "ipc", "uts")]), drop(L + "maskedPaths"), drop(L + "readonlyPaths")]


def caps(**sets):
    return put(P + "capabilities", sets)


def mount(destination, kind, source, *options, **more):
    return add("mounts", {"destination": destination, "type": kind, "source": source, "options": list(options), **more})


def bind(*options, source="@", destination="/data"):
    return mount(destination, "bind", source, *options)


def seccomp(default, *rules, **more):
    return put(L + "seccomp", {"defaultAction": "SCMP_ACT_" + default, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules), **more})


def rule(action, *names, **more):
    return {"names": list(names), "action": "SCMP_ACT_" + action, **more}


def rlimit(kind, soft, hard):
    return {"type": "RLIMIT_" + kind, "soft": soft, "hard": hard}


def device(path, kind, major, minor, **more):
    return {"path": path, "type": kind, "major": major, "minor": minor, **more}


def allow(*rules):
    return put(R + "devices", [{"allow": False, "access": "rwm"}] + list(rules))


def namespaces(*kinds):
    return put(L + "namespaces", [k if isinstance(k, dict) else {"type": k} for k in kinds])



TABLE = [
    ("plain!", []),
    # --- process ---
    ("exit-7!", [put(P + "args", ["/bin/probe", "7"])]),
    ("exit-255", [put(P + "args", ["/bin/probe", "255"])]),
    ("args-by-path!", [put(P + "args", ["probe", "0", "two words", ""])]),
    ("args-relative", [put(P + "args", ["./probe", "0"]), put(P + "cwd", "/bin")]),
    ("args-without-path", [put(P + "env", ["A=b"]), put(P + "args", ["probe", "0"])]),
    ("args-second-dir", [put(P + "env", ["PATH=/nowhere:/bin"]), put(P + "args", ["probe", "0"])]),
    ("env-empty", [put(P + "env", [])]),
    ("env-many!", [put(P + "env", ["PATH=/bin", "A=1", "B=two words", "C=", "D=a=b", "A=2"])]),
    ("env-home-given", [add(P + "env", "HOME=/given")]),
    ("env-home-user", [put(P + "user", {"uid": 1000, "gid": 1000})]),
    ("env-bare-name", [add(P + "env", "BARE")]),
    ("cwd-tmp!", [put(P + "cwd", "/tmp")]),
    ("cwd-missing", [put(P + "cwd", "/made/for/me")]),
    ("cwd-link", [put(P + "cwd", "/link")]),
    ("cwd-unclean", [put(P + "cwd", "/tmp/../dir/./deep")]),
    ("user-1000!", [put(P + "user", {"uid": 1000, "gid": 1000})]),
    ("user-1000-gid-5", [put(P + "user", {"uid": 1000, "gid": 5})]),
    ("user-nobody", [put(P + "user", {"uid": 65534, "gid": 65534})]),
    ("user-4294967294", [put(P + "user", {"uid": 4294967294, "gid": 4294967294})]),
    ("user-groups!", [put(P + "user", {"uid": 1000, "gid": 1000, "additionalGids": [5, 7, 1000, 5]})]),
    ("user-root-groups", [put(P + "user", {"uid": 0, "gid": 0, "additionalGids": [10, 20]})]),
    ("user-root-gid", [put(P + "user", {"uid": 0, "gid": 50})]),
    ("umask-027!", [put(P + "user", {"uid": 0, "gid": 0, "umask": 23})]),
    ("umask-0", [put(P + "user", {"uid": 0, "gid": 0, "umask": 0})]),
    ("nnp-off", [put(P + "noNewPrivileges", False)]),
    ("nnp-absent!", [drop(P + "noNewPrivileges")]),
    ("oom-500!", [put(P + "oomScoreAdj", 500)]),
    ("oom-1000", [put(P + "oomScoreAdj", 1000)]),
    ("oom-0", [put(P + "oomScoreAdj", 0)]),
    ("rlimit-nofile!", [put(P + "rlimits", [rlimit("NOFILE", 100, 200)])]),
    ("rlimit-many", [put(P + "rlimits", [rlimit("CORE", 0, 0), rlimit("CPU", 60, 120), rlimit("FSIZE", 1 << 30, 1 << 31), rlimit("STACK", 1 << 23, 1 << 24),
                                        rlimit("MEMLOCK", 1024, 2048), rlimit("NPROC", 100, 200)])]),
    ("rlimit-more", [put(P + "rlimits", [rlimit("LOCKS", 10, 20), rlimit("SIGPENDING", 30, 40), rlimit("MSGQUEUE", 1000, 2000), rlimit("NICE", 0, 0),
                                        rlimit("RTPRIO", 0, 0), rlimit("RTTIME", 1000, 2000), rlimit("RSS", 1 << 20, 1 << 21), rlimit("DATA", 1 << 28, 1 << 29)])]),
    ("scheduler-batch", [put(P + "scheduler", {"policy": "SCHED_BATCH", "nice": 5})]),
    ("io-priority", [put(P + "ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 6})]),
    ("personality-32", [put(L + "personality", {"domain": "LINUX32"})]),
    ("personality-64", [put(L + "personality", {"domain": "LINUX"})]),
    # --- capabilities ---
    ("caps-absent!", [drop(P + "capabilities")]),
    ("caps-empty!", [caps()]),
    ("caps-bounding-only", [caps(bounding=CAPS)]),
    ("caps-one", [caps(bounding=["CAP_KILL"], permitted=["CAP_KILL"], effective=["CAP_KILL"])]),
    ("caps-ambient!", [caps(**{k: ["CAP_NET_RAW"] for k in ("bounding", "permitted", "effective", "inheritable", "ambient")}), put(P + "user", {"uid": 1000, "gid": 1000})]),
    ("caps-inheritable", [caps(bounding=CAPS, permitted=CAPS, effective=CAPS, inheritable=["CAP_KILL"])]),
    ("caps-user", [put(P + "user", {"uid": 1000, "gid": 1000}), caps(bounding=CAPS, permitted=CAPS, effective=CAPS)]),
    ("caps-user-admin", [put(P + "user", {"uid": 1000, "gid": 1000}), caps(**{k: ["CAP_SYS_ADMIN", "CAP_CHOWN"] for k in ("bounding", "permitted", "effective")})]),
    ("caps-admin", [caps(**{k: CAPS + ["CAP_SYS_ADMIN"] for k in ("bounding", "permitted", "effective")})]),
    ("caps-permitted-not-effective", [caps(bounding=CAPS, permitted=CAPS, effective=[])]),
    ("caps-effective-not-permitted", [caps(bounding=CAPS, permitted=[], effective=["CAP_KILL"])]),
    ("caps-ambient-not-inheritable", [caps(bounding=CAPS, permitted=CAPS, effective=CAPS, ambient=["CAP_KILL"])]),
    ("caps-unknown!", [caps(**{k: ["CAP_KILL", "CAP_TEST"] for k in ("bounding", "permitted", "effective")})]),
    # --- root, names ---
    ("root-readonly!", [put("root.readonly", True)]),
    ("root-readonly-cwd", [put("root.readonly", True), put(P + "cwd", "/made/for/me")]),
    ("hostname-absent", [drop("hostname")]),
    ("hostname-long", [put("hostname", "h" * 64)]),
    ("domainname", [put("domainname", "example.org")]),
    ("annotations", [put("annotations", {"org.example": "value", "empty": ""})]),
    ("unknown-members!", [put("unknown", {"a": [1]}), put("process.unknown", 1), put("linux.unknown", "x"), put("vm", {}), put("solaris", {})]),
    ("propagation-private!", [put(L + "rootfsPropagation", "private")]),
    ("propagation-rprivate", [put(L + "rootfsPropagation", "rprivate")]),
    ("propagation-slave", [put(L + "rootfsPropagation", "slave")]),
    ("propagation-rslave", [put(L + "rootfsPropagation", "rslave")]),
    ("propagation-shared", [put(L + "rootfsPropagation", "shared")]),
    ("propagation-rshared", [put(L + "rootfsPropagation", "rshared")]),
    ("propagation-unbindable", [put(L + "rootfsPropagation", "unbindable")]),
    # --- mounts ---
    ("mounts-none", [put("mounts", [])]),
    ("mounts-proc-only", [put("mounts", [{"destination": "/proc", "type": "proc", "source": "proc"}])]),
    ("mounts-no-sys", [drop("mounts.5") if False else put("mounts", [{"destination": "/proc", "type": "proc", "source": "proc"},
                                                                    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}])]),
    ("bind!", [bind("bind")]),
    ("bind-ro!", [bind("bind", "ro")]),
    ("rbind", [bind("rbind")]),
    ("rbind-ro", [bind("rbind", "ro")]),
    ("bind-flags!", [bind("bind", "nosuid", "nodev", "noexec")]),
    ("bind-noatime", [bind("bind", "noatime", "nodiratime")]),
    ("bind-strictatime", [bind("bind", "strictatime")]),
    ("bind-propagation-private", [bind("rbind", "private")]),
    ("bind-propagation-rprivate", [bind("rbind", "rprivate")]),
    ("bind-propagation-slave", [bind("rbind", "slave")]),
    ("bind-propagation-rshared", [bind("rbind", "rshared")]),
    ("bind-propagation-unbindable", [bind("bind", "unbindable")]),
    ("bind-file!", [bind("bind", source="@/file", destination="/etc/hosts")]),
    ("bind-new-file", [bind("bind", source="@/file", destination="/new/file")]),
    ("bind-source-link", [bind("bind", source="@/link", destination="/etc/hosts")]),
    ("bind-destination-link!", [bind("bind", destination="/link")]),
    ("bind-over-proc-file", [bind("bind", source="@/file", destination="/proc/version")]),
    ("bind-type-none", [mount("/data", "none", "@", "bind")]),
    ("bind-typeless", [add("mounts", {"destination": "/data", "source": "@", "options": ["bind"]})]),
    ("bind-relative-destination", [bind("bind", destination="data")]),
    ("bind-rro", [bind("rbind", "rro")]),
    ("tmpfs!", [mount("/mnt", "tmpfs", "tmpfs", "size=1m", "mode=700")]),
    ("tmpfs-optionless", [add("mounts", {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"})]),
    ("tmpfs-ro", [mount("/mnt", "tmpfs", "tmpfs", "ro")]),
    ("tmpfs-owner", [mount("/mnt", "tmpfs", "tmpfs", "uid=7", "gid=8", "mode=1770", "nr_inodes=100")]),
    ("tmpfs-tmpcopyup", [mount("/dir", "tmpfs", "tmpfs", "tmpcopyup")]),
    ("tmpfs-new-directory", [mount("/a/b/c", "tmpfs", "tmpfs")]),
    ("tmpfs-sync", [mount("/mnt", "tmpfs", "tmpfs", "sync", "dirsync")]),
    ("tmpfs-later-words", [mount("/mnt", "tmpfs", "tmpfs", "ro", "noexec", "nosuid", "rw", "exec", "suid", "defaults")]),
    ("proc-hidepid", [put("mounts.0", {"destination": "/proc", "type": "proc", "source": "proc", "options": ["hidepid=2", "nosuid", "noexec", "nodev"]})]),
    ("proc-ro", [put("mounts.0", {"destination": "/proc", "type": "proc", "source": "proc", "options": ["ro"]})]),
    ("sys-rw", [put("mounts.5.options", ["nosuid", "noexec", "nodev"])]),
    ("cgroup-mount!", [mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro")]),
    ("cgroup-mount-namespace", [mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"), add(L + "namespaces", {"type": "cgroup"})]),
    ("cgroup-mount-rw", [mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev"), add(L + "namespaces", {"type": "cgroup"})]),
    # --- masks ---
    ("masks-none!", [put(L + "maskedPaths", []), put(L + "readonlyPaths", [])]),
    ("masks-absent", [drop(L + "maskedPaths"), drop(L + "readonlyPaths")]),
    ("mask-own", [put(L + "maskedPaths", ["/file", "/dir", "/not/there"])]),
    ("mask-link", [put(L + "maskedPaths", ["/link"])]),
    ("readonly-own!", [put(L + "readonlyPaths", ["/file", "/dir", "/not/there"])]),
    ("readonly-nested", [put(L + "readonlyPaths", ["/dir", "/dir/file"])]),
    # --- devices ---
    ("device-char!", [add(L + "devices", device("/dev/test", "c", 10, 666, fileMode=432, uid=1, gid=2))]),
    ("device-block", [add(L + "devices", device("/dev/test", "b", 8, 66, fileMode=384, uid=0, gid=0))]),
    ("device-fifo", [add(L + "devices", {"path": "/dev/test", "type": "p", "fileMode": 384, "uid": 0, "gid": 0})]),
    ("device-u", [add(L + "devices", device("/dev/test", "u", 10, 200, fileMode=432, uid=0, gid=0))]),
    ("device-modeless", [add(L + "devices", device("/dev/test", "c", 10, 200))]),
    ("device-subdir", [add(L + "devices", device("/dev/net/test", "c", 10, 200, fileMode=438, uid=0, gid=0))]),
    ("device-default-again", [add(L + "devices", device("/dev/null", "c", 1, 3, fileMode=438, uid=0, gid=0))]),
    ("rules-none!", [put(R + "devices", [])]),
    ("rules-allow-all", [put(R + "devices", [{"allow": True, "access": "rwm"}])]),
    ("rules-one!", [allow({"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"})]),
    ("rules-read", [allow({"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"})]),
    ("rules-wildcards", [allow({"allow": True, "type": "c", "access": "m"}, {"allow": True, "type": "b", "access": "m"}, {"allow": True, "type": "c", "major": 1, "access": "rwm"})]),
    ("rules-later-deny", [allow({"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"}, {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "w"})]),
    ("rules-type-a", [put(R + "devices", [{"allow": False, "type": "a", "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"}])]),
    # --- namespaces ---
    ("ns-cgroup!", [add(L + "namespaces", {"type": "cgroup"})]),
    ("ns-no-network", [namespaces("pid", "ipc", "uts", "mount"), put("mounts.5", {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "ro"]})]),
    ("ns-no-pid!", [namespaces("network", "ipc", "uts", "mount")]),
    ("ns-no-ipc", [namespaces("pid", "network", "uts", "mount")]),
    ("ns-no-uts", [namespaces("pid", "network", "ipc", "mount"), drop("hostname")]),
    ("ns-mount-only", [namespaces("mount", "network"), drop("hostname")]),
    ("ns-no-mount!", NO_MOUNT),
    ("ns-no-mount-masked", [NO_MOUNT[0]]),
    ("ns-no-mount-readonly", NO_MOUNT + [put("root.readonly", True), put(P + "user", {"uid": 1000, "gid": 1000})]),
    ("ns-no-mount-bind", NO_MOUNT + [bind("rbind", "ro"), mount("/mnt", "tmpfs", "tmpfs", "nosuid", "size=1m")]),
    ("ns-no-mount-propagation", NO_MOUNT + [put(L + "rootfsPropagation", "slave")]),
    ("ns-no-mount-userns", NO_MOUNT + USERNS),
    ("ns-none", [namespaces(), drop("hostname")] + NO_MOUNT[1:]),
    ("ns-join-mount", [namespaces("pid", "network", "ipc", "uts", {"type": "mount", "path": "MOUNTNS"})]),
    ("ns-join-mount-bind", [namespaces("pid", "network", "ipc", "uts", {"type": "mount", "path": "MOUNTNS"}), bind("rbind", "ro"), put("root.readonly", True)]),
    ("ns-join-own!", [namespaces({"type": "ipc", "path": "/proc/self/ns/ipc"}, "pid", "network", "uts", "mount")]),
    ("userns!", USERNS),
    ("userns-root-1000", [add(L + "namespaces", {"type": "user"}), put(L + "uidMappings", [{"containerID": 0, "hostID": 1000, "size": 1}]),
                          put(L + "gidMappings", [{"containerID": 0, "hostID": 1000, "size": 1}])] + [put("mounts.2.options", ["nosuid", "noexec", "newinstance", "ptmxmode=0666"])]),
    ("userns-identity", [add(L + "namespaces", {"type": "user"}), put(L + "uidMappings", [{"containerID": 0, "hostID": 0, "size": 65536}]),
                         put(L + "gidMappings", [{"containerID": 0, "hostID": 0, "size": 65536}])]),
    ("userns-two-extents", [add(L + "namespaces", {"type": "user"}), put(L + "uidMappings", [{"containerID": 0, "hostID": 0, "size": 1}, {"containerID": 1, "hostID": 200000, "size": 999}]),
                            put(L + "gidMappings", [{"containerID": 0, "hostID": 0, "size": 1}, {"containerID": 1, "hostID": 200000, "size": 999}])]),
    ("userns-user", USERNS + [put(P + "user", {"uid": 1000, "gid": 1000, "additionalGids": [7]})]),
    ("userns-bind", USERNS + [bind("rbind", "ro")]),
    ("userns-cgroup", USERNS + [add(L + "namespaces", {"type": "cgroup"}), mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro")]),
    ("time-offsets", [add(L + "namespaces", {"type": "time"}), put(L + "timeOffsets", {"monotonic": {"secs": 100}, "boottime": {"secs": 200, "nanosecs": 5}})]),
    # --- sysctl ---
    ("sysctl-net!", [put(L + "sysctl", {"net.ipv4.ip_forward": "1", "net.core.somaxconn": "77"})]),
    ("sysctl-ipc", [put(L + "sysctl", {"kernel.msgmax": "4321", "kernel.shmmax": "12345678", "fs.mqueue.msg_max": "9"})]),
    ("sysctl-slashes", [put(L + "sysctl", {"net/ipv4/ip_forward": "1"})]),
    ("sysctl-ping-group", [put(L + "sysctl", {"net.ipv4.ping_group_range": "0 0"})]),
    # --- seccomp ---
    ("seccomp-allow!", [seccomp("ALLOW", rule("ERRNO", "mkdir", "mkdirat"))]),
    ("seccomp-errno-7", [seccomp("ALLOW", rule("ERRNO", "mkdir", "mkdirat", errnoRet=7))]),
    ("seccomp-nnp-off!", [seccomp("ALLOW", rule("ERRNO", "mkdir")), put(P + "noNewPrivileges", False)]),
    ("seccomp-user", [seccomp("ALLOW", rule("ERRNO", "mkdir")), put(P + "user", {"uid": 1000, "gid": 1000})]),
    ("seccomp-user-nnp-off", [seccomp("ALLOW", rule("ERRNO", "mkdir")), put(P + "user", {"uid": 1000, "gid": 1000}), put(P + "noNewPrivileges", False)]),
    ("seccomp-unknown-names", [seccomp("ALLOW", rule("ERRNO", "no_such_call", "mkdir"))]),
    ("seccomp-args!", [seccomp("ALLOW", rule("ERRNO", "socket", args=[{"index": 1, "value": 3, "valueTwo": 15, "op": "SCMP_CMP_MASKED_EQ"}]))]),
    ("seccomp-args-two", [seccomp("ALLOW", rule("ERRNO", "setpriority", args=[{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]))]),
    ("seccomp-trap-unused", [seccomp("ALLOW", rule("TRAP", "reboot"), rule("KILL_PROCESS", "kexec_load"), rule("LOG", "swapon"))]),
    ("seccomp-archs", [seccomp("ALLOW", rule("ERRNO", "mkdir"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])]),
    ("seccomp-flags", [seccomp("ALLOW", rule("ERRNO", "mkdir"), flags=["SECCOMP_FILTER_FLAG_LOG"])]),
    ("seccomp-flags-none", [seccomp("ALLOW", rule("ERRNO", "mkdir"), flags=[])]),
    ("seccomp-default-errno", [seccomp("ALLOW", rule("ERRNO", "mkdir"), defaultErrnoRet=38)]),
    ("seccomp-ruleless", [seccomp("ALLOW")]),
    # --- cgroups ---
    ("memory!", [put(R + "memory", {"limit": 67108864})]),
    ("memory-all", [put(R + "memory", {"limit": 67108864, "reservation": 33554432, "swap": 134217728})]),
    ("memory-swap-equal", [put(R + "memory", {"limit": 67108864, "swap": 67108864})]),
    ("memory-unlimited", [put(R + "memory", {"limit": -1, "swap": -1})]),
    ("memory-swappiness", [put(R + "memory", {"limit": 67108864, "swappiness": 10})]),
    ("memory-no-oom-killer", [put(R + "memory", {"limit": 67108864, "disableOOMKiller": True})]),
    ("memory-reservation-only", [put(R + "memory", {"reservation": 33554432})]),
    ("cpu!", [put(R + "cpu", {"shares": 512, "quota": 25000, "period": 50000})]),
    ("cpu-shares-2", [put(R + "cpu", {"shares": 2})]),
    ("cpu-quota-only", [put(R + "cpu", {"quota": 50000})]),
    ("cpu-period-only", [put(R + "cpu", {"period": 50000})]),
    ("cpu-unlimited", [put(R + "cpu", {"quota": -1})]),
    ("cpuset!", [put(R + "cpu", {"cpus": "0", "mems": "0"})]),
    ("cpuset-range", [put(R + "cpu", {"cpus": "0-1"})]),
    ("pids!", [put(R + "pids", {"limit": 20})]),
    ("pids-unlimited", [put(R + "pids", {"limit": -1})]),
    ("hugetlb", [put(R + "hugepageLimits", [{"pageSize": "2MB", "limit": 4194304}])]),
    ("cgroup-path-deep", [put(L + "cgroupsPath", "/differential-deep/a/b")]),
    ("resources-absent", [drop(L + "resources")]),
    ("hooks-true!", [put("hooks", {k: [{"path": "/bin/true"}] for k in ("prestart", "createRuntime", "poststart", "poststop")})]),
    # --- errors ---
    ("bad-json!", [text("{")]),
    ("bad-empty-file", [text("")]),
    ("bad-array", [text("[]")]),
    ("bad-process-absent!", [drop("process")]),
    ("bad-args-absent", [drop(P + "args")]),
    ("bad-args-empty!", [put(P + "args", [])]),
    ("bad-args-missing!", [put(P + "args", ["/no/such"])]),
    ("bad-args-missing-by-path!", [put(P + "args", ["no-such"])]),
    ("bad-args-directory", [put(P + "args", ["/bin"])]),
    ("bad-args-not-executable!", [put(P + "args", ["/file"])]),
    ("bad-args-format", [put(P + "args", ["/bin/plain"])]),
    ("bad-cwd-relative", [put(P + "cwd", "tmp")]),
    ("bad-cwd-file", [put(P + "cwd", "/file")]),
    ("bad-cwd-absent", [drop(P + "cwd")]),
    ("bad-root-missing!", [put("root.path", "/no/such")]),
    ("bad-root-file", [put("root.path", "/etc/passwd")]),
    ("bad-root-absent", [drop("root")]),
    ("bad-version", [put("ociVersion", "2.0.0")]),
    ("bad-type!", [put(P + "args", "/bin/probe")]),
    ("bad-uid-negative", [put(P + "user", {"uid": -1, "gid": 0})]),
    ("bad-uid-text", [put(P + "user", {"uid": "0", "gid": 0})]),
    ("bad-rlimit-unknown", [put(P + "rlimits", [rlimit("NOSUCH", 1, 1)])]),
    ("bad-rlimit-soft-over-hard", [put(P + "rlimits", [rlimit("NOFILE", 200, 100)])]),
    ("bad-rlimit-twice", [put(P + "rlimits", [rlimit("NOFILE", 100, 100), rlimit("NOFILE", 90, 90)])]),
    ("bad-oom", [put(P + "oomScoreAdj", 5000)]),
    ("bad-mount-source!", [bind("bind", source="/no/such")]),
    ("bad-mount-type", [mount("/mnt", "nosuchfs", "x")]),
    ("bad-mount-option", [mount("/mnt", "tmpfs", "tmpfs", "nosuchoption=1")]),
    ("bad-mount-over-proc", [bind("bind", destination="/proc")]),
    ("bad-mount-in-proc", [mount("/proc/sys", "tmpfs", "tmpfs")]),
    ("bad-mount-on-file", [bind("bind", destination="/file")]),
    ("bad-propagation", [put(L + "rootfsPropagation", "sideways")]),
    ("bad-namespace-type!", [add(L + "namespaces", {"type": "nosuch"})]),
    ("bad-namespace-twice", [add(L + "namespaces", {"type": "ipc"})]),
    ("bad-namespace-path", [namespaces({"type": "ipc", "path": "/no/such"}, "pid", "network", "uts", "mount")]),
    ("bad-namespace-kind", [namespaces({"type": "ipc", "path": "/proc/self/ns/net"}, "pid", "network", "uts", "mount")]),
    ("bad-userns-unmapped", [add(L + "namespaces", {"type": "user"})]),
    ("bad-userns-user", USERNS + [put(P + "user", {"uid": 70000, "gid": 0})]),
    ("bad-mappings-without-userns", [put(L + "uidMappings", [{"containerID": 0, "hostID": 1000, "size": 10}])]),
    ("bad-sysctl!", [put(L + "sysctl", {"vm.overcommit_memory": "1"})]),
    ("bad-sysctl-missing", [put(L + "sysctl", {"net.no.such": "1"})]),
    ("bad-sysctl-hostname", [put(L + "sysctl", {"kernel.hostname": "x"})]),
    ("bad-sysctl-without-ns", [namespaces("pid", "ipc", "uts", "mount"), put("mounts", [{"destination": "/proc", "type": "proc", "source": "proc"}]),
                               put(L + "sysctl", {"net.ipv4.ip_forward": "1"})]),
    ("bad-hostname-without-ns", [namespaces("pid", "network", "ipc", "mount")]),
    ("bad-seccomp-action", [seccomp("NOSUCH")]),
    ("bad-seccomp-arch", [seccomp("ALLOW", architectures=["SCMP_ARCH_NOSUCH"])]),
    ("bad-seccomp-op", [seccomp("ALLOW", rule("ERRNO", "mkdir", args=[{"index": 0, "value": 0, "op": "SCMP_CMP_NOSUCH"}]))]),
    ("bad-seccomp-index", [seccomp("ALLOW", rule("ERRNO", "mkdir", args=[{"index": 9, "value": 0, "op": "SCMP_CMP_EQ"}]))]),
    ("bad-seccomp-flag", [seccomp("ALLOW", rule("ERRNO", "mkdir"), flags=["NOSUCH"])]),
    ("bad-device-type", [add(L + "devices", device("/dev/test", "x", 1, 2))]),
    ("bad-device-clash", [add(L + "devices", device("/dir", "c", 1, 3, fileMode=438))]),
    ("bad-device-rule", [allow({"allow": True, "type": "z", "access": "rwm"})]),
    ("bad-memory-small", [put(R + "memory", {"limit": 4096})]),
    ("bad-memory-swap-less", [put(R + "memory", {"limit": 67108864, "swap": 33554432})]),
    ("bad-swappiness", [put(R + "memory", {"swappiness": 300})]),
    ("bad-cpu-shares", [put(R + "cpu", {"shares": 1})]),
    ("bad-cpu-quota", [put(R + "cpu", {"quota": 5, "period": 100000})]),
    ("bad-cpuset!", [put(R + "cpu", {"cpus": "999"})]),
    ("bad-hugetlb", [put(R + "hugepageLimits", [{"pageSize": "3MB", "limit": 4194304}])]),
    ("bad-hook-missing!", [put("hooks", {"createRuntime": [{"path": "/no/such"}]})]),
    ("bad-hook-fails", [put("hooks", {"createRuntime": [{"path": "/bin/false"}]})]),
    ("bad-hook-container", [put("hooks", {"createContainer": [{"path": "/bin/false"}]})]),
    ("bad-hook-start", [put("hooks", {"startContainer": [{"path": "/no/such"}]})]),
    ("bad-apparmor", [put(P + "apparmorProfile", "no-such-profile")]),
    ("bad-selinux", [put(P + "selinuxLabel", "system_u:system_r:none_t:s0")]),
    ("bad-intel-rdt", [put(L + "intelRdt", {"closID": "x", "l3CacheSchema": "L3:0=f"})]),
    ("bad-terminal-alone", [put(P + "terminal", True)]),
    ("bad-personality", [put(L + "personality", {"domain": "NOSUCH"})]),
]

CORPUS = [(name.rstrip("!"), edits, name.endswith("!")) for name, edits in TABLE]
