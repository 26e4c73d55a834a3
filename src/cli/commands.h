/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * commands: the names by which commands.c knows the command files; one line each, in the order of the help.
 */
#include "cli/command.h"

extern const struct command kill_command;
extern const struct command logs_command;
extern const struct command version_command;
extern const struct command images_command;
extern const struct command pull_command;
extern const struct command load_command;
extern const struct command import_command;
extern const struct command tag_command;
extern const struct command rmi_command;
extern const struct command info_command;
