/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * request: the grammar of the flags of `run` and `create`: text in, rows of struct container_request out. Pure; every door uses it.
 *
 * Each function takes one flag's value, appends to the request with memory of @a, and fails with ERR_INVALID naming the value and what is
 * wrong with it. Strings may be borrowed from the argument. (-p has its grammar in network/publish.h, users and numbers in base/parse.h.)
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/container.h"

/* -v [source:]target[:options]. @cwd makes "./x" absolute. */
int request_volume(struct container_request *q, const char *value, const char *cwd, struct arena *a, struct err *e);

/* --mount type=bind,source=/x,target=/y,readonly … */
int request_mount(struct container_request *q, const char *value, const char *cwd, struct arena *a, struct err *e);

/* --tmpfs /run[:size=64m,mode=1777] */
int request_tmpfs(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --volumes-from NAME[:ro]; what it means is seen when the container is made. */
int request_volumes_from(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --volume-driver: "local". --image-volume: what becomes of the volumes an image asks for. */
int request_volume_driver(const char *value, struct err *e);
int request_image_volume(struct container_request *q, const char *value, struct err *e);

/* --secret NAME[,type=mount|env,target=,uid=,gid=,mode=] */
int request_secret(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* -e NAME=value, -e NAME (the caller's own value; unset there: unset in the container). */
int request_env(struct strs *env, const char *value, struct arena *a, struct err *e);

/* The text of an --env-file: lines of the same form, '#' comments and blank lines skipped. @path for messages. */
int request_env_file(struct strs *env, struct str text, const char *path, struct arena *a, struct err *e);

/* --ulimit name=soft[:hard], the last of a name; or "host": all limits of this process */
int request_ulimit(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --device /dev/x[:/dev/y][:rwm], or vendor.com/class=name */
int request_device(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --gpus all, N, "device=0,1", and fields between commas: count= device= driver= capabilities= */
int request_gpus(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* "rwm" or a part of it. */
bool request_is_access(struct str s);

/* --device-cgroup-rule "c 10:229 rwm" */
int request_device_rule(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --device-read-bps /dev/sda:10mb and its like, --blkio-weight-device /dev/sda:300 */
int request_block(struct container_request *q, enum isolation_block_kind kind, const char *value, struct arena *a, struct err *e);

/* --blkio-weight: 10 to 1000, 0: none */
int request_blkio_weight(struct container_request *q, const char *value, struct err *e);

/* --personality LINUX or LINUX32 */
int request_personality(struct container_request *q, const char *value, struct err *e);

/* --add-host name:ip or name=ip */
int request_host(struct container_request *q, const char *value, struct arena *a, struct err *e);

/*
 * --network: a mode ("host", "none", "container:NAME", "ns:PATH"), names separated by commas, podman's NAME:KEY=VALUE,… or docker's name=NAME,KEY=VALUE,…
 * with alias, ip, ip6, mac (mac-address), interface_name, gw-priority. May be repeated.
 */
int request_network(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --mac-address; --network-alias, several separated by commas. */
int request_mac(struct container_request *q, const char *value, struct err *e);
int request_alias(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* --expose PORT[-LAST][/PROTOCOL] */
int request_expose(struct container_request *q, const char *value, struct arena *a, struct err *e);

/* After the last flag: what --ip, --ip6, --mac-address and --network-alias say goes to the networks they are meant for. */
int request_network_finish(struct container_request *q, struct arena *a, struct err *e);

/* Combinations of network flags that mean nothing. Part of request_check(). */
int request_network_check(const struct container_request *q, struct err *e);

/* --label key[=value], --annotation, --sysctl key=value */
int request_pair(struct pairs *pairs, const char *what, const char *value, bool needs_value, struct arena *a, struct err *e);

/* --memory-swap: a size, or -1 for unlimited. */
int request_memory_swap(const char *value, int64_t *ret, struct err *e);

/* Limits are counted in blocks: of less than one nothing would be left, which is no limit at all. 0: none. */
enum { STORAGE_SIZE_MIN = 4096 };
int request_storage_size_check(int64_t bytes, struct err *e);

/* --storage-opt size=10G; "size=0": no limit, whatever the store's default is. */
int request_storage_opt(struct container_request *q, const char *value, struct err *e);

/* Looks at the whole request: names, combinations, ranges. Called by container_create. */
int request_check(const struct container_request *q, struct err *e);

/* Its part about namespaces, kernel parameters and limits (request_isolation.c). */
int request_check_isolation(const struct container_request *q, struct err *e);

/* True if @name can name a container or volume: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 128. (Docker wants two letters, podman does not.) */
bool request_name_is_valid(const char *name);
