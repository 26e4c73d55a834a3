/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * protocol: what the store and the confined program tare-transfer say to each other over a SEQPACKET socket pair.
 *
 *   store                                        transfer
 *     |------ OPEN {source…} [layers dir, …] ------->|   confines itself, then opens the source
 *     |<----- OPENED {name: kind} -------------------|
 *     |------ GET {name, accept, max} -------------->|   a document: manifest, config, index.json
 *     |<----- GOT {digest, type} [memfd] ------------|   unverified: the store hashes its own copy
 *     |------ LAYER {index, name, …} [dir, blob, locks…] ->|   any number; they run in parallel
 *     |<----- PROGRESS {index, current, total} ------|
 *     |<----- OPAQUE {index, name: path} ------------|   before UNPACKED; the store sets the attribute
 *     |<----- UNPACKED {index, digests, sizes} ------|   digests have been checked against those in LAYER
 *     |------ FETCH {index, name, digest, …} [file] ->|   a blob into a file, not unpacked; in parallel, too
 *     |<----- FETCHED {index, digest, size} ---------|   the digest has been checked
 *     |------ PACK {index, compression, …} [dir, file, marks] ->|   the tree of a source 'tree' as tar, compressed, into a file
 *     |<----- PACKED {index, digests, sizes} --------|   after PROGRESS, whose total is unknown
 *     |------ PLACE {index, name: where…} [root, tar] ->|   a tar into a tree of a source 'place' (transfer/place.h)
 *     |<----- PLACED {index, entries, bytes} ------|
 *     |------ HAS {index, name, accept} ------------>|   is it there? Asks sources and sinks
 *     |<----- GOT {index, digest, type, size} -------|   or FAILED not_found
 *     |------ COMPRESS {index, compression, size} [in, out] ->|   a layer into another form; any end will do
 *     |<----- COMPRESSED {index, digests, size} -----|
 *     |<----- NOTICE {name} -------------------------|   at any time: a text the registry wants its users to see
 *     |<----- FAILED {index or -1, error} -----------|   answers anything
 *     |------ (closes) ----------------------------->|   exits
 *
 * The other way, after OPEN {sink…}; HAS, and where the sink can be read GET, as above:
 *
 *     |------ PUT {index, name, digest, size, from…} [file] ->|   a blob or a document; they run in parallel, so what refers to others is PUT when they
 *     |<----- PROGRESS {index, current, total} ------|            are STORED. Without a file: only if it is there, or can be had from another repository
 *     |<----- STORED {index, outcome, digest…} ------|
 *     |------ DROP {index, name} ------------------->|   takes something away
 *     |<----- DROPPED {index} -----------------------|
 *     |------ CLOSE -------------------------------->|   nothing more comes
 *     |<----- CLOSED --------------------------------|   it is complete and durable, as far as this side can tell
 *
 * Signatures are looked at by a tare-transfer of their own, after OPEN {source none}:
 *
 *     |------ VERIFY {signature} [text, public key] ->|
 *     |<----- VERIFIED ------------------------------|
 *     |------ SIGN {password} [text, private key] -->|
 *     |<----- SIGNED {signature} --------------------|
 *
 * One packet is a message: u32 type, then a JSON object with the members that the type uses. Transfer is not trusted: whatever it says is checked like
 * anything from outside, but that it computed digests of layers it was told to expect.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "image/store/form.h"

enum transfer_type {
	TRANSFER_OPEN,
	TRANSFER_OPENED,
	TRANSFER_GET,
	TRANSFER_GOT,
	TRANSFER_LAYER,
	TRANSFER_PROGRESS,
	TRANSFER_OPAQUE,
	TRANSFER_UNPACKED,
	TRANSFER_FETCH,
	TRANSFER_FETCHED,
	TRANSFER_HAS,
	TRANSFER_PUT,
	TRANSFER_STORED,
	TRANSFER_DROP,
	TRANSFER_DROPPED,
	TRANSFER_CLOSE,
	TRANSFER_CLOSED,
	TRANSFER_PACK,
	TRANSFER_PACKED,
	TRANSFER_PLACE,
	TRANSFER_PLACED,
	TRANSFER_VERIFY,
	TRANSFER_VERIFIED,
	TRANSFER_SIGN,
	TRANSFER_SIGNED,
	TRANSFER_COMPRESS,
	TRANSFER_COMPRESSED,
	TRANSFER_NOTICE,
	TRANSFER_FAILED,
	TRANSFER_TYPE_COUNT,
};
extern const struct enumtab transfer_types;

/* Where the bytes come from. */
enum source_kind {
	SOURCE_REGISTRY,
	SOURCE_ARCHIVE,  /* a tar with documents and layers in it: docker-archive, oci-archive; one descriptor, and one of an empty file to spool to */
	SOURCE_LAYOUT,   /* an OCI layout directory; one descriptor */
	SOURCE_TAR,      /* one layer: a root file system as tar; descriptors as SOURCE_ARCHIVE */
	SOURCE_TREE,     /* one layer: a directory */
	SOURCE_PLACE,    /* a directory that lives, into which tars are put: its descriptor is the only one */
	SOURCE_NONE,     /* nothing, and neither network nor files: for VERIFY and SIGN */
	SOURCE_KIND_COUNT,
};
extern const struct enumtab source_kinds;

/* Where they go to, instead. */
enum sink_kind {
	SINK_NONE,       /* this is about a source */
	SINK_REGISTRY,
	SINK_ARCHIVE,    /* descriptor of a file or pipe: one tar; members come in the order of PUT if parallel is 1 */
	SINK_DIRECTORY,  /* descriptor of a directory: a layout, or skopeo's dir: */
	SINK_KIND_COUNT,
};
extern const struct enumtab sink_kinds;

/* What became of a PUT. */
enum sink_outcome {
	SINK_STORED,
	SINK_EXISTED,    /* was there already */
	SINK_MOUNTED,    /* taken over from the repository @from */
	SINK_OUTCOME_COUNT,
};
extern const struct enumtab sink_outcomes;

/* How PACK and COMPRESS compress. */
enum pack_kind { PACK_PLAIN, PACK_GZIP, PACK_ZSTD, PACK_KIND_COUNT };
extern const struct enumtab pack_kinds;
enum { PACK_LEVEL_MAX = 20 };

enum {
	TRANSFER_FDS = 8,
	TRANSFER_PACKET = 64 * 1024,
	TRANSFER_PARALLEL = 6, /* blobs at once, where nobody says otherwise */
};

struct transfer_message {
	enum transfer_type type;
	/* OPEN */
	enum source_kind source;
	enum sink_kind sink;
	const char *host, *repository, *user, *password, *identity_token;
	const char *base;      /* URL below which repositories are; NULL: https://host/v2 */
	const char *mirror_of; /* the host whose images it mirrors; NULL: it is no mirror */
	bool no_tls_verify;
	struct strs ca;        /* files: authorities beside the system's… */
	const char *client_cert, *client_key; /* …and the client's certificate; no others can be read */
	struct pairs headers;  /* sent along to this host */
	uint32_t parallel;
	/* GET, LAYER, FETCH, HAS, PUT, DROP, OPENED, OPAQUE; the text of NOTICE */
	const char *name;      /* source.h and sink.h say how names look */
	const char *accept;
	uint64_t max;
	const char *link;      /* GOT: where the list goes on, a path of the registry ("/v2/…"); NULL: it ends here */
	/* LAYER, UNPACKED, FETCH, FETCHED, PUT, STORED, HAS, GOT */
	int64_t index;
	const char *digest, *diff_id;
	int64_t size;          /* of the blob; -1: unknown */
	uint64_t have;         /* bytes of it that are in the file already */
	bool keep;             /* write the blob */
	enum layer_form form;  /* of the layer: files, or one file */
	const char *media_type;
	struct strs urls;      /* LAYER, FETCH: where the blob is if the registry does not have it */
	/* PUT, STORED */
	const char *from;      /* another repository of that registry which has the blob, or NULL */
	enum sink_outcome outcome;
	const char *subject;   /* what the registry says it took note of (OCI-Subject), or NULL */
	/* VERIFY, SIGNED */
	const char *signature; /* base64 */
	/* PACK, COMPRESS */
	enum pack_kind compression;
	uint32_t level;        /* COMPRESS; 0: the usual */
	/* PACK */
	bool overlay;          /* the tree is a layer in overlay form; a third descriptor holds the marks of transfer/pack.h */
	bool root;             /* with an entry for the tree's root */
	const char *item;      /* of transfer/pack.h */
	/* PLACE; keep: the owners of the archive */
	bool give;             /* everything to uid:gid */
	uint32_t uid, gid;
	bool overwrite;
	/* PROGRESS, UNPACKED, PACKED */
	uint64_t current, total, entries, bytes;
	bool changed;          /* files changed while they were read */
	const char *sum;       /* of the tree (tree_sum.h), or of a file layer without its tar */
	uint64_t tar;          /* bytes of the tar in a file layer */
	/* FAILED */
	uint32_t error_kind, error_sys;
	const char *error;
};

/* Takes of @urls those that make sense and fit into a message; they stay borrowed. */
void transfer_urls(struct transfer_message *m, const struct strs *urls, struct arena *a);

/* Sends one message with descriptors (borrowed). */
int transfer_send(int sock, const struct transfer_message *m, const int *fds, size_t n_fds, struct err *e);

/* Receives one; descriptors are owned by the caller. Returns 1, or 0 if the other side is gone. Strings are in the arena. */
int transfer_receive(int sock, struct arena *a, struct transfer_message *ret, int fds[TRANSFER_FDS], size_t *ret_n_fds, struct err *e);

/* FAILED <-> struct err. */
int transfer_send_error(int sock, int64_t index, const struct err *why);
int transfer_error(const struct transfer_message *m, struct err *e);
