/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opts.h"

#include <stdio.h>

#include "base/parse.h"
#include "base/vec.h"

struct parser {
	const struct command *cmd;
	const struct strs *words;
	size_t at;             /* next word */
	struct arena *a;
	void *options;
	struct strs *args;
	struct err *e;
};

/* Walks all rows of all tables of a command. */
#define OPTS_EACH(cmd, o)                                                                             \
	for (size_t _t = 0; _t < COMMAND_MAX_TABLES; _t++)                                            \
		for (const struct opt *o = (cmd)->opts[_t]; o && o->name; o++)

static const struct opt *find_long(const struct command *cmd, struct str name)
{
	OPTS_EACH(cmd, o)
		if (str_is(name, o->name))
			return o;
	return NULL;
}

static const struct opt *find_short(const struct command *cmd, char c)
{
	OPTS_EACH(cmd, o)
		if (o->short_name == c)
			return o;
	return NULL;
}

size_t opts_distance(const char *a, const char *b, size_t cap)
{
	size_t na = strlen(a), nb = strlen(b), row[33];

	if (na > 32 || nb > 32)
		return cap;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb] < cap ? row[nb] : cap;
}

const char *opts_nearest(const struct command *cmd, const char *name)
{
	const char *best = NULL;
	size_t best_distance = 3;

	OPTS_EACH(cmd, o) {
		size_t d = o->help ? opts_distance(name, o->name, best_distance) : best_distance;

		if (d < best_distance) {
			best_distance = d;
			best = o->name;
		}
	}
	return best;
}

static int bad_number(struct err *e, int r, const char *value, const char *what)
{
	if (r == -ERANGE)
		return err_set(e, ERR_INVALID, "'%s' is out of range", value);
	return err_set(e, ERR_INVALID, "'%s' is not %s", value, what);
}

static int take_flag(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = parse_bool(value, member);

	return r < 0 ? bad_number(e, r, value, "true or false") : 0;
}

static int take_opt_flag(void *member, const char *value, struct arena *a, struct err *e)
{
	struct opt_flag *o = member;

	o->set = true;
	return take_flag(&o->v, value, a, e);
}

static int take_str(void *member, const char *value, struct arena *a, struct err *e)
{
	*(const char **)member = value;
	return 0;
}

static int take_strs(void *member, const char *value, struct arena *a, struct err *e)
{
	strs_push(a, member, value);
	return 0;
}

static int take_filters(void *member, const char *value, struct arena *a, struct err *e)
{
	if (!strchr(value, '='))
		return err_set(e, ERR_INVALID, "'%s' is not WORD=VALUE", value);
	strs_push(a, member, value);
	return 0;
}

static int take_pairs(void *member, const char *value, struct arena *a, struct err *e)
{
	const char *eq = strchr(value, '=');

	if (eq == value || !*value)
		return err_set(e, ERR_INVALID, "'%s' has no key", value);
	if (eq)
		pairs_set(a, member, arena_strndup(a, value, (size_t)(eq - value)), eq + 1);
	else
		pairs_set(a, member, value, "");
	return 0;
}

static int take_int(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = parse_i32(value, member);

	return r < 0 ? bad_number(e, r, value, "a number") : 0;
}

static int take_i64(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = parse_i64(value, member);

	return r < 0 ? bad_number(e, r, value, "a number") : 0;
}

static int take_opt_i64(void *member, const char *value, struct arena *a, struct err *e)
{
	struct opt_i64 *o = member;
	int r = parse_i64(value, &o->v);

	if (r < 0)
		return bad_number(e, r, value, "a number");
	o->set = true;
	return 0;
}

static int take_size(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = streq(value, "-1") ? parse_i64(value, member) : parse_size(value, member);

	return r < 0 ? bad_number(e, r, value, "a size such as 512m") : 0;
}

static int take_nano(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = parse_nano(value, member);

	return r < 0 ? bad_number(e, r, value, "a number such as 1.5") : 0;
}

static int take_duration(void *member, const char *value, struct arena *a, struct err *e)
{
	int r = parse_duration(value, member);

	return r < 0 ? bad_number(e, r, value, "a duration such as 1m30s") : 0;
}

/* How each kind takes a value into its member; kinds without a function are handled by apply(). */
static int (*const takers[OPT_KIND_COUNT])(void *member, const char *value, struct arena *a, struct err *e) = {
	/* clang-format off */
	[OPT_KIND_FLAG]    = take_flag,    [OPT_KIND_STR]  = take_str,  [OPT_KIND_STRS] = take_strs, [OPT_KIND_PAIRS] = take_pairs,
	[OPT_KIND_INT]     = take_int,     [OPT_KIND_I64]  = take_i64,  [OPT_KIND_SIZE] = take_size, [OPT_KIND_NANO]  = take_nano,
	[OPT_KIND_OPT_I64] = take_opt_i64, [OPT_KIND_DURATION] = take_duration, [OPT_KIND_FILTERS] = take_filters,
	[OPT_KIND_OPT_FLAG] = take_opt_flag,
	/* clang-format on */
};

static int apply(struct parser *p, const struct opt *o, const char *value)
{
	int r;

	if (o->kind == OPT_KIND_UNSUPPORTED)
		return o->why ? err_set(p->e, ERR_UNSUPPORTED, "unsupported: --%s: %s", o->name, o->why)
			      : err_set(p->e, ERR_UNSUPPORTED, "unsupported: --%s is not built yet", o->name);
	if (o->kind == OPT_KIND_CALL)
		r = o->call(p->options, value, p->a, p->e);
	else
		r = takers[o->kind]((char *)p->options + o->offset, value, p->a, p->e);
	if (r < 0 && p->e->kind == ERR_UNSUPPORTED)
		return r;
	return r < 0 ? err_wrap(p->e, "invalid argument for --%s", o->name) : 0;
}

static bool wants_value(const struct opt *o)
{
	bool tells = o->kind == OPT_KIND_UNSUPPORTED || o->kind == OPT_KIND_CALL; /* by its word for the value */

	return o->kind != OPT_KIND_FLAG && o->kind != OPT_KIND_OPT_FLAG && (!tells || o->metavar);
}

/* The value of an option that was not written with '=': the next word, or "true" for a flag. */
static int next_value(struct parser *p, const struct opt *o, const char **ret)
{
	if (!wants_value(o)) {
		*ret = "true";
		return 0;
	}
	if (p->at == p->words->n)
		return err_set(p->e, ERR_INVALID, "flag needs an argument: --%s", o->name);
	*ret = p->words->v[p->at++];
	return 0;
}

static int unknown(struct parser *p, const char *word, const char *name)
{
	const char *near = opts_nearest(p->cmd, name);

	if (near)
		return err_set(p->e, ERR_INVALID, "unknown flag: %s (did you mean --%s?)", word, near);
	return err_set(p->e, ERR_INVALID, "unknown flag: %s", word);
}

static int take_long(struct parser *p, const char *word, size_t dashes)
{
	struct str value, name = str_cut(str_of(word + dashes), '=', &value);
	const struct opt *o = find_long(p->cmd, name);
	const char *text = value.p;
	int r;

	if (!o && str_is(name, "help"))
		return -ECANCELED;
	if (!o)
		return unknown(p, arena_strndup(p->a, word, name.n + dashes), arena_strndup(p->a, name.p, name.n));
	if (!text) {
		r = next_value(p, o, &text);
		if (r < 0)
			return r;
	}
	return apply(p, o, text);
}

/* "-it", "-p8080:80", "-e X=1": flags may share a word, the first option that wants a value takes the rest of it. */
static int take_shorts(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = find_short(p->cmd, *c);
		const char *value = NULL;
		int r;

		if (!o && *c == 'h')
			return -ECANCELED;
		if (!o)
			return unknown(p, arena_printf(p->a, "-%c in %s", *c, word), word + 1);
		if (c[1] == '=')
			value = c + 2;
		else if (wants_value(o) && c[1])
			value = c + 1;
		if (!value) {
			r = next_value(p, o, &value);
			if (r < 0)
				return r;
			r = apply(p, o, value);
			if (r < 0 || wants_value(o))
				return r;
			continue;
		}
		return apply(p, o, value);
	}
	return 0;
}

static bool is_long(const struct command *cmd, const char *word)
{
	struct str value, name = str_cut(str_of(word), '=', &value);

	return name.n > 1 && (find_long(cmd, name) || str_is(name, "help"));
}

static int take_word(struct parser *p, enum opts_grammar grammar, const char *word)
{
	if (word[1] == '-')
		return take_long(p, word, 2);
	return grammar == OPTS_ONE_DASH && is_long(p->cmd, word + 1) ? take_long(p, word, 1) : take_shorts(p, word);
}

int opts_parse(const struct command *cmd, enum opts_grammar grammar, const struct strs *words, struct arena *a, void *options, struct strs *ret_args,
	struct err *e)
{
	struct strs args = { 0 };
	struct parser p = { cmd, words, 0, a, options, &args, e };
	bool only_args = false;

	while (p.at < words->n) {
		const char *word = words->v[p.at++];
		int r;

		if (only_args || word[0] != '-' || !word[1]) {
			strs_push(a, &args, word);
			only_args |= cmd->args_end_options;
		} else if (streq(word, "--")) {
			only_args = true;
		} else {
			r = take_word(&p, grammar, word);
			if (r < 0)
				return r;
		}
	}
	*ret_args = args;
	return 0;
}

int opts_check(const struct command *cmd, struct err *e)
{
	OPTS_EACH(cmd, o) {
		if (find_long(cmd, str_of(o->name)) != o)
			return err_set(e, ERR_INTERNAL, "%s: --%s stands twice", cmd->names[0], o->name);
		if (o->short_name && find_short(cmd, o->short_name) != o)
			return err_set(e, ERR_INTERNAL, "%s: -%c stands twice", cmd->names[0], o->short_name);
		if (o->kind == OPT_KIND_CALL && !o->call)
			return err_set(e, ERR_INTERNAL, "%s: --%s has no parser", cmd->names[0], o->name);
		if (o->help && wants_value(o) && !o->metavar)
			return err_set(e, ERR_INTERNAL, "%s: --%s has no word for its value", cmd->names[0], o->name);
	}
	return 0;
}
