/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_sum: what a layer's tree is, in two numbers: one over the names, one over what they name. Made while a layer is unpacked, in the order of its tar, and
 * made again by walking the tree when it is checked (survey.h); so both are sums that do not depend on an order.
 *
 * Covered: every path; of every file once, however many names it has: kind, mode, owner, size, time in seconds, device, target, content, attributes.
 * Not covered: times of directories (nobody says those of implied ones) and of whiteouts, and times a file system may be unable to keep.
 * Against accidents, as base/checksum.h: who wants to deceive changes the record too.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TREE_SUM_TEXT = 40 };

struct tree_sum {
	uint64_t names, inodes;
};

struct tree_sum_inode {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t dev;                   /* of devices */
	uint64_t size, content;      /* of regular files; content is a checksum */
	int64_t mtime;
	const char *target;          /* of links */
};

void tree_sum_name(struct tree_sum *s, const char *path);
void tree_sum_inode(struct tree_sum *s, const struct tree_sum_inode *i);

/* Attributes of these names belong to a tree: the user's and file capabilities, but no orders to overlay. All others are neither kept nor counted. */
bool tree_has_xattr(const char *name);
void tree_sum_xattr(struct tree_sum *s, const char *name, const void *value, size_t size);

/* As hexadecimal digits. */
void tree_sum_print(const struct tree_sum *s, char ret[TREE_SUM_TEXT]);
