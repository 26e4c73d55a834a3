/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container left on disk, damaged: state.json, and after a NUL byte the kept config.json. Every verb begins by reading them. They load or
 * fail with a sentence; what loaded can be printed, and saved, and loads again as the same.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/test_dir.h"
#include "runtime/state.h"

static void same(const struct state *x, const struct state *y)
{
	assert(streq(x->id, y->id) && streq(x->bundle, y->bundle) && streq(x->rootfs, y->rootfs) && streq(x->created, y->created));
	assert(x->pid == y->pid && x->start_ticks == y->start_ticks && x->owner == y->owner && x->namespaces == y->namespaces);
	assert(x->annotations.n == y->annotations.n && x->cgroup.dirs.n == y->cgroup.dirs.n && x->cgroup.made.n == y->cgroup.made.n);
}

static void print_try(const struct state *s, enum state_status status)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	assert(state_print(s, status, &b) == 0);
	b.n = 0;
	assert(state_print_full(s, status, NULL, JSON_INDENT_2, &b) == 0);
}

static void state_try(int dir)
{
	scoped_arena struct arena a = { 0 };
	struct state s, again;
	struct err e = { 0 };
	enum state_status status;

	if (state_load(dir, "fuzz", &a, &s, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return;
	}
	status = state_status(dir, &s, &a);
	assert(status < STATE_STATUS_COUNT);
	print_try(&s, status);
	assert(state_save(dir, &s, true, &e) == 0);
	assert(state_load(dir, "fuzz", &a, &again, &e) == 0);
	same(&s, &again);
}

static void config_try(int dir)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;
	struct err e = { 0 };

	if (state_load_config(dir, &a, &c, &e) < 0)
		assert(e.kind != ERR_NONE && e.msg[0]);
	else
		assert(c->root && c->oci_version);
}

/* One directory for all inputs: making and removing it would be most of the time. */
static struct test_dir dir;

static void dir_forget(void)
{
	test_dir_done(&dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;

	if (!dir.path[0]) {
		dir = test_dir_make();
		atexit(dir_forget);
	}
	assert(file_replace(dir.fd, STATE_FILE, data, n, 0600, 0) == 0);
	if (end)
		assert(file_replace(dir.fd, STATE_CONFIG, end + 1, size - n - 1, 0600, 0) == 0);
	state_try(dir.fd);
	if (end)
		config_try(dir.fd);
	unlinkat(dir.fd, STATE_FILE, 0);
	unlinkat(dir.fd, STATE_CONFIG, 0);
	assert(test_dir_count(dir.fd) == 0);
	return 0;
}
