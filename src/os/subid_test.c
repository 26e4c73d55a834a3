/* SPDX-License-Identifier: Apache-2.0 */
#include "os/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/test.h"
#include "os/file.h"
#include "os/test_dir.h"

TEST(subids_are_those_of_the_name_and_of_the_number)
{
	scoped_arena struct arena a = { 0 };
	char text[] = "other:1:2\nalice:100000:65536\n1000:500000:10\nalice:300000:5\n";
	struct subid_ranges r = { 0 };

	subid_parse(text, "alice", 1000, &a, &r);
	assert_int_equal(r.n, 3);
	assert_true(r.v[0].first == 100000 && r.v[0].count == 65536);
	assert_true(r.v[1].first == 500000 && r.v[2].first == 300000);
}

TEST(subids_pass_over_lines_that_make_no_sense)
{
	scoped_arena struct arena a = { 0 };
	char text[] = "alice\nalice:1\nalice:x:2\nalice:1:-1\nalice:1:0\nalice:4294967295:2\nalice:1:2:3\n:1:2\nalice:7:8";
	struct subid_ranges r = { 0 };

	subid_parse(text, "alice", 1000, &a, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.v[0].first, 7);
	r = (struct subid_ranges){ 0 };
	subid_parse(text, "", 1000, &a, &r);
	assert_int_equal(r.n, 0);
}

TEST(subid_map_passes_the_rows_and_hears_what_the_program_says)
{
	scoped_test_dir struct test_dir d = test_dir_make();
	const struct ns_id_map rows[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
	char words[SUBID_WORDS_SIZE], path[256];

	const char *saved = getenv("PATH");
	const char script[] = "#!/bin/sh\n[ \"$*\" = \"42 0 1000 1 1 100000 65536\" ] && exit 0\necho \"not $*\" >&2\nexit 1\n";

	snprintf(path, sizeof path, "%s/none:%s", d.path, d.path);
	setenv("PATH", path, 1);
	assert_int_equal(subid_map("mapper", 42, rows, 2, words), -ENOENT);
	assert_int_equal(file_create(d.fd, "mapper", script, sizeof script - 1, 0700), 0);
	assert_int_equal(subid_map("mapper", 42, rows, 2, words), 0);
	assert_int_equal(subid_map("mapper", 42, rows, 1, words), -EPERM);
	assert_string_equal(words, "not 42 0 1000 1");
	setenv("PATH", saved ? saved : "/usr/bin:/bin", 1);
}
