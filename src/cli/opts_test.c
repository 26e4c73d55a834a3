/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "base/vec.h"
#include "cli/opts.h"

#include <errno.h>

struct sample {
	bool it, tty;
	const char *name;
	struct strs env;
	struct pairs labels;
	int64_t memory, cpus, delay;
	struct strs filters;
	int32_t count;
	struct opt_flag force;
};

static const struct opt rows[] = {
	OPT(struct sample, it, "interactive", 'i', FLAG, NULL, "x"),
	OPT(struct sample, tty, "tty", 't', FLAG, NULL, "x"),
	OPT(struct sample, name, "name", 0, STR, "NAME", "x"),
	OPT(struct sample, env, "env", 'e', STRS, "X", "x"),
	OPT(struct sample, labels, "label", 'l', PAIRS, "X", "x"),
	OPT(struct sample, memory, "memory", 'm', SIZE, "X", "x"),
	OPT(struct sample, cpus, "cpus", 0, NANO, "X", "x"),
	OPT(struct sample, count, "count", 0, INT, "X", "x"),
	OPT(struct sample, delay, "delay", 0, DURATION, "X", "x"),
	OPT(struct sample, filters, "filter", 0, FILTERS, "X", "x"),
	OPT(struct sample, force, "force", 0, OPT_FLAG, NULL, "x"),
	OPT_UNSUPPORTED("gpus", 0, "X"),
	OPT_REFUSED("tree", 0, NULL, "there are no trees"),
	OPT_END,
};

static const struct command sample = {
	.names = { "sample" }, .args_end_options = true, .opts = { rows }, .options_size = sizeof(struct sample),
};
static const struct command mixed = {
	.names = { "mixed" }, .opts = { rows }, .options_size = sizeof(struct sample),
};

static int vparse(const struct command *cmd, enum opts_grammar grammar, struct arena *a, struct sample *s, struct strs *args, struct err *e, va_list ap)
{
	struct strs words = { 0 };
	const char *w;

	while ((w = va_arg(ap, const char *)))
		strs_push(a, &words, w);
	memset(s, 0, sizeof *s);
	return opts_parse(cmd, grammar, &words, a, s, args, e);
}

static int parse(const struct command *cmd, struct arena *a, struct sample *s, struct strs *args, struct err *e, ...)
{
	va_list ap;
	int r;

	va_start(ap, e);
	r = vparse(cmd, OPTS_PLAIN, a, s, args, e, ap);
	va_end(ap);
	return r;
}

static int parse_one_dash(struct arena *a, struct sample *s, struct strs *args, struct err *e, ...)
{
	va_list ap;
	int r;

	va_start(ap, e);
	r = vparse(&sample, OPTS_ONE_DASH, a, s, args, e, ap);
	va_end(ap);
	return r;
}

TEST(a_flag_that_may_be_left_unsaid_tells_no_from_nothing)
{
	static const struct {
		const char *word;
		bool set, v;
	} cases[] = { { NULL, false, false }, { "--force", true, true }, { "--force=true", true, true }, { "--force=false", true, false } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scoped_arena struct arena a = { 0 };
		struct strs args = { 0 };
		struct err e = { 0 };
		struct sample s;

		assert_int_equal(parse(&sample, &a, &s, &args, &e, cases[i].word, NULL), 0);
		assert_int_equal(s.force.set, cases[i].set);
		assert_int_equal(s.force.v, cases[i].v);
	}
}

TEST(options_are_read_in_every_way_people_write_them)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct strs args;
	struct sample s;

	assert_int_equal(parse(&sample, &a, &s, &args, &e, "-it", "--name=web", "-eA=1", "-e", "B=2", "-m", "512m", "--cpus", "1.5", "-l=k=v",
				 "image", "-t", "--name", NULL), 0);
	assert_true(s.it && s.tty);
	assert_string_equal(s.name, "web");
	assert_int_equal(s.env.n, 2);
	assert_string_equal(s.env.v[0], "A=1");
	assert_int_equal(s.memory, 512 << 20);
	assert_int_equal(s.cpus, 1500000000);
	assert_string_equal(pairs_find(&s.labels, "k"), "v");
	assert_int_equal(args.n, 3);
	assert_string_equal(args.v[1], "-t");
}

TEST(options_and_arguments_mix_where_the_command_allows)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct strs args;
	struct sample s;

	assert_int_equal(parse(&mixed, &a, &s, &args, &e, "one", "-t", "two", "--", "-i", NULL), 0);
	assert_true(s.tty && !s.it);
	assert_int_equal(args.n, 3);
	assert_int_equal(parse(&mixed, &a, &s, &args, &e, "--tty=false", "-", NULL), 0);
	assert_false(s.tty);
	assert_string_equal(args.v[0], "-");
}

TEST(bad_options_say_what_is_wrong)
{
	static const struct {
		const char *word, *value, *msg;
	} wrong[] = {
		{ "--nme", NULL, "unknown flag: --nme (did you mean --name?)" },
		{ "--quux=1", NULL, "unknown flag: --quux" },
		{ "--delay=soon", NULL, "invalid argument for --delay: 'soon' is not a duration such as 1m30s" },
		{ "--filter=label", NULL, "invalid argument for --filter: 'label' is not WORD=VALUE" },
		{ "--tree", NULL, "unsupported: --tree: there are no trees" },
		{ "-itz", NULL, "unknown flag: -z in -itz" },
		{ "--name", NULL, "flag needs an argument: --name" },
		{ "--memory", "5x", "invalid argument for --memory: '5x' is not a size such as 512m" },
		{ "--count", "99999999999", "invalid argument for --count: '99999999999' is out of range" },
		{ "--tty=perhaps", NULL, "invalid argument for --tty: 'perhaps' is not true or false" },
		{ "--gpus", "all", "unsupported: --gpus is not built yet" },
	};
	scoped_arena struct arena a = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = { 0 };
		struct strs args;
		struct sample s;

		assert_true(parse(&sample, &a, &s, &args, &e, wrong[i].word, wrong[i].value, NULL) < 0);
		if (strncmp(e.msg, wrong[i].msg, strlen(wrong[i].msg)) != 0)
			fail_msg("got '%s', want '%s'", e.msg, wrong[i].msg);
	}
}

TEST(one_dash_is_as_good_as_two_where_callers_write_to_go)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct strs args;
	struct sample s;

	assert_int_equal(parse_one_dash(&a, &s, &args, &e, "-it", "-name", "web", "-memory=512m", "-env", "A=1", "-eenv", "image", "-tty", NULL), 0);
	assert_true(s.it && s.tty);
	assert_string_equal(s.name, "web");
	assert_int_equal(s.memory, 512 << 20);
	assert_int_equal(s.env.n, 2);
	assert_string_equal(s.env.v[1], "env");
	assert_int_equal(args.n, 2);
	assert_int_equal(parse_one_dash(&a, &s, &args, &e, "-help", NULL), -ECANCELED);
	assert_true(parse_one_dash(&a, &s, &args, &e, "-name", NULL) < 0);
	assert_string_equal(e.msg, "flag needs an argument: --name");
	e = (struct err){ 0 };
	assert_true(parse_one_dash(&a, &s, &args, &e, "-nme", NULL) < 0);
	e = (struct err){ 0 };
	assert_true(parse(&sample, &a, &s, &args, &e, "-name", "web", NULL) < 0);
}

TEST(help_is_a_way_out_not_an_error)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	struct strs args;
	struct sample s;

	assert_int_equal(parse(&sample, &a, &s, &args, &e, "--help", NULL), -ECANCELED);
	assert_int_equal(parse(&sample, &a, &s, &args, &e, "-h", NULL), -ECANCELED);
}

TEST(every_command_table_obeys_the_laws)
{
	for (const struct command *const *c = commands; *c; c++) {
		struct err e = { 0 };

		if (opts_check(*c, &e) < 0)
			fail_msg("%s", e.msg);
		assert_true(!(*c)->group || (*c)->summary[0]);
		assert_non_null((*c)->run);
		assert_true((*c)->max_args == 0 || (*c)->args);
	}
}
