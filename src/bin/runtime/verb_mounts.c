/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts: puts mounts into a container that runs, and takes them away again (as crun has it).
 */
#include <fcntl.h>

#include "base/limits.h"
#include "bin/runtime/runtime.h"
#include "os/file.h"
#include "runtime/live.h"

static int mounts_run(struct runtime *rt, const void *options, struct err *e)
{
	const char *what = rt->args->v[0], *id = rt->args->v[1], *file = rt->args->v[2];
	bool add = streq(what, "add");
	scoped_control struct control c = CONTROL_NONE;
	struct oci_mount *mounts;
	size_t n, size;
	char *text;
	int r;

	if (!add && !streq(what, "remove"))
		return err_set(e, ERR_INVALID, "mounts: '%s' is neither add nor remove", what);
	r = file_read(AT_FDCWD, file, LIMIT_DOCUMENT, rt->a, &text, &size);
	if (r < 0)
		return err_sys(e, r, "read '%s'", file);
	r = oci_mounts_decode((struct str){ text, size }, rt->a, &mounts, &n, e);
	if (r < 0)
		return err_wrap(e, "%s", file);
	r = control_open(rt->root, id, rt->a, &c, e);
	if (r == 0)
		r = add ? live_mounts_add(&c, mounts, n, e) : live_mounts_remove(&c, mounts, n, e);
	return r < 0 ? err_wrap(e, "mounts %s failed", what) : 0;
}

const struct verb mounts_verb = {
	.command = { .names = { "mounts" }, .summary = "Add mounts to a running container, or remove them; FILE holds an array as in config.json",
		.args = "add|remove ID FILE", .min_args = 3, .max_args = 3 },
	.run = mounts_run,
	.enters = true,
};
