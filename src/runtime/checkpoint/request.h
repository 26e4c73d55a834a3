/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * request: what a dump and a restore say to criu alike, by the options of the command line; and the directories that both work in.
 */
#include "runtime/checkpoint/checkpoint.h"
#include "runtime/checkpoint/criu.h"

/* Below this version criu lacks what we rely on. */
enum { CRIU_OLDEST = 30000, CRIU_WITH_EXTERNAL_NET = 31100, CRIU_WITH_FREEZE_V2 = 31400, CRIU_WITH_EXTERNAL_PID = 31500, CRIU_WITH_LSM = 31600,
	CRIU_WITH_LOCK_SKIP = 31800 };

/* Where images and log are. */
struct request_site {
	const char *images_path, *work_path; /* absolute */
	const char *criu;                    /* the program: absolute, or a name without a slash, or NULL */
	int images, work;
	bool made_images, made_work;
};
#define REQUEST_NOWHERE ((struct request_site){ .images = -EBADF, .work = -EBADF })

/* Makes paths absolute, by the working directory of now: a restore goes to the bundle later. */
int request_place(const struct checkpoint_options *o, struct arena *a, struct request_site *ret, struct err *e);

/* Opens both; with @make they are made (0700) if missing. */
int request_open(struct request_site *s, bool make, struct err *e);

/* Removes what was made and is empty. */
void request_remove(struct request_site *s);
void request_close(struct request_site *s);

/*
 * Options of the command line as members of a request; words that make no sense are errors. Descriptors and the container itself are the caller's.
 * @ret_oldest is the version of criu that the options need.
 */
int request_options(const struct checkpoint_options *o, const struct pairs *annotations, struct arena *a, struct criu_opts *ret, int *ret_oldest,
	struct err *e);
