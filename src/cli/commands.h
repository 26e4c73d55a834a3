/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * commands: the names by which commands.c knows the command files; one line each, in the order of the help.
 */
#include "cli/command.h"

extern const struct command run_command;
extern const struct command create_command;
extern const struct command start_command;
extern const struct command stop_command;
extern const struct command restart_command;
extern const struct command kill_command;
extern const struct command pause_command;
extern const struct command unpause_command;
extern const struct command rm_command;
extern const struct command ps_command;
extern const struct command logs_command;
extern const struct command exec_command;
extern const struct command explain_command, ui_command;
extern const struct command attach_command;
extern const struct command wait_command;
extern const struct command inspect_command;
extern const struct command rename_command;
extern const struct command update_command;
extern const struct command port_command;
extern const struct command container_exists_command;
extern const struct command container_prune_command;
extern const struct command container_cleanup_command;
extern const struct command container_thaw_command;
extern const struct command diff_command;
extern const struct command container_diff_command;
extern const struct command export_command;
extern const struct command cp_command;
extern const struct command container_mount_command;
extern const struct command container_unmount_command;

extern const struct command images_command;
extern const struct command pull_command;
extern const struct command push_command;
extern const struct command load_command;
extern const struct command save_command;
extern const struct command copy_command;
extern const struct command import_command;
extern const struct command tag_command;
extern const struct command rmi_command;
extern const struct command image_inspect_command;
extern const struct command commit_command;
extern const struct command image_diff_command;
extern const struct command history_command;
extern const struct command untag_command;
extern const struct command image_exists_command;
extern const struct command image_tree_command;
extern const struct command image_mount_command;
extern const struct command image_unmount_command;
extern const struct command image_prune_command;
extern const struct command image_list_tags_command;
extern const struct command image_delete_command;
extern const struct command image_referrers_command;

extern const struct command login_command;
extern const struct command logout_command;
extern const struct command search_command;
extern const struct command image_trust_show_command;
extern const struct command image_trust_set_command;

extern const struct command manifest_create_command;
extern const struct command manifest_add_command;
extern const struct command manifest_annotate_command;
extern const struct command manifest_inspect_command;
extern const struct command manifest_push_command;
extern const struct command manifest_remove_command;
extern const struct command manifest_rm_command;
extern const struct command manifest_exists_command;

extern const struct command artifact_add_command;
extern const struct command artifact_extract_command;
extern const struct command artifact_inspect_command;
extern const struct command artifact_ls_command;
extern const struct command artifact_pull_command;
extern const struct command artifact_push_command;
extern const struct command artifact_rm_command;

extern const struct command network_create_command;
extern const struct command network_ls_command;
extern const struct command network_inspect_command;
extern const struct command network_rm_command;
extern const struct command network_prune_command;
extern const struct command network_exists_command;
extern const struct command network_connect_command;
extern const struct command network_disconnect_command;
extern const struct command network_update_command;
extern const struct command network_reload_command;

extern const struct command volume_create_command;
extern const struct command volume_ls_command;
extern const struct command volume_inspect_command;
extern const struct command volume_rm_command;
extern const struct command volume_prune_command;
extern const struct command volume_exists_command;
extern const struct command volume_mount_command;
extern const struct command volume_unmount_command;
extern const struct command volume_export_command;
extern const struct command volume_import_command;

extern const struct command secret_create_command;
extern const struct command secret_ls_command;
extern const struct command secret_inspect_command;
extern const struct command secret_rm_command;
extern const struct command secret_exists_command;

extern const struct command healthcheck_run_command;
extern const struct command info_command;
extern const struct command events_command;
extern const struct command version_command;
extern const struct command system_check_command;
extern const struct command system_df_command;
extern const struct command system_prune_command;
extern const struct command unshare_command;
