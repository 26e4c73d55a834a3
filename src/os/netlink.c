/* SPDX-License-Identifier: Apache-2.0 */
#include "os/netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/internal.h"

enum {
	MAX_BATCH = 2 * 1024 * 1024, /* bytes of one conversation; an nf_tables rule set of ours is 20 KB, 20,000 elements are the rest */
	SMALL_BATCH = 128 * 1024,   /* fits the send buffer that every system gives */
	RECEIVE = 15 * 1024,        /* the kernel fits its datagrams to what we receive with; one link with 100 VFs still fits */
	SOCKET_BUFFER = 1024 * 1024, /* room for the acknowledgements of a full batch and a dump's head start */
};

int netlink_open(struct netlink *nl, int protocol)
{
	static const int on = 1, size = SOCKET_BUFFER;
	scoped_fd int fd = result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };

	if (fd < 0)
		return fd;
	/* Comfort only: short acknowledgements, the kernel's words with errors, room; strict checking makes dumps honour filters. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return -errno;
	*nl = (struct netlink){ .fd = take_fd(&fd), .seq = 1 };
	return 0;
}

void netlink_done(struct netlink *nl)
{
	fd_done(&nl->fd);
}

/* ---- building ---- */

void netlink_batch_init(struct netlink_batch *b)
{
	*b = (struct netlink_batch){ .b = BUF(MAX_BATCH) };
}

void netlink_batch_done(struct netlink_batch *b)
{
	buf_done(&b->b);
}

static void put_padded(struct netlink_batch *b, const void *p, size_t n)
{
	static const char zero[NLA_ALIGNTO];

	if (n)
		buf_add(&b->b, p, n);
	if (NLA_ALIGN(n) != n)
		buf_add(&b->b, zero, NLA_ALIGN(n) - n);
}

void netlink_begin(struct netlink_batch *b, uint16_t type, unsigned flags, const void *header, size_t n)
{
	bool quiet = flags & NETLINK_NO_ACK || (flags & NLM_F_DUMP) == NLM_F_DUMP;
	struct nlmsghdr m = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | (quiet ? 0 : NLM_F_ACK)),
	};

	b->start = b->b.n;
	if (++b->n > NETLINK_MAX_REQUESTS)
		b->overflow = true;
	buf_add(&b->b, &m, sizeof m);
	put_padded(b, header, n);
}

/* The bytes at @offset, or NULL when the batch has outgrown its buffer. */
static void *at(struct netlink_batch *b, size_t offset, size_t size)
{
	return buf_is_full(&b->b) || offset + size > b->b.n ? NULL : b->b.p + offset;
}

void netlink_end(struct netlink_batch *b)
{
	struct nlmsghdr *m = at(b, b->start, sizeof *m);

	if (m)
		m->nlmsg_len = (uint32_t)(b->b.n - b->start);
}

void netlink_put_raw(struct netlink_batch *b, const void *p, size_t n)
{
	put_padded(b, p, n);
}

void netlink_put(struct netlink_batch *b, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type };

	if (n > UINT16_MAX - NLA_HDRLEN) {
		b->overflow = true;
		return;
	}
	buf_add(&b->b, &a, sizeof a);
	put_padded(b, p, n);
}

void netlink_put_u8(struct netlink_batch *b, uint16_t type, uint8_t v)
{
	netlink_put(b, type, &v, sizeof v);
}

void netlink_put_u16(struct netlink_batch *b, uint16_t type, uint16_t v)
{
	netlink_put(b, type, &v, sizeof v);
}

void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t v)
{
	netlink_put(b, type, &v, sizeof v);
}

void netlink_put_u64(struct netlink_batch *b, uint16_t type, uint64_t v)
{
	netlink_put(b, type, &v, sizeof v);
}

void netlink_put_be16(struct netlink_batch *b, uint16_t type, uint16_t v)
{
	netlink_put_u16(b, type, htons(v));
}

void netlink_put_be32(struct netlink_batch *b, uint16_t type, uint32_t v)
{
	netlink_put_u32(b, type, htonl(v));
}

void netlink_put_be64(struct netlink_batch *b, uint16_t type, uint64_t v)
{
	netlink_put_u64(b, type, htobe64(v));
}

void netlink_put_str(struct netlink_batch *b, uint16_t type, const char *s)
{
	netlink_put(b, type, s, strlen(s) + 1);
}

void netlink_put_flag(struct netlink_batch *b, uint16_t type)
{
	netlink_put(b, type, NULL, 0);
}

size_t netlink_nest(struct netlink_batch *b, uint16_t type)
{
	size_t nest = b->b.n;

	netlink_put(b, type | NLA_F_NESTED, NULL, 0);
	return nest;
}

void netlink_nest_end(struct netlink_batch *b, size_t nest)
{
	struct nlattr *a = at(b, nest, sizeof *a);

	if (a && b->b.n - nest <= UINT16_MAX)
		a->nla_len = (uint16_t)(b->b.n - nest);
	else
		b->overflow = true;
}

/* ---- talking ---- */

/* What is known while answers come in. */
struct talk {
	struct netlink *nl;
	uint32_t first;       /* sequence number of request 0 */
	size_t n, waiting;    /* requests; those still unanswered */
	netlink_fn fn;
	void *arg;
	int failed;           /* first error, by request */
	struct netlink_result result;
};

static void number_requests(struct netlink_batch *b, struct talk *t)
{
	t->first = t->nl->seq;
	for (size_t i = 0; i < b->b.n;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(b->b.p + i);

		m->nlmsg_seq = t->nl->seq++;
		t->waiting += (m->nlmsg_flags & NLM_F_ACK) || (m->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
		t->n++;
		i += NLMSG_ALIGN(m->nlmsg_len);
	}
}

/* The kernel's words, which follow the error as attributes. */
static void take_words(const struct nlmsghdr *m, const struct nlmsgerr *e, struct netlink_result *ret)
{
	const struct nlattr *table[NLMSGERR_ATTR_MSG + 1];
	size_t head = sizeof *e, n;
	const char *text = NULL;
	const void *p;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		head += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof e->msg;
	p = netlink_payload(m, head, &n);
	if (p && netlink_parse(p, n, table, NLMSGERR_ATTR_MSG) == 0)
		text = netlink_get_str(table[NLMSGERR_ATTR_MSG]);
	if (text)
		snprintf(ret->text, sizeof ret->text, "%s", text);
}

static void take_answer(struct talk *t, const struct nlmsghdr *m)
{
	struct nlmsgerr e = { 0 };
	size_t index = m->nlmsg_seq - t->first;

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof e.error))
		return;
	memcpy(&e, (const char *)m + NLMSG_HDRLEN, m->nlmsg_len < NLMSG_LENGTH(sizeof e) ? sizeof e.error : sizeof e);
	if (t->waiting > 0)
		t->waiting--;
	/* The first to fail counts. nf_tables may report a commit failure on the batch mark, after the request to blame. */
	if (e.error == 0 || (t->failed && index >= t->result.index))
		return;
	t->failed = e.error;
	t->result = (struct netlink_result){ .index = index };
	take_words(m, &e, &t->result);
}

/* One datagram of answers. Returns what the listener returned. */
static int take_datagram(struct talk *t, const char *p, size_t n)
{
	for (size_t i = 0; i + sizeof(struct nlmsghdr) <= n;) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)(p + i);
		int r = 0;

		if (m->nlmsg_len < sizeof *m || m->nlmsg_len > n - i)
			return -EBADMSG;
		i += NLMSG_ALIGN(m->nlmsg_len);
		if (m->nlmsg_seq - t->first >= t->n)
			continue; /* an answer to an older conversation that was given up */
		if (m->nlmsg_flags & NLM_F_DUMP_INTR && !t->failed)
			t->failed = -EAGAIN; /* the table changed while it was listed */
		if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
			take_answer(t, m);
		else if (t->fn)
			r = t->fn(t->arg, m);
		if (r != 0)
			return r;
	}
	return 0;
}

static int take_answers(struct talk *t)
{
	_Alignas(NLMSG_ALIGNTO) char p[RECEIVE];

	while (t->waiting > 0) {
		struct iovec iov = { .iov_base = p, .iov_len = sizeof p };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
		/* Acknowledgements are queued before sendmsg returns, and each read of a dump queues the next part. */
		ssize_t n = RETRY(recvmsg(t->nl->fd, &m, MSG_DONTWAIT));
		int r;

		if (n < 0 && errno == EAGAIN)
			return t->failed ? 0 : -EPROTO;
		if (n < 0)
			return -errno;
		if (m.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		r = take_datagram(t, p, (size_t)n);
		if (r != 0)
			return r;
	}
	return 0;
}

/* A transaction is one datagram, and a datagram has to fit the send buffer. If we may not have it send says -EMSGSIZE. */
static void make_room(int fd, int size)
{
	size += SMALL_BATCH;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

int netlink_query(struct netlink *nl, struct netlink_batch *b, netlink_fn fn, void *arg, struct netlink_result *ret)
{
	struct talk t = { .nl = nl, .fn = fn, .arg = arg };
	ssize_t sent;
	int r;

	if (buf_is_full(&b->b) || b->overflow)
		return -E2BIG;
	if (b->n == 0)
		return 0;
	number_requests(b, &t);
	if (b->b.n > SMALL_BATCH)
		make_room(nl->fd, (int)b->b.n);
	sent = RETRY(send(nl->fd, b->b.p, b->b.n, 0));
	if (sent < 0)
		return -errno;
	r = take_answers(&t);
	if (r == 0)
		r = t.failed;
	if (r < 0 && ret)
		*ret = t.result;
	return r;
}

int netlink_talk(struct netlink *nl, struct netlink_batch *b, struct netlink_result *ret)
{
	return netlink_query(nl, b, NULL, NULL, ret);
}

/* ---- reading ---- */

int netlink_parse(const void *p, size_t n, const struct nlattr **table, size_t max)
{
	const char *bytes = p;

	for (size_t i = 0; i <= max; i++)
		table[i] = NULL;
	for (size_t i = 0; i + NLA_HDRLEN <= n;) {
		const struct nlattr *a = (const struct nlattr *)(const void *)(bytes + i);
		size_t type = a->nla_type & NLA_TYPE_MASK;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > n - i)
			return -EBADMSG;
		if (type <= max)
			table[type] = a;
		i += NLA_ALIGN(a->nla_len);
	}
	return 0;
}

const void *netlink_payload(const struct nlmsghdr *m, size_t header_size, size_t *ret_n)
{
	size_t head = (size_t)NLMSG_HDRLEN + NLMSG_ALIGN(header_size);

	*ret_n = m->nlmsg_len > head ? m->nlmsg_len - head : 0;
	return (const char *)m + head;
}

uint16_t netlink_get_u16(const struct nlattr *a)
{
	uint16_t v = 0;

	if (a && netlink_size(a) >= sizeof v)
		memcpy(&v, netlink_data(a), sizeof v);
	return v;
}

uint32_t netlink_get_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a && netlink_size(a) >= sizeof v)
		memcpy(&v, netlink_data(a), sizeof v);
	return v;
}

const char *netlink_get_str(const struct nlattr *a)
{
	return a && memchr(netlink_data(a), 0, netlink_size(a)) ? netlink_data(a) : NULL;
}
