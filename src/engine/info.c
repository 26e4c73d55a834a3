/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <stdio.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "engine/internal.h"
#include "engine/program.h"
#include "image/image.h"
#include "image/store/usage.h"

static void fact_number(struct arena *a, struct pairs *to, const char *key, uint64_t n)
{
	pairs_set(a, to, key, arena_printf(a, "%llu", (unsigned long long)n));
}

static int containers_count(struct engine *en, struct arena *a, struct pairs *to, struct err *e)
{
	struct container_list_options all = { .all = true };
	size_t by_status[CONTAINER_STATUS_COUNT] = { 0 }, n;
	struct container_info *v;
	int r = container_list(en, &all, a, &v, &n, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		by_status[v[i].status]++;
	fact_number(a, to, "Containers", n);
	fact_number(a, to, " Running", by_status[CONTAINER_RUNNING]);
	fact_number(a, to, " Paused", by_status[CONTAINER_PAUSED]);
	fact_number(a, to, " Stopped", n - by_status[CONTAINER_RUNNING] - by_status[CONTAINER_PAUSED]);
	return 0;
}

static int images_count(struct engine *en, struct arena *a, struct pairs *to, struct err *e)
{
	struct image_store *s;
	struct image_usage u;
	char size[TEXT_SIZE_SIZE];
	int r = engine_images(en, &s, e);

	if (r == 0)
		r = image_usage(s, NULL, NULL, a, &u, e);
	if (r < 0)
		return r;
	fact_number(a, to, "Images", u.n_images);
	fact_number(a, to, " Layers", u.n_layers);
	text_size(u.blob_bytes, size);
	pairs_set(a, to, " Blobs", arena_strdup(a, size));
	text_size(u.layer_bytes, size);
	pairs_set(a, to, " Unpacked", arena_strdup(a, size));
	return 0;
}

static void host_facts_add(struct engine *en, struct arena *a, struct pairs *to)
{
	struct utsname u;
	char size[TEXT_SIZE_SIZE];
	int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (uname(&u) == 0) {
		pairs_set(a, to, "Kernel Version", arena_strdup(a, u.release));
		pairs_set(a, to, "Architecture", arena_strdup(a, u.machine));
		pairs_set(a, to, "Name", arena_strdup(a, u.nodename));
	}
	fact_number(a, to, "CPUs", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	text_size((uint64_t)(pages * page), size);
	pairs_set(a, to, "Total Memory", arena_strdup(a, size));
	pairs_set(a, to, "Cgroup", cgroup_mode_name(facts_cgroup(&en->facts, &en->arena)->mode));
}

int engine_info(struct engine *en, struct arena *a, struct pairs *ret, struct err *e)
{
	const struct storage_config *storage;
	struct program runtime;
	struct err missing = { 0 };  /* a runtime that is not installed is one of the facts */
	int r = containers_count(en, a, ret, e);

	if (r == 0)
		r = images_count(en, a, ret, e);
	if (r < 0)
		return r;
	pairs_set(a, ret, "Server Version", TARE_VERSION);
	r = engine_storage(en, &storage, e);
	if (r < 0)
		return r;
	pairs_set(a, ret, "Storage Driver", enumtab_name(&snapshot_drivers, (int)storage->driver));
	pairs_set(a, ret, "Logging Driver", "json-file");
	r = program_runtime(en, NULL, a, &runtime, &missing);
	pairs_set(a, ret, "Default Runtime", r == 0 ? runtime.path : arena_strdup(a, missing.msg));
	host_facts_add(en, a, ret);
	pairs_set(a, ret, "Root Dir", en->root);
	pairs_set(a, ret, "Run Dir", en->run);
	return 0;
}
