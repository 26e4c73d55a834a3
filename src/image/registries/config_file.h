/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * config_file: other people's configuration files, read by our field tables.
 *
 * All are optional and belong to root or the user; a file that is there and cannot be read is an error.
 */
#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"

/* "$HOME/rest" in the arena, or NULL without a HOME. */
const char *config_file_home(const char *rest, struct arena *a);

/* Reads a JSON file into @ret. Returns 1, or 0 if there is no such file. Errors name the path. */
int config_file_json(const char *path, const struct schema *s, unsigned flags, struct arena *a, void *ret, struct err *e);

/* The JSON of a TOML or YAML file. Returns 1, or 0 if there is no such file. Errors do not name the path if the text is wrong. */
int config_file_toml(const char *path, struct buf *ret, struct arena *a, struct err *e);
int config_file_yaml(const char *path, struct buf *ret, struct arena *a, struct err *e);

/* Paths of the files in @directory that end with @suffix, in the order of their names, added to @ret; none if there is no such directory. */
int config_file_list(const char *directory, const char *suffix, struct arena *a, struct strs *ret, struct err *e);
