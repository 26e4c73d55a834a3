/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/dbus.h"

#include <byteswap.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"

enum { DEPTH_MAX = 32, SIGNATURE_MAX = 255, ARRAY_MAX = 64 * 1024 * 1024 };

/* What is known of each basic type; containers are a ( { v. */
static const struct basic {
	char type;
	unsigned char size; /* 0: a string */
	unsigned char alignment;
} basics[] = {
	{ 'y', 1, 1 }, { 'b', 4, 4 }, { 'n', 2, 2 }, { 'q', 2, 2 }, { 'i', 4, 4 }, { 'u', 4, 4 }, { 'h', 4, 4 },
	{ 'x', 8, 8 }, { 't', 8, 8 }, { 'd', 8, 8 }, { 's', 0, 4 }, { 'o', 0, 4 }, { 'g', 0, 1 },
};

static const struct basic *basic_of(char type)
{
	for (size_t i = 0; i < ARRAY_LEN(basics); i++)
		if (basics[i].type == type)
			return &basics[i];
	return NULL;
}

size_t dbus_alignment(char type)
{
	const struct basic *b = basic_of(type);

	return b ? b->alignment : type == 'a' ? 4 : type == '(' || type == '{' ? 8 : type == 'v' ? 1 : 0;
}

/* ---- signatures ---- */

static const char *type_end(const char *s, int depth);

/* The end of "(…)" or "{…}", @s behind the opening; NULL if it is none. */
static const char *members_end(const char *s, char close, int depth)
{
	size_t n = 0;
	bool dict = close == '}';

	if (dict && !basic_of(*s))
		return NULL;
	for (; *s && *s != close; n++) {
		s = type_end(s, depth);
		if (!s)
			return NULL;
	}
	return *s && (dict ? n == 2 : n > 0) ? s + 1 : NULL;
}

/* Where the first complete type of @s ends; NULL if there is none. */
static const char *type_end(const char *s, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	switch (*s) {
	case 'v':
		return s + 1;
	case 'a':
		return s[1] == '{' ? members_end(s + 2, '}', depth + 1) : type_end(s + 1, depth + 1);
	case '(':
		return members_end(s + 1, ')', depth + 1);
	default:
		return basic_of(*s) ? s + 1 : NULL;
	}
}

bool dbus_signature_is_valid(const char *s)
{
	if (strlen(s) > SIGNATURE_MAX)
		return false;
	while (s && *s)
		s = type_end(s, 0);
	return s != NULL;
}

bool dbus_signature_is_single(const char *s)
{
	const char *end = strlen(s) > SIGNATURE_MAX ? NULL : type_end(s, 0);

	return end && *end == '\0';
}

/* ---- writing ---- */

void dbus_align(struct buf *b, size_t to)
{
	static const char zeros[8];

	buf_add(b, zeros, (to - b->n % to) % to);
}

static void put(struct buf *b, const void *p, size_t n)
{
	dbus_align(b, n);
	buf_add(b, p, n);
}

void dbus_put_byte(struct buf *b, uint8_t v)
{
	put(b, &v, sizeof v);
}

void dbus_put_u16(struct buf *b, uint16_t v)
{
	put(b, &v, sizeof v);
}

void dbus_put_u32(struct buf *b, uint32_t v)
{
	put(b, &v, sizeof v);
}

void dbus_put_bool(struct buf *b, bool v)
{
	dbus_put_u32(b, v);
}

void dbus_put_u64(struct buf *b, uint64_t v)
{
	put(b, &v, sizeof v);
}

void dbus_put_double(struct buf *b, double v)
{
	put(b, &v, sizeof v);
}

void dbus_put_str(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	dbus_put_u32(b, (uint32_t)n);
	buf_add(b, s, n + 1);
}

void dbus_put_signature(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	dbus_put_byte(b, (uint8_t)n);
	buf_add(b, s, n + 1);
}

size_t dbus_array_open(struct buf *b, size_t alignment)
{
	size_t at;

	dbus_put_u32(b, 0);
	at = b->n - 4;
	dbus_align(b, alignment);
	return at << 4 | alignment;
}

/* The length counts from the first element, so the padding before that is not in it. */
void dbus_array_close(struct buf *b, size_t token)
{
	size_t alignment = token & 15, at = token >> 4, first = at + 4 + (alignment - (at + 4) % alignment) % alignment;
	uint32_t n = (uint32_t)(b->n - first);

	if (!buf_is_full(b))
		memcpy(b->p + at, &n, sizeof n);
}

/* ---- reading ---- */

/* The next @n bytes, behind zero padding; NULL and bad if they are not there. */
static const uint8_t *get(struct dbus_reader *r, size_t n, size_t alignment)
{
	size_t pad = (alignment - r->at % alignment) % alignment;
	const uint8_t *p;

	if (r->bad || r->n - r->at < pad || r->n - r->at - pad < n) {
		r->bad = true;
		return NULL;
	}
	for (size_t i = 0; i < pad; i++)
		r->bad |= r->p[r->at + i] != 0;
	if (r->bad)
		return NULL;
	p = r->p + r->at + pad;
	r->at += pad + n;
	return p;
}

uint8_t dbus_get_byte(struct dbus_reader *r)
{
	const uint8_t *p = get(r, 1, 1);

	return p ? *p : 0;
}

uint32_t dbus_get_u32(struct dbus_reader *r)
{
	const uint8_t *p = get(r, 4, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return r->swap ? bswap_32(v) : v;
}

uint64_t dbus_get_u64(struct dbus_reader *r)
{
	const uint8_t *p = get(r, 8, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof v);
	return r->swap ? bswap_64(v) : v;
}

static const char *get_text(struct dbus_reader *r, size_t n)
{
	const char *s = (const char *)get(r, n < SIZE_MAX ? n + 1 : n, 1);

	if (s && (s[n] != '\0' || memchr(s, '\0', n)))
		r->bad = true;
	return r->bad ? "" : s;
}

const char *dbus_get_str(struct dbus_reader *r)
{
	uint32_t n = dbus_get_u32(r);

	return get_text(r, n);
}

const char *dbus_get_signature(struct dbus_reader *r)
{
	uint8_t n = dbus_get_byte(r);
	const char *s = get_text(r, n);

	if (!dbus_signature_is_valid(s))
		r->bad = true;
	return r->bad ? "" : s;
}

static const char *skip(struct dbus_reader *r, const char *s, int depth);

static void skip_array(struct dbus_reader *r, const char *element, int depth)
{
	uint32_t n = dbus_get_u32(r);
	size_t end;

	get(r, 0, dbus_alignment(*element));
	if (r->bad || n > ARRAY_MAX || n > r->n - r->at) {
		r->bad = true;
		return;
	}
	end = r->at + n;
	while (!r->bad && r->at < end)
		skip(r, element, depth);
	r->bad |= r->at != end;
}

static void skip_basic(struct dbus_reader *r, const struct basic *b)
{
	if (b->type == 'b')
		r->bad |= dbus_get_u32(r) > 1;
	else if (b->size)
		get(r, b->size, b->alignment);
	else if (b->type == 'g')
		dbus_get_signature(r);
	else
		dbus_get_str(r);
}

/* One complete value; @s is valid. Variants nest by themselves, so the depth counts both. */
static const char *skip(struct dbus_reader *r, const char *s, int depth)
{
	const char *end = *s == '{' ? members_end(s + 1, '}', 0) : type_end(s, 0), *inner;

	if (depth > 2 * DEPTH_MAX)
		r->bad = true;
	if (r->bad)
		return NULL;
	switch (*s) {
	case 'v':
		inner = dbus_get_signature(r);
		if (r->bad || !dbus_signature_is_single(inner))
			r->bad = true;
		else
			skip(r, inner, depth + 1);
		break;
	case 'a':
		skip_array(r, s + 1, depth + 1);
		break;
	case '(':
	case '{':
		get(r, 0, 8);
		for (s++; !r->bad && s < end - 1;)
			s = skip(r, s, depth + 1);
		break;
	default:
		skip_basic(r, basic_of(*s));
	}
	return r->bad ? NULL : end;
}

const char *dbus_skip(struct dbus_reader *r, const char *signature)
{
	if (!*signature || !type_end(signature, 0)) {
		r->bad = true;
		return NULL;
	}
	return skip(r, signature, 0);
}

/* ---- messages ---- */

enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR, FIELD_REPLY, FIELD_DESTINATION, FIELD_SENDER, FIELD_SIGNATURE, FIELD_COUNT };

static const struct message_field {
	char type; /* 0: no such field */
	size_t at;
} message_fields[FIELD_COUNT] = {
	[FIELD_PATH] = { 'o', offsetof(struct dbus_message, path) },
	[FIELD_INTERFACE] = { 's', offsetof(struct dbus_message, interface) },
	[FIELD_MEMBER] = { 's', offsetof(struct dbus_message, member) },
	[FIELD_ERROR] = { 's', offsetof(struct dbus_message, error) },
	[FIELD_REPLY] = { 'u', offsetof(struct dbus_message, reply_serial) },
	[FIELD_DESTINATION] = { 's', offsetof(struct dbus_message, destination) },
	[FIELD_SENDER] = { 's', offsetof(struct dbus_message, sender) },
	[FIELD_SIGNATURE] = { 'g', offsetof(struct dbus_message, signature) },
};

static bool native_is_little(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

/* The fixed part: byte order, type, flags, version, body length, serial, length of the fields. */
static struct dbus_reader head_reader(const void *p, size_t n)
{
	struct dbus_reader r = { .p = p, .n = n };
	char order = (char)dbus_get_byte(&r);

	r.bad |= order != 'l' && order != 'B';
	r.swap = (order == 'l') != native_is_little();
	return r;
}

int dbus_message_size(const void *head, size_t *ret)
{
	struct dbus_reader r = head_reader(head, DBUS_HEAD_SIZE);
	uint8_t type = dbus_get_byte(&r), version;
	uint32_t body, fields;

	dbus_get_byte(&r);
	version = dbus_get_byte(&r);
	body = dbus_get_u32(&r);
	dbus_get_u32(&r);
	fields = dbus_get_u32(&r);
	if (r.bad || type == 0 || version != 1)
		return -EBADMSG;
	if (body > LIMIT_DBUS_MESSAGE || fields > LIMIT_DBUS_MESSAGE)
		return -E2BIG;
	*ret = DBUS_HEAD_SIZE + ((size_t)fields + 7) / 8 * 8 + body;
	return *ret > LIMIT_DBUS_MESSAGE ? -E2BIG : 0;
}

/* One (code, variant). Unknown fields are passed over, as the specification wants. */
static void read_field(struct dbus_reader *r, struct dbus_message *m)
{
	const struct message_field *f = NULL;
	const char *signature;
	uint8_t code;

	get(r, 0, 8);
	code = dbus_get_byte(r);
	signature = dbus_get_signature(r);
	if (code > 0 && code < FIELD_COUNT)
		f = &message_fields[code];
	if (f && !(signature[0] == f->type && signature[1] == '\0'))
		r->bad = true;
	if (r->bad)
		return;
	if (!f)
		dbus_skip(r, signature);
	else if (f->type == 'u')
		m->reply_serial = dbus_get_u32(r);
	else
		*(const char **)((char *)m + f->at) = f->type == 'g' ? dbus_get_signature(r) : dbus_get_str(r);
}

/* What each type of message must name. */
static bool is_complete(const struct dbus_message *m)
{
	switch (m->type) {
	case DBUS_CALL:
		return m->path && m->member;
	case DBUS_RETURN:
		return m->reply_serial;
	case DBUS_ERROR:
		return m->reply_serial && m->error;
	case DBUS_SIGNAL:
		return m->path && m->interface && m->member;
	}
	return true; /* types to come are to be ignored, not refused */
}

int dbus_message_decode(struct str bytes, struct dbus_message *ret)
{
	struct dbus_message m = { 0 };
	struct dbus_reader r;
	size_t size, end;
	int rc = bytes.n < DBUS_HEAD_SIZE ? -EBADMSG : dbus_message_size(bytes.p, &size);

	if (rc < 0 || size != bytes.n)
		return -EBADMSG;
	r = head_reader(bytes.p, bytes.n);
	m.type = dbus_get_byte(&r);
	m.flags = dbus_get_byte(&r);
	dbus_get_byte(&r);
	dbus_get_u32(&r);
	m.serial = dbus_get_u32(&r);
	end = dbus_get_u32(&r);
	end += r.at;
	while (!r.bad && r.at < end)
		read_field(&r, &m);
	if (r.at != end)
		return -EBADMSG;
	get(&r, 0, 8);
	if (r.bad || m.serial == 0 || !is_complete(&m))
		return -EBADMSG;
	m.body = (struct dbus_reader){ .p = r.p + r.at, .n = r.n - r.at, .swap = r.swap };
	*ret = m;
	return 0;
}

static void write_field(const struct dbus_message *m, int code, struct buf *b)
{
	const struct message_field *f = &message_fields[code];
	const char *text = f->type == 'u' ? NULL : *(const char *const *)((const char *)m + f->at);
	char signature[2] = { f->type };

	if (f->type == 'u' ? m->reply_serial == 0 : !text)
		return;
	dbus_align(b, 8);
	dbus_put_byte(b, (uint8_t)code);
	dbus_put_signature(b, signature);
	if (f->type == 'u')
		dbus_put_u32(b, m->reply_serial);
	else if (f->type == 'g')
		dbus_put_signature(b, text);
	else
		dbus_put_str(b, text);
}

int dbus_message_encode(const struct dbus_message *m, const struct buf *body, struct buf *ret)
{
	scoped_buf struct buf out = BUF(LIMIT_DBUS_MESSAGE);
	size_t at;

	dbus_put_byte(&out, native_is_little() ? 'l' : 'B');
	dbus_put_byte(&out, (uint8_t)m->type);
	dbus_put_byte(&out, m->flags);
	dbus_put_byte(&out, 1);
	dbus_put_u32(&out, (uint32_t)body->n);
	dbus_put_u32(&out, m->serial);
	at = dbus_array_open(&out, 8);
	for (int code = 1; code < FIELD_COUNT; code++)
		write_field(m, code, &out);
	dbus_array_close(&out, at);
	dbus_align(&out, 8);
	buf_add(&out, body->p, body->n);
	return buf_is_full(body) || buf_is_full(&out) ? -E2BIG : buf_add(ret, out.p, out.n);
}
