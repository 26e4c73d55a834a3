/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * request_opts: the flags that `run` and `create` share: what a container shall be.
 */
#include "cli/command.h"
#include "engine/engine.h"

/* The first member of the options of both commands, so that the table below serves both. */
struct request_options {
	struct container_request q;
	struct strs env_files;
	const char *cidfile;
	bool quiet;
	bool tls_verify;
	const char *authfile;
};

extern const struct opt request_opts[];

/* Those about limits that may change while it runs (isolation_opts.c); the same options struct. */
extern const struct opt limit_opts[];

/* Those about namespaces, devices and privileges (isolation_opts.c); the same options struct. */
extern const struct opt isolation_opts[];

/* The request as the engine takes it: image and words from the arguments, env files read. */
int request_opts_finish(struct cli *c, const struct request_options *o, struct container_request *ret, struct err *e);

/* The environment that --env-file and -e say together: files first, so that what stands on the command line wins. */
int request_env_files(struct cli *c, const struct strs *files, const struct strs *words, struct strs *ret, struct err *e);

/* Claims --cidfile before anything is made, and writes the id into it afterwards. Errors: ERR_EXISTS. */
int request_cidfile_claim(const struct request_options *o, int *ret_fd, struct err *e);
int request_cidfile_write(const struct request_options *o, int fd, const char *id, struct err *e);

/* How `run` and `create` pull: layers on standard error. */
void request_progress(struct cli *c, const struct request_options *o, struct engine_progress *ret, struct pull_options *pull);
