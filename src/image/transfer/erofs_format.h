/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * erofs_format: the part of the EROFS on-disk format that we write. Facts from Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of Linux 6.18.
 *
 * All numbers are little-endian. Blocks have 512 bytes (kernel 6.4 and later), because that is what a tar counts in: a file's content begins on such a
 * block, and an inode can point at it. An inode is named by its place: byte 32 * nid of the metadata area.
 */
#include <endian.h>
#include <stdint.h>

enum {
	EROFS_BLOCK_BITS = 9,
	EROFS_BLOCK = 1 << EROFS_BLOCK_BITS,
	EROFS_SLOT = 32,                /* unit of nids */
	EROFS_SUPER_AT = 1024,
	EROFS_MAGIC = (int)0xE0F5E1E2,
	EROFS_COMPAT_MTIME = 2,         /* inodes carry their own times */
	EROFS_INCOMPAT_CHUNKED = 4,     /* some file is chunk-based */
	EROFS_EXTENDED = 1,             /* bit of i_format: the 64-byte inode */
	EROFS_CHUNK_FORMAT_MAX = 31,    /* a chunk has 2^this blocks at most */
};
#define EROFS_HOLE UINT32_MAX           /* block number of a chunk of zeros */

/* Where the content of an inode is; bits 1 to 3 of i_format. */
enum erofs_layout { EROFS_PLAIN = 0, EROFS_INLINE = 2, EROFS_CHUNKED = 4 };

enum erofs_type { EROFS_REG = 1, EROFS_DIR, EROFS_CHR, EROFS_BLK, EROFS_FIFO, EROFS_SOCK, EROFS_LNK };

/* Prefixes of attribute names. */
enum { EROFS_XATTR_USER = 1, EROFS_XATTR_TRUSTED = 4, EROFS_XATTR_SECURITY = 6 };

struct erofs_super {
	uint32_t magic, checksum, compat;
	uint8_t block_bits, ext_slots;
	uint16_t root_nid;
	uint64_t inodes, epoch;
	uint32_t fixed_nsec, blocks, meta_block, xattr_block;
	uint8_t uuid[16], volume[16];
	uint32_t incompat;
	uint16_t compression, extra_devices, device_slot;
	uint8_t dir_block_bits, n_prefixes;
	uint32_t prefixes;
	uint64_t packed_nid;
	uint8_t reserved[24];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_super) == 128, "superblock without extensions");

struct erofs_dinode {
	uint16_t format, xattr_count, mode, reserved;
	uint64_t size;
	uint32_t where;                 /* first block, device number, or chunk format */
	uint32_t ino, uid, gid;
	uint64_t mtime;
	uint32_t mtime_nsec, nlink;
	uint8_t reserved2[16];
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_dinode) == 64, "extended inode");

/* Follows the inode if it has attributes: this header, then entries padded to 4 bytes. xattr_count is 1 + bytes of entries / 4. */
struct erofs_xattr_header {
	uint32_t filter;
	uint8_t n_shared, reserved[7];
} __attribute__((packed));

struct erofs_xattr_entry {
	uint8_t name_size, prefix;
	uint16_t value_size;            /* then the rest of the name, then the value */
} __attribute__((packed));

/* Directory blocks: entries sorted by name, then the names. name_at of the first says how many entries there are. */
struct erofs_dirent {
	uint64_t nid;
	uint16_t name_at;
	uint8_t type, reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct erofs_dirent) == 12, "directory entry");
