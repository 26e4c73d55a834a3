/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * config: the OCI runtime configuration (config.json) of one run of a container.
 *
 * Made anew for every start, when the root file system is mounted, because users are looked up in it and addresses change. Everything comes from
 * container.json (the image's part of it is data: names of users, words to run, paths to mount volumes on) and from spec/defaults.h.
 */
#include "base/arena.h"
#include "base/err.h"
#include "engine/security_opts.h"
#include "os/facts.h"
#include "os/user.h"
#include "spec/container.h"
#include "spec/oci_runtime.h"

struct cdi_edits;

struct config_input {
	const struct container *c;
	const char *rootfs;              /* absolute path of the mount point */
	const char *live_path;           /* directory with hosts, resolv.conf, hostname */
	const char *volumes;             /* <root>/volumes */
	struct strs secret_env;          /* NAME=value of secrets that are variables */
	const char *init;                /* tare-init on the host, if asked for */
	struct user user;                /* of the program, as the image's files say */
	gid_t *extra_groups;             /* --group-add */
	size_t n_extra_groups;
	bool own_network;                /* a network namespace of its own */
	const char *network_path;        /* or this one; NULL: the host's */
	const char *names_path;          /* the directory with hosts, resolv.conf, hostname, if it is not live_path */
	bool by_systemd;                 /* its cgroup is a scope of the user's systemd */
	const char *userns;              /* the user namespace of another container to join, or NULL */
	bool no_ipv6;                    /* … that shall give its links no IPv6 address */
	const struct oci_box *console;   /* size of the terminal that will be attached; NULL: unknown */
	const struct security_opts *security; /* of --security-opt; set by config_build */
	const struct cdi_edits *cdi;     /* of --device vendor.com/class=name and --gpus; NULL: none; set by config_build */
	const char *apparmor;            /* the profile of those who ask for none; NULL: none */
	struct host_facts *facts;
};

/* Builds the configuration in @a. Errors: ERR_INVALID, ERR_UNSUPPORTED, and those of reading a profile or a device. */
int config_build(const struct config_input *in, struct arena *a, struct oci_config **ret, struct err *e);

/* The limits of a request as a resources object. Errors: ERR_INVALID for a device that is none. */
int config_limits(const struct container_request *q, struct arena *a, struct oci_resources **ret, struct err *e);

/* Its parts (config_resources.c, config_mounts.c, config_security.c, config_devices.c). */
int config_resources(const struct config_input *in, struct arena *a, struct oci_linux *l, struct err *e);
int config_mounts(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e);
int config_security(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e);
int config_devices(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e);

/* True for a mount whose source the launch puts into the live directory first (launch_mounts.c), and where: the @i-th of the container. */
bool config_mount_is_placed(const struct container_mount *m);
const char *config_mount_place(const char *live_path, size_t i, struct arena *a);

/* The file of the @i-th secret. */
const char *config_secret_place(const char *live_path, size_t i, struct arena *a);

/* Has the profile refuse what would take files out of the container's size limit (config_project.c). */
void config_keep_project(struct oci_seccomp *s, struct arena *a);

/* What `exec` shares: the supplementary groups of a user, and the capabilities of one who is root (@root) or not, as far as this host has them. */
struct u32s config_groups(const struct user *u, const gid_t *extra, size_t n_extra, struct arena *a);
int config_capabilities(const struct container_request *q, bool privileged, bool root, struct arena *a, struct oci_capabilities **ret, struct err *e);

/* For config_devices.c and cdi_apply.c: a node in /dev, in place of another on that path; a rule of what may be used. */
void config_device_add(struct oci_linux *l, const struct oci_device *d, struct arena *a);
void config_device_bind(struct oci_config *c, const char *host, const char *target, struct arena *a); /* the host's own node, where none can be made */
void config_device_allow(struct oci_resources *r, const struct oci_device_rule *rule, struct arena *a);
