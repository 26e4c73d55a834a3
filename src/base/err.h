/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * err: the one error idiom of the house.
 *
 * A function that can fail for reasons a person must hear returns `-errno` and fills a caller-owned `struct err`. The struct is
 * plain data (no heap, no pointers), so a child process reports failure by writing it to a socket and a server by mapping its kind.
 * The message is a chain, outermost first: "starting 'web': cgroup.create: mkdir '/sys/fs/cgroup/web': permission denied".
 *
 * Three verbs make one: err_set (we decided), err_sys (the kernel said), err_wrap (prepend context). All return the negative code,
 * so failing is one line: `return err_sys(e, r, "open '%s'", path);`. Messages start in lower case, have no full stop, quote names.
 * When the chain outgrows the buffer the innermost cause and the outermost context survive and the middle becomes an ellipsis.
 */
#include <stdbool.h>
#include <stddef.h>

/* The vocabulary every door translates from: Docker, CRI, the shim and our exit codes all have a word for each of these. */
enum err_kind {
	ERR_NONE,
	ERR_INVALID,
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_CONFLICT,
	ERR_NOT_MODIFIED,
	ERR_DENIED,
	ERR_UNAUTHENTICATED,
	ERR_UNSUPPORTED,
	ERR_PRECONDITION,
	ERR_EXHAUSTED,
	ERR_TIMEOUT,
	ERR_CANCELED,
	ERR_UNAVAILABLE,
	ERR_CORRUPT,
	ERR_INTERNAL,
	ERR_KIND_COUNT,
};

struct err {
	enum err_kind kind;
	int sys;          /* positive errno; the function that filled this returned -sys */
	char msg[504];    /* NUL-terminated chain; the whole struct stays under PIPE_BUF */
};

/* We decided: fails with the errno that stands for @kind. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The kernel said @r (a negative errno): "<fmt>: <text of errno>". Kind follows from the errno. Returns @r. */
int err_sys(struct err *e, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Prepends "<fmt>: " to the chain of a failure that already happened. Returns its negative code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes @e say "no error" again. */
void err_clear(struct err *e);

/* The stable lower-case word of a kind ("not_found"). Never NULL. */
const char *err_kind_name(enum err_kind kind);

/* The kind that an errno (positive or negative) belongs to; ERR_INTERNAL where nothing fits better. */
enum err_kind err_kind_of(int sys);

/* The lower-case text of an errno (positive or negative), without locale: "no such file or directory". */
const char *err_text(int sys);
