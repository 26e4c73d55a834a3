/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * unpack: the forms a layer may take on disk, behind one interface. What is read from a tar is the same for all of them; what becomes of it is not.
 *
 *     open -> { raw … begin data … end } … -> finish -> close
 *
 * raw() sees every byte of the uncompressed tar, before anything that is in it is begun. begin/data/end come once per entry as described in extract.h;
 * a form that finds plain contents in the tar again (`keeps_tar`) is given data only for sparse files. After finish() the form's work is complete but
 * not synced; whatever lies in the directory after a failure is worthless and the store discards it.
 */
#include <stdint.h>

#include "base/err.h"
#include "image/transfer/layer_entry.h"

struct unpack_form {
	const char *name;
	bool keeps_tar;
	/* @dirfd is borrowed and empty. Returns owned; errors of making it come with the first call that needs it. */
	void *(*open)(int dirfd);
	void (*close)(void *self);
	int (*raw)(void *self, const void *p, size_t n, struct err *e); /* NULL: not interested */
	int (*begin)(void *self, const struct layer_entry *entry, struct err *e);
	int (*data)(void *self, const void *p, size_t n, uint64_t offset, struct err *e);
	int (*end)(void *self, struct err *e);
	int (*finish)(void *self, struct unpacked *ret, struct err *e);
};

extern const struct unpack_form unpack_tree;  /* files and directories in overlay form: extract.h */
extern const struct unpack_form unpack_erofs; /* the tar itself with an EROFS index into it: erofs_form.c */
