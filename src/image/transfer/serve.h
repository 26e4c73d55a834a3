/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * serve: the life of tare-transfer: take the task, confine itself, answer GET in the main thread and LAYER in workers until the store closes the socket.
 */
#include "base/err.h"

/* Returns 0 when the store is done, or -errno after telling it why. */
int serve(int sock, struct err *e);
