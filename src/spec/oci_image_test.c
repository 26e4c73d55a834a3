/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_image.h"

#include <errno.h>

#include "base/test.h"
#include "base/vec.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CONFIG "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":7}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX "\",\"size\":9}"
#define GZIP "application/vnd.oci.image.layer.v1.tar+gzip"

static int manifest(const char *text, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct oci_manifest m;

	return oci_manifest_decode(str_of(text), &a, &m, e);
}

TEST(manifest_of_oci_and_docker_decode)
{
	scoped_arena struct arena a = { 0 };
	struct oci_manifest m;
	struct err e = { 0 };

	assert_int_equal(oci_manifest_decode(STR("{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(GZIP) "],\"extra\":1}"), &a, &m, &e), 0);
	assert_int_equal(m.n_layers, 1);
	assert_int_equal(m.layers[0].size, 9);
	assert_string_equal(m.config.digest, "sha256:" HEX);
	assert_int_equal(manifest("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\",\"config\":{"
				  "\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":1},"
				  "\"layers\":[" LAYER("application/vnd.docker.image.rootfs.diff.tar.gzip") "]}", &e), 0);
}

TEST(manifest_refuses_hostile_documents)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
		{ "", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "{", ERR_INVALID },
		{ "{}", ERR_INVALID },
		/* CVE-2021-41190: both at once */
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", ERR_INVALID },
		{ "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\"," CONFIG ",\"layers\":[]}", ERR_INVALID },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", ERR_UNSUPPORTED },
		{ "{\"schemaVersion\":3," CONFIG ",\"layers\":[]}", ERR_INVALID },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:../../etc\",\"size\":7}}",
			ERR_INVALID },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":-1}}",
			ERR_INVALID },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" HEX
		  "\",\"size\":99999999}}", ERR_EXHAUSTED },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":2}}",
			ERR_UNSUPPORTED },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER("application/vnd.oci.image.layer.v1.tar+gzip+encrypted") "]}", ERR_UNSUPPORTED },
		{ "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}", ERR_INVALID },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { 0 };

		if (manifest(rows[i].text, &e) == 0)
			fail_msg("taken: %s", rows[i].text);
		if (e.kind != rows[i].kind)
			fail_msg("%s: got %s", rows[i].text, e.msg);
	}
}

TEST(config_decodes_what_run_needs_and_refuses_bare_environment_names)
{
	scoped_arena struct arena a = { 0 };
	struct oci_image_config c;
	struct err e = { 0 };

	assert_int_equal(oci_image_config_decode(STR("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=b\"],\"Cmd\":[\"sh\"],"
		"\"Entrypoint\":null,\"ExposedPorts\":{\"80/tcp\":{}},\"Volumes\":{\"/data\":{}},\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGTERM\"},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},\"history\":[{\"created_by\":\"x\",\"empty_layer\":true}]}"),
		&a, &c, &e), 0);
	assert_string_equal(c.config.cmd.v[0], "sh");
	assert_string_equal(c.config.exposed_ports.v[0], "80/tcp");
	assert_string_equal(c.config.volumes.v[0], "/data");
	assert_int_equal(c.rootfs.diff_ids.n, 1);
	assert_true(c.history[0].empty_layer);
	assert_true(oci_image_config_decode(STR("{\"config\":{\"Env\":[\"AWS_SECRET_ACCESS_KEY\"]},\"rootfs\":{\"diff_ids\":[]}}"), &a, &c, &e) < 0);
	assert_true(oci_image_config_decode(STR("{\"rootfs\":{\"diff_ids\":[\"sha256:../x\"]}}"), &a, &c, &e) < 0);
	assert_true(oci_image_config_decode(STR("{\"config\":{}}"), &a, &c, &e) < 0);
}

TEST(config_encodes_and_decodes_again)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(1 << 16);
	struct oci_image_config c = { .os = "linux", .architecture = "amd64" }, again;
	struct err e = { 0 };

	c.rootfs.type = "layers";
	strs_push(&a, &c.rootfs.diff_ids, "sha256:" HEX);
	strs_push(&a, &c.config.cmd, "sh");
	strs_push(&a, &c.config.exposed_ports, "80/tcp");
	assert_int_equal(oci_image_config_encode(&c, &b), 0);
	assert_int_equal(oci_image_config_decode(buf_str(&b), &a, &again, &e), 0);
	assert_string_equal(again.config.cmd.v[0], "sh");
	assert_string_equal(again.config.exposed_ports.v[0], "80/tcp");
	assert_string_equal(again.rootfs.diff_ids.v[0], "sha256:" HEX);
}

#define ENTRY(os, arch, rest) "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" HEX "\",\"size\":5," \
	"\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"" rest "}}"

TEST(index_selects_by_platform)
{
	static const struct {
		const char *platform;
		int which;
	} rows[] = {
		{ "linux/amd64", 1 }, { "amd64", 1 }, { "x86_64", 1 }, { "linux/arm64", 2 }, { "linux/arm64/v8", 2 }, { "linux/arm/v7", 4 },
		{ "linux/arm/v6", 3 }, { "linux/arm/v5", -1 }, { "linux/riscv64", -1 }, { "windows/amd64", 0 }, { "linux/arm", 4 },
	};
	scoped_arena struct arena a = { 0 };
	struct oci_platform versioned;
	struct oci_index index;
	struct err e = { 0 };

	assert_int_equal(oci_index_decode(STR("{\"schemaVersion\":2,\"manifests\":[" ENTRY("windows", "amd64", "") "," ENTRY("linux", "amd64", "") ","
		ENTRY("linux", "arm64", "") "," ENTRY("linux", "arm", ",\"variant\":\"v6\"") "," ENTRY("linux", "arm", ",\"variant\":\"v7\"")
		"]}"), &a, &index, &e), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct oci_platform want;
		const struct oci_descriptor *d;

		assert_int_equal(oci_platform_parse(rows[i].platform, &a, &want, &e), 0);
		d = oci_index_select(&index, &want);
		if (rows[i].which < 0)
			assert_null(d);
		else
			assert_ptr_equal(d, &index.manifests[rows[i].which]);
	}
	assert_int_equal(oci_platform_parse("windows(10.0.17763.1)/amd64", &a, &versioned, &e), 0);
	assert_string_equal(versioned.os, "windows");
	assert_string_equal(versioned.os_version, "10.0.17763.1");
	assert_string_equal(oci_platform_print(&versioned, &a), "windows(10.0.17763.1)/amd64");
	assert_true(oci_platform_parse("a/b/c/d", &a, &(struct oci_platform){ 0 }, &e) < 0);
	assert_true(oci_platform_parse("linux/", &a, &(struct oci_platform){ 0 }, &e) < 0);
	assert_true(oci_platform_parse("", &a, &(struct oci_platform){ 0 }, &e) < 0);
}

TEST(layout_and_docker_archive_decode)
{
	scoped_arena struct arena a = { 0 };
	struct docker_archive d;
	struct err e = { 0 };

	assert_int_equal(oci_layout_check(STR("{\"imageLayoutVersion\":\"1.0.0\"}"), &e), 0);
	assert_true(oci_layout_check(STR("{\"imageLayoutVersion\":\"2.0.0\"}"), &e) < 0);
	assert_int_equal(docker_archive_decode(STR("[{\"Config\":\"x.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l/layer.tar\"]}]"), &a, &d, &e), 0);
	assert_string_equal(d.items[0].layers.v[0], "l/layer.tar");
	assert_int_equal(docker_archive_decode(STR("[{\"Config\":\"x.json\",\"RepoTags\":null,\"Layers\":[]}]"), &a, &d, &e), 0);
	assert_true(docker_archive_decode(STR("{}"), &a, &d, &e) < 0);
}

TEST(media_types_are_known_with_parameters_too)
{
	assert_int_equal(media_kind_of("application/vnd.oci.image.index.v1+json; charset=utf-8"), MEDIA_INDEX);
	assert_int_equal(media_kind_of("application/vnd.docker.distribution.manifest.v1+prettyjws"), MEDIA_SCHEMA1);
	assert_int_equal(media_kind_of("text/html"), MEDIA_OTHER);
	assert_int_equal(media_kind_of(NULL), MEDIA_OTHER);
}
