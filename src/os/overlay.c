/* SPDX-License-Identifier: Apache-2.0 */
#include "os/overlay.h"

#include <errno.h>
#include <sys/xattr.h>

#include "os/ns.h"

bool overlay_wants_userxattr(void)
{
	return ns_is_initial_user() == 0;
}

bool overlay_is_opaque(int fd)
{
	char value;

	if (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1)
		return value == 'y';
	return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y' && overlay_wants_userxattr();
}

int overlay_set_opaque(int fd)
{
	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0 ||
	    (errno == EPERM && overlay_wants_userxattr() && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0))
		return 0;
	return -errno;
}

bool overlay_is_redirect(int fd)
{
	return fgetxattr(fd, "trusted.overlay.redirect", NULL, 0) > 0 || (fgetxattr(fd, "user.overlay.redirect", NULL, 0) > 0 && overlay_wants_userxattr());
}
