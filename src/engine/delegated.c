/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/delegated.h"

#include <stdlib.h>
#include <sys/stat.h>


/* The same places that tare-runtime looks at. */
static bool has_bus(struct arena *a)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	struct stat st;

	if (address && *address)
		return true;
	return dir && stat(arena_printf(a, "%s/bus", dir), &st) == 0 && S_ISSOCK(st.st_mode);
}

bool delegated_by_systemd(struct engine *en, struct arena *a)
{
	return !facts_initial_userns(&en->facts) && facts_cgroup(&en->facts, &en->arena)->mode == CGROUP_V2 && has_bus(a);
}

static const char *first_limit(const struct container_request *q)
{
	const struct {
		bool asked;
		const char *flag;
	} limits[] = {
		{ q->memory != 0, "memory" }, { q->memory_swap != 0, "memory-swap" }, { q->memory_reservation != 0, "memory-reservation" },
		{ q->nano_cpus != 0, "cpus" }, { q->cpu_shares != 0, "cpu-shares" }, { q->cpu_quota != 0, "cpu-quota" }, { q->cpu_period != 0, "cpu-period" },
		{ q->cpuset_cpus != NULL, "cpuset-cpus" }, { q->cpuset_mems != NULL, "cpuset-mems" }, { q->pids_limit > 0, "pids-limit" },
		{ q->oom_kill_disable, "oom-kill-disable" }, { q->isolation.blkio_weight != 0, "blkio-weight" },
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		if (limits[i].asked)
			return limits[i].flag;
	}
	return NULL;
}

int delegated_check(struct engine *en, const struct container_request *q, struct arena *a, struct err *e)
{
	const char *flag = first_limit(q);

	if (!flag || facts_initial_userns(&en->facts))
		return 0;
	if (facts_cgroup(&en->facts, &en->arena)->mode != CGROUP_V2)
		return err_set(e, ERR_UNSUPPORTED, "--%s: an ordinary user has limits on cgroup v2 only, and this host has the old hierarchies (systemd.unified_cgroup_hierarchy=1)", flag);
	if (!has_bus(a))
		return err_set(e, ERR_UNSUPPORTED, "--%s: limits need a cgroup that a systemd user session hands on, and there is none ($XDG_RUNTIME_DIR/bus): log in, or let root run "
			"loginctl enable-linger", flag);
	return 0;
}
