/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache file is: header, the section in a canonical binary form, the instructions. It is found by a hash of the section and believed by the section
 * itself, so a collision of the hash can never load somebody else's filter. Format changes and other builds of libseccomp change `version`.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"
#include "runtime/seccomp/filter.h"

enum { CACHE_FORMAT = 3, CACHE_NAME = 48 };

struct cache_header {
	char magic[8];
	uint32_t version;
	uint32_t flags;
	uint32_t section_size;
	uint32_t n_insns;
};

static const char magic[8] = { 't', 'a', 'r', 'e', 'b', 'p', 'f', '\n' };

static uint32_t cache_version(void)
{
	return CACHE_FORMAT << 24 | SCMP_VER_MAJOR << 16 | SCMP_VER_MINOR << 8 | SCMP_VER_MICRO;
}

/* ---- the canonical form: every length and number in front of what it counts, so two sections never look alike ------------------------------- */

static void put_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

static void put_str(struct buf *b, const char *s)
{
	put_u64(b, s ? strlen(s) : UINT64_MAX);
	if (s)
		buf_add_str(b, s);
}

static void put_strs(struct buf *b, const struct strs *s)
{
	put_u64(b, s->n);
	for (size_t i = 0; i < s->n; i++)
		put_str(b, s->v[i]);
}

static void put_opt(struct buf *b, struct opt_u32 v)
{
	put_u64(b, v.set ? v.v : UINT64_MAX);
}

static void put_syscall(struct buf *b, const struct oci_seccomp_syscall *y)
{
	put_strs(b, &y->names);
	put_u64(b, (uint64_t)y->action);
	put_opt(b, y->errno_ret);
	put_u64(b, y->n_args);
	for (size_t i = 0; i < y->n_args; i++) {
		put_u64(b, y->args[i].index);
		put_u64(b, (uint64_t)y->args[i].op);
		put_u64(b, y->args[i].value);
		put_u64(b, y->args[i].value_two);
	}
}

static void request_put(struct buf *b, const struct filter_request *q)
{
	const struct oci_seccomp *s = q->section;

	put_u64(b, q->strict);
	put_u64(b, (uint64_t)s->default_action);
	put_opt(b, s->default_errno_ret);
	put_strs(b, &s->architectures);
	put_strs(b, &s->flags);
	put_u64(b, s->n_syscalls);
	for (size_t i = 0; i < s->n_syscalls; i++)
		put_syscall(b, &s->syscalls[i]);
}

/* Two FNV-1a over eight bytes at a time: the name only has to spread, not to resist. */
static void cache_name(struct str section, char ret[CACHE_NAME])
{
	uint64_t h1 = 0xcbf29ce484222325u, h2 = 0x9ae16a3b2f90404fu;

	for (size_t i = 0; i < section.n; i += 8) {
		uint64_t word = 0;

		memcpy(&word, section.p + i, section.n - i < 8 ? section.n - i : 8);
		h1 = (h1 ^ word) * 0x100000001b3u;
		h1 ^= h1 >> 32;
		h2 = (h2 + word) * 0xff51afd7ed558ccdu;
		h2 ^= h2 >> 29;
	}
	snprintf(ret, CACHE_NAME, "%016llx%016llx.bpf", (unsigned long long)h1, (unsigned long long)h2);
}

/* ---- reading and writing --------------------------------------------------------------------------------------------------------------------- */

/* A file that only we (or root) can have written. */
static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 022) == 0 && st->st_size > 0 &&
	       st->st_size <= LIMIT_SECCOMP_CACHE;
}

static struct filter_program *cache_parse(const char *p, size_t size, struct str section, struct arena *a)
{
	struct cache_header h;
	struct filter_program *ret;

	if (size < sizeof h)
		return NULL;
	memcpy(&h, p, sizeof h);
	if (memcmp(h.magic, magic, sizeof magic) != 0 || h.version != cache_version() || h.section_size != section.n ||
	    h.n_insns == 0 || h.n_insns > BPF_MAXINSNS || size != sizeof h + section.n + h.n_insns * sizeof(struct sock_filter) ||
	    memcmp(p + sizeof h, section.p, section.n) != 0)
		return NULL;
	ret = arena_new(a, struct filter_program);
	*ret = (struct filter_program){ .n = (uint16_t)h.n_insns, .flags = h.flags };
	ret->insns = arena_memdup(a, p + sizeof h + section.n, h.n_insns * sizeof(struct sock_filter));
	return ret;
}

static struct filter_program *cache_read(int dir, const char *name, struct str section, struct arena *a)
{
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0 || !is_ours(&st))
		return NULL;
	p = arena_alloc(a, (size_t)st.st_size);
	if (fd_read_all(fd, p, (size_t)st.st_size) != st.st_size)
		return NULL;
	return cache_parse(p, (size_t)st.st_size, section, a);
}

static void cache_write(int dir, const char *name, struct str section, const struct filter_program *p)
{
	scoped_buf struct buf b = BUF(LIMIT_SECCOMP_CACHE);
	struct cache_header h = { .version = cache_version(), .flags = p->flags, .section_size = (uint32_t)section.n, .n_insns = p->n };

	memcpy(h.magic, magic, sizeof magic);
	buf_add(&b, &h, sizeof h);
	buf_add(&b, section.p, section.n);
	buf_add(&b, p->insns, p->n * sizeof *p->insns);
	if (!buf_is_full(&b))
		file_replace(dir, name, b.p, b.n, 0600, 0);
}

int filter_prepare(const struct filter_request *q, int root_fd, struct arena *a, struct filter_program **ret, struct err *e)
{
	scoped_buf struct buf section = BUF(LIMIT_SECCOMP_CACHE);
	scoped_fd int dir = -EBADF;
	char name[CACHE_NAME];
	int r;

	if (root_fd < 0 || q->raw)
		return filter_compile(q, a, ret, e);
	request_put(&section, q);
	if (buf_is_full(&section))
		return filter_compile(q, a, ret, e);
	cache_name(buf_str(&section), name);
	dir = dir_ensure(root_fd, "seccomp", 0700);
	if (dir >= 0) {
		struct filter_program *p = cache_read(dir, name, buf_str(&section), a);

		if (p) {
			*ret = p;
			return 0;
		}
	}
	r = filter_compile(q, a, ret, e);
	if (r == 0 && dir >= 0)
		cache_write(dir, name, buf_str(&section), *ret);
	return r;
}
