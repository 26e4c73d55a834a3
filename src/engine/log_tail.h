/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_tail: where the last lines of a log begin, found from its end: what stands before them is never read.
 */
#include "engine/log_chain.h"
#include "spec/monitor.h"

/* Opens @c (path set) at the file, and sets its offset to the place, where the last @lines begin. Errors: -ENOENT: there is no log. */
int log_tail_seek(struct log_chain *c, enum monitor_log driver, int64_t lines, struct err *e);
