/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/resolve.h"

#include <string.h>

#include "base/vec.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
enum { SHORT_ID = 12, STOP_TIMEOUT = 10 };

/* ---- program ---------------------------------------------------------------------------------------------------------------------------- */

static void append(struct strs *to, const struct strs *from, struct arena *a)
{
	for (size_t i = 0; i < from->n; i++)
		strs_push(a, to, from->v[i]);
}

static int resolve_program(const struct container_request *q, const struct oci_run_config *img, struct arena *a, struct container *ret,
		struct err *e)
{
	struct strs words = { 0 };

	append(&words, q->has_entrypoint ? &q->entrypoint : &img->entrypoint, a);
	if (q->args.n)
		append(&words, &q->args, a);
	else if (!q->has_entrypoint)
		append(&words, &img->cmd, a);
	if (words.n == 0)
		return err_set(e, ERR_INVALID, "no command specified: the image has none and none was given");
	if (!words.v[0][0])
		return err_set(e, ERR_INVALID, "the command is an empty word");
	ret->path = words.v[0];
	ret->args = (struct strs){ words.v + 1, words.n - 1 };
	return 0;
}

/* ---- environment -------------------------------------------------------------------------------------------------------------------------- */

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

/* Sets NAME=value in its old place or at the end; a bare NAME takes it away. */
void resolve_env_set(struct strs *env, const char *variable, struct arena *a)
{
	size_t n = name_length(variable);

	for (size_t i = 0; i < env->n; i++) {
		if (name_length(env->v[i]) != n || strncmp(env->v[i], variable, n) != 0)
			continue;
		if (variable[n] == '=') {
			env->v[i] = variable;
		} else {
			memmove(env->v + i, env->v + i + 1, (env->n - i - 1) * sizeof *env->v);
			env->n--;
		}
		return;
	}
	if (variable[n] == '=')
		strs_push(a, env, variable);
}

static struct strs resolve_env(const struct container_request *q, const struct oci_run_config *img, const char *hostname, struct arena *a)
{
	struct strs env = { 0 };

	resolve_env_set(&env, DEFAULT_PATH, a);
	resolve_env_set(&env, arena_printf(a, "HOSTNAME=%s", hostname), a);
	if (q->tty)
		resolve_env_set(&env, "TERM=xterm", a);
	for (size_t i = 0; i < img->env.n; i++)
		resolve_env_set(&env, img->env.v[i], a);
	for (size_t i = 0; i < q->env.n; i++)
		resolve_env_set(&env, q->env.v[i], a);
	return env;
}

/* ---- mounts -------------------------------------------------------------------------------------------------------------------------------- */

static bool is_covered(const struct container_request *q, const char *target)
{
	for (size_t i = 0; i < q->n_mounts; i++) {
		if (streq(q->mounts[i].target, target))
			return true;
	}
	return false;
}

static void resolve_mounts(const struct container_request *q, const struct oci_run_config *img, struct arena *a, struct container *ret)
{
	ret->mounts = arena_array(a, struct container_mount, q->n_mounts + img->volumes.n);
	for (size_t i = 0; i < q->n_mounts; i++)
		ret->mounts[ret->n_mounts++] = q->mounts[i];
	for (size_t i = 0; i < img->volumes.n && !streq(q->image_volume, "ignore"); i++) {
		const char *target = img->volumes.v[i];

		if (target[0] != '/' || strspn(target, "/.") == strlen(target) || is_covered(q, target))
			continue;
		ret->mounts[ret->n_mounts++] = streq(q->image_volume, "tmpfs") ?
			(struct container_mount){ .kind = CONTAINER_MOUNT_TMPFS, .target = target } :
			(struct container_mount){ .kind = CONTAINER_MOUNT_VOLUME, .target = target, .anonymous = true };
	}
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------------ */

static struct strs resolve_exposed(const struct container_request *q, const struct oci_run_config *img, struct arena *a)
{
	struct strs exposed = { 0 };

	for (size_t i = 0; i < img->exposed_ports.n; i++) {
		const char *port = img->exposed_ports.v[i];

		strs_push(a, &exposed, strchr(port, '/') ? port : arena_printf(a, "%s/tcp", port));
	}
	for (size_t i = 0; i < q->exposed.n; i++) {
		if (!strs_has(&exposed, q->exposed.v[i]))
			strs_push(a, &exposed, q->exposed.v[i]);
	}
	for (size_t i = 0; i < q->n_ports; i++) {
		const char *port = arena_printf(a, "%u/%s", q->ports[i].port, q->ports[i].protocol);

		if (!strs_has(&exposed, port))
			strs_push(a, &exposed, port);
	}
	return exposed;
}

static const char *first_set(const char *a, const char *b, const char *c)
{
	return a && a[0] ? a : b && b[0] ? b : c;
}

static void resolve_labels(const struct container_request *q, const struct oci_run_config *img, struct arena *a, struct container *ret)
{
	for (size_t i = 0; i < img->labels.n; i++)
		pairs_set(a, &ret->labels, img->labels.v[i].key, img->labels.v[i].value);
	for (size_t i = 0; i < q->labels.n; i++)
		pairs_set(a, &ret->labels, q->labels.v[i].key, q->labels.v[i].value);
}

/* ---- systemd --------------------------------------------------------------------------------------------------------------------------------- */

/* podman's rule: a program that is called so, or stands where distributions link it from. */
static bool is_systemd(const char *program)
{
	static const char *const places[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (streq(program, places[i]))
			return true;
	}
	return streq(slash ? slash + 1 : program, "systemd");
}

/* A systemd is told that it is in a container and which one; its mounts are made at start (config_mounts.c). */
static void resolve_systemd(struct arena *a, struct container *ret)
{
	struct container_isolation *s = &ret->request.isolation;
	bool yes = streq(s->systemd, "always") || (!streq(s->systemd, "false") && is_systemd(ret->path));

	s->systemd = yes ? "always" : NULL;
	if (!yes)
		return;
	resolve_env_set(&ret->env, "container=oci", a);
	resolve_env_set(&ret->env, arena_printf(a, "container_uuid=%.32s", ret->id), a);
	if (!ret->request.stop_signal)
		ret->stop_signal = "SIGRTMIN+3";
}

int resolve_container(const struct container_request *q, const struct image *img, struct arena *a, struct container *ret, struct err *e)
{
	const struct oci_run_config *c = &img->config.config;
	int r;

	ret->version = CONTAINER_VERSION;
	ret->request = *q;
	ret->image = (struct container_image){ .reference = q->image, .id = img->id, .manifest = img->manifest, .layers = img->diff_ids };
	r = resolve_program(q, c, a, ret, e);
	if (r < 0)
		return r;
	ret->hostname = first_set(q->hostname, NULL, arena_strndup(a, ret->id, SHORT_ID));
	ret->env = resolve_env(q, c, ret->hostname, a);
	ret->workdir = first_set(q->workdir, c->working_dir, "/");
	if (ret->workdir[0] != '/')
		ret->workdir = arena_printf(a, "/%s", ret->workdir);
	ret->user = first_set(q->user, c->user, "");
	ret->stop_signal = first_set(q->stop_signal, c->stop_signal, "SIGTERM");
	resolve_systemd(a, ret);
	ret->stop_timeout = q->stop_timeout.set ? (int32_t)q->stop_timeout.v : STOP_TIMEOUT;
	resolve_labels(q, c, a, ret);
	resolve_mounts(q, c, a, ret);
	ret->health = health_resolve(&q->supervision.health, c->healthcheck, a);
	if (!ret->health && (q->supervision.health.on_failure != HEALTH_ACTION_NONE || q->supervision.health.startup.test.n))
		return err_set(e, ERR_INVALID, "there is no health check that --health-on-failure or a startup check could belong to");
	ret->exposed = resolve_exposed(q, c, a);
	return 0;
}
