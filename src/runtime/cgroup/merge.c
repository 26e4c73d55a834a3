/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/merge.h"

#include "base/vec.h"
#include "codec/json.h"

/* ---- objects, by their tables ---------------------------------------------------------------------------------------------------------- */

/* Plain values of these documents: their size, and how one tells that they are there. All others are merged by what they consist of. */
enum presence { PRESENT_ALWAYS, PRESENT_POINTER, PRESENT_FLAG };

static const struct {
	size_t size;
	enum presence presence;
} plain[FIELD_KIND_COUNT] = {
	[FIELD_KIND_STR] = { sizeof(const char *), PRESENT_POINTER },       [FIELD_KIND_U32] = { sizeof(uint32_t), PRESENT_ALWAYS },
	[FIELD_KIND_I64] = { sizeof(int64_t), PRESENT_ALWAYS },             [FIELD_KIND_U64] = { sizeof(uint64_t), PRESENT_ALWAYS },
	[FIELD_KIND_OPT_BOOL] = { sizeof(struct opt_bool), PRESENT_FLAG },  [FIELD_KIND_OPT_U32] = { sizeof(struct opt_u32), PRESENT_FLAG },
	[FIELD_KIND_OPT_I64] = { sizeof(struct opt_i64), PRESENT_FLAG },    [FIELD_KIND_OPT_U64] = { sizeof(struct opt_u64), PRESENT_FLAG },
};

static bool is_present(enum presence how, const void *m)
{
	/* The flag is the first member of every struct opt_…. */
	return how == PRESENT_ALWAYS || (how == PRESENT_POINTER ? *(const char *const *)m != NULL : *(const bool *)m);
}

static void merge_object(const struct schema *s, void *to, const void *from, struct arena *a);

/* The words that say what an entry of a list is about. */
static bool is_identity(const struct field *f)
{
	static const char *const words[] = { "major", "minor", "pageSize", "name" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (streq(f->name, words[i]))
			return true;
	return false;
}

static bool same_entry(const struct field *list, const void *x, const void *y)
{
	if (list->kind == FIELD_KIND_DICT)
		return streq(*(const char *const *)x, *(const char *const *)y);
	for (size_t i = 0; i < list->schema->n; i++) {
		const struct field *f = &list->schema->fields[i];
		const void *mx = (const char *)x + f->offset, *my = (const char *)y + f->offset;

		if (!is_identity(f))
			continue;
		if (f->kind == FIELD_KIND_STR ? !streq(*(const char *const *)mx, *(const char *const *)my) :
						memcmp(mx, my, plain[f->kind].size) != 0)
			return false;
	}
	return true;
}

static void merge_list(const struct field *f, void *to, const void *from, struct arena *a)
{
	size_t size = f->schema->size, *n = (size_t *)((char *)to + f->offset_n);
	size_t n_from = *(const size_t *)((const char *)from + f->offset_n);
	char **v = (char **)((char *)to + f->offset), *all = arena_alloc_n(a, *n + n_from, size);
	const char *add = *(const char *const *)((const char *)from + f->offset);

	if (*n)
		memcpy(all, *v, *n * size);
	*v = all;
	for (size_t i = 0; i < n_from; i++, add += size) {
		size_t at = 0;

		while (at < *n && !same_entry(f, all + at * size, add))
			at++;
		if (at < *n) {
			merge_object(f->schema, all + at * size, add, a);
			continue;
		}
		memcpy(all + at * size, add, size);
		++*n;
	}
}

static void merge_pairs(struct pairs *to, const struct pairs *from, struct arena *a)
{
	struct pairs all = { 0 };

	for (size_t i = 0; i < to->n; i++)
		pairs_set(a, &all, to->v[i].key, to->v[i].value);
	for (size_t i = 0; i < from->n; i++)
		pairs_set(a, &all, from->v[i].key, from->v[i].value);
	*to = all;
}

static void merge_pointer(const struct field *f, void **to, const void *from, struct arena *a)
{
	void *copy = arena_alloc(a, f->schema->size);

	if (!from)
		return;
	if (*to)
		memcpy(copy, *to, f->schema->size);
	merge_object(f->schema, copy, from, a);
	*to = copy;
}

static void merge_object(const struct schema *s, void *to, const void *from, struct arena *a)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		void *t = (char *)to + f->offset;
		const void *x = (const char *)from + f->offset;

		if (f->kind == FIELD_KIND_PAIRS)
			merge_pairs(t, x, a);
		else if (f->kind == FIELD_KIND_PTR)
			merge_pointer(f, t, *(const void *const *)x, a);
		else if (f->kind == FIELD_KIND_LIST || f->kind == FIELD_KIND_DICT)
			merge_list(f, to, from, a);
		else if (is_present(plain[f->kind].presence, x))
			memcpy(t, x, plain[f->kind].size);
	}
}

/* ---- what goes together ----------------------------------------------------------------------------------------------------------------- */

static void complete_memory(struct oci_resources *todo, const struct oci_resources *kept, struct arena *a)
{
	const struct oci_memory *old = kept ? kept->memory : NULL;
	struct oci_memory *m;

	if (!todo->memory || !todo->memory->limit.set || todo->memory->swap.set)
		return;
	m = arena_memdup(a, todo->memory, sizeof *todo->memory);
	if (m->limit.v == -1)
		m->swap = (struct opt_i64){ true, -1 };
	else if (old && old->swap.set && m->limit.v != 0)
		m->swap = old->swap;
	todo->memory = m;
}

static void complete_cpu(struct oci_resources *todo, const struct oci_resources *kept, struct arena *a)
{
	const struct oci_cpu *old = kept ? kept->cpu : NULL;
	struct oci_cpu *c;

	if (!todo->cpu || !old || todo->cpu->period.set == todo->cpu->quota.set)
		return;
	c = arena_memdup(a, todo->cpu, sizeof *todo->cpu);
	if (c->period.set)
		c->quota = old->quota;
	else
		c->period = old->period;
	todo->cpu = c;
}

void resources_merge(const struct oci_resources *kept, const struct oci_resources *asked, struct arena *a, struct oci_resources *ret_todo,
		     struct oci_resources *ret_whole)
{
	struct oci_resources todo = *asked, whole = kept ? *kept : (struct oci_resources){ 0 };

	todo.devices = NULL;
	todo.n_devices = 0;
	complete_memory(&todo, kept, a);
	complete_cpu(&todo, kept, a);
	merge_object(&oci_resources_schema, &whole, &todo, a);
	*ret_todo = todo;
	*ret_whole = whole;
}
