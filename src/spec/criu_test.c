/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "spec/criu.h"

#include "base/scope.h"

TEST(criu_tables_obey_the_laws_of_tables)
{
	struct err e = { 0 };

	assert_int_equal(proto_schema_check(&criu_req_message, &e), 0);
	assert_int_equal(proto_schema_check(&criu_resp_message, &e), 0);
}

/* The bytes are what criu's own description of its messages (rpc_pb2.py of the package) makes of this request. */
TEST(a_dump_request_has_the_bytes_criu_expects)
{
	static const char want[] = "\x08\x01\x12\x30\x08\x05\x10\xd2\x09\x18\x01\x52\x08" "dump.log" "\xba\x01\x08\x0a\x02/a\x12\x02/b\x90\x02\x03"
				   "\xaa\x02\x0bnet[4026]:x\x88\x03\x00";
	struct criu_ext_mount m = { "/a", "/b" };
	struct criu_opts o = { .images_dir_fd = 5, .pid = 1234, .leave_running = true, .log_file = "dump.log", .ext_mounts = &m, .n_ext_mounts = 1,
		.manage_cgroups_mode = { true, CRIU_CGROUP_SOFT }, .external = { (const char *[]){ "net[4026]:x" }, 1 }, .status_fd = { true, 0 } };
	struct criu_req req = { .type = CRIU_DUMP, .opts = &o };
	scoped_buf struct buf b = BUF(1000);

	assert_int_equal(proto_encode(&criu_req_message, &req, &b), 0);
	assert_int_equal(b.n, sizeof want - 1);
	assert_memory_equal(b.p, want, b.n);
}

TEST(a_notification_of_criu_is_understood)
{
	scoped_arena struct arena a = { 0 };
	struct criu_resp resp;
	struct err e = { 0 };

	assert_int_equal(proto_decode(STR("\x08\x06\x10\x01\x2a\x0f\x0a\x0cpost-restore\x10\x07"), &criu_resp_message, &a, &resp, &e), -EINVAL);
	assert_int_equal(proto_decode(STR("\x08\x06\x10\x01\x2a\x10\x0a\x0cpost-restore\x10\x07"), &criu_resp_message, &a, &resp, &e), 0);
	assert_int_equal(resp.type, CRIU_NOTIFY);
	assert_string_equal(resp.notify->script, "post-restore");
	assert_int_equal(resp.notify->pid, 7);
}

TEST(versions_are_numbers_that_compare)
{
	assert_int_equal(criu_version_number(&(struct criu_version){ 3, 17, 1 }), 31701);
	assert_true(criu_version_number(&(struct criu_version){ 4, 0, 0 }) > 31903);
	assert_int_equal(criu_version_number(&(struct criu_version){ 2000000, 0, 0 }), 0);
}
