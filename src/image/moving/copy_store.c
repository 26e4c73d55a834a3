/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/copy_store.h"

#include <errno.h>
#include <string.h>

#include "image/moving/load.h"
#include "image/moving/pull.h"
#include "image/store/content.h"
#include "image/store/remove.h"

/* A name that the image got on its way and did not have before goes again. */
static int name_drop(struct image_store *s, const char *name, const char *keep, struct arena *a, struct err *e)
{
	struct image_removal ignored;

	return strcmp(name, keep) == 0 ? 0 : image_remove(s, name, 0, NULL, NULL, a, &ignored, e);
}

static int from_registry(struct image_store *s, const struct transport *from, const char *as, const struct pull_options *o, struct arena *a,
	struct image *ret, struct err *e)
{
	const char *name = reference_print(&from->name, a);
	struct image before;
	struct err ignored; /* not here: then the name goes again */
	bool was_here = image_find(s, name, a, &before, &ignored) == 0, changed;
	int r = image_pull(s, name, o, a, ret, &changed, e);

	if (r == 0)
		r = image_tag(s, name, as, e);
	return r < 0 || was_here ? r : name_drop(s, name, as, a, e);
}

static int from_files(struct image_store *s, const struct transport *from, const char *as, const struct pull_options *o, struct arena *a,
	struct image *ret, struct err *e)
{
	struct image_record record;
	int pin, r = load_one(s, from, o, a, ret, e);

	if (r == 0)
		r = image_pin(s, ret->id, &pin, e);
	if (r < 0)
		return r;
	/* Not by its id: another name may stand for the same image by another manifest. */
	r = content_record_read(s, content_record_name(&(struct image_record){ .id = ret->id }, a), a, &record, e);
	if (r == 0) {
		record.reference = as;
		r = content_record_place(s, &record, e);
	}
	content_unlock(s, CONTENT_LOCK_IMAGE, ret->id, pin);
	return r;
}

int copy_into_store(struct image_store *s, const struct transport *from, const struct transport *to, const struct pull_options *o, struct arena *a,
	const char **ret_digest, struct err *e)
{
	struct image image;
	const char *as;
	int r = 0;

	if (!to->name.host || to->name.digest)
		return err_set(e, ERR_INVALID, "'%.200s': not a name to give an image", to->text);
	as = reference_print(&to->name, a);
	if (from->kind == TRANSPORT_REGISTRY)
		r = from_registry(s, from, as, o, a, &image, e);
	else if (from->kind != TRANSPORT_STORE)
		r = from_files(s, from, as, o, a, &image, e);
	else if ((r = image_find(s, from->id, a, &image, e)) == 0)
		r = image_tag(s, from->id, as, e);
	if (r == 0)
		*ret_digest = image.manifest;
	return r;
}
