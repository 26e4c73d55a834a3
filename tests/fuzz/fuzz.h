/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fuzz: what every target declares. A target is one function; it must leave nothing behind and may not depend on what ran before.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Around calls of libraries that leak when they refuse something (libseccomp): nothing where no leak sanitizer is linked. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));
static inline void leaks_forgive(int yes)
{
	void (*fn)(void) = yes ? __lsan_disable : __lsan_enable;

	if (fn)
		fn();
}
