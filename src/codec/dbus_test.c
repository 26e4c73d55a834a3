/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "codec/dbus.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"

static const struct dbus_message call = {
	.type = DBUS_CALL, .serial = 7, .path = "/o/p", .interface = "i.f", .member = "Do", .destination = "d.e", .signature = "su",
};

static void encode(const struct dbus_message *m, struct buf *out)
{
	scoped_buf struct buf body = BUF(1000);

	dbus_put_str(&body, "hello");
	dbus_put_u32(&body, 42);
	assert_int_equal(dbus_message_encode(m, &body, out), 0);
}

TEST(a_message_decodes_to_what_was_encoded)
{
	scoped_buf struct buf out = BUF(1000);
	struct dbus_message m;
	size_t size;

	encode(&call, &out);
	assert_int_equal(dbus_message_size(out.p, &size), 0);
	assert_int_equal(size, out.n);
	assert_int_equal(dbus_message_decode(buf_str(&out), &m), 0);
	assert_int_equal(m.type, DBUS_CALL);
	assert_int_equal(m.serial, 7);
	assert_string_equal(m.path, "/o/p");
	assert_string_equal(m.member, "Do");
	assert_string_equal(m.signature, "su");
	assert_null(m.error);
	assert_string_equal(dbus_get_str(&m.body), "hello");
	assert_int_equal(dbus_get_u32(&m.body), 42);
	assert_false(m.body.bad);
}

TEST(the_bytes_are_those_of_the_specification)
{
	static const uint8_t wanted[] = {
		'l', 2, 0, 1, 4, 0, 0, 0, 9, 0, 0, 0, 15, 0, 0, 0, /* head: a return of 4 bytes, serial 9, 15 bytes of fields */
		5, 1, 'u', 0, 3, 0, 0, 0,                         /* to serial 3 */
		8, 1, 'g', 0, 1, 'u', 0, 0,                       /* signature "u", padding */
		1, 0, 0, 0,
	};
	struct dbus_message m = { .type = DBUS_RETURN, .serial = 9, .reply_serial = 3, .signature = "u" };
	scoped_buf struct buf body = BUF(100), out = BUF(100);

	dbus_put_u32(&body, 1);
	assert_int_equal(dbus_message_encode(&m, &body, &out), 0);
	assert_int_equal(out.n, sizeof wanted);
	assert_memory_equal(out.p, wanted, sizeof wanted);
}

TEST(the_other_byte_order_is_read)
{
	static const uint8_t big[] = {
		'B', 2, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 15, 5, 1, 'u', 0, 0, 0, 0, 3, 8, 1, 'g', 0, 1, 'u', 0, 0, 0, 0, 0, 1,
	};
	struct dbus_message m;

	assert_int_equal(dbus_message_decode((struct str){ (const char *)big, sizeof big }, &m), 0);
	assert_int_equal(m.serial, 9);
	assert_int_equal(m.reply_serial, 3);
	assert_int_equal(dbus_get_u32(&m.body), 1);
}

TEST(no_cut_or_changed_message_is_read_past_its_end)
{
	scoped_buf struct buf out = BUF(1000);
	struct dbus_message m;

	encode(&call, &out);
	for (size_t n = 0; n < out.n; n++)
		assert_int_equal(dbus_message_decode((struct str){ out.p, n }, &m), -EBADMSG);
	for (size_t i = 0; i < out.n; i++) {
		char kept = out.p[i];

		for (int bit = 0; bit < 8; bit++) {
			out.p[i] = (char)(kept ^ 1 << bit);
			if (dbus_message_decode(buf_str(&out), &m) == 0 && m.signature && dbus_signature_is_valid(m.signature))
				for (const char *s = m.signature; s && *s;)
					s = dbus_skip(&m.body, s);
		}
		out.p[i] = kept;
	}
}

TEST(a_message_that_claims_to_be_huge_is_refused)
{
	scoped_buf struct buf out = BUF(1000);
	uint32_t huge = LIMIT_DBUS_MESSAGE;
	size_t size;

	encode(&call, &out);
	memcpy(out.p + 4, &huge, 4);
	assert_int_equal(dbus_message_size(out.p, &size), -E2BIG);
	huge = UINT32_MAX - 8;
	memcpy(out.p + 12, &huge, 4);
	assert_int_equal(dbus_message_size(out.p, &size), -E2BIG);
}

TEST(strings_with_a_hole_are_refused)
{
	static const uint8_t bytes[] = { 3, 0, 0, 0, 'a', 0, 'b', 0 };
	struct dbus_reader r = { .p = bytes, .n = sizeof bytes };

	assert_string_equal(dbus_get_str(&r), "");
	assert_true(r.bad);
}

TEST(signatures_are_complete_types)
{
	static const char *const good[] = { "", "s", "a(sv)", "a{sv}", "(i(ss)a{oas})", "aaay", "susssssouso" };
	static const char *const bad[] = { "a", "(", "()", "{ss}", "a{vs}", "a{s}", "a{sss}", "(s", "s)", "r", "e", "m" };
	char deep[70];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(dbus_signature_is_valid(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(dbus_signature_is_valid(bad[i]));
	memset(deep, 'a', sizeof deep);
	memcpy(deep + 68, "y", 2);
	assert_false(dbus_signature_is_valid(deep));
}

TEST(arrays_count_from_their_first_element)
{
	scoped_buf struct buf b = BUF(1000);
	struct dbus_reader r;
	const char *rest;
	size_t at;

	dbus_put_byte(&b, 1); /* so that everything is out of step */
	at = dbus_array_open(&b, 8);
	for (int i = 0; i < 2; i++) {
		dbus_align(&b, 8);
		dbus_put_str(&b, "Name");
		dbus_put_signature(&b, "t");
		dbus_put_u64(&b, 5);
	}
	dbus_array_close(&b, at);
	dbus_put_str(&b, "end");
	r = (struct dbus_reader){ .p = (const uint8_t *)b.p, .n = b.n };
	rest = dbus_skip(&r, "ya(sv)s");
	assert_string_equal(rest, "a(sv)s");
	rest = dbus_skip(&r, rest);
	assert_string_equal(rest, "s");
	assert_string_equal(dbus_get_str(&r), "end");
	assert_false(r.bad);
	assert_int_equal(r.at, r.n);
}
