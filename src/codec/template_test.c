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
		{ "{{$x := .Name}}{{range $i, $t := .Tags}}{{$i}}{{$t}}{{$x}} {{end}}", "0aweb 1bweb " },
		{ "{{range $k, $v := .Labels}}{{$k}}={{$v}}{{end}}", "k.x=v" },
		{ "{{$n := 0}}{{range .Tags}}{{$n = .}}{{end}}{{$n}}", "b" },
		{ "{{if eq .Name \"x\"}}1{{else if .None}}2{{else if .State}}3{{else}}4{{end}}", "3" },
		{ "{{with .None}}1{{else with .State}}{{.Pid}}{{else}}2{{end}}", "7" },
		{ "{{range .Tags}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}!", "a!" },
		{ "{{range .Tags}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{end}}!", "b!" },
		{ "{{range .None}}{{range $.Tags}}{{.}}{{end}}{{else}}e{{end}}", "e" },
		{ "{{lt 1 2}}{{le 2 2}}{{gt \"a\" \"b\"}}{{ge 2.5 2}}{{ne 1 2}}", "truetruefalsetruetrue" },
		{ "{{slice .Name 1 2}}{{slice .Tags 1}}", "e[b]" },
		{ "{{index (split \"a/b/c\" \"/\") 2}}{{split \"a,b\" \",\"}}{{len (split \"xyz\" \"\")}}", "c[a b]3" },
		{ "{{printf \"%s|%5d|%-4s|%05d|%v|%q|%x|%.2s|%%|%t\" .Name 42 \"a\" 7 .Tags \"q\" 255 \"abc\" true}}",
			"web|   42|a   |00007|[a b]|\"q\"|ff|ab|%|true" },
		{ "{{printf \"%d %s\" \"x\"}}", "%!d(string=x) %!s(MISSING)" },
		{ "{{truncate .Name 2}}{{pad .Name 1 2}}|{{title \"two words\"}}", "we web  |Two Words" },
		{ "{{printf \"%.2s|%4s|%-4s|\" \"äöü\" \"ä\" \"ö\"}}", "äö|   ä|ö   |" },
		{ "{{printf \"%x %X %x\" \"hi\" 255 -1}}", "6869 FF ffffffffffffffff" },
		{ "{{printf \"%+d %+d %T %T %T\" 1 -1 1.5 nil .Tags}}", "+1 -1 float64 nil slice" },
		{ "{{printf \"%.1f %e %g\" 1.25 100.0 0.5}}", "1.2 1.000000e+02 0.5" },
		{ "{{printf \"%d%%\" 1 2}}{{printf \"%\"}}{{printf \"%!\" 1}}", "1%%!(EXTRA)%!!(MISSING)%!!(int=1)" },
		{ "{{printf \"%99999999999d\" 1 | len}}{{printf \"%.99999999999f\" 1.5 | len | lt 5}}", "9999true" },
		{ "{{truncate \"äöü\" 3}}{{truncate \"äöü\" 0}}|{{truncate \"ab\" -1}}{{truncate \"ab\" 9}}", "ä|abab" },
		{ "{{slice \"äö\" 1 2}}|{{slice .Tags 0 0}}{{slice .Name 3}}", "|[]" },
		{ "{{pad \"\" 2 2}}{{pad .Name 0 0}}", "web" },
		{ "{{range split \"äb\" \"\"}}<{{.}}>{{end}}{{split \"\" \",\" | len}}{{split \"\" \"\" | len}}", "<ä><b>10" },
		{ "{{join nil \",\"}}{{join .Tags 1}}", "a1b" },
		{ "{{eq nil nil}}{{eq 1 1.0}}{{ne \"1\" 1}}{{lt \"\" \"a\"}}{{and 1 0 2}}{{or 0 \"\"}}|", "truefalsetruetrue0|" },
		{ "{{print 1 2 \"x\" 3}}", "1 2x3" },
		{ "{{json .Labels}}{{.Labels.none}}{{index .Labels \"none\"}}", "{\"k.x\":\"v\"}<no value>" },
		{ "{{and .Name .None}}{{or .None .Name}}{{not nil}}", "[]webtrue" },
		{ "{{if true}}{{$y := 1}}{{end}}{{`raw \\n`}}", "raw \\n" },
		{ "x{{- /* a comment */}} y", "x y" },
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
	static const struct {
		const char *in, *says;
	} rows[] = {
		{ "{{", "template parsing error: template: :1: unclosed action" },
		{ "{{.Name", "template parsing error: template: :1: unclosed action" },
		{ "a\n{{frob .Name}}", "template parsing error: template: :2: function \"frob\" not defined" },
		{ "{{if .Name}}x", "template parsing error: template: :1: unexpected EOF" },
		{ "{{end}}", "template parsing error: template: :1: unexpected {{end}}" },
		{ "{{else}}", "template parsing error: template: :1: unexpected {{else}}" },
		{ "{{len}}", "wrong number of args for len: want 1 got 0" },
		{ "{{\"x}}", "template parsing error: template: :1: unterminated quoted string" },
		{ "{{(.Name}}", "template parsing error: template: :1: unclosed left paren" },
		{ "{{.Name .Name}}", "can't give argument" },
		{ "{{range .Name}}{{end}}", "range can't iterate over" },
		{ "{{/* x", "unclosed comment" },
		{ "{{$x}}", "undefined variable \"$x\"" },
		{ "{{if true}}{{$y := 1}}{{end}}{{$y}}", "undefined variable \"$y\"" },
		{ "{{break}}", "{{break}} outside {{range}}" },
		{ "{{len 1}}", "error calling len: len of type int" },
		{ "{{index .Tags 5}}", "error calling index: index out of range" },
		{ "{{index .Tags -1}}", "error calling index: index out of range" },
		{ "{{index .Tags \"0\"}}", "error calling index: list index of type string" },
		{ "{{index .Labels 0}}", "error calling index: map key of type int" },
		{ "{{index .None.x 0}}", "can't evaluate field in a value" },
		{ "{{index nil 0}}", "error calling index: index of untyped nil" },
		{ "{{slice .Name 2 1}}", "error calling slice: invalid slice index" },
		{ "{{slice .Name 0 4}}", "error calling slice: index out of range" },
		{ "{{slice .Tags -1}}", "error calling slice: index out of range" },
		{ "{{slice .State}}", "error calling slice: can't slice item of type map" },
		{ "{{join .Name \",\"}}", "error calling join: join of type string" },
		{ "{{split .Tags \",\"}}", "error calling split: split of type slice" },
		{ "{{pad .Name -1 0}}", "error calling pad: width is out of range" },
		{ "{{printf 1}}", "error calling printf: format of type int" },
		{ "{{len nil}}", "error calling len: len of nil pointer" },
		{ "{{lt 1 \"a\"}}", "incompatible types for comparison" },
		{ "{{}}", "missing value for command" },
		{ "{{.Name}", "unexpected text in command" },
		{ "{{12ab}}", "bad number syntax" },
		{ "{{if .Name}}{{else}}{{else}}{{end}}", "unexpected {{else}}" },
		{ "{{.Name.Deeper}}", "template: :1:2: executing \"\" at <.Name.Deeper>: can't evaluate field" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_buf struct buf out = BUF(1000);
		struct err e = { 0 };

		assert_int_equal(template_render(rows[i].in, str_of(document), &out, &e), -EINVAL);
		if (!strstr(e.msg, rows[i].says))
			fail_msg("%s: '%s' does not say '%s'", rows[i].in, e.msg, rows[i].says);
	}
}

TEST(rows_know_their_keys)
{
	scoped_buf struct buf out = BUF(1000);
	struct err e = { 0 };

	assert_int_equal(template_render_row("{{.Name}}", str_of(document), &out, &e), 0);
	assert_int_equal(template_render_row("{{.Nope}}", str_of(document), &out, &e), -EINVAL);
	assert_string_equal(e.msg, "template: :1:2: executing \"\" at <.Nope>: can't evaluate field Nope; there are .Name .State .Tags .Labels .None");
	/* Nobody sees the branch that is not taken. */
	assert_int_equal(template_render_row("{{if false}}{{.Nope}}{{end}}", str_of(document), &out, &e), 0);
}

TEST(loops_in_loops_come_to_an_end)
{
	scoped_buf struct buf text = BUF(10000), json = BUF(10000), out = BUF(100);
	struct err e = { 0 };

	buf_add_str(&json, "[0");
	for (int i = 0; i < 99; i++)
		buf_add_str(&json, ",0");
	buf_add_char(&json, ']');
	for (int i = 0; i < 8; i++)
		buf_add_str(&text, "{{range $}}");
	for (int i = 0; i < 8; i++)
		buf_add_str(&text, "{{end}}");
	assert_int_equal(template_render(buf_text(&text), buf_str(&json), &out, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "loops go on"));
}
