/* SPDX-License-Identifier: Apache-2.0 */
#include "os/objdir.h"
#include "os/proc.h"
#include "os/test_dir.h"
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct objdir open_objects(const struct test_dir *t)
{
	struct objdir d = OBJDIR_NONE;

	assert_int_equal(objdir_open(&d, t->fd, "root/containers", OBJDIR_VOLATILE), 0);
	return d;
}

static int remember(void *arg, const char *name, const struct object *o)
{
	(void)o;
	snprintf(arg, 64, "%s", name);
	return 0;
}

TEST(objdir_names_are_strict)
{
	assert_true(objdir_name_is_valid("web-1.2_x"));
	assert_true(objdir_name_is_valid("docker.io%2Flibrary%2Fbusybox:latest"));
	assert_false(objdir_name_is_valid(""));
	assert_false(objdir_name_is_valid("."));
	assert_false(objdir_name_is_valid(".."));
	assert_false(objdir_name_is_valid(".hidden"));
	assert_false(objdir_name_is_valid("a/b"));
	assert_false(objdir_name_is_valid("a b"));
}

static int count(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

TEST(object_takes_the_place_of_an_older_one_in_one_moment)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	scoped_object struct object old = OBJECT_NONE, o = OBJECT_NONE, seen = OBJECT_NONE;
	scoped_arena struct arena a = { 0 };
	char hidden[OBJDIR_HIDDEN], *text;
	int n = 0;

	assert_int_equal(object_create_hidden(&d, 0, &old, hidden), 0);
	assert_int_equal(object_write(&old, "config.json", "old", 3), 0);
	assert_int_equal(objdir_each(&d, count, &n), 0);
	assert_int_equal(n, 0); /* nobody sees it */
	assert_int_equal(object_appear(&d, hidden, "../one", &old, NULL), -EINVAL);
	assert_int_equal(object_appear(&d, hidden, "one", &old, NULL), 0);

	assert_int_equal(object_create_hidden(&d, 0, &o, hidden), 0);
	assert_int_equal(object_write(&o, "config.json", "new", 3), 0);
	assert_int_equal(object_appear(&d, hidden, "one", &o, NULL), -EEXIST);
	assert_int_equal(object_appear(&d, hidden, "one", &o, &old), 0);
	assert_int_equal(object_open(&d, "one", &seen), 0);
	assert_int_equal(object_read(&seen, "config.json", 100, &a, &text, NULL), 0);
	assert_string_equal(text, "new");
	assert_int_equal(faccessat(d.fd, hidden, F_OK, 0), -1); /* the old one */
}

TEST(object_without_a_name_goes_when_its_maker_does)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	struct object o = OBJECT_NONE;
	char hidden[OBJDIR_HIDDEN], who[64];

	assert_int_equal(object_create_hidden(&d, 0, &o, hidden), 0);
	assert_int_equal(object_finish(&o), 0);
	assert_int_equal(objdir_each_abandoned(&d, remember, who), 0);
	assert_int_equal(faccessat(d.fd, hidden, F_OK, 0), 0);
	object_done(&o);
	assert_int_equal(objdir_each_abandoned(&d, remember, who), 0);
	assert_int_equal(faccessat(d.fd, hidden, F_OK, 0), -1);
}

TEST(object_is_created_once_written_read_and_removed)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	scoped_object struct object o = OBJECT_NONE;
	struct object again = OBJECT_NONE;
	scoped_arena struct arena a = { 0 };
	char *text;

	assert_int_equal(object_create(&d, "one", 0, &o), 0);
	assert_int_equal(object_create(&d, "one", 0, &again), -EEXIST);
	assert_int_equal(object_create(&d, "../one", 0, &again), -EINVAL);
	assert_int_equal(object_write(&o, "config.json", "{}", 2), 0);
	assert_int_equal(object_write(&o, "lock", "{}", 2), -EINVAL);
	assert_false(object_is_finished(&o));
	assert_int_equal(object_finish(&o), 0);
	assert_true(object_is_finished(&o));
	assert_int_equal(object_open_locked(&d, "one", false, &again), -EAGAIN);
	assert_int_equal(object_open(&d, "one", &again), 0);
	assert_int_equal(object_read(&again, "config.json", 100, &a, &text, NULL), 0);
	assert_string_equal(text, "{}");
	assert_int_equal(object_remove(&d, "one", &again), -EBADF);
	object_done(&again);
	assert_int_equal(object_remove(&d, "one", &o), 0);
	assert_int_equal(object_remove(&d, "one", &o), 0);
	assert_int_equal(object_open(&d, "one", &again), -ENOENT);
	assert_int_equal(test_dir_count(d.fd), 0);
}

TEST(object_remembers_that_it_is_volatile)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	struct objdir d = OBJDIR_NONE;
	struct object o = OBJECT_NONE;

	assert_int_equal(objdir_open(&d, t.fd, "durable", 0), 0);
	for (unsigned flags = 0; flags <= OBJDIR_VOLATILE; flags++) {
		const char *name = flags ? "volatile" : "durable";

		assert_int_equal(object_create(&d, name, flags, &o), 0);
		assert_int_equal(object_finish(&o), 0);
		object_done(&o);
		assert_int_equal(object_open_locked(&d, name, false, &o), 0);
		assert_int_equal(o.flags, flags);
		assert_true(object_is_finished(&o));
		object_done(&o);
	}
	objdir_done(&d);
}

TEST(objdir_finds_exactly_the_abandoned)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	scoped_object struct object busy = OBJECT_NONE, done = OBJECT_NONE, dead = OBJECT_NONE;
	char found[64] = "";

	assert_int_equal(object_create(&d, "busy", 0, &busy), 0);
	assert_int_equal(object_create(&d, "done", 0, &done), 0);
	assert_int_equal(object_finish(&done), 0);
	object_done(&done);
	assert_int_equal(object_create(&d, "dead", 0, &dead), 0);
	object_done(&dead); /* as when the process dies */
	assert_int_equal(mkdirat(d.fd, ".new-0123", 0700), 0);
	assert_int_equal(mkdirat(d.fd, ".old-0123", 0700), 0);
	assert_int_equal(objdir_each_abandoned(&d, remember, found), 0);
	assert_string_equal(found, "dead");
	assert_int_equal(test_dir_count(d.fd), 3);
}

TEST(object_lock_dies_with_its_holder)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	scoped_proc struct proc p = PROC_NONE;
	scoped_object struct object o = OBJECT_NONE;
	char found[64] = "";
	int ready[2];
	char c;

	assert_int_equal(fd_pipe(ready, 0), 0);
	p.pid = proc_clone(0, -EBADF, &p.pidfd);
	if (p.pid == 0) {
		struct object mine = OBJECT_NONE;

		if (object_create(&d, "child", 0, &mine) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(object_open_locked(&d, "child", false, &o), -EAGAIN);
	assert_int_equal(objdir_each_abandoned(&d, remember, found), 0);
	assert_string_equal(found, "");
	proc_done(&p);
	assert_int_equal(objdir_each_abandoned(&d, remember, found), 0);
	assert_string_equal(found, "child");
	assert_int_equal(object_open_locked(&d, "child", true, &o), 0);
	assert_int_equal(object_remove(&d, "child", &o), 0);
	fd_close(ready[0]);
	fd_close(ready[1]);
}

TEST(objdir_links_reserve_names)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	scoped_arena struct arena a = { 0 };
	char *text;

	assert_int_equal(objdir_link(&d, "web", "id1", 0), 0);
	assert_int_equal(objdir_link(&d, "web", "id2", 0), -EEXIST);
	assert_int_equal(objdir_link_read(&d, "web", &a, &text), 0);
	assert_string_equal(text, "id1");
	assert_int_equal(objdir_unlink(&d, "web", "id2"), 0);
	assert_int_equal(objdir_link_read(&d, "web", &a, &text), 0);
	assert_int_equal(objdir_unlink(&d, "web", "id1"), 0);
	assert_int_equal(objdir_link_read(&d, "web", &a, &text), -ENOENT);
	assert_int_equal(objdir_create(&d, "10.0.0.2", "id1", 3), 0);
	assert_int_equal(objdir_create(&d, "10.0.0.2", "id2", 3), -EEXIST);
	assert_int_equal(objdir_write(&d, "10.0.0.2", "id2", 3), 0);
	assert_int_equal(objdir_read(&d, "10.0.0.2", 10, &a, &text, NULL), 0);
	assert_string_equal(text, "id2");
	assert_int_equal(objdir_remove(&d, "10.0.0.2"), 0);
	assert_int_equal(objdir_remove(&d, "10.0.0.2"), -ENOENT);
}

/* ---- many at once ---- */

static int keep_it(void *arg, const char *name, const struct object *o)
{
	(void)arg, (void)name, (void)o;
	return 0;
}

/* One process of the crowd: makes, finishes and removes objects, some of them wanted by all. Returns what went wrong. */
static int member(const struct objdir *d, int number)
{
	for (int i = 0; i < 60; i++) {
		scoped_object struct object o = OBJECT_NONE;
		char name[32];
		int r;

		if (i % 3)
			snprintf(name, sizeof name, "own-%d-%d", number, i);
		else
			snprintf(name, sizeof name, "wanted-%d", i % 4);
		r = object_create(d, name, 0, &o);
		if (r == -EEXIST && i % 3 == 0)
			continue;
		if (r == 0)
			r = object_write(&o, "file", name, strlen(name));
		if (r == 0)
			r = object_finish(&o);
		if (r == 0)
			r = object_remove(d, name, &o);
		if (r < 0)
			return r;
	}
	return 0;
}

TEST(objdir_serves_a_crowd_and_a_sweeper_at_once)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_objdir struct objdir d = open_objects(&t);
	struct proc crowd[5];
	struct proc_exit x;

	for (int i = 0; i < 5; i++) {
		crowd[i].pid = proc_clone(0, -EBADF, &crowd[i].pidfd);
		if (crowd[i].pid)
			continue;
		/* The last one sweeps all the time and must never take what somebody is working on. */
		for (int round = 0; i == 4 && round < 200; round++)
			if (objdir_each_abandoned(&d, keep_it, NULL) < 0)
				_exit(1);
		_exit(i < 4 ? -member(&d, i) : 0);
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(proc_wait(crowd[i].pidfd, -1, &x), 0);
		fd_close(crowd[i].pidfd);
		assert_int_equal(proc_exit_number(&x), 0);
	}
	assert_int_equal(test_dir_count(d.fd), 0);
}
