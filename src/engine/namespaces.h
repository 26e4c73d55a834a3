/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * namespaces: those a container shares with another: --pid, --ipc, --uts and --cgroupns with "container:NAME", and /dev/shm beside --ipc.
 *
 * A namespace of another container is pinned in the live directory (a bind mount of its file, "ns-ipc") when the container starts: the runtime, and
 * a monitor that restarts it, find that very namespace there, never one of a process that took over the number of one that ended. A container with
 * --ipc shareable has its /dev/shm in its live directory, so that nobody looks it up in a file tree that programs of the container change.
 */
#include "engine/launch_context.h"
#include "os/ns.h"

/*
 * For create: puts full ids in the place of names of containers, and looks whether they may be joined.
 * Errors: ERR_NOT_FOUND; ERR_CONFLICT if the other's IPC namespace is not shareable.
 */
int namespaces_resolve(struct engine *en, struct container_request *q, struct arena *a, struct err *e);

/* The id of the container whose namespace that is, or NULL. Points into the request. */
const char *namespaces_donor(const struct container_isolation *s, enum isolation_ns ns);

/* Where the runtime finds the namespace to join; NULL: it makes one. @live_path is the container's own live directory. */
const char *namespaces_path(const struct container_isolation *s, enum isolation_ns ns, const char *live_path, struct arena *a);

/* The same for the user namespace. */
const char *namespaces_userns(const struct container_userns *u, const char *live_path, struct arena *a);

/* What stands on /dev/shm: a directory to bind, NULL for a file system of its own, "" for nothing at all. */
const char *namespaces_shm(const struct container_isolation *s, const char *live_path, struct arena *a);

/* Steps of a launch (engine/launch.c). */
bool namespaces_are_joined(const void *launch);
int namespaces_pin(void *launch, struct err *e);
void namespaces_unpin(void *launch);

/* The same for the one namespace that --network chooses, which stands at namespaces_pin_path(). */
int namespaces_pin_one(struct launch *l, const char *donor, enum ns_kind kind, struct err *e);
void namespaces_unpin_one(struct launch *l, enum ns_kind kind);
const char *namespaces_pin_path(const char *live_path, enum ns_kind kind, struct arena *a);

bool namespaces_share_shm(const void *launch);
int namespaces_place_shm(void *launch, struct err *e);
void namespaces_drop_shm(void *launch);
