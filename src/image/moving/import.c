/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "image/making/assemble.h"
#include "image/making/change.h"
#include "image/moving/pull.h"
#include "image/origin.h"
#include "spec/event.h"

struct import {
	struct courier courier;
	struct intake intake;
	bool placed;
};

static void import_done(struct import *i)
{
	courier_done(&i->courier);
	intake_done(&i->intake);
	if (!i->placed)
		intake_undo(&i->intake);
}

static int config_plan(const struct import_options *o, const char *path, struct arena *a, struct oci_image_config *ret, struct err *e)
{
	struct oci_platform platform;
	char now[TEXT_TIME_SIZE];
	struct timespec t;
	int r = 0;

	oci_platform_host(&platform);
	if (o->platform)
		r = oci_platform_parse(o->platform, a, &platform, e);
	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &t);
	text_time(t, now);
	*ret = (struct oci_image_config){ .created = arena_strdup(a, now), .architecture = platform.architecture, .os = platform.os,
		.variant = platform.variant, .n_history = 1 };
	ret->history = arena_new(a, struct oci_history);
	*ret->history = (struct oci_history){ .created = ret->created, .created_by = arena_printf(a, "import %s", path ? path : "-"),
		.comment = o->message };
	for (size_t i = 0; i < o->changes.n; i++) {
		r = change_apply(o->changes.v[i], a, &ret->config, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int import_run(struct import *i, struct image_store *s, const char *reference, const struct import_options *o, struct oci_image_config *config,
	struct arena *a, struct image *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	struct intake_layer *layer = arena_new(a, struct intake_layer);
	struct image_record record;
	struct strs names = { 0 };
	int r;

	*layer = (struct intake_layer){ .name = "", .size = -1 };
	intake_init(&i->intake, s, &i->courier, &o->pull, a, layer, 1);
	i->intake.at_hand = true;
	r = intake_run(&i->intake, e);
	if (r < 0)
		return r;
	config->rootfs.type = "layers";
	strs_push(a, &config->rootfs.diff_ids, layer->diff_id);
	r = oci_image_config_encode(config, &b);
	if (r < 0)
		return err_sys(e, r, "write config");
	if (reference)
		strs_push(a, &names, reference);
	r = assemble(&i->intake, buf_str(&b), config, &names, &record, e);
	i->placed = r == 0;
	return r < 0 ? r : content_image_load(s, &record, a, ret, e);
}

int image_import(struct image_store *s, const char *path, int fd, const char *name, const struct import_options *o, struct arena *a,
	struct image *ret, struct err *e)
{
	SCOPED(import_done) struct import i = { .courier = COURIER_NONE };
	struct oci_image_config config;
	const char *reference = NULL;
	struct reference ref;
	int r = 0;

	if (name) {
		r = reference_parse(name, a, &ref, e);
		if (r == 0 && ref.digest)
			r = err_set(e, ERR_INVALID, "image name '%.200s': a digest cannot be given as a name", name);
		if (r == 0)
			reference = reference_print(&ref, a);
	}
	if (r == 0)
		r = config_plan(o, path, a, &config, e);
	if (r == 0)
		r = origin_open(s, path, fd, SOURCE_TAR, SOURCE_TREE, &o->pull, &i.courier, e);
	if (r == 0)
		r = import_run(&i, s, reference, o, &config, a, ret, e);
	if (r == 0)
		event_note(s->root, EVENT_IMAGE, "import", ret->id, "name", reference ? reference : ret->id, NULL);
	return r < 0 ? err_wrap(e, "import '%.200s'", path ? path : "-") : 0;
}
