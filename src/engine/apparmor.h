/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * apparmor: the profile that containers get where AppArmor is on and nobody says otherwise.
 *
 * Like the bridge and the nft table it belongs to the host, not to a container: loaded when first needed, by apparmor_parser(8), and left there. A copy of
 * its text under the run root says which one of ours the kernel has, so that another version of this program loads its own.
 */
#include "engine/internal.h"

#define APPARMOR_PROFILE "tare-default"

/* The text of the profile. */
const char *apparmor_text(void);

/*
 * Puts the name of the profile into *ret, loading it if the kernel has not got it; NULL where there is none to be had: AppArmor is off, we may not load
 * (no root of the host), or apparmor_parser is not installed. Errors: ERR_INTERNAL if it cannot be loaded.
 */
int apparmor_default(struct engine *en, struct arena *a, const char **ret, struct err *e);
