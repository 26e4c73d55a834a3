/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/scope.h"
#include "base/test.h"
#include "image/transfer/nearness.h"
#include "image/transfer/proxy.h"
#include "os/fd.h"
#include "os/sock.h"

static enum nearness nearness_of_text(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return nearness_of((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return nearness_of((struct sockaddr *)&v6);
}

TEST(addresses_are_as_near_as_they_lead)
{
	static const struct {
		const char *address;
		enum nearness nearness;
	} rows[] = {
		{ "1.1.1.1", NEAR_WORLD }, { "10.0.0.1", NEAR_WORLD }, { "192.168.1.1", NEAR_WORLD }, { "128.0.0.1", NEAR_WORLD }, { "126.255.255.255", NEAR_WORLD },
		{ "0.0.0.0", NEAR_MACHINE }, { "0.1.2.3", NEAR_MACHINE }, { "127.0.0.1", NEAR_MACHINE }, { "127.255.255.254", NEAR_MACHINE },
		{ "169.254.169.254", NEAR_LINK }, { "169.253.0.1", NEAR_WORLD }, { "100.100.100.200", NEAR_LINK }, { "100.100.100.201", NEAR_WORLD },
		{ "168.63.129.16", NEAR_LINK }, { "168.63.129.17", NEAR_WORLD }, { "192.0.0.192", NEAR_LINK }, { "192.0.0.191", NEAR_WORLD },
		{ "fd00:ec2::23", NEAR_LINK }, { "fd00:ec3::23", NEAR_WORLD },
		{ "223.255.255.255", NEAR_WORLD }, { "224.0.0.1", NEAR_NOTHING }, { "239.1.1.1", NEAR_NOTHING }, { "255.255.255.255", NEAR_NOTHING },
		{ "2606:4700::1111", NEAR_WORLD }, { "fd12::1", NEAR_WORLD }, { "::", NEAR_MACHINE }, { "::1", NEAR_MACHINE }, { "::2", NEAR_MACHINE },
		{ "fe80::1", NEAR_LINK }, { "febf::1", NEAR_LINK }, { "fec0::1", NEAR_WORLD }, { "fd00:ec2::254", NEAR_LINK }, { "ff02::1", NEAR_NOTHING },
		{ "::ffff:127.0.0.1", NEAR_MACHINE }, { "::ffff:10.0.0.1", NEAR_WORLD }, { "::ffff:169.254.169.254", NEAR_LINK },
		{ "::127.0.0.1", NEAR_MACHINE }, { "64:ff9b::7f00:1", NEAR_MACHINE }, { "64:ff9b::a9fe:a9fe", NEAR_LINK }, { "64:ff9b::808:808", NEAR_WORLD },
		{ "2002:7f00:1::1", NEAR_MACHINE }, { "2002:808:808::1", NEAR_WORLD },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (nearness_of_text(rows[i].address) != rows[i].nearness)
			fail_msg("%s is not on %s", rows[i].address, nearness_text(rows[i].nearness));
	assert_int_equal(nearness_of(&(struct sockaddr){ .sa_family = AF_UNIX }), NEAR_NOTHING);
}

/* A dialer in a thread, and a listener on loopback. */
struct bench {
	int ours, theirs, listener;
	char port[8], place[32]; /* of the listener; "PORT 127.0.0.1" */
	struct strs named;
	pthread_t thread;
};

static void *serve_run(void *arg)
{
	struct bench *b = arg;

	dialer_serve(b->theirs, &b->named);
	return NULL;
}

/* Of @named NULL is the listener's place, as of a proxy. */
static void bench_begin(struct bench *b, const char **named, size_t n)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int pair[2];

	b->named = (struct strs){ named, n };
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&here, sizeof here), 0);
	assert_int_equal(listen(b->listener, 8), 0);
	assert_int_equal(getsockname(b->listener, (struct sockaddr *)&here, &(socklen_t){ sizeof here }), 0);
	snprintf(b->port, sizeof b->port, "%u", ntohs(here.sin_port));
	snprintf(b->place, sizeof b->place, "%s 127.0.0.1", b->port);
	for (size_t i = 0; i < n; i++)
		named[i] = named[i] ? named[i] : b->place;
	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
	b->ours = pair[0];
	b->theirs = pair[1];
	assert_int_equal(pthread_create(&b->thread, NULL, serve_run, b), 0);
}

static void bench_end(struct bench *b)
{
	fd_close(b->ours);
	pthread_join(b->thread, NULL);
	fd_close(b->theirs);
	fd_close(b->listener);
}

static int dialed(struct bench *b, const char *host, const char *port, struct err *e)
{
	atomic_bool never = false;

	*e = (struct err){ 0 };
	return dial(b->ours, host, port, &never, e);
}

TEST(who_is_on_this_machine_may_lead_there)
{
	struct bench b;
	struct err e;

	bench_begin(&b, (const char *[]){ "127.0.0.1" }, 1);
	for (int i = 0; i < 2; i++) {
		scoped_fd int fd = dialed(&b, i ? "127.0.0.2" : "127.0.0.1", b.port, &e);

		if (i == 0)
			assert_true(fd >= 0);
		else /* allowed, but nobody listens there */
			assert_int_equal(e.kind, err_kind_of(ECONNREFUSED));
	}
	bench_end(&b);
}

TEST(who_was_not_found_here_may_not)
{
	struct bench b;
	struct err e;

	bench_begin(&b, (const char *[]){ "192.0.2.1" }, 1);
	assert_true(dialed(&b, "127.0.0.1", b.port, &e) < 0);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_true(dialed(&b, "::ffff:127.0.0.1", b.port, &e) < 0);
	assert_int_equal(e.kind, ERR_DENIED);
	assert_true(dialed(&b, "169.254.169.254", "80", &e) < 0);
	assert_int_equal(e.kind, ERR_DENIED);
	bench_end(&b);
}

TEST(a_proxy_on_this_machine_is_reached_and_leads_nowhere_else_here)
{
	struct bench b;
	struct err e;
	int fd;

	bench_begin(&b, (const char *[]){ "registry.invalid", NULL }, 2);
	fd = dialed(&b, "127.0.0.1", b.port, &e);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_true(dialed(&b, "127.0.0.2", b.port, &e) < 0);
	assert_int_equal(e.kind, ERR_DENIED);
	/* Nor to what else its host has. */
	assert_true(dialed(&b, "127.0.0.1", strcmp(b.port, "80") == 0 ? "81" : "80", &e) < 0);
	assert_int_equal(e.kind, ERR_DENIED);
	bench_end(&b);
}

/* A dialer that was taken over. */
static void *answer_badly(void *arg)
{
	int request = *(int *)arg, answer = -1, pair[2];
	size_t n_fds = 0;
	char text[64], c;

	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
	assert_true(sock_recv(request, text, sizeof text, &answer, 1, &n_fds) > 0);
	assert_int_equal(n_fds, 1);
	assert_int_equal(sock_send(answer, "x", 1, &pair[1], 1), 1);
	fd_close(pair[1]);
	fd_close(answer);
	/* The other end is nowhere any more once nobody keeps what we sent. */
	assert_int_equal(sock_wait(pair[0], 5000), 0);
	assert_int_equal(sock_recv(pair[0], &c, 1, NULL, 0, NULL), 0);
	fd_close(pair[0]);
	return NULL;
}

TEST(a_descriptor_that_comes_with_no_proper_answer_is_not_kept)
{
	atomic_bool never = false;
	struct err e = { 0 };
	pthread_t thread;
	int pair[2];

	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
	assert_int_equal(pthread_create(&thread, NULL, answer_badly, &pair[1]), 0);
	assert_true(dial(pair[0], "registry.invalid", "80", &never, &e) < 0);
	assert_int_equal(e.kind, ERR_INTERNAL);
	pthread_join(thread, NULL);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

TEST(what_is_near_goes_through_no_proxy)
{
	static const struct {
		const char *url;
		bool proxied;
	} rows[] = {
		{ "http://registry.test/", true }, { "http://10.0.0.1/", true }, { "http://localhost.test/", true }, { "http://notlocalhost/", true },
		{ "http://[2606:4700::1111]/", true }, { "http://localhost/", false }, { "http://LocalHost./", false }, { "http://a.b.localhost/", false },
		{ "http://127.0.0.1/", false }, { "http://2130706433/", false }, { "http://0x7f.1/", false }, { "http://0.0.0.0/", false },
		{ "http://169.254.169.254/", false }, { "http://[::1]/", false }, { "http://[::]/", false }, { "http://[::ffff:127.0.0.1]/", false },
		{ "http://[fe80::1%25lo]/", false },
	};

	setenv("http_proxy", "http://proxy.test:3128", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct auth_origin where;
		struct err e;

		assert_int_equal(auth_origin_parse(rows[i].url, &a, &where, &e), 0);
		if ((*proxy_for(&where, &a).url != 0) != rows[i].proxied)
			fail_msg("%s (%s) goes%s through the proxy", rows[i].url, where.host, rows[i].proxied ? " not" : "");
	}
	unsetenv("http_proxy");
}

TEST(requests_that_are_none_get_no_answer_and_do_no_harm)
{
	static const char *const requests[] = { "", "x", "80", "80 ", " 127.0.0.1", "0 127.0.0.1", "65536 127.0.0.1", "-1 127.0.0.1", "80 a\nb", "80  b", "080x b" };
	struct bench b;
	struct err e;
	int fd;

	bench_begin(&b, (const char *[]){ "127.0.0.1" }, 1);
	for (size_t i = 1; i < ARRAY_LEN(requests); i++) {
		int pair[2];
		char c;

		assert_int_equal(sock_send(b.ours, requests[i], strlen(requests[i]), NULL, 0), strlen(requests[i]));
		assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
		sock_send(b.ours, requests[i], strlen(requests[i]), &pair[1], 1);
		fd_close(pair[1]);
		assert_int_equal(sock_recv(pair[0], &c, 1, NULL, 0, NULL), 0);
		fd_close(pair[0]);
	}
	fd = dialed(&b, "127.0.0.1", b.port, &e);
	assert_true(fd >= 0);
	fd_close(fd);
	bench_end(&b);
}
