/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cdi: devices that vendors describe in specification files (spec/cdi.h): which there are, and what one of them changes of a container.
 *
 * Files are read from /etc/cdi and /var/run/cdi when somebody asks for a device, and only then. A device of the later directory stands over one of the
 * earlier; two files of one directory that describe the same device make it unusable. A file that cannot be read is remembered with its error and said
 * when a device is missing.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/cdi.h"
#include "spec/isolation.h"
#include "spec/oci_runtime.h"

struct cdi_entry {
	const char *name;            /* "vendor.com/class=device" */
	const struct cdi_spec *spec;
	const struct cdi_device *device;
	size_t directory;            /* which of the two */
	const char *path;            /* of the file */
	const char *rival;           /* another file of that directory that has it too, or NULL */
};

struct cdi_registry {
	struct cdi_entry *entries;   /* in the order of directories and files */
	size_t n_entries;
	struct strs errors;          /* "'/etc/cdi/x.json': …" */
};

extern const char *const cdi_directories[2];

/* Reads all files. Never fails: what cannot be read is in errors. */
void cdi_load(struct arena *a, struct cdi_registry *ret);

/* The devices of --device vendor/class=name and --gpus, in full names. Errors: ERR_NOT_FOUND, ERR_INVALID. */
int cdi_names(const struct cdi_registry *reg, const struct container_isolation *s, struct arena *a, struct strs *ret, struct err *e);

/* What these devices together ask for: edits of each file once, before those of its first device. Errors: ERR_NOT_FOUND naming all that are missing, ERR_CONFLICT. */
int cdi_resolve(const struct cdi_registry *reg, const struct strs *names, struct arena *a, struct cdi_edits *ret, struct err *e);

/* All of the above: false in *ret_any if the request names no such device. */
int cdi_edits_of(const struct container_isolation *s, struct arena *a, struct cdi_edits *ret, bool *ret_any, struct err *e);

/* The mounts of @x in the runtime's form. */
void cdi_mounts(const struct cdi_edits *x, struct arena *a, struct oci_mount **ret, size_t *ret_n);

/* Everything but the mounts; @binds: nodes of the host are bound, since none can be made. Errors: those of a device node that is not there. */
int cdi_apply(const struct cdi_edits *x, bool binds, struct arena *a, struct oci_config *c, struct err *e);
