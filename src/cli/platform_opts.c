/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/platform_opts.h"

#include "spec/oci_image.h"

int platform_options_text(const struct platform_options *o, struct arena *a, const char **ret, struct err *e)
{
	struct oci_platform p;

	*ret = o->platform;
	if (!o->os && !o->architecture && !o->variant)
		return 0;
	if (o->platform)
		return err_set(e, ERR_INVALID, "--platform and --os, --arch, --variant say the same in two ways");
	oci_platform_host(&p);
	/* Another architecture has not this machine's variant. */
	if (o->architecture)
		p.variant = NULL;
	p.os = o->os ? o->os : p.os;
	p.architecture = o->architecture ? o->architecture : p.architecture;
	p.variant = o->variant ? o->variant : p.variant;
	*ret = oci_platform_print(&p, a);
	return 0;
}
