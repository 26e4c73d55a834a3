/* SPDX-License-Identifier: Apache-2.0 */
#include "os/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/file.h"
#include "os/landlock.h"
#include "os/ns.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif

/* Keeps an answer. */
static bool keep(enum facts_tri *t, bool yes)
{
	*t = yes ? FACTS_YES : FACTS_NO;
	return yes;
}

#define KEPT(t) \
	if ((t) != FACTS_UNKNOWN) \
		return (t) == FACTS_YES

/* After a call with senseless arguments: it exists if it complains about them. -EPERM is what old seccomp profiles say. */
static bool complained(long r)
{
	return r >= 0 || (errno != ENOSYS && errno != EPERM);
}

uint32_t facts_kernel(struct host_facts *f)
{
	unsigned major = 0, minor = 0, patch = 0;
	struct utsname u;

	if (!f->kernel && uname(&u) == 0 && sscanf(u.release, "%u.%u.%u", &major, &minor, &patch) >= 2)
		f->kernel = FACTS_KERNEL(major, minor) | (patch > 255 ? 255 : patch);
	return f->kernel;
}

bool facts_openat2(struct host_facts *f)
{
	KEPT(f->openat2);
	return keep(&f->openat2, complained(syscall(SYS_openat2, -1, NULL, NULL, 0)));
}

bool facts_mount_api(struct host_facts *f)
{
	KEPT(f->mount_api);
	return keep(&f->mount_api, complained(syscall(SYS_open_tree, -1, "", ~0u))); /* all of them came with 5.2 */
}

bool facts_mount_setattr(struct host_facts *f)
{
	KEPT(f->mount_setattr);
	return keep(&f->mount_setattr, complained(syscall(SYS_mount_setattr, -1, "", ~0u, NULL, 0)));
}

bool facts_nosymfollow(struct host_facts *f)
{
	return facts_kernel(f) >= FACTS_KERNEL(5, 14);
}

bool facts_clone3(struct host_facts *f)
{
	KEPT(f->clone3);
	return keep(&f->clone3, complained(syscall(SYS_clone3, NULL, 0)));
}

bool facts_clone_into_cgroup(struct host_facts *f)
{
	KEPT(f->clone_into_cgroup);
	return keep(&f->clone_into_cgroup, facts_clone3(f) && facts_kernel(f) >= FACTS_KERNEL(5, 7));
}

bool facts_pidfd(struct host_facts *f)
{
	KEPT(f->pidfd);
	return keep(&f->pidfd, complained(syscall(SYS_pidfd_open, -1, 0)));
}

bool facts_time_ns(struct host_facts *f)
{
	KEPT(f->time_ns);
	return keep(&f->time_ns, access("/proc/self/ns/time", F_OK) == 0);
}

bool facts_cgroup_ns(struct host_facts *f)
{
	KEPT(f->cgroup_ns);
	return keep(&f->cgroup_ns, access("/proc/self/ns/cgroup", F_OK) == 0);
}

bool facts_seccomp(struct host_facts *f)
{
	KEPT(f->seccomp);
	return keep(&f->seccomp, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT);
}

bool facts_apparmor(struct host_facts *f)
{
	char text[8] = "";

	KEPT(f->apparmor);
	return keep(&f->apparmor,
		file_read_text(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text, sizeof text) == 0 && text[0] == 'Y');
}

bool facts_selinux(struct host_facts *f)
{
	KEPT(f->selinux);
	return keep(&f->selinux, access("/sys/fs/selinux/enforce", F_OK) == 0);
}

bool facts_initial_userns(struct host_facts *f)
{
	KEPT(f->initial_userns);
	return keep(&f->initial_userns, ns_is_initial_user() > 0);
}

bool facts_rootless(struct host_facts *f)
{
	return geteuid() != 0 || !facts_initial_userns(f);
}

int facts_landlock(struct host_facts *f)
{
	int abi;

	if (f->landlock_abi == 0) {
		abi = landlock_abi();
		f->landlock_abi = abi > 0 ? abi : -1;
	}
	return f->landlock_abi > 0 ? f->landlock_abi : 0;
}
