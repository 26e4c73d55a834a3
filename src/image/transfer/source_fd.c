/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/source_fd.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "os/fd.h"

void source_fd_close(void *self)
{
	fd_close(*(int *)self);
	free(self);
}

int source_fd_open(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	int *self, fd;

	if (n_fds < 1)
		return err_set(e, ERR_INVALID, "descriptors are missing");
	fd = fd_dup_min(fds[0], 3);
	if (fd < 0)
		return err_sys(e, fd, "keep source open");
	self = alloc_or_die(sizeof *self);
	*self = fd;
	*ret = self;
	return 0;
}
