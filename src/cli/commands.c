/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

const struct refused_command refused_commands[] = {
	/* clang-format off */
	{ "image scp",         "use 'tare save IMAGE | ssh HOST tare load', or 'tare copy'" },
	{ "image sign",        "use 'tare push --sign-by' or '--sign-by-sigstore-private-key'" },
	{ "trust",             "Docker Content Trust (Notary v1) is no more; 'tare image trust' says which signatures are required" },
	{ "buildx imagetools", "use 'tare manifest' and 'tare copy'" },
	{ NULL, NULL },
	/* clang-format on */
};

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
	&save_command,
	&copy_command,
	&import_command,
	&tag_command,
	&rmi_command,
	&image_prune_command,
	&image_inspect_command,
	&commit_command,
	&image_diff_command,
	&history_command,
	&untag_command,
	&image_exists_command,
	&image_tree_command,
	&image_mount_command,
	&image_unmount_command,
	&image_list_tags_command,
	&image_delete_command,
	&image_referrers_command,

	&login_command,
	&logout_command,
	&search_command,
	&image_trust_show_command,
	&image_trust_set_command,

	&manifest_create_command,
	&manifest_add_command,
	&manifest_annotate_command,
	&manifest_inspect_command,
	&manifest_push_command,
	&manifest_remove_command,
	&manifest_rm_command,
	&manifest_exists_command,

	&artifact_add_command,
	&artifact_extract_command,
	&artifact_inspect_command,
	&artifact_ls_command,
	&artifact_pull_command,
	&artifact_push_command,
	&artifact_rm_command,

	&info_command,
	&version_command,
	&system_check_command,
	&system_df_command,
	&system_prune_command,
	NULL,
	/* clang-format on */
};
