/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image_text.h"

#include <time.h>

#include "base/str.h"
#include "base/text.h"
#include "image/image.h"

enum { ID_SHOWN = 12, TIME_SIZE = 64 };

const char *image_text_id(const char *id, bool whole, struct arena *a)
{
	const char *colon = strchr(id, ':');

	return whole ? id : arena_strndup(a, colon ? colon + 1 : id, ID_SHOWN);
}

const char *image_text_names(const struct image *image, const char *between, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < image->names.n; i++) {
		struct reference ref;
		struct err ignored; /* names in the store parse */

		if (reference_parse(image->names.v[i], a, &ref, &ignored) == 0)
			text = arena_printf(a, "%s%s%s", text, *text ? between : "", reference_familiar(&ref, a));
	}
	return text;
}

const char *image_text_age(const char *created, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t, now;

	if (!created || text_time_parse(created, &t) < 0)
		return "N/A";
	clock_gettime(CLOCK_REALTIME, &now);
	text_age(now.tv_sec - t.tv_sec, age);
	return arena_printf(a, "%s ago", age);
}

const char *image_text_time(const char *created, struct arena *a)
{
	char text[TIME_SIZE];
	struct timespec t;
	struct tm tm;

	if (!created || text_time_parse(created, &t) < 0 || !localtime_r(&t.tv_sec, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &tm))
		return "";
	return arena_strdup(a, text);
}
