/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <grp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bitlist.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/cap.h"
#include "os/fd.h"
#include "os/keyring.h"
#include "os/ns.h"
#include "os/proc.h"
#include "os/procfs.h"
#include "os/rlimit.h"
#include "os/trace.h"
#include "os/user.h"
#include "runtime/seccomp/listener.h"
#include "runtime/terminal.h"
#include "spec/oci_words.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
enum { DEFAULT_UMASK = 0022 };

static const char *env_find(const struct strs *env, const char *name)
{
	const char *found = NULL;
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			found = env->v[i] + n + 1;
	return found;
}

/* ---- steps, in table order ------------------------------------------------------------------------------------------------------------ */

/*
 * What the runtime or a careless caller has open of the host is closed before any path of the container is walked: close-on-exec is too late, since a link
 * to /proc/self/fd/N may be the working directory or the program itself (CVE-2024-21626).
 */
static int close_others(void *ctx, struct err *e)
{
	const struct program *p = ctx;
	const int keep[] = { p->keep[0], p->keep[1], p->keep[2], p->keep[3], p->slave, p->labels.apparmor.fd, p->labels.selinux.fd,
		p->agent_sync, log_descriptor(), trace_descriptor() };
	int r = fd_close_others(p->first_free_fd, keep, ARRAY_LEN(keep));

	return r < 0 ? err_sys(e, r, "close what does not belong to the program") : 0;
}

static bool wants_session(const void *ctx)
{
	const struct program *p = ctx;

	return p->new_session;
}

static int session_new(void *ctx, struct err *e)
{
	return setsid() < 0 ? err_sys(e, -errno, "start a session") : 0;
}

static bool has_terminal(const void *ctx)
{
	const struct program *p = ctx;

	return p->slave >= 0;
}

static int attach_terminal(void *ctx, struct err *e)
{
	struct program *p = ctx;
	int r = terminal_attach(p->slave, p->process->user.uid, e);

	if (p->slave > 2)
		fd_done(&p->slave);
	return r;
}

/* The program must be able to open /dev/stdout again, also when it is a pipe that root made. */
static bool wants_stdio_owner(const void *ctx)
{
	const struct program *p = ctx;

	return p->process->user.uid != 0 && !p->process->terminal;
}

static int own_stdio(void *ctx, struct err *e)
{
	const struct program *p = ctx;

	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || S_ISCHR(st.st_mode) || st.st_uid == p->process->user.uid)
			continue;
		if (fchown(fd, p->process->user.uid, st.st_gid) < 0 && errno != EPERM && errno != EINVAL && errno != EROFS)
			return err_sys(e, -errno, "change the owner of descriptor %d", fd);
	}
	return 0;
}

static bool has_rlimits(const void *ctx)
{
	const struct program *p = ctx;

	return p->process->n_rlimits > 0;
}

static int set_rlimits(void *ctx, struct err *e)
{
	const struct program *p = ctx;

	for (size_t i = 0; i < p->process->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->process->rlimits[i];
		int which = rlimit_find(l->type), r = rlimit_set(0, which, l->soft, l->hard);

		if (r < 0)
			return err_sys(e, r, "error setting rlimit type %d: %s", which, l->type);
	}
	return 0;
}

static bool has_scheduling(const void *ctx)
{
	const struct program *p = ctx;

	return p->process->scheduler || p->process->io_priority;
}

struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* The words were checked with the document. */
static uint64_t flags_of(const struct strs *words, const struct numtab *t)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < words->n; i++)
		flags |= numtab_find(t, words->v[i])->value;
	return flags;
}

static int set_scheduler(const struct oci_scheduler *s, struct err *e)
{
	const struct scheduling attr = {
		.size = sizeof attr, .policy = (uint32_t)numtab_find(oci_scheduler_policies, s->policy)->value, .nice = s->nice,
		.flags = flags_of(&s->flags, oci_scheduler_flags), .priority = (uint32_t)s->priority, .runtime = s->runtime,
		.deadline = s->deadline, .period = s->period,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? err_sys(e, -errno, "set the scheduler %s", s->policy) : 0;
}

static int set_io_priority(const struct oci_io_priority *p, struct err *e)
{
	enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };
	int value = (int)(numtab_find(oci_io_classes, p->class)->value << CLASS_SHIFT) | p->priority;

	return syscall(SYS_ioprio_set, WHO_PROCESS, 0, value) < 0 ? err_sys(e, -errno, "set the io priority %s %d", p->class, p->priority) : 0;
}

static int set_scheduling(void *ctx, struct err *e)
{
	const struct program *p = ctx;
	int r = p->process->scheduler ? set_scheduler(p->process->scheduler, e) : 0;

	return r == 0 && p->process->io_priority ? set_io_priority(p->process->io_priority, e) : r;
}

static bool has_personality(const void *ctx)
{
	const struct program *p = ctx;

	return p->personality;
}

static int set_personality(void *ctx, struct err *e)
{
	const struct program *p = ctx;

	if (personality(numtab_find(oci_personality_domains, p->personality->domain)->value) < 0)
		return err_sys(e, -errno, "set the personality");
	return 0;
}

static bool has_memory_policy(const void *ctx)
{
	const struct program *p = ctx;

	return p->memory_policy;
}

/* The kernel counts one bit more than it reads. */
static int set_memory_policy(void *ctx, struct err *e)
{
	const struct oci_memory_policy *m = ((const struct program *)ctx)->memory_policy;
	uint64_t mode = numtab_find(oci_memory_policy_modes, m->mode)->value | flags_of(&m->flags, oci_memory_policy_flags);
	struct bitlist nodes = { 0 };

	bitlist_parse(m->nodes ? m->nodes : "", &nodes);
	if (syscall(SYS_set_mempolicy, (int)mode, nodes.n ? nodes.words : NULL, nodes.n ? nodes.n + 1 : 0) < 0)
		return err_sys(e, -errno, "set the memory policy %s of nodes '%s'", m->mode, m->nodes ? m->nodes : "");
	return 0;
}

/* Of a name that is given twice the later value counts, at the place of the first, as in runc and crun: programs read the first, shells the last. */
static void env_set(struct strs *env, const char *entry, struct arena *a)
{
	size_t n = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], entry, n) == 0) {
			env->v[i] = entry;
			return;
		}
	strs_push(a, env, entry);
}

/* The environment as given; HOME from the container's passwd file if it is missing or empty. */
static int make_env(void *ctx, struct err *e)
{
	struct program *p = ctx;
	struct strs env = { 0 };
	const char *home;

	for (size_t i = 0; i < p->process->env.n; i++) {
		if (!strchr(p->process->env.v[i], '='))
			return err_set(e, ERR_INVALID, "process.env[%zu]: '%s' must be NAME=VALUE", i, p->process->env.v[i]);
		env_set(&env, p->process->env.v[i], p->a);
	}
	home = env_find(&env, "HOME");
	if (!home || !*home) {
		scoped_fd int passwd = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		struct user u = { .home = "/" };
		char uid[12];

		snprintf(uid, sizeof uid, "%u", p->process->user.uid);
		if (user_resolve(passwd, -EBADF, uid, p->a, &u) < 0 || !u.home || !*u.home)
			u.home = "/";
		env_set(&env, arena_printf(p->a, "HOME=%s", u.home), p->a);
	}
	if (p->listen_fds) {
		strs_push(p->a, &env, arena_printf(p->a, "LISTEN_FDS=%u", p->listen_fds));
		strs_push(p->a, &env, "LISTEN_PID=1");
	}
	p->env = strs_argv(p->a, &env);
	return 0;
}

/* A cwd that leads out of the container's root, through a descriptor of ours or of the caller, is an escape (CVE-2024-21626). */
static int verify_cwd(const char *cwd, struct err *e)
{
	char now[PATH_MAX];

	if (syscall(SYS_getcwd, now, sizeof now) < 0 || now[0] != '/')
		return err_set(e, ERR_DENIED, "current working directory '%s' is outside of container mount namespace root", cwd);
	return 0;
}

static int set_cwd(void *ctx, struct err *e)
{
	struct program *p = ctx;

	if (chdir(p->process->cwd) == 0)
		return verify_cwd(p->process->cwd, e);
	/* Root may be squashed on a network file system where the user may enter. */
	p->cwd_later = errno == EACCES;
	return p->cwd_later ? 0 : err_sys(e, -errno, "chdir to cwd (\"%s\") set in config.json failed", p->process->cwd);
}

/* What this kernel has not, or we may not give, is a warning and no error, as the specification says. */
static uint64_t cap_mask(const struct strs *names, uint64_t grantable)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < names->n; i++) {
		int cap = cap_find(names->v[i]);

		if (cap < 0 || !(grantable & 1ull << cap))
			log_warn("ignoring unknown or unavailable capability '%s'", names->v[i]);
		else
			mask |= 1ull << cap;
	}
	return mask;
}

static struct cap_sets cap_sets_of(const struct oci_process *process)
{
	const struct oci_capabilities none = { 0 }, *c = process->capabilities ? process->capabilities : &none;
	uint64_t mine = cap_permitted();
	struct cap_sets s = { .bounding = cap_mask(&c->bounding, mine), .permitted = cap_mask(&c->permitted, mine) };

	s.effective = cap_mask(&c->effective, mine);
	if (s.effective & ~s.permitted)
		log_warn("process.capabilities.effective: what is not in permitted cannot be granted");
	s.effective &= s.permitted;
	s.inheritable = cap_mask(&c->inheritable, mine);
	s.ambient = cap_mask(&c->ambient, mine) & s.permitted & s.inheritable;
	return s;
}

static bool seccomp_is_early(const void *ctx)
{
	const struct program *p = ctx;

	return p->seccomp && p->seccomp_early;
}

static int load_seccomp(void *ctx, struct err *e)
{
	const struct program *p = ctx;
	int r;

	if (p->agent_sync >= 0)
		return listener_load(p->seccomp, p->agent_sync, e);
	r = filter_load(p->seccomp);
	return r < 0 ? err_sys(e, r, "load the seccomp filter") : 0;
}

static int set_groups(const struct program *p, struct err *e)
{
	const struct u32s *groups = &p->process->user.additional_gids;

	if (p->keep_groups || setgroups(groups->n, groups->v) == 0)
		return 0;
	if (errno != EPERM || (!p->userns && ns_is_initial_user() != 0))
		return err_sys(e, -errno, "set the additional groups");
	/* A user namespace with one user forbids it; then the groups are what become_root could not drop either. Fewer groups, fewer rights. */
	if (groups->n)
		log_warn("process.user.additionalGids: this user namespace does not permit to set groups");
	return 0;
}

/*
 * Bounding set, ids, then the other sets: the first needs CAP_SETPCAP, the ids need CAP_SETUID, and permitted capabilities are kept over the
 * change of ids only to be cut down right after it. Between the calls nothing of the container runs.
 */
static int switch_user(void *ctx, struct err *e)
{
	const struct program *p = ctx;
	const struct oci_user *u = &p->process->user;
	const struct cap_sets caps = cap_sets_of(p->process);
	int r = cap_keep_bounding(caps.bounding);

	if (r < 0)
		return err_sys(e, r, "drop capabilities from the bounding set");
	r = cap_keep_over_setuid(true);
	if (r < 0)
		return err_sys(e, r, "keep capabilities over the change of user");
	r = set_groups(p, e);
	if (r < 0)
		return r;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_sys(e, -errno, "set the group to %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(e, -errno, "set the user to %u", u->uid);
	r = cap_set(&caps);
	if (r == 0)
		r = cap_set_ambient(caps.ambient);
	if (r == 0)
		r = cap_keep_over_setuid(false);
	umask(u->umask.set ? u->umask.v : DEFAULT_UMASK);
	return r < 0 ? err_sys(e, r, "apply caps") : 0;
}

static bool cwd_was_refused(const void *ctx)
{
	const struct program *p = ctx;

	return p->cwd_later;
}

static int set_cwd_as_user(void *ctx, struct err *e)
{
	const struct program *p = ctx;

	if (chdir(p->process->cwd) < 0)
		return err_sys(e, -errno, "chdir to cwd (\"%s\") set in config.json failed", p->process->cwd);
	return verify_cwd(p->process->cwd, e);
}

static int find_executable(void *ctx, struct err *e)
{
	struct program *p = ctx;
	const char *search = env_find(&p->process->env, "PATH");

	return program_find(p->process->args.v[0], search ? search : DEFAULT_PATH, p->a, &p->path, e);
}

static bool wants_no_new_privs(const void *ctx)
{
	const struct program *p = ctx;

	return p->process->no_new_privileges;
}

static int set_no_new_privs(void *ctx, struct err *e)
{
	int r = proc_set_no_new_privs();

	return r < 0 ? err_sys(e, r, "set no_new_privs") : 0;
}

static bool has_label(const void *ctx)
{
	const struct program *p = ctx;

	return p->labels.apparmor.fd >= 0 || p->labels.selinux.fd >= 0;
}

static int set_label(void *ctx, struct err *e)
{
	struct program *p = ctx;

	return lsm_apply(&p->labels, e);
}

/* An agent is told while there is somebody to tell it. Without one the filter comes as late as it can: see program_exec(). */
static bool listens_late(const void *ctx)
{
	const struct program *p = ctx;

	return p->agent_sync >= 0 && !p->seccomp_early;
}

/*
 * The order:
 *   - first everything is let go that could lead a path of the container outside;
 *   - session before terminal: only a session leader without one can take a controlling terminal;
 *   - stdio, limits and scheduling while we are root: the program's user may not;
 *   - cwd before the user is switched, because root may enter directories its user may not, and again after it if root was refused;
 *   - the early filter is last of what root does: without no_new_privs loading needs CAP_SYS_ADMIN, which the next step takes away;
 *   - the executable is looked up as the user, so "permission denied" is said at create, not at start;
 *   - no_new_privs and the labels are properties of the next execve and change nothing here. Labels come last: whether a profile may still replace the
 *     one we have is judged at the execve, under no_new_privs, whenever it was written; that is why a confined caller stacks (lsm.h).
 */
const struct step program_steps[] = {
	/* clang-format off */
	{ "program.close",       NULL,               close_others,      NULL },
	{ "program.session",     wants_session,      session_new,       NULL },
	{ "program.terminal",    has_terminal,       attach_terminal,   NULL },
	{ "program.stdio",       wants_stdio_owner,  own_stdio,         NULL },
	{ "program.rlimits",     has_rlimits,        set_rlimits,       NULL },
	{ "program.scheduling",  has_scheduling,     set_scheduling,    NULL },
	{ "program.personality", has_personality,    set_personality,   NULL },
	{ "program.memory",      has_memory_policy,  set_memory_policy, NULL },
	{ "program.env",         NULL,               make_env,          NULL },
	{ "program.cwd",         NULL,               set_cwd,           NULL },
	{ "program.filter",      seccomp_is_early,   load_seccomp,      NULL },
	{ "program.user",        NULL,               switch_user,       NULL },
	{ "program.cwd_as_user", cwd_was_refused,    set_cwd_as_user,   NULL },
	{ "program.find",        NULL,               find_executable,   NULL },
	{ "program.nnp",         wants_no_new_privs, set_no_new_privs,  NULL },
	{ "program.label",       has_label,          set_label,         NULL },
	{ "program.listen",      listens_late,       load_seccomp,      NULL },
	/* clang-format on */
};
const size_t n_program_steps = ARRAY_LEN(program_steps);

/* Steps wrap an error with their name; what engines search for stands at the end of the chain, as in runc. */
int program_prepare(struct program *p, struct err *e)
{
	return steps_run(program_steps, n_program_steps, p, e);
}

int program_exec(struct program *p, struct err *e)
{
	const char *name = p->process->args.v[0];
	int r = fd_cloexec_from(p->first_free_fd);

	if (r < 0)
		return err_sys(e, r, "close what does not belong to the program");
	if (p->seccomp && !p->seccomp_early && p->agent_sync < 0) {
		r = load_seccomp(p, e);
		if (r < 0)
			return r;
	}
	execve(p->path, strs_argv(p->a, &p->process->args), p->env);
	return err_sys(e, -errno, "exec %s", name);
}

static int label_keys(const char *label, int procfd, struct err *e)
{
	scoped_fd int attr = lsm_open_attr(procfd, e);

	return attr < 0 ? attr : lsm_label_keys(attr, label, e);
}

int program_join_keyring(const struct program *p, const char *id, int procfd, bool first, struct err *e)
{
	const char *label = p->process->selinux_label;
	bool labelled = label && *label;
	char name[LIMIT_ID + 8];
	int serial, r = labelled ? label_keys(label, procfd, e) : 0;

	if (r < 0)
		return r;
	snprintf(name, sizeof name, "_ses.%s", id);
	serial = keyring_join(name);
	if (serial == -ENOSYS)
		return 0;
	r = serial >= 0 && first ? keyring_permit(serial, p->userns) : serial;
	if (r < 0)
		return err_sys(e, r, "join a session keyring (see --no-new-keyring)");
	return labelled ? label_keys(NULL, procfd, e) : 0;
}

int program_open_label(struct program *p, int procfd, struct err *e)
{
	scoped_fd int attr = lsm_wants(p->process) ? lsm_open_attr(procfd, e) : -EBADF;

	if (!lsm_wants(p->process))
		return 0;
	return attr < 0 ? attr : lsm_prepare(attr, p->process, p->a, &p->labels, e);
}

int program_check_passed(unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		int flags = fcntl(3 + (int)i, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return err_set(e, ERR_INVALID, "unable to stat preserved-fd %u (of %u): descriptor %u is not open", i, n, 3 + i);
	}
	return 0;
}

/* ---- finding -------------------------------------------------------------------------------------------------------------------------- */

/* 0, -ENOENT, -EACCES or -EISDIR. */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int find_by_path(const char *name, struct err *e)
{
	int r = check_executable(name);

	if (r == -ENOENT || r == -ENOTDIR)
		return err_sys(e, r, "exec: \"%s\": stat %s", name, name);
	return r < 0 ? err_sys(e, r, "exec: \"%s\"", name) : 0;
}

int program_find(const char *name, const char *search, struct arena *a, const char **ret, struct err *e)
{
	struct str rest = str_of(search);
	bool refused = false;

	if (strchr(name, '/')) {
		*ret = name;
		return find_by_path(name, e);
	}
	while (rest.p && *name) {
		struct str dir = str_cut(rest, ':', &rest);
		char *path = arena_printf(a, STR_FMT "%s%s", STR_ARG(dir), dir.n ? "/" : "./", name);
		int r = check_executable(path);

		if (r == 0) {
			*ret = path;
			return 0;
		}
		refused = refused || r == -EACCES;
	}
	if (refused)
		return err_sys(e, -EACCES, "exec: \"%s\"", name);
	return err_set(e, ERR_NOT_FOUND, "exec: \"%s\": executable file not found in $PATH", name);
}
