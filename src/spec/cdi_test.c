/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/cdi.h"

#include "base/scope.h"
#include "base/test.h"
#include "base/vec.h"

TEST(a_cdi_specification_is_read_as_json_and_as_yaml)
{
	static const char json[] = "{\"cdiVersion\":\"0.7.0\",\"kind\":\"vendor.com/gpu\",\"containerEdits\":{\"env\":[\"A=1\"]},\"devices\":[{\"name\":\"0\","
				   "\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/x\",\"hostPath\":\"/dev/null\",\"permissions\":\"rw\"}],"
				   "\"additionalGids\":[44]}}]}";
	static const char yaml[] = "cdiVersion: 0.7.0\nkind: vendor.com/gpu\ncontainerEdits:\n  env:\n  - A=1\ndevices:\n- name: \"0\"\n  containerEdits:\n"
				   "    deviceNodes:\n    - path: /dev/x\n      hostPath: /dev/null\n      permissions: rw\n    additionalGids: [44]\n";

	for (int i = 0; i < 2; i++) {
		scoped_arena struct arena a = { 0 };
		struct cdi_spec s;
		struct err e = { 0 };

		if (cdi_spec_decode(str_of(i ? yaml : json), i, &a, &s, &e) < 0)
			fail_msg("%s", e.msg);
		assert_string_equal(s.kind, "vendor.com/gpu");
		assert_string_equal(s.devices[0].edits.nodes[0].host_path, "/dev/null");
		assert_int_equal(s.devices[0].edits.gids.v[0], 44);
	}
}

#define DEVICE(edits) "{\"cdiVersion\":\"1.1.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d\",\"containerEdits\":" edits "}]}"

TEST(cdi_specifications_that_are_wrong_are_refused)
{
	static const char *bad[] = {
		"{}", "{\"cdiVersion\":\"1.1.0\",\"kind\":\"v.com/c\",\"devices\":[]}", DEVICE("{}"), DEVICE("{\"env\":[\"A\"]}"), DEVICE("{\"env\":[\"=A\"]}"),
		DEVICE("{\"frob\":1}"), DEVICE("{\"deviceNodes\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]}"),
		DEVICE("{\"deviceNodes\":[{\"path\":\"dev/x\"}]}"), DEVICE("{\"deviceNodes\":[{\"path\":\"/dev/x\",\"permissions\":\"rwx\"}]}"),
		DEVICE("{\"hooks\":[{\"hookName\":\"poststorp\",\"path\":\"/x\"}]}"), DEVICE("{\"hooks\":[{\"hookName\":\"poststop\",\"path\":\"x\"}]}"),
		DEVICE("{\"mounts\":[{\"hostPath\":\"/a\"}]}"), DEVICE("{\"intelRdt\":{\"closID\":\"a/b\"}}"),
		"{\"cdiVersion\":\"2.0.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d\",\"containerEdits\":{\"env\":[\"A=1\"]}}]}",
		"{\"cdiVersion\":\"0.4.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d\",\"containerEdits\":{\"deviceNodes\":[{\"path\":\"/dev/x\",\"hostPath\":\"/y\"}]}}]}",
		"{\"cdiVersion\":\"1.0.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d\",\"containerEdits\":{\"netDevices\":[{\"hostInterfaceName\":\"a\",\"name\":\"b\"}]}}]}",
		"{\"cdiVersion\":\"1.1.0\",\"kind\":\"v.com\",\"devices\":[{\"name\":\"d\",\"containerEdits\":{\"env\":[\"A=1\"]}}]}",
		"{\"cdiVersion\":\"1.1.0\",\"kind\":\"v.com/c\",\"devices\":[{\"name\":\"d/\",\"containerEdits\":{\"env\":[\"A=1\"]}}]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		scoped_arena struct arena a = { 0 };
		struct cdi_spec s;
		struct err e = { 0 };

		if (cdi_spec_decode(str_of(bad[i]), false, &a, &s, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
	}
}

TEST(names_of_cdi_devices_are_told_from_paths)
{
	static const char *good[] = { "nvidia.com/gpu=all", "vendor.com/class=0", "a/b=c:d", "vendor.com/net.class=GPU-1-2" };
	static const char *bad[] = { "/dev/x=y", "/dev/null", "vendor.com/class", "vendor.com/class=", "=a", "vendor.com=/a", "1vendor/c=d", "vendor.com/c=-a", "v/c=a/b" };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(cdi_is_qualified(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (cdi_is_qualified(bad[i]))
			fail_msg("%s", bad[i]);
	assert_int_equal(schema_check(&cdi_spec_schema, &e), 0);
}
