/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * limits: every cap on something whose size is decided outside, with its reason. Grow one here, never at the place of use.
 */
#include <stdint.h>

enum {
	LIMIT_LOG_RECORD = 2048,               /* one line of our own log; longer messages are cut */
	LIMIT_DOCUMENT = 16 * 1024 * 1024,     /* any JSON document we read from our own disk or a trusted caller (config.json of 10 MB exist) */
	LIMIT_MANIFEST = 4 * 1024 * 1024,      /* manifest, index or image config; distribution-spec asks registries to take at least 4 MB */
	LIMIT_PARTIAL_BLOB_S = 7 * 24 * 3600,  /* how long the beginning of a blob waits to be continued: who wants it comes back within days */
	LIMIT_TOML_NODES = 20000,              /* keys and elements of a TOML document; the registries.conf of distributions have some 100 */
	LIMIT_JSON_DEPTH = 64,                 /* nesting we follow; the deepest schema we know has 9 levels */
	LIMIT_PATTERN_OPS = 1024,              /* of a compiled pattern; one for the longest id letter by letter */
	LIMIT_PROTO_DEPTH = 32,                /* messages in each other; CRI's deepest has 8 */
	LIMIT_PROTO_ELEMENTS = 1024 * 1024,    /* elements of all lists of one protobuf message: an empty one has two bytes and becomes a struct */
	LIMIT_CRIU_MESSAGE = 16 * 1024,        /* one answer of criu; the longest carries an error message */
	LIMIT_CRIU_REQUEST = 1024 * 1024,      /* one request to it: a row per bind mount of the container; more does not pass through a socket in one piece */
	LIMIT_CRIU_LOG = 256 * 1024,           /* the end of criu's log, in which its last errors stand */
	LIMIT_DESCRIPTORS = 16 * 1024,         /* descriptors.json beside checkpoint images: three names, each at most a path */
	LIMIT_FILE = 64 * 1024 * 1024,         /* any other small file read whole (mountinfo of a node with 100k mounts) */
	LIMIT_PROC_FILE = 64 * 1024,           /* one procfs, sysfs or cgroupfs value */
	LIMIT_CGROUP_VALUE = 4096,             /* a cgroup file of one value; the longest is a cpuset list of a machine of a thousand processors */
	LIMIT_PASSWD = 8 * 1024 * 1024,        /* /etc/passwd and /etc/group of a container, hostile */
	LIMIT_PATH = 4096,                     /* PATH_MAX */
	LIMIT_PATH_DEPTH = 256,                /* directories below a root that a verified walk remembers; image trees stay below 40 */
	LIMIT_ID = 1024,                       /* container id accepted by the runtime (runc's own cap) */
	LIMIT_SECCOMP_CACHE = 1024 * 1024,     /* a compiled filter with its section: 4096 instructions of 8 bytes, and profiles of 50 KB exist */
	LIMIT_MONITOR_PAYLOAD = 32 * 1024,     /* bytes in one frame of the monitor's protocol: half a pipe, two log lines */
	LIMIT_MONITOR_QUEUE = 256 * 1024,      /* output a client of the monitor may leave unread before it is disconnected (kernel memory) */
	LIMIT_MONITOR_CLIENTS = 64,            /* connections to one monitor; a hundred idle `attach` are somebody's mistake */
	LIMIT_EVENT = 4096,                    /* one line of the journal of events: what one write puts into a pipe, and a page, in one piece */
	LIMIT_EVENT_JOURNAL = 4 * 1024 * 1024, /* the journal before it begins anew; with the one before it some 20 000 events */
	LIMIT_LOG_LINE = 16 * 1024,            /* container log line; longer ones are split as Docker and containerd do */
	LIMIT_LOG_TEXT = 4 * 1024 * 1024,      /* a record of a log file as it is read back; ours have 100 kB at most, others may have written it */
	LIMIT_ZSTD_WINDOW_LOG = 27,            /* 128 MiB: what `zstd -19 --long` writes; more would be memory at the sender's wish */
	LIMIT_REFERENCE_NAME = 255,            /* host and repository of an image name (distribution-spec asks clients to hold to it) */
	LIMIT_LAYERS = 500,                    /* layers of an image: overlayfs takes no more */
	LIMIT_IMAGE_BLOBS = 16384,             /* blobs of an image for all its platforms: each is a lock, so a descriptor, while it comes */
	LIMIT_FOREIGN_URLS = 8,                /* addresses of a layer we try; Microsoft's images have one */
	LIMIT_FOREIGN_URL = 2048,              /* bytes of such an address */
	LIMIT_INDEX_DEPTH = 3,                 /* indexes in indexes; real ones are one deep */
	LIMIT_INDEX_ENTRIES = 4096,            /* manifests of an index; the largest we know has 60 */
	LIMIT_DOCUMENTS = 8192,                /* manifests and indexes that belong to one image: a registry can make up ever more of them */
	LIMIT_DOCUMENTS_SIZE = 64 * 1024 * 1024, /* all of them together; for 60 platforms 100 kB */
	LIMIT_CONFIG_ENTRIES = 4096,           /* env, labels, volumes, history … of an image config, each */
	LIMIT_NETWORK_PORTS = 4096,            /* published ports of one container, after expanding ranges; each is a file and a map element */
	LIMIT_NETWORKS = 128,                  /* networks of one container; each is a link and a namespace visit */
	LIMIT_SECRET = 512000,                 /* one secret, as podman and docker have it */
	LIMIT_LAYER_LINKS = 40,                /* links on the way to one entry of a layer, as for the kernel (path_resolution(7)) */
	LIMIT_LAYER_DEPTH = 256,               /* directories in each other in a layer; the deepest real ones have some 60, and each costs a descriptor */
	LIMIT_TREE_DEPTH = 512,                /* the same in a container's tree that is copied or given to others: what it made itself may be deeper */
	LIMIT_TREE_LINKED = 65536,             /* files with several names in a tree whose owners change: each is remembered */
	LIMIT_LAYER_ENTRIES = 16 * 1024 * 1024, /* files of one layer; the largest known images have one million */
	LIMIT_XATTRS = 1024,                   /* attributes of one file in a layer; real ones have three, and ext4 has room for 4 kB of them */
	LIMIT_BOMB_FREE = 1024 * 1024 * 1024,  /* bytes a layer may unfold to whatever its compressed size: a file of zeros is legal */
	LIMIT_BOMB_RATIO = 500,                /* above that, uncompressed over compressed; real layers reach 20 */
	LIMIT_HOST_NAME = 255,                 /* a name to look up (RFC 1035, 2.3.4) */
	LIMIT_ADDRESSES = 8,                   /* of one name that are tried; those of large registries have as many */
	LIMIT_DIALS = 64,                      /* connections being made at once for one tare-transfer, which has 32 lines at most */
	LIMIT_URL = 8192,                      /* a URL from a registry; signed ones of object stores have some 2000 bytes */
	LIMIT_HEADERS = 256 * 1024,            /* all headers of one HTTP answer; real ones have 2 kB, and each we keep stays in memory for the call */
	LIMIT_AUTH_HEADER = 8192,              /* a WWW-Authenticate header; real ones have 200 bytes */
	LIMIT_AUTH_PARAMETERS = 32,            /* challenges, and parameters of one */
	LIMIT_TOKEN = 64 * 1024,               /* answer of a token server; tokens of clouds reach 10 kB */
	LIMIT_HELPER = 256 * 1024,             /* what a credential helper says; tokens of clouds reach 10 kB */
	LIMIT_PAGES = 1000,                    /* pages of a list of a registry; with the 1000 names a page that we ask for, a million */
	LIMIT_LIST = 64 * 1024 * 1024,         /* bytes of all of them: a million names of 60 letters */
	LIMIT_UNWANTED_BODY = 1024 * 1024,     /* of an answer whose status says all, read lest the connection be lost; real ones have some kB */
	LIMIT_ERROR_BODY = 64 * 1024,          /* what a registry says in an error, of which one line is shown */
	LIMIT_ARCHIVE_MEMBERS = 100000,        /* members of a docker-archive or oci-archive: some 1000 for 300 images */
	LIMIT_SIGNATURE = 128 * 1024,          /* a signature, what it signs, what gpg says; real payloads have 500 bytes */
	LIMIT_SIGNATURES = 64,                 /* signatures of one image that are looked at */
	LIMIT_CONFIG_FILES = 256,              /* drop-in files in one directory */
	LIMIT_CERTS = 1024 * 1024,              /* certificates for one registry; the bundle of all public CAs has 220 kB */
	LIMIT_ID_RANGES = 340,                 /* rows of an id map: the kernel takes no more */
	LIMIT_BITLIST = 8192,                  /* processors or memory nodes in a list; the largest kernel knows 8192 */
	LIMIT_DBUS_MESSAGE = 256 * 1024,       /* one message from or to systemd: replies to us have 200 bytes, a unit with 100 device rules 8 kB */
	LIMIT_DBUS_LINE = 512,                 /* one line of a bus's authentication: "OK" and 32 digits */
	LIMIT_GVARIANT_TEXT = 64 * 1024,       /* a systemd property in an annotation; crun's and runc's users write some 50 bytes */
	LIMIT_PASSED_FDS = 1024,               /* descriptors handed through to a program (--preserve-fds, LISTEN_FDS); RLIMIT_NOFILE's usual soft value */
};

/* No ints, so no enum. */
#define LIMIT_BLOB (UINT64_C(1) << 40)       /* one layer, compressed, and one file in it */
#define LIMIT_LAYER_MEMORY (UINT64_C(2) << 30) /* what is remembered of a layer until it is whole: 400 bytes for each file of one that is not unpacked, else for each directory */
