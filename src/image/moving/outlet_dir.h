/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * outlet_dir: the directory that a layout or dir: is written to: made, checked, swept, unmade. Private to outlet.
 */
#include <stdbool.h>

#include "image/moving/shipment.h"

/*
 * Opens @path, made if it is missing (*ret_made), for a layout or (@flat) for dir:. Whoever uses it holds a shared flock on *ret_fd. Errors: ERR_INVALID if it
 * holds something else.
 */
int outlet_dir_open(const char *path, bool flat, int *ret_fd, bool *ret_made, struct err *e);

/* Removes from a dir: what belongs to an image that was there before. */
int outlet_dir_sweep(int dirfd, const struct shipment *s, struct err *e);

/* Removes a directory that we made, unless others use it meanwhile. */
void outlet_dir_unmake(const char *path, int dirfd);
