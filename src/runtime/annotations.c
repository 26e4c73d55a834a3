/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/annotations.h"

#include <stddef.h>

/* The first container of a pod holds its namespaces and runs no program of the image, whatever the image is. */
static bool is_sandbox(const struct oci_config *c)
{
	return streq(pairs_find(&c->annotations, "io.kubernetes.cri.container-type"), "sandbox");
}

/* "-smart": only if the program is a module. */
static bool is_module(const struct oci_config *c)
{
	const char *program = c->process && c->process->args.n ? c->process->args.v[0] : "";

	return str_ends(program, ".wasm") || str_ends(program, ".wat");
}

static int refuse_handler(const struct oci_config *c, const char *value, struct err *e)
{
	if (!*value || (streq(value, "wasm-smart") && !is_module(c)))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "unsupported: annotation run.oci.handler: handler '%s' is not built", value);
}

static int refuse_module(const struct oci_config *c, const char *value, struct err *e)
{
	if (is_sandbox(c) || !(streq(value, "compat") || (streq(value, "compat-smart") && is_module(c))))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "unsupported: a WebAssembly module (annotation module.wasm.image/variant=%s): no handler is built", value);
}

/* The words of org.* are runc's, the rest crun's. krun.* configures a handler that is not built and means nothing without it. */
const struct annotation annotations[] = {
	/* clang-format off */
	{ "run.oci.handler",           refuse_handler },
	{ "module.wasm.image/variant", refuse_module },
	{ "run.oci.",                  NULL },
	{ "org.systemd.property.",     NULL },
	{ "org.criu.config",           NULL },
	{ NULL,                        NULL },
	/* clang-format on */
};

int annotations_check(const struct oci_config *c, struct err *e)
{
	for (const struct annotation *a = annotations; a->name; a++) {
		const char *value = a->check ? pairs_find(&c->annotations, a->name) : NULL;
		int r = value ? a->check(c, value, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}
