/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

const struct command *const commands[] = {
	/* clang-format off */
	&run_command,
	&create_command,
	&start_command,
	&stop_command,
	&restart_command,
	&kill_command,
	&rm_command,
	&ps_command,
	&logs_command,
	&exec_command,
	&attach_command,
	&wait_command,
	&inspect_command,
	&container_prune_command,
	&container_cleanup_command,
	&container_thaw_command,
	&diff_command,
	&container_diff_command,
	&export_command,

	&images_command,
	&pull_command,
	&push_command,
	&load_command,
	&import_command,
	&tag_command,
	&rmi_command,
	&image_inspect_command,
	&commit_command,
	&image_diff_command,
	&history_command,
	&untag_command,
	&image_exists_command,
	&image_tree_command,
	&image_mount_command,
	&image_unmount_command,
	&image_prune_command,

	&login_command,
	&logout_command,

	&info_command,
	&version_command,
	&system_check_command,
	NULL,
	/* clang-format on */
};
