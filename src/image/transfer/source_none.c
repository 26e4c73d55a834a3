/* SPDX-License-Identifier: Apache-2.0 */
/* No source at all: a tare-transfer without network, which makes and checks signatures, without files then, or puts tars into the one directory it is given. */
#include "image/transfer/source.h"

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	*ret = NULL;
	return 0;
}

static void close_(void *self)
{
}

static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	return err_set(e, ERR_INVALID, "there is nothing to read");
}

const struct source_driver source_none = { .open = open_, .close = close_, .read = read_ };
