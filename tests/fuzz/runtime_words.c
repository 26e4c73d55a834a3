/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One word of the command line, on the first line of the input, through every reader of words: ids, users, signals, numbers, sizes, sysctls, mount
 * propagation, cgroup paths. What follows is the container's /etc/passwd, in which the word is looked up. Each reader's promise is written out once more
 * here, in another way.
 */
#include "fuzz.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/signal.h"
#include "os/user.h"
#include "runtime/cgroup/layout.h"
#include "runtime/state.h"

static bool all_digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static uint64_t digits_value(const char *s)
{
	uint64_t v = 0;

	for (; *s; s++)
		v = v > UINT32_MAX ? v : v * 10 + (uint64_t)(*s - '0');
	return v;
}

/* A number is digits only, without leading zeros' surprises, and fits: otherwise it is an error. Never a wrapped one (CVE-2026-30892). */
static void numbers_try(const char *s)
{
	uint32_t id = 7;
	uint16_t first = 1, last = 1;
	int64_t n = 7;
	uint64_t u = 7;
	bool yes;

	if (parse_id(s, &id) == 0)
		assert(all_digits(s) && digits_value(s) == id && id != UINT32_MAX);
	else
		assert(id == 7);
	if (parse_u64(s, &u) == 0)
		assert(all_digits(s));
	if (parse_size(s, &n) == 0)
		assert(isdigit((unsigned char)*s) || *s == '-' || *s == '.');
	if (parse_port_range(s, &first, &last) == 0)
		assert(first && first <= last);
	if (parse_mode(s, &id) == 0)
		assert(id <= 07777);
	parse_bool(s, &yes);
	parse_duration(s, &n);
	parse_nano(s, &n);
}

static void signal_try(const char *s)
{
	char name[SIGNAL_NAME_SIZE];
	int sig = 0, again = 0;

	if (signal_parse(s, &sig) < 0)
		return;
	assert(sig >= 0 && sig <= SIGRTMAX);
	if (sig)
		assert(signal_parse(signal_name(sig, name), &again) == 0 && again == sig);
}

/* An id is one file name, and not a hidden one. */
static void id_try(const char *s)
{
	struct err e = { 0 };

	if (state_check_id(s, &e) == 0)
		assert(*s && *s != '.' && !strchr(s, '/') && strlen(s) <= 255);
	else
		assert(e.msg[0]);
}

static void cgroup_path_try(const char *s)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };
	char *path, *again;

	if (cgroup_path_join("", s, &a, &path, &e) < 0)
		return;
	assert(*path != '/' && !strstr(path, "..") == !strstr(s, "..") && !strstr(path, "//"));
	assert(cgroup_path_join(path, "", &a, &again, &e) == 0 && streq(path, again));
}

/* Digits are an id or an error whatever the file says (CVE-2016-3697); only a name can be found in it. */
static void user_try(const char *s, const uint8_t *passwd, size_t n)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int fd = memfd_from_bytes("passwd", passwd, n);
	struct user u;
	gid_t gid;

	if (user_resolve(fd, fd, s, &a, &u) == 0) {
		assert(u.name && u.home && u.shell && u.n_groups <= USER_MAX_GROUPS && u.uid != (uid_t)-1 && u.gid != (gid_t)-1);
		if (all_digits(s))
			assert(digits_value(s) == u.uid);
	}
	user_find_group(fd, s, &gid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	const char *word = arena_strndup(&a, (const char *)data, n);

	numbers_try(word);
	signal_try(word);
	id_try(word);
	cgroup_path_try(word);
	user_try(word, end ? end + 1 : (const uint8_t *)"", end ? size - n - 1 : 0);
	return 0;
}
