/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template_printf: Go's printf over the values of a template: %s %v %q %d %x %X %t %f %e %g %T with flags, width and precision. Private to codec/template*.
 */
#include "codec/template_value.h"

/* Adds @format with @v[0 .. n) to @out. What does not fit is said in the text, as Go says it: "%!d(string=x)". */
void template_printf(const char *format, json_t *const *v, size_t n, struct buf *out);
