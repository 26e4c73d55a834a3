/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/enumtab.h"
#include "base/scope.h"
#include "runtime/seccomp/tables.h"

/* ---- what is asked for ---- */

struct filter_request filter_request_of(const struct oci_config *c)
{
	const char *strict = pairs_find(&c->annotations, "run.oci.seccomp_fail_unknown_syscall");

	return (struct filter_request){
		.section = c->linux ? c->linux->seccomp : NULL, .raw = pairs_find(&c->annotations, "run.oci.seccomp_bpf_data"),
		.strict = strict && !streq(strict, "0"),
	};
}

bool filter_is_wanted(const struct filter_request *q)
{
	return q->section || q->raw;
}

static bool asks(const struct oci_seccomp *s)
{
	bool found = s->default_action == OCI_SECCOMP_NOTIFY;

	for (size_t i = 0; i < s->n_syscalls; i++)
		found = found || s->syscalls[i].action == OCI_SECCOMP_NOTIFY;
	return found;
}

static const char *agent_path(const struct filter_request *q, const struct oci_config *c, const char *receiver)
{
	const char *annotation = pairs_find(&c->annotations, "run.oci.seccomp.receiver");

	if (q->section && q->section->listener_path && *q->section->listener_path)
		return q->section->listener_path;
	return annotation ? annotation : receiver;
}

int filter_find_agent(const struct oci_config *c, const char *receiver, const char **ret, struct err *e)
{
	const struct filter_request q = filter_request_of(c);
	const char *path = agent_path(&q, c, receiver);

	*ret = NULL;
	if (pairs_find(&c->annotations, "run.oci.seccomp.plugins"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: annotation run.oci.seccomp.plugins");
	if (q.section && q.section->listener_metadata && *q.section->listener_metadata && !path)
		return err_set(e, ERR_INVALID, "linux.seccomp.listenerMetadata: there is no listenerPath");
	/* Whether a raw program asks is not ours to read; who names an agent for it means it. */
	if (q.raw ? !path : !q.section || !asks(q.section))
		return 0;
	if (!path)
		return err_set(e, ERR_INVALID, "linux.seccomp.listenerPath: SCMP_ACT_NOTIFY needs one");
	if (path[0] != '/')
		return err_set(e, ERR_INVALID, "linux.seccomp.listenerPath: '%s' is not absolute", path);
	*ret = path;
	return 0;
}

/* ---- loading ---- */

static int load(const struct filter_program *p, uint32_t flags)
{
	struct sock_fprog prog = { .len = p->n, .filter = (struct sock_filter *)(uintptr_t)p->insns };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);

	return r < 0 ? -errno : (int)r;
}

/* The kernel refuses this flag without a listener, where it means nothing. */
int filter_load(const struct filter_program *p)
{
	return load(p, p->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* The kernel has one result for two things, so it refuses TSYNC with a listener; we are one thread, where it means nothing. */
int filter_load_listening(const struct filter_program *p)
{
	return load(p, (p->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC) | SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

const char *const *filter_known_flags(void)
{
	static const char *words[8];

	for (size_t i = 0; filter_flags[i].word && i + 1 < ARRAY_LEN(words); i++)
		words[i] = filter_flags[i].word;
	return words;
}

const char *const *filter_known_archs(void)
{
	static const char *words[32];

	for (size_t i = 0; filter_archs[i].word && i + 1 < ARRAY_LEN(words); i++)
		words[i] = filter_archs[i].word;
	return words;
}
