/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "os/fd.h"

enum { PIECE = 256 * 1024, HEAD = 6 };

struct stream {
	int fd;
	size_t n_first; /* bytes of the first piece that were read to look at them */
	bool first_given;
	char *piece;
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
	return n < 0 ? -errno : n;
}

static bool is_compressed(const char *head, size_t n, enum stream_decompress what)
{
	static const struct {
		const char *magic;
		size_t n;
		enum stream_decompress from;
	} rows[] = {
		{ "BZh", 3, STREAM_RARE },
		{ "\xfd" "7zXZ\0", 6, STREAM_RARE },
		{ "\x1f\x8b", 2, STREAM_ALL },
		{ "\x28\xb5\x2f\xfd", 4, STREAM_ALL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (what >= rows[i].from && n >= rows[i].n && memcmp(head, rows[i].magic, rows[i].n) == 0)
			return true;
	return false;
}

static int copy_plain(struct stream *s, stream_sink_fn sink, void *arg, struct err *e)
{
	ssize_t n;

	while ((n = piece_read(s)) > 0) {
		int r = sink(arg, s->piece, (size_t)n, e);

		if (r < 0)
			return r;
	}
	return n < 0 ? err_sys(e, (int)n, "read archive") : 0;
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

static int copy_decompressed(struct stream *s, stream_sink_fn sink, void *arg, struct err *e)
{
	SCOPED(archive_done) struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	const void *p;
	int64_t offset;
	size_t n;
	int r;

	archive_read_support_format_raw(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	if (archive_read_open2(archive, s, NULL, on_read, NULL, NULL) != ARCHIVE_OK || archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return err_set(e, ERR_CORRUPT, "compressed archive: %s", archive_error_string(archive) ? archive_error_string(archive) : "not readable");
	while ((r = archive_read_data_block(archive, &p, &n, &offset)) == ARCHIVE_OK) {
		r = sink(arg, p, n, e);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return err_set(e, ERR_CORRUPT, "compressed archive: %s", archive_error_string(archive) ? archive_error_string(archive) : "not readable");
	return 0;
}

int stream_copy(int fd, enum stream_decompress what, stream_sink_fn sink, void *arg, struct err *e)
{
	SCOPED(stream_done) struct stream s = { .fd = fd, .piece = alloc_or_die(PIECE) };
	ssize_t n = fd_read_all(fd, s.piece, HEAD);

	if (n < 0)
		return err_sys(e, (int)n, "read archive");
	if (n == 0)
		return 0;
	s.n_first = (size_t)n;
	return is_compressed(s.piece, s.n_first, what) ? copy_decompressed(&s, sink, arg, e) : copy_plain(&s, sink, arg, e);
}
