/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a layer: format detection, igzip or zstd, both digests, tar, two threads; it must end, with a result or a reason. */
#include "fuzz.h"

#include <assert.h>
#include <sys/stat.h>

#include "image/transfer/layer.h"
#include "os/test_dir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_layer struct layer *l = NULL;
	struct layer_job job = { .blob_fd = -EBADF, .size = -1 };
	struct layer_result result;
	struct err e = { 0 };
	int root = dir_ensure(dir.fd, "root", 0755), r;

	umask(0);
	job.dir_fd = root;
	r = layer_new(&job, &l, &e);
	for (size_t at = 0; r == 0 && at < size; at += 1000)
		r = layer_feed(l, data + at, size - at < 1000 ? size - at : 1000, &e);
	if (r == 0)
		r = layer_finish(l, &a, &result, &e);
	assert(r == 0 || (e.kind != ERR_NONE && e.msg[0]));
	layer_freep(&l);
	fchmod(root, 0755);
	fd_close(root);
	assert(test_dir_count(dir.fd) == 1);
	return 0;
}
