/* SPDX-License-Identifier: Apache-2.0 */
/* `tare info` says what the engine sees: containers, images, directories, the kernel's facilities. */
#include "cli/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/document.h"
#include "engine/info.h"

struct info_options {
	const char *format;
};

static const struct opt info_opts[] = {
	OPT(struct info_options, format, "format", 'f', STR, "TEMPLATE", "Go template, or 'json'"),
	OPT_END,
};

static const char *size_text(uint64_t bytes, char ret[TEXT_SIZE_SIZE])
{
	text_size(bytes, ret);
	return ret;
}

static void text_print(const struct engine_info *i)
{
	char size[TEXT_SIZE_SIZE];

	printf("Containers: %" PRIu64 "\n Running: %" PRIu64 "\n Paused: %" PRIu64 "\n Stopped: %" PRIu64 "\n", i->containers, i->running, i->paused, i->stopped);
	printf("Images: %" PRIu64 "\n Layers: %" PRIu64 "\n", i->images, i->layers);
	printf(" Blobs: %s\n", size_text(i->blob_bytes, size));
	printf(" Unpacked: %s\n", size_text(i->layer_bytes, size));
	printf("Server Version: %s\nStorage Driver: %s\nLogging Driver: %s\n", i->server_version, i->driver, i->logging_driver);
	printf("Cgroup Version: %s\nCgroup: %s\n", i->cgroup_version, i->cgroup_mode);
	printf("Default Runtime: %s\n", i->runtime);
	printf("Security Options:\n");
	for (size_t k = 0; k < i->security.n; k++)
		printf(" %s\n", i->security.v[k] + strlen("name="));
	printf("CDI spec directories:\n");
	for (size_t k = 0; k < i->cdi_directories.n; k++)
		printf(" %s\n", i->cdi_directories.v[k]);
	if (i->n_devices)
		printf("Discovered Devices:\n");
	for (size_t k = 0; k < i->n_devices; k++)
		printf(" %s: %s\n", i->devices[k].source, i->devices[k].id);
	printf("Kernel Version: %s\nOperating System: %s\nOSType: %s\nArchitecture: %s\n", i->kernel, i->operating_system ? i->operating_system : "<unknown>",
		i->os_type, i->architecture);
	printf("CPUs: %" PRId64 "\nTotal Memory: %s\nName: %s\n", i->cpus, size_text((uint64_t)i->memory, size), i->name);
	printf("Root Dir: %s\nRun Dir: %s\n", i->root, i->run);
	if (*i->proxy_http)
		printf("HTTP Proxy: %s\n", i->proxy_http);
	if (*i->proxy_https)
		printf("HTTPS Proxy: %s\n", i->proxy_https);
	if (*i->proxy_none)
		printf("No Proxy: %s\n", i->proxy_none);
	for (size_t k = 0; k < i->warnings.n; k++)
		fprintf(stderr, "%s\n", i->warnings.v[k]);
}

static int info_run(struct cli *c, const void *options, struct err *e)
{
	const struct info_options *o = options;
	struct engine_info info;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_info(en, c->a, &info, e);
	if (r < 0)
		return r;
	if (o->format)
		return document_print(&engine_info_schema, &info, o->format, e);
	text_print(&info);
	return 0;
}

const struct command info_command = {
	.names = { "info", "system info" },
	.group = "System",
	.summary = "Say what the engine sees",
	.opts = { info_opts },
	.options_size = sizeof(struct info_options),
	.run = info_run,
};
