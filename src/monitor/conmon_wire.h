/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conmon_wire: the attach socket as conmon's clients know it: packets of one byte (2 stdout, 3 stderr) and at most CONMON_CHUNK bytes of output; what a
 * client sends is standard input, and the end of its sending half the end of that.
 */
#include "monitor/client.h"

enum { CONMON_CHUNK = 8192 };

extern const struct client_wire conmon_wire;
