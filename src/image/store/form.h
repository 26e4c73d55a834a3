/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * form: how a layer lies on disk. The store says which it wants, tare-transfer makes it, the snapshot drivers mount it (snapshot/snapshot.h).
 */
#include "base/enumtab.h"

enum layer_form {
	LAYER_TREE,  /* layers/<hex>/: a directory tree in overlay form */
	LAYER_EROFS, /* layers/<hex>.erofs: the tar itself with an EROFS index into it; not unpacked */
	LAYER_FORM_COUNT,
};
extern const struct enumtab layer_forms;

/* The file that tare-transfer makes in an ingest directory for LAYER_EROFS. */
#define LAYER_EROFS_FILE "layer.erofs"
#define LAYER_EROFS_SUFFIX ".erofs"

/* Where the tar begins in it. */
enum { LAYER_EROFS_TAR_AT = 4096 };
