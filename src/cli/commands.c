/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

const struct command *const commands[] = {
	/* clang-format off */
	&kill_command,
	&logs_command,

	&images_command,
	&pull_command,
	&load_command,
	&import_command,
	&tag_command,
	&rmi_command,

	&info_command,
	&version_command,
	NULL,
	/* clang-format on */
};
