/* SPDX-License-Identifier: Apache-2.0 */
/* `tare version` says what is installed. There is no server: the program and the engine are one, and templates find both. */
#include "cli/commands.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "cli/document.h"

struct version_options {
	const char *format;
};

static const struct opt version_opts[] = {
	OPT(struct version_options, format, "format", 'f', STR, "TEMPLATE", "Go template, or 'json'"),
	OPT_REFUSED("kubeconfig", 0, "FILE", "no Kubernetes is asked"),
	OPT_END,
};

struct version {
	const char *version, *os, *arch, *kernel;
};
struct versions {
	struct version client, server;
};
/* clang-format off */
static const struct field version_fields[] = {
	FIELD(struct version, version, "Version",       STR, 0),
	FIELD(struct version, os,      "Os",            STR, 0),
	FIELD(struct version, arch,    "Arch",          STR, 0),
	FIELD(struct version, kernel,  "KernelVersion", STR, 0),
};
static const struct schema version_schema = SCHEMA("version", struct version, version_fields);
static const struct field versions_fields[] = {
	FIELD_OBJ(struct versions, client, "Client", &version_schema, 0),
	FIELD_OBJ(struct versions, server, "Server", &version_schema, 0),
};
/* clang-format on */
static const struct schema versions_schema = SCHEMA("versions", struct versions, versions_fields);

static int version_run(struct cli *c, const void *options, struct err *e)
{
	const struct version_options *o = options;
	struct version v = { .version = TARE_VERSION, .os = "linux" };
	struct utsname u;

	uname(&u);
	v.kernel = u.release;
	v.arch = streq(u.machine, "x86_64") ? "amd64" : streq(u.machine, "aarch64") ? "arm64" : u.machine;
	if (o->format)
		return document_print(&versions_schema, &(struct versions){ v, v }, o->format, e);
	printf("tare:\n Version:      %s\n OS/Arch:      %s/%s\n Kernel:       %s\n", v.version, v.os, v.arch, v.kernel);
	return 0;
}

const struct command version_command = {
	.names = { "version" },
	.group = "System",
	.summary = "Say what is installed",
	.opts = { version_opts },
	.options_size = sizeof(struct version_options),
	.run = version_run,
};
