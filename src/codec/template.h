/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template: the subset of Go's text/template that people type after --format, over a JSON document.
 *
 * Actions:   {{.A.B}} {{$}} {{$x}} {{"text"}} {{if}} {{else if}} {{else}} {{end}}, {{range}} {{range $i, $x := .L}} {{break}} {{continue}} {{else}} {{end}},
 *            {{with}} {{else}} {{end}}, {{$x := …}} {{$x = …}}, pipes, parentheses, comments, trim markers {{- and -}}
 * Functions: and eq ge gt index join json le len lower lt ne not or pad print printf println slice split title truncate upper
 *
 * Anything else is an error in docker's words, with the line, that names it. Maps are walked and printed in the order of their keys, as Go does. A missing
 * key of an object prints "<no value>"; in a row of a table, whose keys are all there, it is an error.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Renders @text over the document @json into @out. Errors: -EINVAL names the action; -E2BIG when @out is full. */
int template_render(const char *text, struct str json, struct buf *out, struct err *e);

/* The same over a row: an unknown key is an error that names those there are. */
int template_render_row(const char *text, struct str json, struct buf *out, struct err *e);
