/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cdi: specification files of the Container Device Interface 1.1, by which vendors say what a container needs for a device of theirs: nodes, mounts,
 * variables, hooks. Data and validation; engine/cdi.c finds the files and applies them.
 *
 * The files are root's, but made by tools: a file with an unknown field, an unknown version, or a field its version does not have is refused whole.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/json.h"
#include "spec/oci_runtime.h"

struct cdi_node {
	const char *path;            /* in the container */
	const char *host_path;       /* NULL: the same */
	const char *type;            /* "b" "c" "u" "p"; NULL: the host's node says */
	struct opt_i64 major, minor;
	struct opt_u32 file_mode, uid, gid;
	const char *permissions;     /* NULL: "rwm"; "none": no access rule */
};

struct cdi_mount {
	const char *host_path, *container_path, *type; /* type NULL: a bind */
	struct strs options;
};

struct cdi_hook {
	const char *name;            /* "createContainer" */
	const char *path;
	struct strs args, env;
	struct opt_i64 timeout;      /* seconds */
};

struct cdi_net_device {
	const char *host_name, *name;
};

struct cdi_edits {
	struct strs env;
	struct cdi_node *nodes;
	size_t n_nodes;
	struct cdi_mount *mounts;
	size_t n_mounts;
	struct cdi_hook *hooks;
	size_t n_hooks;
	struct u32s gids;            /* 0 is left out when applied */
	struct oci_intel_rdt *rdt;
	struct cdi_net_device *net_devices;
	size_t n_net_devices;
};

struct cdi_device {
	const char *name;
	struct pairs annotations;
	struct cdi_edits edits;
};

struct cdi_spec {
	const char *version;         /* "1.1.0" */
	const char *kind;            /* "vendor.com/class" */
	struct pairs annotations;
	struct cdi_device *devices;
	size_t n_devices;
	struct cdi_edits edits;      /* applied once if any device of the file is used */
};

extern const struct schema cdi_spec_schema;

/* Decodes and validates a file's text; @yaml: it is YAML. Errors: ERR_INVALID naming the place. */
int cdi_spec_decode(struct str text, bool yaml, struct arena *a, struct cdi_spec *ret, struct err *e);

/* True if @word names a device in full: "vendor.com/class=name". */
bool cdi_is_qualified(const char *word);
