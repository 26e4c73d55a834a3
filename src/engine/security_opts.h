/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * security_opts: what the words of --security-opt mean, docker's and podman's. Pure.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct security_opts {
	bool no_new_privileges;
	const char *seccomp;         /* NULL: default; "unconfined"; a file */
	const char *apparmor;        /* NULL: default; "unconfined"; a profile that is loaded */
	bool no_label;               /* label=disable */
	bool label_said;             /* label=user:, role:, type:, level:, filetype: */
	bool all_paths;              /* systempaths=unconfined or unmask=ALL: no masks, nothing read-only */
	struct strs mask;            /* further paths to hide */
	struct strs unmask;          /* patterns of paths not to hide and not to protect: "/proc/kcore", "/proc/a*" */
	struct strs proc_options;    /* further options of the mount on /proc: "hidepid=2" */
	bool writable_cgroups;
};

/* Errors: ERR_INVALID and ERR_UNSUPPORTED, naming the word. */
int security_opts_parse(const struct strs *words, struct arena *a, struct security_opts *ret, struct err *e);

/* The paths to be hidden, or with @readonly those to be protected, of @defaults and those asked for, less what shall be open. */
struct strs security_opts_paths(const struct security_opts *s, struct strs defaults, bool readonly, struct arena *a);
