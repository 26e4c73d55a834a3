/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * layer_file: is a layer that is one file (form.h) what it was when it was made? Its tar has the diff id for a digest; everything else in the file, the
 * superblock in front and the index behind, has a checksum, taken by tare-transfer when it has written it and by the store when it checks.
 */
#include <stdint.h>

#include "codec/digest.h"
#include "os/tree_sum.h"

struct layer_file_sums {
	struct digest tar;
	char rest[TREE_SUM_TEXT];
};

/* Of everything but the tar. Errors: -errno. */
int layer_file_rest(int fd, uint64_t tar, struct tree_sum *ret);

/* Both. */
int layer_file_read(int fd, uint64_t tar, enum digest_kind kind, struct layer_file_sums *ret);
