/* SPDX-License-Identifier: Apache-2.0 */
/* `tare inspect` prints everything known about containers and images, as docker's JSON or through a template. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/vec.h"
#include "cli/each.h"
#include "cli/look_text.h"
#include "codec/template.h"
#include "engine/engine.h"
#include "engine/network_commands.h"
#include "engine/secrets.h"
#include "engine/volumes.h"

struct inspect_options {
	struct look_options look;
	const char *format, *type, *platform;
	bool size, latest;
};

static const struct inspect_options inspect_defaults = { .look = { .registry = REGISTRY_DEFAULTS } };

static const struct opt inspect_opts[] = {
	OPT(struct inspect_options, format, "format", 'f', STR, "TEMPLATE", "Go template"),
	OPT(struct inspect_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT(struct inspect_options, size, "size", 's', FLAG, NULL, "How much the container wrote"),
	OPT(struct inspect_options, type, "type", 't', STR, "TYPE", "container, image, network, volume, secret or all (default: whichever has the name)"),
	OPT_END,
};

static const struct opt image_inspect_opts[] = {
	OPT(struct inspect_options, format, "format", 'f', STR, "TEMPLATE", "Go template"),
	OPT(struct inspect_options, platform, "platform", 0, STR, "OS/ARCH", "Of an image for several platforms that one"),
	OPT(struct inspect_options, look.raw, "raw", 0, FLAG, NULL, "The manifest or index as it is, byte by byte; with --config the config"),
	OPT(struct inspect_options, look.config, "config", 0, FLAG, NULL, "The config of the image"),
	OPT(struct inspect_options, look.no_tags, "no-tags", 'n', FLAG, NULL, "Of docker://NAME: without the tags of the repository"),
	OPT_END,
};

/* The document of whatever is called @name: a container first, then an image, a network, a volume, as docker looks. */
static int find_document(struct engine *en, struct cli *c, const char *name, const struct inspect_options *o, const char **ret, struct err *e)
{
	bool any = !o->type || streq(o->type, "all");
	int r = -ENOENT;

	if (any || streq(o->type, "container"))
		r = container_inspect_json(en, name, o->size, c->a, ret, e);
	if ((any && r == -ENOENT) || (!any && streq(o->type, "image")))
		r = image_inspect_json(en, name, o->platform, c->a, ret, e);
	if ((any && r == -ENOENT) || (!any && streq(o->type, "network")))
		r = network_inspect_json(en, name, o->format && !streq(o->format, "json"), c->a, ret, e);
	if ((any && r == -ENOENT) || (!any && streq(o->type, "volume")))
		r = volume_inspect_json(en, name, c->a, ret, e);
	if ((any && r == -ENOENT) || (!any && streq(o->type, "secret")))
		r = secret_inspect_json(en, name, false, c->a, ret, e);
	if (any && r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no such object: %s", name);
	return r;
}

static int print_document(const char *json, const struct inspect_options *o, size_t n_before, struct err *e)
{
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);
	int r;

	if (!o->format || streq(o->format, "json")) {
		printf("%s%s", n_before ? ",\n" : "[\n", json);
		return 0;
	}
	r = template_render(o->format, str_of(json), &out, e);
	if (r == 0)
		printf("%s\n", buf_text(&out));
	return r;
}

static int type_check(const char *type, struct err *e)
{
	static const char *const known[] = { "container", "image", "network", "volume", "secret", "all" };
	static const char *const others[] = { "pod", "config", "node", "service", "plugin", "task" };

	if (!type)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (streq(type, known[i]))
			return 0;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (streq(type, others[i]))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: --type %s is not built yet", type);
	return err_set(e, ERR_INVALID, "invalid argument for --type: '%s' is not container, image, network, volume, secret or all", type);
}

/* As skopeo does it, not as docker: an image that is somewhere else, or one of its documents. */
static bool is_looked_at(struct cli *c, const char *name, const struct inspect_options *o)
{
	return (!o->type || streq(o->type, "image") || streq(o->type, "all")) && (o->look.raw || o->look.config || look_is_place(c, name));
}

static int inspect_run(struct cli *c, const void *options, struct err *e)
{
	const struct inspect_options *o = options;
	struct inspect_options typed = *o;
	struct engine *en;
	size_t n_done = 0, n_looked = 0;
	struct strs names;
	int code = 0, r;

	r = type_check(o->type, e);
	if (r == -ENOTSUP) {
		cli_report(e);
		return EXIT_REFUSED;
	}
	if (r == 0)
		r = each_targets(c, o->latest, &names, e);
	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r < 0)
		return r;
	if (c->command == &image_inspect_command)
		typed.type = "image";
	for (size_t i = 0; i < names.n; i++) {
		const char *json;

		if (is_looked_at(c, names.v[i], o)) {
			r = look_print(c, names.v[i], o->platform, o->format, &o->look, e);
			n_looked++;
			if (r == 0)
				continue;
			cli_report(e);
			code = 1;
			continue;
		}
		r = find_document(en, c, names.v[i], &typed, &json, e);
		if (r == 0)
			r = print_document(json, o, n_done, e);
		if (r == 0) {
			n_done++;
			continue;
		}
		cli_report(e);
		code = 1;
	}
	if ((!o->format || streq(o->format, "json")) && (n_looked < names.n || n_looked == 0))
		puts(n_done ? "\n]" : "[]");
	return code;
}

const struct command inspect_command = {
	.names = { "inspect", "container inspect" },
	.group = "Containers",
	.summary = "Print everything known about containers or images",
	.args = "NAME|ID [NAME|ID...]",
	.max_args = -1,
	.opts = { inspect_opts },
	.options_size = sizeof(struct inspect_options),
	.defaults = &inspect_defaults,
	.run = inspect_run,
};

const struct command image_inspect_command = {
	.names = { "image inspect" },
	.group = "Images",
	.summary = "Print everything known about images, also those that are at a registry (docker://NAME)",
	.args = "IMAGE|PLACE [IMAGE|PLACE...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { image_inspect_opts, registry_opts },
	.options_size = sizeof(struct inspect_options),
	.defaults = &inspect_defaults,
	.run = inspect_run,
};
