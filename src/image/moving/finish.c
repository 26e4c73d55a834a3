/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/finish.h"

#include <time.h>

#include "base/text.h"

int finish_record(const struct image_store *s, const struct oci_image_config *config, struct image_record *record, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct strs *diff_ids = &config->rootfs.diff_ids;
	char now[TEXT_TIME_SIZE];
	struct timespec t;
	int r;

	if (!record->packed)
		record->size = 0;
	record->first_layer = 0;
	for (size_t i = 0; i < diff_ids->n && !record->packed; i++) {
		struct layer_record layer;

		r = content_layer_record(s, diff_ids->v[i], &a, &layer, e);
		if (r < 0)
			return r;
		record->size += layer.bytes;
		if (layer.opaque)
			record->first_layer = (uint32_t)i;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	text_time(t, now);
	record->created = now;
	record->image_created = config->created;
	r = dir_sync_fs(s->root_fd);
	if (r < 0)
		return err_sys(e, r, "sync '%s'", s->root);
	r = content_record_place(s, record, e);
	record->created = NULL;
	return r;
}
