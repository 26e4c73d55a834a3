/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prune.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "image/image.h"

/* A time, seconds since 1970, or how long ago. */
static int until_parse(const char *value, int64_t *ret, struct err *e)
{
	struct timespec t, now;
	int64_t number;

	clock_gettime(CLOCK_REALTIME, &now);
	if (parse_i64(value, &number) == 0)
		*ret = number;
	else if (parse_duration(value, &number) == 0)
		*ret = now.tv_sec - number / 1000000000;
	else if (text_time_parse(value, &t) == 0)
		*ret = t.tv_sec;
	else
		return err_set(e, ERR_INVALID, "invalid filter 'until=%s': it takes a duration (24h), a time (RFC 3339) or seconds since 1970", value);
	return *ret > 0 ? 0 : err_set(e, ERR_INVALID, "invalid filter 'until=%s': before 1970", value);
}

static void label_add(struct pairs *list, const char *text, struct arena *a)
{
	const char *equals = strchr(text, '=');

	pairs_set(a, list, equals ? arena_strndup(a, text, (size_t)(equals - text)) : text, equals ? equals + 1 : NULL);
}

int prune_filter_parse(const struct strs *filters, struct arena *a, struct prune_filter *ret, struct err *e)
{
	*ret = (struct prune_filter){ 0 };
	for (size_t i = 0; i < filters->n; i++) {
		const char *text = filters->v[i], *value;
		int r = 0;

		if ((value = str_after(text, "until=")))
			r = until_parse(value, &ret->until, e);
		else if ((value = str_after(text, "label!=")))
			label_add(&ret->not_labels, value, a);
		else if ((value = str_after(text, "label=")))
			label_add(&ret->labels, value, a);
		else
			r = err_set(e, ERR_INVALID, "invalid filter '%s': until=, label= and label!= are known", text);
		if (r < 0)
			return r;
	}
	return 0;
}

void prune_print(void *arg, const char *name)
{
	struct prune_list *list = arg;

	if (list->n++ == 0)
		puts(list->heading);
	puts(name);
}

void prune_list_end(const struct prune_list *list)
{
	if (list->n > 0)
		putchar('\n');
}

bool prune_agreed(const char *what)
{
	char answer[16];

	fprintf(stderr, "WARNING! This will remove:\n%s\nAre you sure you want to continue? [y/N] ", what);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

void prune_total(uint64_t bytes)
{
	char size[TEXT_SIZE_SIZE];

	text_size_long(bytes, size);
	printf("Total reclaimed space: %s\n", size);
}

void prune_images_print(const struct image_removal *removal)
{
	if (removal->untagged.n + removal->deleted.n == 0)
		return;
	puts("Deleted Images:");
	for (size_t i = 0; i < removal->untagged.n; i++)
		printf("untagged: %s\n", removal->untagged.v[i]);
	for (size_t i = 0; i < removal->deleted.n; i++)
		printf("deleted: %s\n", removal->deleted.v[i]);
	putchar('\n');
}
