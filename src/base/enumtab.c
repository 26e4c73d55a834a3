/* SPDX-License-Identifier: Apache-2.0 */
#include "base/enumtab.h"

#include <errno.h>
#include <string.h>

const char *enumtab_name(const struct enumtab *t, int value)
{
	return value >= 0 && (size_t)value < t->n ? t->words[value] : NULL;
}

int enumtab_find(const struct enumtab *t, const char *word)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->words[i], word) == 0)
			return (int)i;
	return -EINVAL;
}

bool enumtab_check(const struct enumtab *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!t->words[i] || !t->words[i][0])
			return false;
		if (enumtab_find(t, t->words[i]) != (int)i)
			return false;
	}
	return true;
}

const struct numtab *numtab_find(const struct numtab *t, const char *word)
{
	for (; t->word; t++)
		if (strcmp(t->word, word) == 0)
			return t;
	return NULL;
}

const char *numtab_name(const struct numtab *t, uint64_t value)
{
	for (; t->word; t++)
		if (t->value == value)
			return t->word;
	return NULL;
}
