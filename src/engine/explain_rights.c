/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of explain: what a container may do, and what of that leads to the host. */
#include "engine/explain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "engine/security_opts.h"
#include "os/cap.h"
#include "os/file.h"
#include "spec/defaults.h"

/* ---- what it has ---------------------------------------------------------------------------------------------------------------------------------- */

/* The value of a line of /proc/PID/status; NULL if it does not run. */
static const char *status_find(const struct explain *x, const char *key)
{
	char path[40], *text;
	struct str rest;

	if (!x->i.pid)
		return NULL;
	snprintf(path, sizeof path, "/proc/%d/status", x->i.pid);
	if (file_read(AT_FDCWD, path, LIMIT_PROC_FILE, x->a, &text, NULL) < 0)
		return NULL;
	rest = str_of(text);
	while (rest.p) {
		struct str value, line = str_cut(rest, '\n', &rest), name = str_cut(line, ':', &value);

		if (str_is(name, key) && value.p) {
			value = str_trim(value);
			return arena_strndup(x->a, value.p, value.n);
		}
	}
	return NULL;
}

static uint64_t caps_of(const struct strs *names)
{
	uint64_t set = 0;

	for (size_t i = 0; names && i < names->n; i++)
		set |= UINT64_C(1) << cap_find(names->v[i]);
	return set;
}

/* What its programs can have at most: as the kernel says, or as asked for. */
static uint64_t caps_bound(const struct explain *x)
{
	const struct container_request *q = &x->c->request;
	const char *bound = status_find(x, "CapBnd");
	struct oci_capabilities *caps;
	struct err ignored;          /* create has checked the words */

	if (bound)
		return strtoull(bound, NULL, 16);
	return defaults_capabilities(&q->cap_add, &q->cap_drop, q->privileged, true, x->a, &caps, &ignored) == 0 ? caps_of(&caps->bounding) : 0;
}

static uint64_t caps_usual(const struct explain *x)
{
	struct oci_capabilities *caps;
	struct err ignored;          /* no word can be wrong */

	return defaults_capabilities(NULL, NULL, false, true, x->a, &caps, &ignored) == 0 ? caps_of(&caps->bounding) : 0;
}

static const char *caps_text(uint64_t set, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_LOG_RECORD);

	for (unsigned i = 0; i < CAP_TABLE_COUNT; i++) {
		if (set >> i & 1)
			buf_printf(&b, "%s%s", b.n ? " " : "", cap_names[i] + strlen("CAP_"));
	}
	return arena_strdup(a, buf_text(&b));
}

static bool has_cap(const struct explain *x, const char *name)
{
	return caps_bound(x) >> cap_find(name) & 1;
}

/* ---- what it may do -------------------------------------------------------------------------------------------------------------------------------- */

static bool is_root(const struct explain *x)
{
	const char *user = x->c->user;

	return !user || !*user || streq(user, "0") || streq(user, "root") || str_after(user, "0:") || str_after(user, "root:");
}

static void user_say(struct explain *x)
{
	const char *user = x->c->user && *x->c->user ? x->c->user : "root";

	explain_say(x, "user", "%s%s", user, is_root(x) ? "" : "; its programs start without capabilities");
}

static void caps_say(struct explain *x)
{
	uint64_t has = caps_bound(x), usual = caps_usual(x);

	if (has == usual)
		explain_say(x, "capabilities", "the usual fourteen");
	else if (!has)
		explain_say(x, "capabilities", "none");
	else if (x->c->request.privileged)
		explain_say(x, "capabilities", "ALL that this host has");
	else
		explain_say(x, "capabilities", "%s%s%s%s%s", has & usual ? "of the usual fourteen: " : "", caps_text(has & usual, x->a),
			    has & ~usual ? "; ALSO: " : "", caps_text(has & ~usual, x->a), usual & ~has ? "" : " (all of them)");
}

static void filters_say(struct explain *x, const struct security_opts *s)
{
	const struct container_request *q = &x->c->request;
	const char *mode = status_find(x, "Seccomp");
	bool none = mode ? !streq(mode, "2") : streq(s->seccomp, "unconfined") || (q->privileged && !s->seccomp);
	char path[48], label[256];

	explain_say(x, "system calls", "%s", none ? "NOT filtered" : s->seccomp ? arena_printf(x->a, "filtered by %s", s->seccomp) : "filtered by the default profile");
	snprintf(path, sizeof path, "/proc/%d/attr/current", x->i.pid);
	if (x->i.pid && file_read_text(AT_FDCWD, path, label, sizeof label) == 0 && *label)
		explain_say(x, "label", "%s", label);
	explain_say(x, "setuid", "%s", s->no_new_privileges ? "gives nothing (no-new-privileges)" : "programs of the image give their owner's rights");
}

static void spaces_say(struct explain *x)
{
	for (int i = 0; i < ISOLATION_NS_COUNT; i++) {
		const char *mode = isolation_mode_text(&x->c->request.isolation, (enum isolation_ns)i);

		if (mode && *mode && !streq(mode, "private"))
			explain_say(x, "shares", "--%s %s", isolation_ns_rows[i].flag, mode);
	}
}

static void files_say(struct explain *x)
{
	const struct container *c = x->c;

	explain_say(x, "root files", "%s", c->request.read_only ? "cannot be written" : "can be written, gone with the container");
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct container_mount *m = &c->mounts[i];

		explain_say(x, "mount", "%s %s on %s, %s", enumtab_name(&container_mount_kinds, (int)m->kind), m->source ? m->source : "", m->target,
			    m->read_only ? "read-only" : "writable");
	}
}

static void devices_say(struct explain *x)
{
	const struct container_request *q = &x->c->request;

	if (q->privileged)
		explain_say(x, "devices", "ALL of the host");
	for (size_t i = 0; i < q->n_devices; i++)
		explain_say(x, "device", "%s as %s (%s)", q->devices[i].host, q->devices[i].target, q->devices[i].access);
	for (size_t i = 0; i < q->isolation.cdi.n; i++)
		explain_say(x, "device", "%s", q->isolation.cdi.v[i]);
	for (size_t i = 0; i < q->isolation.n_rules; i++)
		explain_say(x, "device", "by number: %s %lld:%lld %s (-1: any)", q->isolation.rules[i].type, (long long)q->isolation.rules[i].major,
			    (long long)q->isolation.rules[i].minor, q->isolation.rules[i].access);
}

static void network_say(struct explain *x)
{
	const struct container_state *s = x->i.state;

	explain_say(x, "network", "%s", x->c->request.network ? x->c->request.network : "bridge");
	for (size_t i = 0; s && i < s->n_addresses; i++)
		explain_say(x, "address", "%s in %s", s->addresses[i].ip, s->addresses[i].network);
	for (size_t i = 0; i < x->c->request.n_ports; i++) {
		const struct container_port *p = &x->c->request.ports[i];

		explain_say(x, "port", "%s:%u of the host goes to its %u/%s", p->host_ip && *p->host_ip ? p->host_ip : "every address", p->host_port, p->port, p->protocol);
	}
}

void explain_rights(struct explain *x)
{
	struct security_opts s;
	struct err ignored;          /* create has checked the words */

	if (security_opts_parse(&x->c->request.security_opts, x->a, &s, &ignored) < 0)
		s = (struct security_opts){ 0 };
	explain_section(x, "What it may do");
	user_say(x);
	caps_say(x);
	filters_say(x, &s);
	if (x->c->request.privileged || s.all_paths)
		explain_say(x, "/proc, /sys", "NOTHING is hidden or protected");
	spaces_say(x);
	files_say(x);
	devices_say(x);
	network_say(x);
}

/* ---- what leads to the host ------------------------------------------------------------------------------------------------------------------------- */

/* Paths of the host with which root of a container becomes root of the host, if it may write there (a socket: in any case). */
static const char *const gates[] = { "/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var", "/var/run" };
static const char *const sockets[] = { "docker.sock", "podman.sock", "containerd.sock", "crio.sock", "tared.sock" };

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void mount_dangers(struct explain *x)
{
	for (size_t i = 0; i < x->c->n_mounts; i++) {
		const struct container_mount *m = &x->c->mounts[i];

		if (m->kind != CONTAINER_MOUNT_BIND || !m->source)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(sockets); k++) {
			if (streq(base_of(m->source), sockets[k]))
				explain_say(x, "", "%s: whoever may speak to it makes containers of any kind, as root of the host.", m->source);
		}
		for (size_t k = 0; k < ARRAY_LEN(gates); k++) {
			if (streq(m->source, gates[k]) && !m->read_only)
				explain_say(x, "", "%s of the host can be written: root inside changes the host's own files.", m->source);
		}
	}
}

static const struct danger {
	const char *cap, *text;
} cap_dangers[] = {
	{ "CAP_SYS_ADMIN", "mounts, and much of what root of the host may do" },
	{ "CAP_SYS_MODULE", "loads code into the kernel" },
	{ "CAP_SYS_RAWIO", "reaches the hardware's memory" },
	{ "CAP_DAC_READ_SEARCH", "opens files of the host by their handles" },
	{ "CAP_BPF", "runs programs in the kernel" },
	{ "CAP_SYS_BOOT", "restarts the machine" },
};

void explain_dangers(struct explain *x)
{
	const struct container_request *q = &x->c->request;
	bool host_pids = isolation_mode_kind(&q->isolation, ISOLATION_PID) == ISOLATION_HOST;

	explain_section(x, "What leads to the host");
	if (q->privileged)
		explain_say(x, "", "--privileged: root inside is as good as root of the host.");
	for (size_t i = 0; !q->privileged && i < ARRAY_LEN(cap_dangers); i++) {
		if (has_cap(x, cap_dangers[i].cap))
			explain_say(x, "", "--cap-add %s: %s.", cap_dangers[i].cap + strlen("CAP_"), cap_dangers[i].text);
	}
	if (host_pids)
		explain_say(x, "", "--pid host: it sees the host's processes%s.", has_cap(x, "CAP_SYS_PTRACE") ? " and may change them (SYS_PTRACE)" : "");
	if (streq(q->network, "host"))
		explain_say(x, "", "--network host: it reaches what listens on the host's loopback%s.",
			    has_cap(x, "CAP_NET_ADMIN") ? ", and changes its network (NET_ADMIN)" : "");
	mount_dangers(x);
	if (!x->ret->sections[x->ret->n_sections - 1].n_lines)
		explain_say(x, "", "Nothing that was asked for: what is left are holes of the kernel.");
}
