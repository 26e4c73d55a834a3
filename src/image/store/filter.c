/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <time.h>

#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/digest.h"

enum { SECOND_NS = 1000000000 };

/* One --filter, its value understood. */
struct filter {
	const struct filter_word *word;
	const char *value;
	bool yes;
	struct timespec time;
};

struct filtering {
	struct image_store *s;
	const struct filter_user *user;
	struct arena *a;
};

struct filter_word {
	const char *name;
	int (*parse)(struct filtering *f, struct filter *ret, struct err *e); /* NULL: any text */
	bool (*match)(struct filtering *f, const struct filter *w, const struct image *image);
	bool all;                                                            /* of several, each must match */
};

/* ---- values ---- */

static int parse_flag(struct filtering *f, struct filter *ret, struct err *e)
{
	return parse_bool(ret->value, &ret->yes) < 0 ? err_set(e, ERR_INVALID, "invalid filter '%s=%.100s': not true or false", ret->word->name, ret->value) : 0;
}

static struct timespec created_of(const struct image *image)
{
	struct timespec t = { 0 };

	/* An image without a date is older than any. */
	if (image->config.created && text_time_parse(image->config.created, &t) < 0)
		t = (struct timespec){ 0 };
	return t;
}

static int parse_image(struct filtering *f, struct filter *ret, struct err *e)
{
	struct image image;
	int r = image_find(f->s, ret->value, f->a, &image, e);

	if (r == 0)
		ret->time = created_of(&image);
	return r;
}

/* "24h" ago, seconds since 1970, or a time or day. */
static int parse_moment(struct filtering *f, struct filter *ret, struct err *e)
{
	int64_t seconds, ns;

	if (parse_i64(ret->value, &seconds) == 0) {
		ret->time.tv_sec = (time_t)seconds;
		return 0;
	}
	if (parse_duration(ret->value, &ns) == 0) {
		clock_gettime(CLOCK_REALTIME, &ret->time);
		ret->time.tv_sec -= (time_t)(ns / SECOND_NS);
		return 0;
	}
	if (text_time_parse(ret->value, &ret->time) == 0 || text_time_parse(arena_printf(f->a, "%sZ", ret->value), &ret->time) == 0 ||
		text_time_parse(arena_printf(f->a, "%sT00:00:00Z", ret->value), &ret->time) == 0)
		return 0;
	return err_set(e, ERR_INVALID, "invalid filter '%s=%.100s': not a time or a duration", ret->word->name, ret->value);
}

/* ---- words ---- */

static bool match_dangling(struct filtering *f, const struct filter *w, const struct image *image)
{
	return (image->names.n == 0) == w->yes;
}

/* What tare does not have: read-only stores, intermediate images, lists among the images. */
static bool match_never(struct filtering *f, const struct filter *w, const struct image *image)
{
	return !w->yes;
}

static bool match_label(struct filtering *f, const struct filter *w, const struct image *image)
{
	struct str value = { 0 }, key = str_cut(str_of(w->value), '=', &value);
	const char *has = pairs_find(&image->config.config.labels, arena_strndup(f->a, key.p, key.n));

	return has && (!value.p || str_is(value, has));
}

static bool match_no_label(struct filtering *f, const struct filter *w, const struct image *image)
{
	return !match_label(f, w, image);
}

static int time_compare(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? (a.tv_sec < b.tv_sec ? -1 : 1) : (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

static bool match_before(struct filtering *f, const struct filter *w, const struct image *image)
{
	return time_compare(created_of(image), w->time) < 0;
}

static bool match_since(struct filtering *f, const struct filter *w, const struct image *image)
{
	return time_compare(created_of(image), w->time) > 0;
}

/* The name as people see it or in full, with or without its tag. */
static bool name_matches(struct filtering *f, const char *pattern, const char *name)
{
	struct reference ref;
	struct err ignored; /* only names that parse are in the store */
	const char *forms[4];

	if (reference_parse(name, f->a, &ref, &ignored) < 0)
		return false;
	forms[0] = reference_familiar(&ref, f->a);
	forms[1] = reference_familiar_name(&ref, f->a);
	forms[2] = name;
	forms[3] = arena_printf(f->a, "%s/%s", ref.host, ref.repository);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (fnmatch(pattern, forms[i], FNM_PATHNAME) == 0)
			return true;
	return false;
}

static bool match_reference(struct filtering *f, const struct filter *w, const struct image *image)
{
	for (size_t i = 0; i < image->names.n; i++)
		if (name_matches(f, w->value, image->names.v[i]))
			return true;
	return false;
}

static bool match_id(struct filtering *f, const struct filter *w, const struct image *image)
{
	return digest_begins(image->id, w->value);
}

/* Of the manifest, or of the index it was chosen from. */
static bool match_digest(struct filtering *f, const struct filter *w, const struct image *image)
{
	return (image->manifest && str_after(image->manifest, w->value)) || (image->index && str_after(image->index, w->value));
}

static bool match_containers(struct filtering *f, const struct filter *w, const struct image *image)
{
	char who[128];

	return f->user->in_use(f->user->arg, image->id, who, sizeof who) == w->yes;
}

static const struct filter_word words[] = {
	/* clang-format off */
	{ "dangling",     parse_flag,   match_dangling,   false },
	{ "label",        NULL,         match_label,      true  },
	{ "label!",       NULL,         match_no_label,   true  },
	{ "before",       parse_image,  match_before,     false },
	{ "since",        parse_image,  match_since,      false },
	{ "after",        parse_image,  match_since,      false },
	{ "until",        parse_moment, match_before,     false },
	{ "reference",    NULL,         match_reference,  false },
	{ "id",           NULL,         match_id,         false },
	{ "digest",       NULL,         match_digest,     false },
	{ "containers",   parse_flag,   match_containers, false },
	{ "readonly",     parse_flag,   match_never,      false },
	{ "intermediate", parse_flag,   match_never,      false },
	{ "manifest",     parse_flag,   match_never,      false },
	/* clang-format on */
};

/* ---- all of them ---- */

struct filters {
	struct filter *v;
	size_t n;
};

static int filter_parse(struct filtering *f, const char *given, struct filter *ret, struct err *e)
{
	struct str value, word = str_cut(str_of(given), '=', &value);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!str_is(word, words[i].name))
			continue;
		if (!value.p)
			return err_set(e, ERR_INVALID, "invalid filter '%.100s': expected %s=VALUE", given, words[i].name);
		*ret = (struct filter){ .word = &words[i], .value = value.p };
		return words[i].parse ? words[i].parse(f, ret, e) : 0;
	}
	return err_set(e, ERR_INVALID, "invalid filter '%.100s'", given);
}

static bool passes(struct filtering *f, const struct filters *list, const struct image *image)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct filter_word *word = list->v[i].word;
		bool any = word->match(f, &list->v[i], image);

		/* The other values of the same word count as well, before or after this one. */
		for (size_t k = 0; k < list->n && !any && !word->all; k++)
			any = list->v[k].word == word && word->match(f, &list->v[k], image);
		if (!any)
			return false;
	}
	return true;
}

/* With reference= the other names of an image are not asked for. */
static void names_drop(struct filtering *f, const struct filters *list, struct image *image)
{
	struct strs names = { 0 };
	bool asked = false;

	for (size_t i = 0; i < image->names.n; i++) {
		bool any = false;

		for (size_t k = 0; k < list->n; k++) {
			if (list->v[k].word->match != match_reference)
				continue;
			asked = true;
			any |= name_matches(f, list->v[k].value, image->names.v[i]);
		}
		if (any)
			strs_push(f->a, &names, image->names.v[i]);
	}
	if (asked)
		image->names = names;
}

int image_filter(struct image_store *s, const struct strs *filters, const struct filter_user *user, struct arena *a, struct images *list, struct err *e)
{
	struct filtering f = { s, user, a };
	struct filters parsed = { arena_array(a, struct filter, filters->n), filters->n };
	size_t kept = 0;

	for (size_t i = 0; i < filters->n; i++) {
		int r = filter_parse(&f, filters->v[i], &parsed.v[i], e);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (!passes(&f, &parsed, &list->v[i]))
			continue;
		list->v[kept] = list->v[i];
		names_drop(&f, &parsed, &list->v[kept++]);
	}
	list->n = kept;
	return 0;
}
