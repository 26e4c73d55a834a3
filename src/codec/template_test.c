/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "codec/template.h"

#include <errno.h>

#include "base/scope.h"

static const char document[] =
	"{\"Name\":\"web\",\"State\":{\"Pid\":7,\"Running\":true},\"Tags\":[\"a\",\"b\"],\"Labels\":{\"k.x\":\"v\"},\"None\":[]}";

TEST(templates_render_what_people_type)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "plain" },
		{ "{{.Name}}", "web" },
		{ "{{ .State.Pid }}-{{.State.Running}}", "7-true" },
		{ "{{json .State}}", "{\"Pid\":7,\"Running\":true}" },
		{ "{{.Tags}} {{.Labels}}", "[a b] map[k.x:v]" },
		{ "{{range .Tags}}<{{.}}>{{end}}", "<a><b>" },
		{ "{{range .None}}x{{else}}nothing{{end}}", "nothing" },
		{ "{{if .State.Running}}up{{else}}down{{end}}", "up" },
		{ "{{if not .State.Running}}up{{else}}down{{end}}", "down" },
		{ "{{index .Labels \"k.x\"}}{{index .Tags 1}}", "vb" },
		{ "{{len .Tags}} {{join .Tags \", \"}}", "2 a, b" },
		{ "{{.Name | upper | json}}", "\"WEB\"" },
		{ "{{with .State}}{{.Pid}}{{end}} {{$.Name}}", "7 web" },
		{ "{{.Nope}} {{.Nope.Deeper}}", "<no value> <no value>" },
		{ "a {{- /* gone */ -}} b", "ab" },
		{ "{{if eq .Name \"web\" \"api\"}}yes{{end}}", "yes" },
		{ "{{(index .Tags 0)}}{{println \"x\"}}", "ax\n" },
		{ "{{range .Tags}}{{if eq . \"b\"}}{{range $.Tags}}{{.}}{{end}}{{end}}{{end}}", "ab" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(1000);
		struct err e = { 0 };

		if (template_render(rows[i].in, str_of(document), &out, &e) < 0)
			fail_msg("%s: %s", rows[i].in, e.msg);
		assert_string_equal(buf_text(&out), rows[i].out);
	}
}

TEST(bad_templates_name_the_place)
{
	static const char *const rows[] = { "{{", "{{.Name", "{{frob .Name}}", "{{if .Name}}x", "{{end}}", "{{else}}", "{{len}}", "{{\"x}}",
		"{{(.Name}}", "{{.Name .Name}}", "{{range .Name}}{{end}}", "{{/* x" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(1000);
		struct err e = { 0 };

		assert_int_equal(template_render(rows[i], str_of(document), &out, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "template: "));
	}
}
