/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/storage.h"

#include <errno.h>
#include <fcntl.h>

#include "base/limits.h"
#include "base/parse.h"
#include "codec/json.h"
#include "engine/request.h"
#include "os/file.h"

#define FILE_STORAGE "storage.json"

struct storage_file {
	enum snapshot_driver driver;
	bool keep_blobs;
	const char *size;
};

static const struct field storage_fields[] = {
	FIELD_ENUM(struct storage_file, driver, "driver", &snapshot_drivers, 0),
	FIELD(struct storage_file, keep_blobs, "keepBlobs", BOOL, 0),
	FIELD(struct storage_file, size, "size", STR, 0),
};
static const struct schema storage_schema = SCHEMA("storage configuration", struct storage_file, storage_fields);

static int driver_choose(const char *asked, enum snapshot_driver *ret, struct err *e)
{
	int driver = enumtab_find(&snapshot_drivers, streq(asked, "overlay2") ? "overlay" : asked);

	if (driver < 0)
		return err_set(e, ERR_INVALID, "storage driver '%s' is unknown: it is overlay, erofs or vfs", asked);
	*ret = (enum snapshot_driver)driver;
	return 0;
}

int storage_config_read(const char *root, const char *driver, struct arena *a, struct storage_config *ret, struct err *e)
{
	const char *path = arena_printf(a, "%s/" FILE_STORAGE, root);
	struct storage_file file = { .keep_blobs = true };
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, path, LIMIT_PROC_FILE, a, &text, &n);

	if (r == 0)
		r = json_decode((struct str){ text, n }, &storage_schema, JSON_EXACT, a, &file, e);
	else if (r != -ENOENT)
		r = err_sys(e, r, "read it");
	*ret = (struct storage_config){ .driver = file.driver, .drop_blobs = !file.keep_blobs };
	if (r == 0 && file.size && (parse_size(file.size, &ret->size) < 0 || ret->size < 0))
		r = err_set(e, ERR_INVALID, "size '%s' is not like \"10G\"", file.size);
	if (r == 0)
		r = request_storage_size_check(ret->size, e);
	if (r < 0 && r != -ENOENT)
		return err_wrap(e, "'%s'", path);
	return driver && driver[0] ? driver_choose(driver, &ret->driver, e) : 0;
}
