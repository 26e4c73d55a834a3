/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image/courier.h"
#include "os/fd.h"
#include "os/mount.h"

/* One end under way. */
struct end {
	struct courier courier;
	bool runs;
	int r;
	struct err error;
};

static void end_done(struct end *x)
{
	if (x->runs)
		courier_done(&x->courier);
}

static int end_open(struct end *x, struct image_store *s, enum source_kind kind, int fd, int cancel_fd, struct err *e)
{
	struct transfer_message task = { .source = kind };
	int r = courier_open(&x->courier, s, &task, &fd, 1, cancel_fd, e);

	x->runs = r == 0;
	return r;
}

static int pack_begin(struct end *x, struct image_store *s, const struct carry_from *from, int out, int cancel_fd, struct err *e)
{
	struct transfer_message order = { .type = TRANSFER_PACK, .compression = PACK_PLAIN, .item = from->name };
	int r = end_open(x, s, SOURCE_TREE, from->item, cancel_fd, e);

	return r < 0 ? r : transfer_send(x->courier.sock, &order, (int[]){ from->item, out }, 2, e);
}

static int place_begin(struct end *x, struct image_store *s, const struct carry_to *to, int in, int cancel_fd, struct err *e)
{
	struct transfer_message order = { .type = TRANSFER_PLACE, .name = to->base, .keep = to->owner == CARRY_KEEP, .give = to->owner == CARRY_GIVE,
		.uid = to->uid, .gid = to->gid, .overwrite = to->overwrite };
	int r = end_open(x, s, SOURCE_PLACE, to->root, cancel_fd, e);

	return r < 0 ? r : transfer_send(x->courier.sock, &order, (int[]){ to->root, in }, 2, e);
}

static void end_wait(struct end *x, enum transfer_type answer)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m;

	if (!x->runs)
		return;
	do
		x->r = courier_receive(&x->courier, -1, &a, &m, &x->error);
	while (x->r == 0 && m.type == TRANSFER_PROGRESS);
	if (x->r == 0 && m.type == TRANSFER_FAILED)
		x->r = transfer_error(&m, &x->error);
	else if (x->r == 0 && m.type != answer)
		x->r = err_set(&x->error, ERR_INTERNAL, "expected message '%s', got '%s'", enumtab_name(&transfer_types, (int)answer),
			enumtab_name(&transfer_types, (int)m.type));
}

/* Who writes into a pipe whose reader failed is not to blame, nor is who reads what the writer broke off. */
static int outcome(const struct end *from, const struct end *to, struct err *e)
{
	const struct end *guilty = from->r < 0 && from->r != -EPIPE ? from : to->r < 0 ? to : from;

	if (guilty->r < 0)
		*e = guilty->error;
	return guilty->r;
}

int carry(struct image_store *s, const struct carry_from *from, const struct carry_to *to, int cancel_fd, struct err *e)
{
	SCOPED(end_done) struct end pack = { .courier = COURIER_NONE }, place = { .courier = COURIER_NONE };
	scoped_fd int in = -EBADF, out = -EBADF;
	int pipe[2], r = 0;

	if (from->item >= 0 && to->root >= 0) {
		r = fd_pipe(pipe, 0);
		if (r < 0)
			return err_sys(e, r, "pipe");
		in = pipe[0];
		out = pipe[1];
	}
	if (from->item >= 0)
		r = pack_begin(&pack, s, from, out >= 0 ? out : to->stream, cancel_fd, e);
	if (r == 0 && to->root >= 0)
		r = place_begin(&place, s, to, in >= 0 ? in : from->stream, cancel_fd, e);
	if (r < 0)
		return r;
	fd_done(&in);
	fd_done(&out);
	end_wait(&pack, TRANSFER_PACKED);
	/* It is over for the other one, too, and who knows what it waits for. */
	if (pack.r < 0 && pack.r != -EPIPE)
		return outcome(&pack, &place, e);
	end_wait(&place, TRANSFER_PLACED);
	return outcome(&pack, &place, e);
}

int carry_root(int dirfd, struct err *e)
{
	scoped_fd int mount = mount_clone(dirfd, "", true);
	int fd = openat(mount >= 0 ? mount : dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, -errno, "open the directory") : fd;
}
