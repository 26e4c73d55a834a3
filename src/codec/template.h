/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template: the subset of Go's text/template that people type after --format, over a JSON document.
 *
 * {{.A.B}} {{$}} {{"text"}} {{json .X}} {{len .X}} {{index .X "key"}} {{join .X ", "}} {{upper .X}} {{lower .X}} {{title .X}} {{print .X}}
 * {{println .X}} {{eq a b}} {{ne a b}} {{not x}} {{and a b}} {{or a b}}, pipes, parentheses, {{if}} … {{else}} … {{end}},
 * {{range}} … {{else}} … {{end}}, {{with}} … {{end}}, comments and the trim markers {{- and -}}. Anything else is an error that names it.
 * A missing key of an object prints "<no value>", as Go does for maps.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Renders @text over the document @json into @out. Errors: -EINVAL names the action; -E2BIG when @out is full. */
int template_render(const char *text, struct str json, struct buf *out, struct err *e);
