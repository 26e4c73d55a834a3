/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * overlay: what overlayfs writes on directories. Its attributes are "trusted.overlay.…", which only root of the host may touch; in a user namespace it is
 * mounted with userxattr and they are "user.overlay.…". There a container cannot reach those through its root, elsewhere they are its own affair and
 * mean nothing.
 */
#include <stdbool.h>

/* Whether overlays of this process need userxattr. */
bool overlay_wants_userxattr(void);

/* Whether the directory hides what is below it in lower layers. */
bool overlay_is_opaque(int fd);

/* Makes it so. Errors: -errno. */
int overlay_set_opaque(int fd);

/* Whether it stands for a directory of another name (redirect_dir). */
bool overlay_is_redirect(int fd);
