/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fuzz: what every target declares. A target is one function; it must leave nothing behind and may not depend on what ran before.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
