/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "codec/inflate.h"
#include "image/transfer/bomb.h"
#include "os/fd.h"

enum { PIECE = 256 * 1024, HEAD = 10 };

struct stream {
	int fd;
	size_t n_first; /* bytes of the first piece that were read to look at them */
	bool first_given;
	char *piece;
	uint64_t read, made;
	stream_sink_fn sink;
	void *arg;
};

static void stream_done(struct stream *s)
{
	free(s->piece);
}

static ssize_t piece_read(struct stream *s)
{
	ssize_t n;

	if (!s->first_given) {
		s->first_given = true;
		return (ssize_t)s->n_first;
	}
	do
		n = read(s->fd, s->piece, PIECE);
	while (n < 0 && errno == EINTR);
	s->read += n > 0 ? (uint64_t)n : 0;
	return n < 0 ? -errno : n;
}

/* Hands on what was unfolded. */
static int made_give(struct stream *s, const void *p, size_t n, struct err *e)
{
	int r;

	s->made += n;
	r = bomb_check(s->read, s->made, e);
	return r < 0 || n == 0 ? r : s->sink(s->arg, p, n, e);
}

static int copy_plain(struct stream *s, struct err *e)
{
	ssize_t n;

	while ((n = piece_read(s)) > 0) {
		int r = s->sink(s->arg, s->piece, (size_t)n, e);

		if (r < 0)
			return r;
	}
	return n < 0 ? err_sys(e, (int)n, "read archive") : 0;
}

/* ---- gzip and zstd ---- */

static int piece_inflate(struct stream *s, struct inflate *f, size_t n, unsigned char *room, struct err *e)
{
	struct stream_io io = { .in = (const unsigned char *)s->piece, .n_in = n };
	int r;

	do {
		io.out = room;
		io.n_out = PIECE;
		if (inflate_step(f, &io) < 0)
			return err_set(e, ERR_CORRUPT, "compressed data is damaged");
		r = made_give(s, room, PIECE - io.n_out, e);
	} while (r == 0 && (io.n_in > 0 || io.n_out == 0));
	return r;
}

static int copy_inflated(struct stream *s, enum inflate_kind kind, struct err *e)
{
	scoped_inflate struct inflate *f = inflate_new(kind);
	scoped_free unsigned char *room = alloc_or_die(PIECE);
	ssize_t n;

	while ((n = piece_read(s)) > 0) {
		int r = piece_inflate(s, f, (size_t)n, room, e);

		if (r < 0)
			return r;
	}
	if (n < 0)
		return err_sys(e, (int)n, "read archive");
	return inflate_end(f) < 0 ? err_set(e, ERR_CORRUPT, "compressed data is cut short") : 0;
}

/* ---- bzip2 and xz ---- */

/* Of bzip2 with the mark of its first block: a tar may begin with a file named "BZh". */
static bool is_rare(struct str head)
{
	static const unsigned char bzip2[] = { '1', 'A', 'Y', '&', 'S', 'Y' }, xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	return (head.n == HEAD && memcmp(head.p, "BZh", 3) == 0 && memcmp(head.p + 4, bzip2, sizeof bzip2) == 0) ||
		(head.n >= sizeof xz && memcmp(head.p, xz, sizeof xz) == 0);
}

static la_ssize_t on_read(struct archive *archive, void *arg, const void **ret_p)
{
	struct stream *s = arg;
	ssize_t n = piece_read(s);

	*ret_p = s->piece;
	if (n < 0)
		archive_set_error(archive, (int)-n, "read failed");
	return n;
}

static void archive_done(struct archive **archive)
{
	archive_read_free(*archive);
}

static int archive_failed(struct archive *archive, struct err *e)
{
	const char *said = archive_error_string(archive);

	return err_set(e, ERR_CORRUPT, "compressed archive: %s", said ? said : "not readable");
}

static int copy_rare(struct stream *s, struct err *e)
{
	SCOPED(archive_done) struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	const void *p;
	int64_t offset;
	size_t n;
	int r;

	if (!archive)
		alloc_die(PIECE);
	archive_read_support_format_raw(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	if (archive_read_open2(archive, s, NULL, on_read, NULL, NULL) != ARCHIVE_OK || archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return archive_failed(archive, e);
	/* It takes what is too short to be unfolded for what it is. */
	if (archive_filter_count(archive) < 2)
		return err_set(e, ERR_CORRUPT, "compressed data is cut short");
	while ((r = archive_read_data_block(archive, &p, &n, &offset)) == ARCHIVE_OK) {
		r = made_give(s, p, n, e);
		if (r < 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : archive_failed(archive, e);
}

/* ---- the interface ---- */

int stream_copy(int fd, enum stream_decompress what, stream_sink_fn sink, void *arg, struct err *e)
{
	SCOPED(stream_done) struct stream s = { .fd = fd, .piece = alloc_or_die(PIECE), .sink = sink, .arg = arg };
	ssize_t n = fd_read_all(fd, s.piece, HEAD);
	enum inflate_kind kind;
	struct str head;

	if (n < 0)
		return err_sys(e, (int)n, "read archive");
	if (n == 0)
		return 0;
	s.n_first = s.read = (size_t)n;
	head = (struct str){ s.piece, s.n_first };
	kind = what == STREAM_ALL ? inflate_detect(head) : INFLATE_NONE;
	if (kind != INFLATE_NONE)
		return copy_inflated(&s, kind, e);
	return is_rare(head) ? copy_rare(&s, e) : copy_plain(&s, e);
}
