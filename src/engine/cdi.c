/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cdi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "os/file.h"

const char *const cdi_directories[2] = { "/etc/cdi", "/var/run/cdi" };

/* ---- reading ---------------------------------------------------------------------------------------------------------------------------------- */

struct entries VEC(struct cdi_entry);

struct reader {
	struct arena *a;
	struct cdi_registry *reg;
	struct entries entries;
	size_t directory;
	struct strs files;
};

static int file_note(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct reader *r = arg;

	if (name[0] != '.' && (str_ends(name, ".json") || str_ends(name, ".yaml")))
		strs_push(r->a, &r->files, arena_strdup(r->a, name));
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void device_note(struct reader *r, const struct cdi_spec *spec, const struct cdi_device *device, const char *path)
{
	const char *name = arena_printf(r->a, "%s=%s", spec->kind, device->name);

	for (size_t i = 0; i < r->entries.n; i++) {
		struct cdi_entry *old = &r->entries.v[i];

		if (!streq(old->name, name))
			continue;
		if (old->directory == r->directory)
			old->rival = path;
		else
			*old = (struct cdi_entry){ name, spec, device, r->directory, path, NULL };
		return;
	}
	*vec_push(r->a, &r->entries) = (struct cdi_entry){ name, spec, device, r->directory, path, NULL };
}

static int file_decode(struct reader *r, int dir, const char *name, struct cdi_spec *ret, struct err *e)
{
	char *text;
	size_t n;
	int status = file_read(dir, name, LIMIT_MANIFEST, r->a, &text, &n);

	if (status < 0)
		return err_sys(e, status, "read");
	return cdi_spec_decode((struct str){ text, n }, str_ends(name, ".yaml"), r->a, ret, e);
}

static void file_take(struct reader *r, int dir, const char *name)
{
	const char *path = arena_printf(r->a, "%s/%s", cdi_directories[r->directory], name);
	struct cdi_spec *spec = arena_new(r->a, struct cdi_spec);
	struct err e = { 0 };

	if (file_decode(r, dir, name, spec, &e) < 0) {
		strs_push(r->a, &r->reg->errors, arena_printf(r->a, "'%s': %s", path, e.msg));
		return;
	}
	for (size_t i = 0; i < spec->n_devices; i++)
		device_note(r, spec, &spec->devices[i], path);
}

void cdi_load(struct arena *a, struct cdi_registry *ret)
{
	struct reader r = { .a = a, .reg = ret };

	*ret = (struct cdi_registry){ 0 };
	for (; r.directory < ARRAY_LEN(cdi_directories); r.directory++) {
		scoped_fd int dir = dir_open(AT_FDCWD, cdi_directories[r.directory]);

		r.files = (struct strs){ 0 };
		if (dir < 0 || dir_each(dir, file_note, &r) < 0)
			continue;
		qsort(r.files.v, r.files.n, sizeof *r.files.v, by_name);
		for (size_t i = 0; i < r.files.n; i++)
			file_take(&r, dir, r.files.v[i]);
	}
	ret->entries = r.entries.v;
	ret->n_entries = r.entries.n;
}

/* ---- choosing --------------------------------------------------------------------------------------------------------------------------------- */

static const struct cdi_entry *entry_find(const struct cdi_registry *reg, const char *name)
{
	for (size_t i = 0; i < reg->n_entries; i++) {
		if (streq(reg->entries[i].name, name))
			return &reg->entries[i];
	}
	return NULL;
}

/* The kind that --gpus means: of the vendor that is named, else NVIDIA's if there is one, else the first whose class is gpu. */
static const char *gpu_kind(const struct cdi_registry *reg, const char *vendor, struct arena *a)
{
	const char *first = NULL;

	for (size_t i = 0; i < reg->n_entries; i++) {
		const char *kind = reg->entries[i].spec->kind;

		if (!str_ends(kind, "/gpu") || (vendor && !str_after(kind, vendor)))
			continue;
		if (!first || str_after(kind, "nvidia.com/"))
			first = kind;
	}
	return first;
}

static int gpu_each(const char *kind, struct str ids, struct arena *a, struct strs *ret)
{
	while (ids.p) {
		struct str id = str_cut(ids, ',', &ids);

		strs_push(a, ret, arena_printf(a, "%s=" STR_FMT, kind, STR_ARG(id)));
	}
	return 0;
}

/* The first @count that have a number for a name; -1: the device "all". */
static int gpu_count(const char *kind, int64_t count, struct arena *a, struct strs *ret)
{
	if (count < 0)
		strs_push(a, ret, arena_printf(a, "%s=all", kind));
	for (int64_t i = 0; i < count; i++)
		strs_push(a, ret, arena_printf(a, "%s=%lld", kind, (long long)i));
	return 0;
}

int cdi_names(const struct cdi_registry *reg, const struct container_isolation *s, struct arena *a, struct strs *ret, struct err *e)
{
	*ret = (struct strs){ 0 };
	for (size_t i = 0; i < s->cdi.n; i++)
		strs_push(a, ret, s->cdi.v[i]);
	for (size_t i = 0; i < s->n_gpus; i++) {
		const struct isolation_gpus *g = &s->gpus[i];
		const char *kind = gpu_kind(reg, g->driver, a);

		if (!kind)
			return err_set(e, ERR_NOT_FOUND, "--gpus: no GPU is described in %s or %s%s%s; `nvidia-ctk cdi generate` writes such a file for NVIDIA's",
				       cdi_directories[0], cdi_directories[1], reg->errors.n ? "; not read: " : "", reg->errors.n ? reg->errors.v[0] : "");
		if (g->devices)
			gpu_each(kind, str_of(g->devices), a, ret);
		else
			gpu_count(kind, g->count, a, ret);
	}
	return 0;
}

static int missing_say(const struct cdi_registry *reg, const struct strs *names, struct err *e)
{
	scoped_buf struct buf missing = BUF(LIMIT_LOG_RECORD);

	for (size_t i = 0; i < names->n; i++) {
		if (!entry_find(reg, names->v[i]))
			buf_printf(&missing, "%s%s", missing.n ? ", " : "", names->v[i]);
	}
	if (!missing.n)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "no CDI device %s in %s or %s%s%s", buf_text(&missing), cdi_directories[0], cdi_directories[1],
		       reg->errors.n ? "; not read: " : "", reg->errors.n ? reg->errors.v[0] : "");
}

#define list_append(a, to, from, list)                                                                          \
	do {                                                                                                    \
		__typeof__((to)->list) _v = arena_alloc_n((a), (to)->n_##list + (from)->n_##list, sizeof *_v);  \
		if ((to)->n_##list)                                                                             \
			memcpy(_v, (to)->list, (to)->n_##list * sizeof *_v);                                    \
		if ((from)->n_##list)                                                                           \
			memcpy(_v + (to)->n_##list, (from)->list, (from)->n_##list * sizeof *_v);               \
		(to)->list = _v;                                                                                \
		(to)->n_##list += (from)->n_##list;                                                             \
	} while (0)

static void edits_add(struct cdi_edits *to, const struct cdi_edits *from, struct arena *a)
{
	struct u32s gids = { arena_array(a, uint32_t, to->gids.n + from->gids.n), 0 };

	for (size_t i = 0; i < from->env.n; i++)
		strs_push(a, &to->env, from->env.v[i]);
	list_append(a, to, from, nodes);
	list_append(a, to, from, mounts);
	list_append(a, to, from, hooks);
	list_append(a, to, from, net_devices);
	for (size_t i = 0; i < to->gids.n; i++)
		gids.v[gids.n++] = to->gids.v[i];
	for (size_t i = 0; i < from->gids.n; i++)
		gids.v[gids.n++] = from->gids.v[i];
	to->gids = gids;
	if (from->rdt)
		to->rdt = from->rdt;
}

/* An earlier name of @names is of the same file. */
static bool spec_is_used(const struct cdi_registry *reg, const struct strs *names, size_t before, const struct cdi_spec *spec)
{
	for (size_t i = 0; i < before; i++) {
		if (entry_find(reg, names->v[i])->spec == spec)
			return true;
	}
	return false;
}

int cdi_resolve(const struct cdi_registry *reg, const struct strs *names, struct arena *a, struct cdi_edits *ret, struct err *e)
{
	struct strs once = { 0 };
	int r = missing_say(reg, names, e);

	*ret = (struct cdi_edits){ 0 };
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		if (!strs_has(&once, names->v[i]))
			strs_push(a, &once, names->v[i]);
	}
	for (size_t i = 0; r == 0 && i < once.n; i++) {
		const struct cdi_entry *x = entry_find(reg, once.v[i]);

		if (x->rival)
			return err_set(e, ERR_CONFLICT, "CDI device %s stands in '%s' and in '%s': which one is meant?", x->name, x->path, x->rival);
		if (!spec_is_used(reg, &once, i, x->spec))
			edits_add(ret, &x->spec->edits, a);
		edits_add(ret, &x->device->edits, a);
	}
	return r;
}

int cdi_edits_of(const struct container_isolation *s, struct arena *a, struct cdi_edits *ret, bool *ret_any, struct err *e)
{
	struct cdi_registry reg;
	struct strs names;
	int r;

	*ret = (struct cdi_edits){ 0 };
	*ret_any = s->cdi.n || s->n_gpus;
	if (!*ret_any)
		return 0;
	cdi_load(a, &reg);
	r = cdi_names(&reg, s, a, &names, e);
	return r < 0 ? r : cdi_resolve(&reg, &names, a, ret, e);
}
