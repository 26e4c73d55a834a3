/* SPDX-License-Identifier: Apache-2.0 */
/* `tare ps` lists containers, newest first: those that run, or all of them with -a. */
#include "cli/commands.h"

#include <stdio.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "network/publish.h"

struct ps_options {
	struct container_list_options list;
	bool quiet, no_trunc, latest;
	const char *format;
};

static const struct opt ps_opts[] = {
	OPT(struct ps_options, list.all, "all", 'a', FLAG, NULL, "Also those that do not run"),
	OPT(struct ps_options, list.last, "last", 'n', INT, "N", "The newest N, whatever their state"),
	OPT(struct ps_options, latest, "latest", 'l', FLAG, NULL, "The newest one, whatever its state"),
	OPT(struct ps_options, list.filters, "filter", 'f', FILTERS, "KEY=VALUE", "Only those: name, id, status, label, ancestor, exited, before, since, …"),
	OPT(struct ps_options, quiet, "quiet", 'q', FLAG, NULL, "Only ids"),
	OPT(struct ps_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids and commands"),
	OPT(struct ps_options, list.size, "size", 's', FLAG, NULL, "Show what each wrote"),
	OPT(struct ps_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT_END,
};

enum { ID, IMAGE, COMMAND, CREATED, STATUS, PORTS, NAMES, CREATED_AT, RUNNING_FOR, STATE, LABELS, SIZE, LOCAL_VOLUMES, MOUNTS, NETWORKS, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	/* clang-format off */
	[ID]          = { "ID",         "CONTAINER ID", true  }, [IMAGE]         = { "Image",        "IMAGE",         true  },
	[COMMAND]     = { "Command",    "COMMAND",      true  }, [CREATED]       = { "Created",      "CREATED",       true  },
	[STATUS]      = { "Status",     "STATUS",       true  }, [PORTS]         = { "Ports",        "PORTS",         true  },
	[NAMES]       = { "Names",      "NAMES",        true  }, [CREATED_AT]    = { "CreatedAt",    "CREATED AT",    false },
	[RUNNING_FOR] = { "RunningFor", "CREATED",      false }, [STATE]         = { "State",        "STATE",         false },
	[LABELS]      = { "Labels",     "LABELS",       false }, [SIZE]          = { "Size",         "SIZE",          false },
	[LOCAL_VOLUMES] = { "LocalVolumes", "LOCAL VOLUMES", false }, [MOUNTS]   = { "Mounts",       "MOUNTS",        false },
	[NETWORKS]    = { "Networks",   "NETWORKS",     false },
	/* clang-format on */
};

static const char *age_of(const char *since, const struct timespec *now, struct arena *a)
{
	char age[TEXT_AGE_SIZE];
	struct timespec t;

	if (!since || text_time_parse(since, &t) < 0)
		return "unknown";
	text_age(now->tv_sec - t.tv_sec, age);
	return arena_strdup(a, age);
}

static const char *health_of(const struct container_info *i)
{
	static const char *const words[HEALTH_STATUS_COUNT] = {
		[HEALTH_STARTING] = " (health: starting)", [HEALTH_HEALTHY] = " (healthy)", [HEALTH_UNHEALTHY] = " (unhealthy)",
	};
	const char *word = i->health ? words[i->health->status] : NULL;

	return word ? word : "";
}

/* "Up 5 minutes", "Exited (0) 2 hours ago", as docker says it. */
static const char *status_of(const struct container_info *i, const struct timespec *now, struct arena *a)
{
	switch (i->status) {
	case CONTAINER_CREATED:
	case CONTAINER_STARTING:
		return "Created";
	case CONTAINER_RUNNING:
		return arena_printf(a, "Up %s%s", age_of(i->started, now, a), health_of(i));
	case CONTAINER_PAUSED:
		return arena_printf(a, "Up %s (Paused)", age_of(i->started, now, a));
	case CONTAINER_EXITED:
		return i->exit ? arena_printf(a, "Exited (%d) %s ago", i->exit->code, age_of(i->exit->finished, now, a)) : "Exited";
	case CONTAINER_REMOVING:
		return "Removal In Progress";
	case CONTAINER_RESTARTING:
		return i->exit ? arena_printf(a, "Restarting (%d) %s ago", i->exit->code, age_of(i->exit->finished, now, a)) : "Restarting";
	case CONTAINER_STATUS_COUNT:
		break;
	}
	return "Dead";
}

static const char *command_of(const struct container *c, bool whole, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	buf_add_str(&b, c->path);
	for (size_t i = 0; i < c->args.n; i++)
		buf_printf(&b, " %s", c->args.v[i]);
	if (!whole && b.n > 20)
		return arena_printf(a, "\"%.19s…\"", buf_text(&b));
	return arena_printf(a, "\"%s\"", buf_text(&b));
}

static const char *ports_of(const struct container_info *i, struct arena *a)
{
	const struct container_address *address = NULL;

	/* At most one of its networks publishes. */
	for (size_t k = 0; i->state && k < i->state->n_addresses; k++) {
		if (!address || i->state->addresses[k].n_ports)
			address = &i->state->addresses[k];
	}
	if (i->status != CONTAINER_RUNNING && i->status != CONTAINER_PAUSED)
		return "";
	return publish_print(address ? address->ports : NULL, address ? address->n_ports : 0, &i->c->exposed, a);
}

static const char *joined_labels(const struct pairs *labels, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < labels->n; i++)
		buf_printf(&b, "%s%s=%s", i ? "," : "", labels->v[i].key, labels->v[i].value);
	return arena_strdup(a, buf_text(&b));
}

/* Names of volumes and sources of bind mounts. */
static const char *joined_mounts(const struct container *c, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].source)
			buf_printf(&b, "%s%s", b.n ? "," : "", c->mounts[i].source);
	return arena_strdup(a, buf_text(&b));
}

/* Those it is in, or shall be when it starts. */
static const char *joined_networks(const struct container_info *i, struct arena *a)
{
	const struct container_request *q = &i->c->request;
	const char *text = NULL;

	for (size_t k = 0; i->state && k < i->state->n_addresses; k++)
		text = text ? arena_printf(a, "%s,%s", text, i->state->addresses[k].network) : i->state->addresses[k].network;
	for (size_t k = 0; !i->state && k < q->n_networks; k++)
		text = text ? arena_printf(a, "%s,%s", text, q->networks[k].name) : q->networks[k].name;
	return text ? text : q->network ? q->network : "bridge";
}

static void fill_row(const char **row, const struct container_info *i, const struct ps_options *o, const struct timespec *now, struct arena *a)
{
	const struct container *c = i->c;
	char size[TEXT_SIZE_SIZE] = "";
	size_t n_volumes = 0;

	for (size_t k = 0; k < c->n_mounts; k++)
		n_volumes += c->mounts[k].kind == CONTAINER_MOUNT_VOLUME;
	if (i->size_rw >= 0)
		text_size((uint64_t)i->size_rw, size);
	row[ID] = o->no_trunc ? c->id : arena_strndup(a, c->id, 12);
	row[IMAGE] = c->request.image;
	row[COMMAND] = command_of(c, o->no_trunc, a);
	row[CREATED] = row[RUNNING_FOR] = arena_printf(a, "%s ago", age_of(c->created, now, a));
	row[STATUS] = status_of(i, now, a);
	row[PORTS] = ports_of(i, a);
	row[NAMES] = c->name;
	row[CREATED_AT] = c->created;
	row[STATE] = enumtab_name(&container_statuses, (int)i->status);
	row[LABELS] = joined_labels(&c->labels, a);
	row[SIZE] = arena_strdup(a, size);
	row[LOCAL_VOLUMES] = arena_printf(a, "%zu", n_volumes);
	row[MOUNTS] = joined_mounts(c, a);
	row[NETWORKS] = joined_networks(i, a);
}

static int ps_run(struct cli *c, const void *options, struct err *e)
{
	const struct ps_options *o = options;
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct container_list_options list = o->list;
	struct table_column shown[N_COLUMNS];
	struct container_info *infos;
	struct timespec now;
	struct engine *en;
	size_t n;
	int r = cli_engine(c, &en, e);

	if (o->latest)
		list.last = 1;
	if (r == 0)
		r = container_list(en, &list, c->a, &infos, &n, e);
	if (r < 0)
		return r;
	memcpy(shown, columns, sizeof shown);
	shown[SIZE].shown = o->list.size;
	t.columns = shown;
	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < n; i++)
		fill_row(table_row(&t), &infos[i], o, &now, c->a);
	r = table_print(&t, o->quiet ? "{{.ID}}" : o->format, &out, e);
	if (r < 0)
		return r;
	fwrite(buf_text(&out), 1, out.n, stdout);
	return 0;
}

const struct command ps_command = {
	.names = { "ps", "container ls", "container ps", "container list" },
	.group = "Containers",
	.summary = "List containers",
	.opts = { ps_opts },
	.options_size = sizeof(struct ps_options),
	.run = ps_run,
};
