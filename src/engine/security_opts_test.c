/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/security_opts.h"

#include "base/test.h"
#include "base/vec.h"

TEST(words_of_security_opt_that_mean_nothing_are_refused)
{
	static const char *bad[] = { "frob", "no-new-privileges=maybe", "seccomp=", "apparmor=", "apparmor", "label=blue", "label=type:", "label",
		"systempaths=confined", "mask=relative", "mask=/a::/b", "mask", "unmask=x", "proc-opts=", "proc-opts=a,,b", "writable-cgroups=x", "" };
	scoped_arena struct arena a = { 0 };
	struct security_opts s;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (security_opts_parse(&(struct strs){ &bad[i], 1 }, &a, &s, &e) == 0)
			fail_msg("'%s' is accepted", bad[i]);
}

TEST(words_of_security_opt_add_up)
{
	static const char *words[] = { "no-new-privileges", "seccomp=unconfined", "apparmor:mine", "label=disable", "label:level:s0", "mask=/a", "unmask=/proc/k*",
		"proc-opts=hidepid=2,subset=pid", "writable-cgroups=true" };
	scoped_arena struct arena a = { 0 };
	struct security_opts s;
	struct err e;

	assert_int_equal(security_opts_parse(&(struct strs){ words, ARRAY_LEN(words) }, &a, &s, &e), 0);
	assert_true(s.no_new_privileges && s.no_label && s.label_said && s.writable_cgroups);
	assert_string_equal(s.seccomp, "unconfined");
	assert_string_equal(s.apparmor, "mine");
	assert_int_equal(s.proc_options.n, 2);
}

TEST(a_pattern_opens_paths_of_one_directory_only)
{
	static const char *word = "unmask=/proc/*", *all = "unmask=ALL";
	static const char *defaults[] = { "/proc/kcore", "/proc/sys/kernel", "/sys/firmware" };
	scoped_arena struct arena a = { 0 };
	struct security_opts s;
	struct strs list;
	struct err e;

	assert_int_equal(security_opts_parse(&(struct strs){ &word, 1 }, &a, &s, &e), 0);
	list = security_opts_paths(&s, (struct strs){ defaults, 3 }, false, &a);
	assert_int_equal(list.n, 2);
	assert_false(strs_has(&list, "/proc/kcore"));
	assert_int_equal(security_opts_parse(&(struct strs){ &all, 1 }, &a, &s, &e), 0);
	assert_int_equal(security_opts_paths(&s, (struct strs){ defaults, 3 }, true, &a).n, 0);
}
