/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_journal: the log of a container of driver journald, read back by journalctl(1), which knows the journal's files.
 */
#include "engine/log_output.h"

/* Prints the entries of container @id; with follow until @monitor (a connection to it; borrowed; negative: it does not run) ends. */
int log_journal_print(struct log_source *s, const char *id, int monitor, struct err *e);
