/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * launch_files: the steps of a launch that write documents: the small files a container sees of us, config.json, monitor.json, state.json;
 * and the record of how a run ended.
 */
#include "engine/launch_context.h"

int launch_write_live(void *ctx, struct err *e);
int launch_write_config(void *ctx, struct err *e);

/* Who @spec ("name:group", "1000", "") is by the files of the tree @rootfs, and the numbers of --group-add. */
int launch_user(int rootfs, const char *spec, const struct strs *group_add, struct arena *a, struct user *ret, gid_t **ret_groups, struct err *e);

/* -P: adds every exposed port that -p does not name. */
int launch_publish_all(struct launch *l, struct network_request *want, struct err *e);

/* Keeps the exit record of the run, for `ps -a` and `inspect`; of a --rm container it says that removal is owed. */
int launch_keep_exit(struct launch *l, struct err *e);
