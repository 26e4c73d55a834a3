/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * program: the programs an engine starts: the OCI runtime of a container, and where each keeps its state.
 */
#include "engine/internal.h"

struct program {
	const char *path;            /* absolute */
	const char *root;            /* its --root: <run>/runtime for ours, <run>/runtime-<name> for others */
};

/* The runtime called @name (NULL: the engine's default). Errors: ERR_NOT_FOUND. */
int program_runtime(struct engine *en, const char *name, struct arena *a, struct program *ret, struct err *e);

/* Runs `<runtime> --root R delete --force ID` if the runtime has state of that container; kills what is left of it. */
int program_delete(const char *runtime, const char *root, const char *id, struct err *e);

/* Runs `<runtime> --root R VERB ID`. */
int program_run(const char *runtime, const char *root, const char *verb, const char *id, struct err *e);

/* Runs `<runtime> --root R update --resources - ID` with that resources object of the OCI specification to read. */
int program_update(const char *runtime, const char *root, const char *id, struct str resources, struct err *e);

/* The last error in the JSON log @log (a descriptor) of a runtime, in @a; NULL: it has none. */
const char *program_log_reason(int log, struct arena *a);
