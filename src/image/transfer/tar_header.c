/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/tar_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/limits.h"
#include "base/text.h"

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "one block");

/* The kinds of files by mode, and what tar calls them. */
static const struct {
	mode_t mode;
	char type;
} kinds[] = { { S_IFREG, '0' }, { S_IFLNK, '2' }, { S_IFCHR, '3' }, { S_IFBLK, '4' }, { S_IFDIR, '5' }, { S_IFIFO, '6' } };

enum { TYPE_HARDLINK = '1', TYPE_PAX = 'x' };

static char type_of(const struct layer_entry *entry)
{
	if (entry->hardlink)
		return TYPE_HARDLINK;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].mode == (entry->mode & S_IFMT))
			return kinds[i].type;
	return 0;
}

uint64_t tar_content(const struct layer_entry *entry)
{
	return S_ISREG(entry->mode) && !entry->hardlink ? entry->size : 0;
}

/* ---- fields ---- */

/* Octal digits and a NUL; what has no room is 0, and said by pax. */
static bool number_put(char *field, size_t size, uint64_t value)
{
	bool fits = value >> 3 * (size - 1) == 0;

	field[size - 1] = 0;
	for (size_t i = size - 1; i > 0; value >>= 3)
		field[--i] = fits ? (char)('0' + (value & 7)) : '0';
	return fits;
}
#define NUMBER_PUT(field, value) number_put((field), sizeof(field), (value))

static void text_put(char *field, size_t size, const char *text, size_t n)
{
	memcpy(field, text, n < size ? n : size);
}

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == 0;
}

/* Whole, or cut at a '/'; else only its beginning, and false. */
static bool name_put(struct ustar *h, const char *name)
{
	size_t n = strlen(name);

	if (n > sizeof h->name) {
		for (const char *slash = strchr(name, '/'); slash && slash - name <= (ptrdiff_t)sizeof h->prefix; slash = strchr(slash + 1, '/')) {
			size_t rest = n - (size_t)(slash - name) - 1;

			if (slash == name || rest == 0 || rest > sizeof h->name)
				continue;
			text_put(h->prefix, sizeof h->prefix, name, (size_t)(slash - name));
			text_put(h->name, sizeof h->name, slash + 1, rest);
			return is_ascii(name);
		}
	}
	text_put(h->name, sizeof h->name, name, n);
	return n <= sizeof h->name && is_ascii(name);
}

static void checksum_put(struct ustar *h)
{
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof h->checksum);
	for (size_t i = 0; i < sizeof *h; i++)
		sum += ((const unsigned char *)h)[i];
	number_put(h->checksum, sizeof h->checksum - 1, sum);
}

/* ---- pax records ---- */

static size_t digits(size_t n)
{
	size_t count = 1;

	while (n /= 10)
		count++;
	return count;
}

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static void record_add(struct buf *b, const char *key, const void *value, size_t n)
{
	size_t rest = strlen(key) + n + 3, length = rest + 1;

	while (length != rest + digits(length))
		length = rest + digits(length);
	buf_printf(b, "%zu %s=", length, key);
	buf_add(b, value, n);
	buf_add_char(b, '\n');
}

static void record_text(struct buf *b, const char *key, const char *text)
{
	record_add(b, key, text, strlen(text));
}

static void record_number(struct buf *b, const char *key, uint64_t value)
{
	char text[24];

	record_add(b, key, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

/* Before 1970 the fraction counts downwards, as the number is written. */
static void record_time(struct buf *b, struct timespec t)
{
	bool negative = t.tv_sec < 0;
	uint64_t seconds = negative ? -(uint64_t)t.tv_sec : (uint64_t)t.tv_sec;
	long fraction = t.tv_nsec;
	char text[48];
	size_t n;

	if (negative && fraction > 0) {
		seconds--;
		fraction = 1000000000 - fraction;
	}
	n = (size_t)snprintf(text, sizeof text, "%s%" PRIu64 ".%09ld", negative ? "-" : "", seconds, fraction);
	while (text[n - 1] == '0')
		n--;
	record_add(b, "mtime", text, text[n - 1] == '.' ? n - 1 : n);
}

static int record_xattrs(struct buf *b, const struct layer_entry *entry, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct layer_xattr *x = &entry->xattrs[i];

		if (strpbrk(x->name, "=\n"))
			return err_set(e, ERR_INVALID, "'%.200s': tar has no way to say attribute '%.100s'", entry->path, x->name);
		record_add(b, arena_printf(a, "SCHILY.xattr.%s", x->name), x->value, x->size);
	}
	return 0;
}

/* Names as they are; whoever reads is told if they are no text. */
static void record_names(struct buf *b, const char *path, const char *link)
{
	if ((path && !text_is_utf8(str_of(path))) || (link && !text_is_utf8(str_of(link))))
		record_text(b, "hdrcharset", "BINARY");
	if (path)
		record_text(b, "path", path);
	if (link)
		record_text(b, "linkpath", link);
}

static void block_add(struct buf *b, struct ustar *h)
{
	memcpy(h->magic, "ustar", sizeof h->magic);
	memcpy(h->version, "00", sizeof h->version);
	checksum_put(h);
	buf_add(b, h, sizeof *h);
}

static void pax_add(struct buf *b, const struct buf *records)
{
	static const char zeros[TAR_BLOCK];
	struct ustar h = { .name = "PaxHeader", .type = TYPE_PAX };

	NUMBER_PUT(h.mode, 0644);
	NUMBER_PUT(h.uid, 0);
	NUMBER_PUT(h.gid, 0);
	NUMBER_PUT(h.mtime, 0);
	NUMBER_PUT(h.size, records->n);
	block_add(b, &h);
	buf_add(b, records->p, records->n);
	buf_add(b, zeros, tar_padding(records->n));
}

/* ---- an entry ---- */

static void numbers_put(const struct layer_entry *entry, struct ustar *h, struct buf *records)
{
	bool whole = entry->mtime.tv_sec >= 0 && entry->mtime.tv_nsec == 0;

	NUMBER_PUT(h->mode, entry->mode & 07777);
	if (!NUMBER_PUT(h->uid, entry->uid))
		record_number(records, "uid", entry->uid);
	if (!NUMBER_PUT(h->gid, entry->gid))
		record_number(records, "gid", entry->gid);
	if (!NUMBER_PUT(h->size, tar_content(entry)))
		record_number(records, "size", tar_content(entry));
	/* A year that ustar cannot say, or a moment. */
	if (!NUMBER_PUT(h->mtime, entry->mtime.tv_sec < 0 ? 0 : (uint64_t)entry->mtime.tv_sec) || !whole)
		record_time(records, entry->mtime);
}

int tar_header(const struct layer_entry *entry, struct buf *b, struct err *e)
{
	scoped_buf struct buf records = BUF(LIMIT_DOCUMENT);
	scoped_arena struct arena a = { 0 };
	struct ustar h = { .type = type_of(entry) };
	const char *path = entry->path, *link = entry->hardlink ? entry->hardlink : S_ISLNK(entry->mode) ? entry->symlink : NULL;
	bool path_fits, link_fits = true;
	int r;

	if (!h.type)
		return err_set(e, ERR_UNSUPPORTED, "'%.200s': tar has no files of this kind", path);
	if (S_ISDIR(entry->mode) && !str_ends(path, "/"))
		path = arena_printf(&a, "%s/", path);
	path_fits = name_put(&h, path);
	if (link) {
		text_put(h.link, sizeof h.link, link, strlen(link));
		link_fits = strlen(link) <= sizeof h.link && is_ascii(link);
	}
	record_names(&records, path_fits ? NULL : path, link_fits ? NULL : link);
	numbers_put(entry, &h, &records);
	if (S_ISCHR(entry->mode) || S_ISBLK(entry->mode)) {
		if (!NUMBER_PUT(h.major, major(entry->dev)) || !NUMBER_PUT(h.minor, minor(entry->dev)))
			return err_set(e, ERR_INVALID, "'%.200s': tar has no room for device %u:%u", path, major(entry->dev), minor(entry->dev));
	}
	r = record_xattrs(&records, entry, &a, e);
	if (r < 0)
		return r;
	if (records.n > 0)
		pax_add(b, &records);
	block_add(b, &h);
	return buf_is_full(&records) || buf_is_full(b) ? err_set(e, ERR_EXHAUSTED, "'%.200s': attributes are too large for a tar", path) : 0;
}
