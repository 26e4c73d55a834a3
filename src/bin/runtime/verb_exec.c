/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: runs one more program in a container.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/pty.h"
#include "runtime/exec.h"
#include "runtime/program.h"

struct exec_line {
	const char *console_socket, *pidfd_socket, *cwd, *user, *process, *pid_file, *process_label, *apparmor;
	struct strs env, caps, groups, cgroups;
	bool tty, detach, ignore_paused;
	struct opt_bool no_new_privs;
	int32_t preserve_fds;
};

static int take_no_new_privs(void *options, const char *value, struct arena *a, struct err *e)
{
	struct exec_line *o = options;

	o->no_new_privs.set = true;
	return parse_bool(value, &o->no_new_privs.v) < 0 ? err_set(e, ERR_INVALID, "'%s' is not true or false", value) : 0;
}

/* clang-format off */
static const struct opt exec_opts[] = {
	OPT(struct exec_line, console_socket, "console-socket",  0,   STR,  "SOCKET", "Send the terminal's master there"),
	OPT(struct exec_line, pidfd_socket,   "pidfd-socket",    0,   STR,  "SOCKET", "Send a pidfd of the process there"),
	OPT(struct exec_line, cwd,            "cwd",             0,   STR,  "DIR",    "Working directory"),
	OPT(struct exec_line, env,            "env",             'e', STRS, "NAME=value", "Add to the environment"),
	OPT(struct exec_line, tty,            "tty",             't', FLAG, NULL,     "Give it a terminal"),
	OPT(struct exec_line, user,           "user",            'u', STR,  "UID[:GID]", "User, by numbers"),
	OPT(struct exec_line, groups,         "additional-gids", 'g', STRS, "GID",    "Add a group"),
	OPT(struct exec_line, process,        "process",         'p', STR,  "FILE",   "Read the process object from FILE"),
	OPT(struct exec_line, detach,         "detach",          'd', FLAG, NULL,     "Return when the program runs"),
	OPT(struct exec_line, pid_file,       "pid-file",        0,   STR,  "FILE",   "Write its pid there"),
	OPT(struct exec_line, process_label,  "process-label",   0,   STR,  "LABEL",  "SELinux label"),
	OPT(struct exec_line, apparmor,       "apparmor",        0,   STR,  "PROFILE", "AppArmor profile"),
	OPT_CALL("no-new-privs", 0, take_no_new_privs, NULL, "It cannot gain privileges (=false: it can, whatever the container says)"),
	OPT(struct exec_line, caps,           "cap",             'c', STRS, "CAP",    "Add a capability"),
	OPT(struct exec_line, preserve_fds,   "preserve-fds",    0,   INT,  "N",      "Pass N descriptors from 3 on"),
	OPT(struct exec_line, cgroups,        "cgroup",          0,   STRS, "[CTRL,…:]PATH", "Put it in a sub-cgroup of the container"),
	OPT(struct exec_line, ignore_paused,  "ignore-paused",   0,   FLAG, NULL,     "Also in a paused container (it will wait)"),
	OPT_END,
};
/* clang-format on */

int runtime_parse_user(const char *s, struct oci_user *u, struct err *e)
{
	struct str gid, uid = str_cut(str_of(s), ':', &gid);
	char text[16];

	if (uid.n >= sizeof text)
		return err_set(e, ERR_INVALID, "--user: '%s' is not UID[:GID] in digits", s);
	snprintf(text, sizeof text, STR_FMT, STR_ARG(uid));
	if (parse_id(text, &u->uid) < 0 || (gid.p && parse_id(gid.p, &u->gid) < 0))
		return err_set(e, ERR_INVALID, "--user: '%s' is not UID[:GID] in digits", s);
	return 0;
}

static int add_groups(const struct strs *groups, struct oci_user *u, struct arena *a, struct err *e)
{
	struct u32s all = { arena_array(a, uint32_t, u->additional_gids.n + groups->n), u->additional_gids.n };

	if (all.n)
		memcpy(all.v, u->additional_gids.v, all.n * sizeof *all.v);
	for (size_t i = 0; i < groups->n; i++)
		if (parse_id(groups->v[i], &all.v[all.n++]) < 0)
			return err_set(e, ERR_INVALID, "--additional-gids: '%s' is not a group id", groups->v[i]);
	u->additional_gids = all;
	return 0;
}

static struct strs joined(const struct strs *x, const struct strs *y, struct arena *a)
{
	struct strs all = { 0 };

	for (size_t i = 0; i < x->n; i++)
		strs_push(a, &all, x->v[i]);
	for (size_t i = 0; i < y->n; i++)
		strs_push(a, &all, y->v[i]);
	return all;
}

/* Added capabilities never become inheritable, and ambient only where the container has inheritable ones (CVE-2022-29162). */
static void add_caps(const struct strs *caps, struct oci_process *p, struct arena *a)
{
	struct oci_capabilities *c = arena_new(a, struct oci_capabilities);

	if (p->capabilities)
		*c = *p->capabilities;
	c->bounding = joined(&c->bounding, caps, a);
	c->effective = joined(&c->effective, caps, a);
	c->permitted = joined(&c->permitted, caps, a);
	if (c->inheritable.n)
		c->ambient = joined(&c->ambient, caps, a);
	p->capabilities = c;
}

/* The container's own process, with what the command line says instead. */
static int process_of_line(const struct exec_line *o, const struct strs *args, const struct oci_process *own, struct arena *a,
	struct oci_process *ret, struct err *e)
{
	struct oci_process p = *own;
	int r = 0;

	p.args = *args;
	p.terminal = o->tty;
	p.console_size = NULL;
	p.env = joined(&own->env, &o->env, a);
	p.no_new_privileges = o->no_new_privs.set ? o->no_new_privs.v : p.no_new_privileges;
	p.apparmor_profile = o->apparmor ? o->apparmor : p.apparmor_profile;
	p.selinux_label = o->process_label ? o->process_label : p.selinux_label;
	if (o->cwd)
		p.cwd = o->cwd;
	if (o->user)
		r = runtime_parse_user(o->user, &p.user, e);
	if (r == 0)
		r = add_groups(&o->groups, &p.user, a, e);
	if (r < 0)
		return r;
	if (o->caps.n)
		add_caps(&o->caps, &p, a);
	*ret = p;
	return oci_process_check(ret, "process", e);
}

static int read_process(const char *path, struct arena *a, struct oci_process *ret, struct err *e)
{
	struct oci_process *p;
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_DOCUMENT, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s'", path);
	r = oci_process_decode((struct str){ text, n }, a, &p, e);
	if (r < 0)
		return err_wrap(e, "%s", path);
	*ret = *p;
	return 0;
}

static int make_process(const struct exec_line *o, const struct runtime *rt, const struct control *c, struct oci_process *ret, struct err *e)
{
	const struct strs args = { rt->args->v + 1, rt->args->n - 1 };
	struct oci_config *config;
	int r;

	if (o->process)
		return read_process(o->process, rt->a, ret, e);
	if (args.n == 0)
		return err_set(e, ERR_INVALID, "exec args cannot be empty");
	r = state_load_config(c->dir_fd, rt->a, &config, e);
	return r < 0 ? r : process_of_line(o, &args, config->process, rt->a, ret, e);
}

static const char *absolute(const char *path, struct arena *a)
{
	char cwd[PATH_MAX];

	return !path || path[0] == '/' || !getcwd(cwd, sizeof cwd) ? path : arena_printf(a, "%s/%s", cwd, path);
}

static int exec_in(const struct exec_line *o, struct runtime *rt, struct err *e)
{
	scoped_control struct control c = CONTROL_NONE;
	scoped_fd int signals = -EBADF, master = -EBADF;
	struct oci_process process;
	const struct exec_options x = {
		.process = &process, .detach = o->detach, .ignore_paused = o->ignore_paused, .cgroups = o->cgroups, .pid_file = absolute(o->pid_file, rt->a),
		.console_socket = o->console_socket, .pidfd_socket = o->pidfd_socket, .preserve_fds = (uint32_t)o->preserve_fds,
	};
	struct proc p = PROC_NONE;
	int r = program_check_passed(x.preserve_fds, e);

	if (r == 0)
		r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);
	if (r == 0)
		r = make_process(o, rt, &c, &process, e);
	if (r < 0)
		return r;
	if (!o->detach)
		signals = runtime_signals(e);
	r = exec_start(&c, &x, &p, &master, e);
	if (r < 0 || o->detach)
		return r;
	return runtime_wait(&p, &master, signals, NULL, e);
}

static int exec_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct exec_line *o = options;
	int r;

	if (o->preserve_fds < 0 || o->preserve_fds > LIMIT_PASSED_FDS)
		return err_set(e, ERR_INVALID, "--preserve-fds: '%d' is not a number of descriptors", o->preserve_fds);
	r = exec_in(o, rt, e);
	return r < 0 ? err_wrap(e, "exec failed") : r;
}

const struct verb exec_verb = {
	.command = { .names = { "exec" }, .summary = "Run one more program in a container", .args = "ID [COMMAND [ARG...]]", .min_args = 1,
		.max_args = -1, .args_end_options = true, .opts = { exec_opts }, .options_size = sizeof(struct exec_line),
		.failure = 255 },
	.run = exec_run,
	.enters = true,
};
