/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"
#include "os/proc.h"

#define LOADED "/sys/kernel/security/apparmor/profiles"
#define FILE_PROFILE "apparmor-profile"           /* what the kernel has */
#define FILE_LOADING "apparmor-profile.loading"   /* what it is being given */

/*
 * Files, capabilities and sockets are other walls' business, but for what they cannot see: the address family ALG behind socketcall(2), where a seccomp filter
 * does not reach (CVE-2026-31431), and what of /proc and /sys belongs to the host, should a mask be missing. A container makes no mounts, and
 * sees and signals only what stands under the same profile. Nothing is included, so that no file of the host's decides.
 */
static const char profile[] =
	"profile " APPARMOR_PROFILE " flags=(attach_disconnected,mediate_deleted) {\n"
	"  file,\n"
	"  capability,\n"
	"  network,\n"
	"  unix,\n"
	"  dbus,\n"
	"  umount,\n"
	"  deny network alg,\n"
	"  deny mount,\n"
	"  deny pivot_root,\n"
	"\n"
	"  signal (receive),\n"
	"  signal (send) peer=" APPARMOR_PROFILE ",\n"
	"  ptrace (readby, tracedby),\n"
	"  ptrace (read, trace) peer=" APPARMOR_PROFILE ",\n"
	"\n"
	"  # Of /proc: what belongs to a process, and kernel parameters of a container's namespaces.\n"
	"  deny /proc/{kcore,kmem,mem,keys,kallsyms} rwklx,\n"
	"  deny /proc/sysrq-trigger rwklx,\n"
	"  deny /proc/[a-z]* w,\n"
	"  deny /proc/{acpi,asound,bus,driver,dynamic_debug,fs,irq,scsi,tty}/** wklx,\n"
	"  deny /proc/sys/{abi,crypto,debug,dev,sunrpc,user,vm}/** wklx,\n"
	"  deny /proc/sys/fs/[^m]** wklx,\n"
	"  deny /proc/sys/kernel/[^ms]** wklx,\n"
	"  deny /proc/sys/kernel/m[^s]** wklx,\n"
	"  deny /proc/sys/kernel/s[^eh]** wklx,\n"
	"  deny /proc/sys/kernel/seccomp/** wklx,\n"
	"\n"
	"  # Of /sys: the container's own cgroups.\n"
	"  deny /sys/[^f]*/** wklx,\n"
	"  deny /sys/f[^s]*/** wklx,\n"
	"  deny /sys/fs/[^c]*/** wklx,\n"
	"  deny /sys/firmware/** rwklx,\n"
	"  deny /sys/devices/virtual/powercap/** rwklx,\n"
	"  deny /sys/kernel/security/** rwklx,\n"
	"}\n";

const char *apparmor_text(void)
{
	return profile;
}

/* Absolute and of root's directories: what we run as root is not looked up in a PATH. */
static const char *parser_find(void)
{
	static const char *const places[] = { "/sbin/apparmor_parser", "/usr/sbin/apparmor_parser" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

/* The kernel's list has "name (mode)" on each line. */
static bool is_loaded(const char *list)
{
	struct str rest = str_of(list);

	while (rest.p) {
		struct str name = str_cut(str_cut(rest, '\n', &rest), ' ', &(struct str){ 0 });

		if (str_is(name, APPARMOR_PROFILE))
			return true;
	}
	return false;
}

static bool is_ours(int run, struct arena *a)
{
	char *text;

	return file_read(run, FILE_PROFILE, LIMIT_PROC_FILE, a, &text, NULL) == 0 && streq(text, profile);
}

static int load(const char *parser, const char *path, struct arena *a, struct err *e)
{
	const char *words[] = { parser, "--replace", "--skip-cache", "--quiet", path };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x;
	int r;

	if (null < 0)
		return err_sys(e, -errno, "open /dev/null");
	r = proc_spawn(&PROC_SPAWN(.path = parser, .argv = strs_argv(a, &(struct strs){ words, ARRAY_LEN(words) }),
			.fds = (struct proc_fd[]){ { null, 0 }, { null, 1 } }, .n_fds = 2), &p);
	if (r == 0)
		r = proc_wait(p.pidfd, -1, &x);
	if (r < 0)
		return err_sys(e, r, "run '%s'", parser);
	return x.code || x.signal ? err_set(e, ERR_INTERNAL, "'%s' did not load the AppArmor profile '" APPARMOR_PROFILE "'; --security-opt apparmor=unconfined "
							     "does without", parser) : 0;
}

int apparmor_default(struct engine *en, struct arena *a, const char **ret, struct err *e)
{
	const char *parser, *path = arena_printf(a, "%s/" FILE_LOADING, en->run);
	scoped_fd int run = -EBADF;
	char *list;
	int r;

	*ret = NULL;
	if (!facts_apparmor(&en->facts) || facts_rootless(&en->facts) || file_read(AT_FDCWD, LOADED, LIMIT_FILE, a, &list, NULL) < 0)
		return 0;
	parser = parser_find();
	run = dir_open(AT_FDCWD, en->run);
	if (run < 0)
		return err_sys(e, run, "open '%s'", en->run);
	if (!parser && !is_loaded(list))
		return 0;
	*ret = APPARMOR_PROFILE;
	if (!parser || (is_loaded(list) && is_ours(run, a)))
		return 0;
	r = file_replace(run, FILE_LOADING, profile, strlen(profile), 0600, 0);
	if (r < 0)
		return err_sys(e, r, "write '%s'", path);
	r = load(parser, path, a, e);
	if (r < 0)
		return r;
	return renameat(run, FILE_LOADING, run, FILE_PROFILE) < 0 && errno != ENOENT ? err_sys(e, -errno, "rename '%s'", path) : 0;
}
