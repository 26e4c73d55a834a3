/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_tool: the image store by hand, for tests of this folder. `image_tool ROOT COMMAND…`; not installed. Prints plain lines.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "image/image.h"
#include "image/moving/pull.h"
#include "image/snapshot/snapshot.h"
#include "image/store/check.h"
#include "os/file.h"
#include "os/trace.h"

static void on_progress(void *arg, const struct pull_progress *p)
{
	static const char *const words[] = { "waiting", "downloading", "unpacking", "done", "exists" };

	if (getenv("VERBOSE"))
		fprintf(stderr, "%zu/%zu %s %s %llu/%llu\n", p->index + 1, p->count, p->id, words[p->phase], (unsigned long long)p->current,
			(unsigned long long)p->total);
}

static void on_message(void *arg, const char *line)
{
	fprintf(stderr, "%s\n", line);
}

static void image_print(const struct image *image)
{
	printf("id %s\nmanifest %s\nsize %llu\n", image->id, image->manifest, (unsigned long long)image->size);
	for (size_t i = 0; i < image->names.n; i++)
		printf("name %s\n", image->names.v[i]);
	for (size_t i = 0; i < image->layers.n; i++)
		printf("layer %s\n", image->layers.v[i]);
	for (size_t i = 0; i < image->config.config.cmd.n; i++)
		printf("cmd %s\n", image->config.config.cmd.v[i]);
	for (size_t i = 0; i < image->config.config.env.n; i++)
		printf("env %s\n", image->config.config.env.v[i]);
}

static const struct pull_options *options_from_env(struct pull_options *o)
{
	*o = (struct pull_options){ .platform = getenv("PLATFORM"), .no_tls_verify = getenv("NO_TLS_VERIFY") != NULL, .authfile = getenv("AUTHFILE"),
		.credentials = getenv("CREDENTIALS"), .parallel = getenv("PARALLEL") ? (unsigned)strtoul(getenv("PARALLEL"), NULL, 10) : 0, .progress = on_progress, .message = on_message };
	return o;
}

static int run_pull(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct pull_options o;
	struct image image;
	bool changed;
	int r = image_pull(s, args[0], options_from_env(&o), a, &image, &changed, e);

	if (r == 0)
		image_print(&image);
	return r;
}

static int run_load(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct pull_options o;
	struct images images;
	int r = image_load(s, args[0], 0, options_from_env(&o), a, &images, e);

	for (size_t i = 0; r == 0 && i < images.n; i++)
		image_print(&images.v[i]);
	return r;
}

static int run_import(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct import_options o = { .message = "by hand" };
	struct image image;
	int r;

	options_from_env(&o.pull);
	if (getenv("CHANGE"))
		strs_push(a, &o.changes, getenv("CHANGE"));
	r = image_import(s, args[0], 0, args[1], &o, a, &image, e);
	if (r == 0)
		image_print(&image);
	return r;
}

static int run_list(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct images images;
	int r = image_list(s, a, &images, e);

	for (size_t i = 0; r == 0 && i < images.n; i++)
		image_print(&images.v[i]);
	return r;
}

static int run_find(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct image image;
	int r = image_find(s, args[0], a, &image, e);

	if (r == 0)
		image_print(&image);
	return r;
}

static int run_tag(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	return image_tag(s, args[0], args[1], e);
}

static int run_remove(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	struct image_removal removal;
	int r = image_remove(s, args[0], getenv("FORCE") ? IMAGE_REMOVE_FORCE : 0, NULL, NULL, a, &removal, e);

	for (size_t i = 0; r == 0 && i < removal.untagged.n; i++)
		printf("untagged %s\n", removal.untagged.v[i]);
	for (size_t i = 0; r == 0 && i < removal.deleted.n; i++)
		printf("deleted %s\n", removal.deleted.v[i]);
	return r;
}

/* Mounts an image's root with nothing above it on the directory args[2]; beside it, what the driver needs. `umount` it and remove all three. */
static int run_mount(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	int driver = enumtab_find(&snapshot_drivers, args[1]);
	struct snapshot root = { .id = "image_tool", .object = arena_printf(a, "%s.object", args[2]), .run = arena_printf(a, "%s.run", args[2]) };
	const char *directories[] = { args[2], root.run, arena_printf(a, "%s/upper", root.object), arena_printf(a, "%s/work", root.object) };
	struct host_facts facts = { 0 };
	struct image image;
	int r = image_find(s, args[0], a, &image, e);

	if (r < 0 || driver < 0)
		return r < 0 ? r : err_set(e, ERR_INVALID, "no such driver");
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		fd_close(dir_ensure_all(AT_FDCWD, directories[i], 0755));
	root.driver = (enum snapshot_driver)driver;
	root.layers = &image.layers;
	return snapshot_mount(&root, &facts, AT_FDCWD, args[2], e);
}

static int run_unmount(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	snapshot_unmount(&(struct snapshot){ .id = "image_tool", .run = arena_printf(a, "%s.run", args[0]) }, args[0]);
	return 0;
}

static void on_finding(void *arg, const struct image_finding *f)
{
	printf("%s: %s%s%s\n", f->object, f->problem, f->harmless ? " (harmless)" : "", f->repaired ? " (repaired)" : "");
}

static int run_check(struct image_store *s, struct arena *a, char **args, struct err *e)
{
	int r = image_check(s, getenv("REPAIR") ? IMAGE_CHECK_REPAIR : 0, on_finding, NULL, e);

	if (r > 0)
		return err_set(e, ERR_CORRUPT, "%d objects are damaged", r);
	return r;
}

static const struct command {
	const char *name;
	int n_args;
	int (*run)(struct image_store *s, struct arena *a, char **args, struct err *e);
} commands[] = {
	{ "pull", 1, run_pull },
	{ "load", 1, run_load },
	{ "import", 2, run_import },
	{ "list", 0, run_list },
	{ "find", 1, run_find },
	{ "tag", 2, run_tag },
	{ "remove", 1, run_remove },
	{ "check", 0, run_check },
	{ "mount", 3, run_mount },
	{ "unmount", 1, run_unmount },
};

int main(int argc, char **argv)
{
	scoped_arena struct arena a = { 0 };
	scoped_image_store struct image_store *s = NULL;
	struct err e = { 0 };

	trace_begin("image_tool");
	for (size_t i = 0; argc > 2 && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[2], commands[i].name) != 0 || argc != 3 + commands[i].n_args)
			continue;
		if (image_store_open(argv[1], &s, &e) == 0 && (image_store_set_form(s, getenv("EROFS") ? LAYER_EROFS : LAYER_TREE), true) && commands[i].run(s, &a, argv + 3, &e) == 0)
			return 0;
		fprintf(stderr, "image_tool: %s\n", e.msg);
		return 1;
	}
	fputs("usage: image_tool ROOT COMMAND [ARGUMENT]\n", stderr);
	return 2;
}
