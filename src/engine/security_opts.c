/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/security_opts.h"

#include <fnmatch.h>
#include <string.h>

#include "base/parse.h"
#include "base/vec.h"

/* What a word is given; value is NULL if nothing stood behind it. */
struct word {
	const char *value;
	struct arena *a;
};

struct word_row {
	const char *key;
	int (*set)(struct security_opts *s, const struct word *w, struct err *e);
};

static int flag(const struct word *w, bool *ret, struct err *e)
{
	if (!w->value)
		*ret = true;
	else if (parse_bool(w->value, ret) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither true nor false", w->value);
	return 0;
}

static int set_no_new_privileges(struct security_opts *s, const struct word *w, struct err *e)
{
	return flag(w, &s->no_new_privileges, e);
}

static int set_writable_cgroups(struct security_opts *s, const struct word *w, struct err *e)
{
	return flag(w, &s->writable_cgroups, e);
}

static int set_seccomp(struct security_opts *s, const struct word *w, struct err *e)
{
	if (!w->value || !w->value[0])
		return err_set(e, ERR_INVALID, "no profile");
	s->seccomp = streq(w->value, "builtin") ? NULL : w->value;
	return 0;
}

static int set_apparmor(struct security_opts *s, const struct word *w, struct err *e)
{
	if (!w->value || !w->value[0])
		return err_set(e, ERR_INVALID, "no profile");
	s->apparmor = w->value;
	return 0;
}

static int set_system_paths(struct security_opts *s, const struct word *w, struct err *e)
{
	if (!streq(w->value, "unconfined"))
		return err_set(e, ERR_INVALID, "only 'unconfined' is known");
	s->all_paths = true;
	return 0;
}

static int set_label(struct security_opts *s, const struct word *w, struct err *e)
{
	static const char *const parts[] = { "user:", "role:", "type:", "level:", "filetype:" };

	if (streq(w->value, "disable")) {
		s->no_label = true;
		return 0;
	}
	for (size_t i = 0; w->value && i < ARRAY_LEN(parts); i++) {
		const char *part = str_after(w->value, parts[i]);

		if (part && *part) {
			s->label_said = true;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "it is disable, or user:, role:, type:, level: or filetype: and a name");
}

/* Paths between colons, as podman has them. */
static int paths_add(const struct word *w, struct strs *ret, struct err *e)
{
	struct str rest = str_of(w->value ? w->value : "");

	do {
		struct str path = str_cut(rest, ':', &rest);

		if (!path.n || path.p[0] != '/')
			return err_set(e, ERR_INVALID, "'" STR_FMT "' is not an absolute path", STR_ARG(path));
		strs_push(w->a, ret, arena_strndup(w->a, path.p, path.n));
	} while (rest.p);
	return 0;
}

static int set_mask(struct security_opts *s, const struct word *w, struct err *e)
{
	return paths_add(w, &s->mask, e);
}

static int set_unmask(struct security_opts *s, const struct word *w, struct err *e)
{
	if (w->value && strcasecmp(w->value, "all") == 0) {
		s->all_paths = true;
		return 0;
	}
	return paths_add(w, &s->unmask, e);
}

static int set_proc_options(struct security_opts *s, const struct word *w, struct err *e)
{
	struct str rest = str_of(w->value ? w->value : "");

	do {
		struct str option = str_cut(rest, ',', &rest);

		if (!option.n)
			return err_set(e, ERR_INVALID, "an option is empty");
		strs_push(w->a, &s->proc_options, arena_strndup(w->a, option.p, option.n));
	} while (rest.p);
	return 0;
}

static const struct word_row words[] = {
	{ "no-new-privileges", set_no_new_privileges },
	{ "seccomp", set_seccomp },
	{ "apparmor", set_apparmor },
	{ "label", set_label },
	{ "systempaths", set_system_paths },
	{ "mask", set_mask },
	{ "unmask", set_unmask },
	{ "proc-opts", set_proc_options },
	{ "writable-cgroups", set_writable_cgroups },
};

static int word_apply(struct security_opts *s, const char *text, struct arena *a, struct err *e)
{
	size_t n = strcspn(text, "=:");
	struct word w = { text[n] ? text + n + 1 : NULL, a };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].key) == n && strncmp(words[i].key, text, n) == 0)
			return words[i].set(s, &w, e);
	}
	return err_set(e, ERR_INVALID, "there is no such option; it is no-new-privileges, seccomp, apparmor, label, systempaths, mask, unmask, proc-opts or writable-cgroups");
}

int security_opts_parse(const struct strs *list, struct arena *a, struct security_opts *ret, struct err *e)
{
	*ret = (struct security_opts){ 0 };
	for (size_t i = 0; i < list->n; i++) {
		int r = word_apply(ret, list->v[i], a, e);

		if (r < 0)
			return err_wrap(e, "--security-opt %s", list->v[i]);
	}
	return 0;
}

static bool is_open(const struct security_opts *s, const char *path)
{
	for (size_t i = 0; i < s->unmask.n; i++) {
		if (fnmatch(s->unmask.v[i], path, FNM_PATHNAME) == 0)
			return true;
	}
	return s->all_paths;
}

struct strs security_opts_paths(const struct security_opts *s, struct strs defaults, bool readonly, struct arena *a)
{
	struct strs list = { 0 };

	for (size_t i = 0; i < defaults.n; i++) {
		if (!is_open(s, defaults.v[i]))
			strs_push(a, &list, defaults.v[i]);
	}
	for (size_t i = 0; !readonly && i < s->mask.n; i++) {
		if (!strs_has(&list, s->mask.v[i]))
			strs_push(a, &list, s->mask.v[i]);
	}
	return list;
}
