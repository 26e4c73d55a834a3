/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/client.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"

static struct clients clients;
static struct loop loop;
static struct monitor_frame output, in;
static int n_gone, n_ready;
static uint32_t last_request;

static bool greet;

static void joined(void *arg, struct client *c)
{
	if (greet)
		client_send_number(c, MONITOR_CREATED, 42);
}

static void request(void *arg, struct client *c, const struct monitor_frame *f)
{
	last_request = f->type;
	if (f->type == MONITOR_ATTACH)
		memcpy(&c->attach, f->payload, sizeof c->attach);
}

static void ready(void *arg, struct client *c)
{
	n_ready++;
	clients_resume(&clients, c, &output);
}

static void gone(void *arg, struct client *c)
{
	n_gone++;
}

static const struct client_events events = { joined, request, ready, gone };

/* A monitor's side with nobody connected, in a directory of its own. */
struct server {
	char path[64];
	int dirfd;
};

static void serve(struct server *s)
{
	struct err e;

	snprintf(s->path, sizeof s->path, "/tmp/tare-client-XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->dirfd = dir_open(AT_FDCWD, s->path);
	loop = LOOP_NONE;
	assert_int_equal(loop_open(&loop), 0);
	assert_int_equal(clients_open(&clients, &loop, s->dirfd, MONITOR_CTL, &client_wire, &events, NULL, &e), 0);
	n_gone = n_ready = 0;
	last_request = 0;
	output.type = MONITOR_STDOUT;
	output.length = LIMIT_MONITOR_PAYLOAD;
}

static void end(struct server *s)
{
	clients_close(&clients);
	loop_done(&loop);
	fd_done(&s->dirfd);
	assert_int_equal(dir_remove_tree(AT_FDCWD, s->path), 0);
}

/* Connects and attaches. */
static int attach(const struct server *s, uint32_t flags)
{
	struct err e;
	int fd = -EBADF;

	assert_int_equal(monitor_connect(s->path, &fd, &e), 0);
	assert_int_equal(monitor_send_attach(fd, flags, &e), 0);
	assert_int_equal(loop_step(&loop, 1000), 0); /* accept */
	assert_int_equal(loop_step(&loop, 1000), 0); /* attach */
	assert_int_equal(last_request, MONITOR_ATTACH);
	return fd;
}

TEST(every_attached_client_gets_the_output_and_others_do_not)
{
	struct server s;
	struct err e;
	int a, b, c;

	serve(&s);
	a = attach(&s, MONITOR_ATTACH_OUTPUT);
	b = attach(&s, MONITOR_ATTACH_OUTPUT);
	c = attach(&s, MONITOR_ATTACH_STDIN);
	assert_false(clients_output(&clients, &output));
	assert_int_equal(monitor_receive(a, &in, &e), 1);
	assert_int_equal(in.length, LIMIT_MONITOR_PAYLOAD);
	assert_int_equal(monitor_receive(b, &in, &e), 1);
	assert_int_equal(fd_set_nonblock(c, true), 0);
	assert_int_equal(monitor_receive(c, &in, &e), -EAGAIN);
	fd_close(a);
	fd_close(b);
	fd_close(c);
	end(&s);
}

TEST(a_client_that_does_not_read_is_dropped_when_its_queue_is_full)
{
	struct server s;
	size_t sent = 0;
	int a;

	serve(&s);
	a = attach(&s, MONITOR_ATTACH_OUTPUT);
	while (clients.n && sent < 64) {
		assert_false(clients_output(&clients, &output));
		sent++;
	}
	assert_int_equal(n_gone, 1);
	assert_in_range(sent, 2, LIMIT_MONITOR_QUEUE / LIMIT_MONITOR_PAYLOAD + 2);
	fd_close(a);
	end(&s);
}

TEST(a_client_that_must_be_waited_for_loses_nothing)
{
	struct server s;
	struct err e;
	size_t sent = 0, received = 0;
	int a;

	serve(&s);
	a = attach(&s, MONITOR_ATTACH_OUTPUT | MONITOR_ATTACH_WAIT);
	while (!clients_output(&clients, &output))
		sent++;
	assert_int_equal(clients.n, 1);
	assert_int_equal(fd_set_nonblock(a, true), 0);
	while (received < sent && monitor_receive(a, &in, &e) == 1)
		received++;
	assert_int_equal(received, sent);
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(n_ready, 1);
	assert_int_equal(monitor_receive(a, &in, &e), 1);
	assert_false(clients_resume(&clients, NULL, &output));
	fd_close(a);
	end(&s);
}

TEST(a_slow_client_does_not_cost_the_others_a_byte)
{
	struct server s;
	struct err e;
	int slow, quick;

	serve(&s);
	slow = attach(&s, MONITOR_ATTACH_OUTPUT);
	quick = attach(&s, MONITOR_ATTACH_OUTPUT);
	for (int i = 0; i < 64; i++) {
		clients_output(&clients, &output);
		assert_int_equal(monitor_receive(quick, &in, &e), 1);
	}
	assert_int_equal(clients.n, 1);
	fd_close(slow);
	fd_close(quick);
	end(&s);
}

TEST(a_client_that_leaves_or_talks_nonsense_is_gone)
{
	struct server s;
	int a, b;

	serve(&s);
	a = attach(&s, 0);
	b = attach(&s, 0);
	fd_close(a);
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(n_gone, 1);
	assert_int_equal(write(b, "nonsense!", 9), 9);
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(n_gone, 2);
	assert_int_equal(clients.n, 0);
	fd_close(b);
	end(&s);
}

TEST(what_a_client_said_before_it_left_is_heard)
{
	struct server s;
	struct err e;
	int a = -EBADF;

	serve(&s);
	greet = true;
	assert_int_equal(monitor_connect(s.path, &a, &e), 0);
	assert_int_equal(loop_step(&loop, 1000), 0); /* it is greeted, and does not read that */
	assert_int_equal(monitor_send_number(a, MONITOR_SIGNAL, 15, &e), 0);
	fd_close(a);
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(last_request, MONITOR_SIGNAL);
	last_request = 0;
	assert_int_equal(monitor_connect(s.path, &a, &e), 0);
	assert_int_equal(monitor_send_number(a, MONITOR_SIGNAL, 15, &e), 0);
	fd_close(a);
	assert_int_equal(loop_step(&loop, 1000), 0); /* it is greeted after it left */
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(last_request, MONITOR_SIGNAL);
	greet = false;
	for (int i = 0; i < 4 && clients.n; i++)
		assert_int_equal(loop_step(&loop, 0), 0);
	assert_int_equal(clients.n, 0);
	end(&s);
}

TEST(there_is_a_last_client)
{
	struct server s;
	struct err e;
	int fds[LIMIT_MONITOR_CLIENTS], extra;

	serve(&s);
	for (int i = 0; i < LIMIT_MONITOR_CLIENTS; i++)
		fds[i] = attach(&s, 0);
	assert_int_equal(monitor_connect(s.path, &extra, &e), 0);
	assert_int_equal(loop_step(&loop, 1000), 0);
	assert_int_equal(monitor_receive(extra, &in, &e), 0);
	assert_int_equal(clients.n, LIMIT_MONITOR_CLIENTS);
	for (int i = 0; i < LIMIT_MONITOR_CLIENTS; i++)
		fd_close(fds[i]);
	fd_close(extra);
	end(&s);
}
