/* SPDX-License-Identifier: Apache-2.0 */
/* Which files of the user are asked and written, which certificates go with a host. Credentials found in one document are in image_test.c. */
#include "image/registries/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/test.h"
#include "image/registries/cert_files.h"
#include "os/test_dir.h"

static const char *const variables[] = { "HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE" };
enum { VARIABLES = 5 };

/* A user with nothing but a home directory; what the tester has comes back at the end. */
struct user {
	struct test_dir home;
	struct arena arena;
	const char *before[VARIABLES];
};

static struct user user_make(void)
{
	struct user u = { .home = test_dir_make() };

	for (size_t i = 0; i < VARIABLES; i++) {
		u.before[i] = arena_strdup(&u.arena, getenv(variables[i]));
		unsetenv(variables[i]);
	}
	setenv("HOME", u.home.path, 1);
	/* Else it is a directory below /run. */
	setenv("XDG_RUNTIME_DIR", arena_printf(&u.arena, "%s/run", u.home.path), 1);
	return u;
}

static void user_done(struct user *u)
{
	for (size_t i = 0; i < VARIABLES; i++) {
		if (u->before[i])
			setenv(variables[i], u->before[i], 1);
		else
			unsetenv(variables[i]);
	}
	test_dir_done(&u->home);
	arena_done(&u->arena);
}
#define scoped_user SCOPED(user_done)

static const char *in_home(struct user *u, const char *name)
{
	return arena_printf(&u->arena, "%s/%s", u->home.path, name);
}

static void put(struct user *u, const char *directory, const char *name, const char *text)
{
	scoped_fd int fd = dir_ensure(AT_FDCWD, in_home(u, directory), 0700);

	assert_true(fd >= 0);
	assert_int_equal(file_create(fd, name, text, strlen(text), 0600), 0);
}

static const char *found(struct user *u, const char *host, const char *authfile)
{
	const struct credentials_query q = { .host = host, .repository = "a/b", .authfile = authfile };
	struct credentials c = { 0 };
	struct err e = { 0 };

	if (credentials_find(&q, &u->arena, &c, &e) < 0)
		return arena_printf(&u->arena, "error %s", e.msg);
	return c.user ? c.user : "nobody";
}

#define ENTRY(host, base64) "{\"auths\":{\"" host "\":{\"auth\":\"" base64 "\"}}}"
#define ALICE "YWxpY2U6c2VjcmV0" /* alice:secret */
#define BOB "Ym9iOmE6Yg=="       /* bob:a:b */

TEST(credentials_come_from_the_first_file_that_has_them)
{
	scoped_user struct user u = user_make();

	assert_string_equal(found(&u, "r.test", NULL), "nobody");
	put(&u, ".docker", "config.json", ENTRY("r.test", ALICE));
	assert_string_equal(found(&u, "r.test", NULL), "alice");
	put(&u, ".config", "x", "");
	put(&u, ".config/containers", "auth.json", ENTRY("r.test", BOB));
	assert_string_equal(found(&u, "r.test", NULL), "bob");
	put(&u, "run", "x", "");
	put(&u, "run/containers", "auth.json", ENTRY("other.test", ALICE));
	assert_string_equal(found(&u, "r.test", NULL), "bob");
	assert_string_equal(found(&u, "other.test", NULL), "alice");
	/* The one that is named counts alone. */
	assert_string_equal(found(&u, "r.test", in_home(&u, "run/containers/auth.json")), "nobody");
	setenv("REGISTRY_AUTH_FILE", in_home(&u, ".docker/config.json"), 1);
	assert_string_equal(found(&u, "r.test", NULL), "alice");
	assert_non_null(strstr(found(&u, "r.test", in_home(&u, "none.json")), "error"));
}

TEST(credentials_in_a_broken_file_are_an_error)
{
	scoped_user struct user u = user_make();

	put(&u, ".docker", "config.json", "{\"auths\":");
	assert_non_null(strstr(found(&u, "r.test", NULL), "config.json"));
}

TEST(credentials_of_old_docker_are_found)
{
	scoped_user struct user u = user_make();

	put(&u, ".", ".dockercfg", "{\"r.test\":{\"auth\":\"" ALICE "\"}}");
	assert_string_equal(found(&u, "r.test", NULL), "alice");
}

TEST(credentials_given_beat_all_files)
{
	scoped_user struct user u = user_make();
	const struct credentials_query q = { .host = "r.test", .given = "carol:x:y" };
	struct credentials c = { 0 };
	struct err e = { 0 };

	put(&u, ".docker", "config.json", "broken");
	assert_true(credentials_find(&q, &u.arena, &c, &e) >= 0);
	assert_string_equal(c.user, "carol");
	assert_string_equal(c.password, "x:y");
}

TEST(credentials_are_kept_where_they_were_and_dropped_everywhere)
{
	const struct credentials alice = { .user = "alice", .password = "secret" };
	scoped_user struct user u = user_make();
	struct credentials_place place;
	struct strs dropped = { 0 };
	struct stat st;
	struct err e = { 0 };

	assert_int_equal(credentials_keep("r.test", &alice, NULL, &u.arena, &place, &e), 0);
	assert_string_equal(place.path, in_home(&u, ".docker/config.json"));
	assert_null(place.helper);
	assert_int_equal(stat(place.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	put(&u, ".config", "x", "");
	put(&u, ".config/containers", "auth.json", "{\"auths\":{\"two.test\":{\"auth\":\"" BOB "\"}},\"kept\":1}");
	assert_int_equal(credentials_keep("two.test", &alice, NULL, &u.arena, &place, &e), 0);
	assert_string_equal(place.path, in_home(&u, ".config/containers/auth.json"));
	assert_string_equal(found(&u, "two.test", NULL), "alice");
	assert_int_equal(credentials_drop("two.test", NULL, &u.arena, &dropped, &e), 0);
	assert_int_equal(dropped.n, 1);
	assert_string_equal(found(&u, "two.test", NULL), "nobody");
	assert_string_equal(found(&u, "r.test", NULL), "alice");
	dropped = (struct strs){ 0 };
	assert_int_equal(credentials_drop(NULL, NULL, &u.arena, &dropped, &e), 0);
	assert_int_equal(dropped.n, 1);
	assert_string_equal(dropped.v[0], "r.test");
	assert_string_equal(found(&u, "r.test", NULL), "nobody");
}

TEST(credentials_for_docker_hub_have_dockers_own_key)
{
	const struct credentials alice = { .user = "alice", .password = "secret" };
	scoped_user struct user u = user_make();
	struct credentials_place place;
	struct err e = { 0 };
	char *text;

	assert_int_equal(credentials_keep("docker.io", &alice, NULL, &u.arena, &place, &e), 0);
	assert_int_equal(file_read(u.home.fd, ".docker/config.json", 1000, &u.arena, &text, NULL), 0);
	assert_non_null(strstr(text, "\"https://index.docker.io/v1/\""));
	assert_string_equal(found(&u, "docker.io", NULL), "alice");
}

/* ---- certificates ---- */

TEST(certificates_are_told_apart_by_their_endings)
{
	scoped_user struct user u = user_make();
	struct cert_files files;
	struct err e = { 0 };

	put(&u, "d", "ca.crt", "");
	put(&u, "d", "b.crt", "");
	put(&u, "d", "client.cert", "");
	put(&u, "d", "client.key", "");
	put(&u, "d", "other.cert", "");
	put(&u, "d", "other.key", "");
	put(&u, "d", "README", "");
	if (cert_files_find("r.test", in_home(&u, "d"), &u.arena, &files, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(files.ca.n, 2);
	assert_string_equal(files.ca.v[0], in_home(&u, "d/b.crt"));
	assert_string_equal(files.cert, in_home(&u, "d/client.cert"));
	assert_string_equal(files.key, in_home(&u, "d/client.key"));
}

TEST(certificates_come_in_pairs_and_from_directories_that_are_there)
{
	static const struct {
		const char *name, *says;
	} rows[] = { { "c.cert", "no" }, { "c.key", "no" } };
	struct cert_files files;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_user struct user u = user_make();
		struct err e = { 0 };

		put(&u, "d", rows[i].name, "");
		assert_int_equal(cert_files_find("r.test", in_home(&u, "d"), &u.arena, &files, &e), -EINVAL);
		assert_non_null(strstr(e.msg, rows[i].says));
		assert_int_equal(cert_files_find("r.test", in_home(&u, "none"), &u.arena, &files, &e), -ENOENT);
	}
}

TEST(certificates_of_a_host_are_below_the_users_home)
{
	scoped_user struct user u = user_make();
	struct cert_files files;
	struct err e = { 0 };

	put(&u, ".config", "x", "");
	put(&u, ".config/containers", "x", "");
	put(&u, ".config/containers/certs.d", "x", "");
	put(&u, ".config/containers/certs.d/r.test:5000", "ca.crt", "");
	assert_int_equal(cert_files_find("r.test:5000", NULL, &u.arena, &files, &e), 0);
	assert_int_equal(files.ca.n, 1);
	assert_int_equal(cert_files_find("r.test", NULL, &u.arena, &files, &e), 0);
	assert_int_equal(files.ca.n, 0);
}
