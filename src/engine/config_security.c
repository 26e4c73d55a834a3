/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "os/cap.h"
#include "os/file.h"
#include "spec/defaults.h"

/* What the words of --security-opt add up to. */
struct security {
	bool no_new_privileges;
	const char *seccomp;         /* NULL: default; "unconfined"; a file */
	bool all_paths;              /* systempaths=unconfined: no masks, nothing read-only */
};

struct security_word {
	const char *key;
	int (*set)(struct security *s, const char *value, struct err *e);
};

static int set_no_new_privileges(struct security *s, const char *value, struct err *e)
{
	if (!value)
		s->no_new_privileges = true;
	else if (parse_bool(value, &s->no_new_privileges) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither true nor false", value);
	return 0;
}

static int set_seccomp(struct security *s, const char *value, struct err *e)
{
	if (!value || !value[0])
		return err_set(e, ERR_INVALID, "no profile");
	s->seccomp = streq(value, "builtin") ? NULL : value;
	return 0;
}

static int set_system_paths(struct security *s, const char *value, struct err *e)
{
	if (!streq(value, "unconfined"))
		return err_set(e, ERR_INVALID, "only 'unconfined' is known");
	s->all_paths = true;
	return 0;
}

/* Confinement by AppArmor and SELinux is not built, so only its absence can be asked for. */
static int set_apparmor(struct security *s, const char *value, struct err *e)
{
	return streq(value, "unconfined") ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: AppArmor profiles");
}

static int set_label(struct security *s, const char *value, struct err *e)
{
	return streq(value, "disable") ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: SELinux labels");
}

static const struct security_word security_words[] = {
	{ "no-new-privileges", set_no_new_privileges },
	{ "seccomp", set_seccomp },
	{ "systempaths", set_system_paths },
	{ "apparmor", set_apparmor },
	{ "label", set_label },
};

static int word_apply(struct security *s, const char *word, struct err *e)
{
	size_t n = strcspn(word, "=:");

	for (size_t i = 0; i < ARRAY_LEN(security_words); i++) {
		if (strlen(security_words[i].key) == n && strncmp(security_words[i].key, word, n) == 0)
			return security_words[i].set(s, word[n] ? word + n + 1 : NULL, e);
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported");
}

static int security_parse(const struct strs *opts, struct security *ret, struct err *e)
{
	for (size_t i = 0; i < opts->n; i++) {
		int r = word_apply(ret, opts->v[i], e);

		if (r < 0)
			return err_wrap(e, "security-opt '%s'", opts->v[i]);
	}
	return 0;
}

int config_security_check(const struct strs *opts, struct err *e)
{
	struct security s = { 0 };

	return security_parse(opts, &s, e);
}

static int profile_read(const char *path, const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_DOCUMENT, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read seccomp profile '%s'", path);
	r = seccomp_profile_decode((struct str){ text, n }, f, a, ret, e);
	return r < 0 ? err_wrap(e, "seccomp profile '%s'", path) : 0;
}

static int config_seccomp(const struct config_input *in, const struct security *s, struct arena *a, struct oci_config *c, struct err *e)
{
	uint32_t kernel = facts_kernel(in->facts);
	struct seccomp_facts f = {
		.caps = &c->process->capabilities->bounding,
		.arch = seccomp_native_arch(),
		.kernel_major = kernel >> 16,
		.kernel_minor = kernel >> 8 & 0xff,
	};
	int r = 0;

	if (streq(s->seccomp, "unconfined") || (in->c->request.privileged && !s->seccomp) || !facts_seccomp(in->facts))
		return 0;
	if (!s->seccomp)
		defaults_seccomp(&f, a, &c->linux->seccomp);
	else
		r = profile_read(s->seccomp, &f, a, &c->linux->seccomp, e);
	if (r == 0 && in->c->request.storage_size > 0)
		config_keep_project(c->linux->seccomp, a);
	return r;
}

/* "All" means all that this host has to give: root of a virtual machine may itself lack some. */
static void caps_limit(struct strs *list, uint64_t available)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		int cap = cap_find(list->v[i]);

		if (cap >= 0 && (available >> cap & 1))
			list->v[n++] = list->v[i];
	}
	list->n = n;
}

static bool asks_for_all(const struct container_request *q)
{
	for (size_t i = 0; i < q->cap_add.n; i++) {
		if (strcasecmp(q->cap_add.v[i], "ALL") == 0)
			return true;
	}
	return q->privileged;
}

static int config_capabilities(const struct config_input *in, struct arena *a, struct oci_process *p, struct err *e)
{
	const struct container_request *q = &in->c->request;
	struct cap_sets own;
	int r = defaults_capabilities(&q->cap_add, &q->cap_drop, q->privileged, in->user.uid == 0, a, &p->capabilities, e);

	if (r < 0 || !asks_for_all(q) || cap_get(&own) < 0)
		return r;
	caps_limit(&p->capabilities->bounding, own.bounding);
	if (p->capabilities->effective.n)
		p->capabilities->effective = p->capabilities->permitted = p->capabilities->bounding;
	return 0;
}

int config_security(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct container_request *q = &in->c->request;
	struct security s = { 0 };
	int r = security_parse(&q->security_opts, &s, e);

	if (r == 0)
		r = config_capabilities(in, a, c->process, e);
	if (r < 0)
		return r;
	c->process->no_new_privileges = s.no_new_privileges;
	if (!q->privileged && !s.all_paths) {
		c->linux->masked_paths = defaults_masked_paths();
		c->linux->readonly_paths = defaults_readonly_paths();
	}
	return config_seccomp(in, &s, a, c, e);
}
