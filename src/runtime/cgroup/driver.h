/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * driver: what differs between the kinds of cgroup trees once the directories are open: stopping, continuing and killing everybody inside;
 * and between those who own the tree above the container (manager): nobody but us, or systemd.
 *
 * Making, limiting, entering and removing are the same for all, because the plan has already said which directory and which file.
 * Four drivers: v1 (freezer), v2 (cgroup.freeze, cgroup.kill), hybrid (v1's freezer, v2's if v1 has none) and disabled (a null object).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "os/proc.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/plan.h"

/* An open directory of one hierarchy. */
struct cgroup_dir {
	const char *controllers; /* "" is v2 */
	const char *path;        /* absolute */
	unsigned ctls;
	bool v2;
	int fd;                  /* -EBADF: it is gone */
};

struct cgroup {
	struct arena *a;
	const struct cgroup_driver *driver;
	const struct cgroup_manager *manager;
	const struct cgroup_plan *plan; /* only after cgroup_create */
	const char *v2_path;            /* the manager says where the container's v2 directory is; NULL: as planned */
	struct proc holder;             /* keeps systemd's unit alive until cgroup_settle; pid 0: none */
	const char *hold;               /* the holder's own directory, or NULL */
	struct cgroup_dir *dirs;
	size_t n_dirs;
	struct cgroup_record rec;
};

struct cgroup_driver {
	const char *name;
	int (*freeze)(const struct cgroup *c, bool frozen, struct err *e);
	int (*is_frozen)(const struct cgroup *c, struct err *e);
	int (*kill_all)(const struct cgroup *c, int sig, struct err *e);
};

struct cgroup_manager {
	const char *name;
	int (*begin)(struct cgroup *c, struct err *e);  /* before the first directory; what it did stays in c->rec when later steps fail */
	void (*settle)(struct cgroup *c);               /* init is inside, or will never be */
	int (*end)(struct cgroup *c, struct err *e);    /* our directories are gone */
	/* Limits have been written; takes the same rows. */
	int (*change)(struct cgroup *c, const struct cgroup_writes *writes, struct err *e);
};

extern const struct cgroup_manager cgroup_manager_cgroupfs; /* nobody but us: nothing to do */
extern const struct cgroup_manager cgroup_manager_systemd;

extern const struct cgroup_driver cgroup_driver_v1;
extern const struct cgroup_driver cgroup_driver_v2;
extern const struct cgroup_driver cgroup_driver_hybrid;
extern const struct cgroup_driver cgroup_driver_disabled;

/* The driver of that name, or NULL. */
const struct cgroup_driver *cgroup_driver_find(const char *name);

/* The open directory where @ctl lives, or NULL if there is none. */
const struct cgroup_dir *cgroup_dir_of(const struct cgroup *c, enum cgroup_ctl ctl);

/* Signals each process inside that is not in @seen (NULL: none is), and adds them to it. Returns how many. */
int cgroup_signal_each(const struct cgroup *c, int sig, struct cgroup_pids *seen, struct err *e);

/* The controllers of a directory by the word it has in the record. */
unsigned cgroup_ctls_of(const char *controllers);

/* What making the planned directories will add to a record; adding one of them, v1 before v2. */
void cgroup_plan_announce(const struct cgroup_plan *p, struct arena *a, struct cgroup_record *ret);
void cgroup_record_add(struct cgroup_record *rec, const char *controllers, const char *path, struct arena *a);

/*
 * Writes the rows in order. With @before not NULL what files of one value held is noted there, in the arena, so that cgroup_write_back can restore it
 * after a failure or later.
 */
int cgroup_write_all(const struct cgroup *c, const struct cgroup_writes *all, struct cgroup_writes *before, struct err *e);
void cgroup_write_back(const struct cgroup *c, const struct cgroup_writes *before);
