/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/cap.h"
#include "os/file.h"
#include "spec/defaults.h"

static int profile_read(const char *path, const struct seccomp_facts *f, struct arena *a, struct oci_seccomp **ret, struct err *e)
{
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_DOCUMENT, a, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read seccomp profile '%s'", path);
	r = seccomp_profile_decode((struct str){ text, n }, f, a, ret, e);
	return r < 0 ? err_wrap(e, "seccomp profile '%s'", path) : 0;
}

static int config_seccomp(const struct config_input *in, const struct security_opts *s, struct arena *a, struct oci_config *c, struct err *e)
{
	uint32_t kernel = facts_kernel(in->facts);
	struct seccomp_facts f = {
		.caps = &c->process->capabilities->bounding,
		.arch = seccomp_native_arch(),
		.kernel_major = kernel >> 16,
		.kernel_minor = kernel >> 8 & 0xff,
	};
	int r = 0;

	if (streq(s->seccomp, "unconfined") || (in->c->request.privileged && !s->seccomp) || !facts_seccomp(in->facts))
		return 0;
	if (!s->seccomp)
		defaults_seccomp(&f, a, &c->linux->seccomp);
	else
		r = profile_read(s->seccomp, &f, a, &c->linux->seccomp, e);
	if (r == 0 && in->c->request.storage_size > 0)
		config_keep_project(c->linux->seccomp, a);
	return r;
}

/* "All" means all that this host has to give: root of a virtual machine may itself lack some. */
static void caps_limit(struct strs *list, uint64_t available)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		int cap = cap_find(list->v[i]);

		if (cap >= 0 && (available >> cap & 1))
			list->v[n++] = list->v[i];
	}
	list->n = n;
}

static bool asks_for_all(const struct container_request *q)
{
	for (size_t i = 0; i < q->cap_add.n; i++) {
		if (strcasecmp(q->cap_add.v[i], "ALL") == 0)
			return true;
	}
	return false;
}

int config_capabilities(const struct container_request *q, bool privileged, bool root, struct arena *a, struct oci_capabilities **ret, struct err *e)
{
	struct cap_sets own;
	int r = defaults_capabilities(&q->cap_add, &q->cap_drop, privileged, root, a, ret, e);

	if (r < 0 || !(privileged || asks_for_all(q)) || cap_get(&own) < 0)
		return r;
	caps_limit(&(*ret)->bounding, own.bounding);
	if ((*ret)->effective.n)
		(*ret)->effective = (*ret)->permitted = (*ret)->bounding;
	return 0;
}

/* The readings of a processor's heat tell what others compute (docker's list; one directory for each processor that has them). */
static void mask_thermal(struct arena *a, struct strs *ret)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (access("/sys/devices/system/cpu/cpu0/thermal_throttle", F_OK) < 0)
		return;
	for (long i = 0; i < n; i++)
		strs_push(a, ret, arena_printf(a, "/sys/devices/system/cpu/cpu%ld/thermal_throttle", i));
}

static void config_paths(const struct config_input *in, const struct security_opts *s, struct arena *a, struct oci_linux *l)
{
	struct strs hidden = { 0 }, usual = defaults_masked_paths();

	if (in->c->request.privileged) {
		l->masked_paths = s->mask;
		return;
	}
	for (size_t i = 0; i < usual.n; i++)
		strs_push(a, &hidden, usual.v[i]);
	mask_thermal(a, &hidden);
	l->masked_paths = security_opts_paths(s, hidden, false, a);
	l->readonly_paths = security_opts_paths(s, defaults_readonly_paths(), true, a);
}

static int config_apparmor(const struct config_input *in, const struct security_opts *s, struct oci_process *p, struct err *e)
{
	if (s->apparmor && !streq(s->apparmor, "unconfined")) {
		if (!facts_apparmor(in->facts))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: AppArmor profile '%s': AppArmor is not on here", s->apparmor);
		p->apparmor_profile = s->apparmor;
	} else if (!s->apparmor && !in->c->request.privileged) {
		p->apparmor_profile = in->apparmor;
	}
	return 0;
}

int config_security(const struct config_input *in, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct security_opts *s = in->security;
	int r = config_capabilities(&in->c->request, in->c->request.privileged, in->user.uid == 0, a, &c->process->capabilities, e);

	if (r == 0 && s->label_said && !s->no_label && facts_selinux(in->facts))
		r = err_set(e, ERR_UNSUPPORTED, "unsupported: labels of SELinux; --security-opt label=disable does without");
	if (r == 0)
		r = config_apparmor(in, s, c->process, e);
	if (r < 0)
		return r;
	c->process->no_new_privileges = s->no_new_privileges;
	config_paths(in, s, a, c->linux);
	return config_seccomp(in, s, a, c, e);
}
