/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal: what the files of mounts/ share.
 */
struct err;
struct mount_job;
struct mount_site;

/* Makes the new file system of a job, detached. Returns owned. */
int mount_make(const struct mount_job *job, const struct mount_site *site, struct err *e);

/* A mount of type cgroup: whatever hierarchy this host has, as the container may see it. */
int mount_cgroup(const struct mount_job *job, const struct mount_site *site, struct err *e);

/* Copies what the image has at @from (O_PATH) into the root of the detached mount @to: the "tmpcopyup" option. */
int mount_copy_up(int from, int to, struct err *e);
