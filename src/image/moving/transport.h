/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * transport: places where images are, as `copy` spells them (containers-transports(5)):
 *
 *   docker://NAME                      a registry
 *   tare:NAME, containers-storage:NAME the store of this machine
 *   oci:DIR[:TAG]                      an OCI layout
 *   oci-archive:FILE[:TAG]             the same in a tar
 *   docker-archive:FILE[:NAME|:@N]     what `docker save` writes; @N: the image number N in it, from 0
 *   dir:DIR                            one image, its files by their bare digests
 */
#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "spec/reference.h"

enum transport_kind {
	TRANSPORT_REGISTRY,
	TRANSPORT_STORE,
	TRANSPORT_OCI,
	TRANSPORT_OCI_ARCHIVE,
	TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_DIR,
	TRANSPORT_KIND_COUNT,
};

struct transport {
	enum transport_kind kind;
	const char *text;      /* as it was written */
	const char *path;      /* of file or directory */
	const char *tag;       /* what follows the path, as it was written; NULL: nothing */
	int index;             /* @N; -1: none */
	struct reference name; /* registry; docker-archive with a name; the store, unless @id */
	const char *id;        /* the store: an id or name as it was written */
};

/* Strings are in @a, or borrowed of @text. Errors: ERR_INVALID; ERR_UNSUPPORTED for transports of others that are not built. */
int transport_parse(const char *text, struct arena *a, struct transport *ret, struct err *e);
