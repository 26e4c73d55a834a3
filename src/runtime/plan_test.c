/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include <errno.h>
#include <sched.h>

#include "base/buf.h"
#include "base/test.h"
#include "runtime/state.h"
#include "runtime/sync.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"linux\":{\"namespaces\":["
#define MNT "{\"type\":\"mount\"}"
#define PID ",{\"type\":\"pid\"}"
#define MAPS "],\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}}"

#define FILTERED(more)                                                                                                              \
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]" more                     \
	"},\"linux\":{\"namespaces\":[" MNT "],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}"

/* A host that has everything, so nothing is probed. */
static struct host_facts modern(void)
{
	return (struct host_facts){
		.kernel = FACTS_KERNEL(6, 1), .mount_setattr = FACTS_YES, .time_ns = FACTS_YES, .apparmor = FACTS_NO, .selinux = FACTS_NO,
	};
}

static int plan_of(const char *json, struct launch_choice choice, struct launch_plan *p, struct err *e)
{
	static struct arena a; /* lives for the test program: the plan borrows from it */
	struct host_facts facts = modern();
	struct oci_config *c;

	*e = (struct err){ 0 };
	assert_int_equal(oci_config_decode(str_of(json), &a, &c, e), 0);
	return launch_plan_make(c, &choice, &facts, &a, p, e);
}

TEST(plan_of_a_plain_container_is_one_clone_and_no_stage)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT PID ",{\"type\":\"network\"},{\"type\":\"cgroup\"}]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.clone_flags == (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET));
	assert_true(p.init_unshare == CLONE_NEWCGROUP);
	assert_false(p.stage || p.userns || p.map_ids || p.hooks_runtime);
	assert_int_equal(p.gate, LAUNCH_GATE_SOCKET);
}

TEST(plan_names_the_kernel_it_needs)
{
	scoped_arena struct arena a = { 0 };
	struct host_facts old = modern();
	struct launch_choice choice = { 0 };
	struct launch_plan p;
	struct oci_config *c;
	struct err e = { 0 };

	old.mount_setattr = FACTS_NO;
	assert_int_equal(oci_config_decode(STR(HEAD MNT "]}}"), &a, &c, &e), 0);
	assert_int_equal(launch_plan_make(c, &choice, &old, &a, &p, &e), -ENOTSUP);
	assert_non_null(strstr(e.msg, "5.12"));
}

TEST(plan_lets_init_join_what_needs_no_fork)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT PID ",{\"type\":\"network\",\"path\":\"/n\"},{\"type\":\"ipc\",\"path\":\"/i\"}]}}",
		(struct launch_choice){ .run = true }, &p, &e), 0);
	assert_false(p.stage);
	assert_int_equal(p.init_joins.n, 2);
	assert_int_equal(p.init_joins.v[0].kind, NS_IPC);
	assert_int_equal(p.gate, LAUNCH_GATE_SYNC);
}

TEST(plan_puts_a_stage_before_a_joined_pid_namespace)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"pid\",\"path\":\"/p\"}]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.stage);
	assert_int_equal(p.stage_joins.n, 1);
	assert_int_equal(p.init_joins.n, 0);
	assert_true(p.clone_flags == CLONE_NEWNS);
}

TEST(plan_joins_the_user_namespace_last_as_root_and_first_as_anybody_else)
{
	const char *json = HEAD MNT PID ",{\"type\":\"user\",\"path\":\"/u\"},{\"type\":\"network\",\"path\":\"/n\"}]}}";
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(json, (struct launch_choice){ .euid = 0 }, &p, &e), 0);
	assert_true(p.stage && p.userns && !p.map_ids && p.parent_opens);
	assert_int_equal(p.stage_joins.v[0].kind, NS_NET);
	assert_int_equal(p.stage_joins.v[1].kind, NS_USER);
	assert_int_equal(plan_of(json, (struct launch_choice){ .euid = 1000 }, &p, &e), 0);
	assert_int_equal(p.stage_joins.v[0].kind, NS_USER);
	assert_int_equal(p.stage_joins.v[1].kind, NS_NET);
	assert_false(p.parent_opens);
}

TEST(plan_of_a_new_user_namespace_maps_ids_and_needs_mappings)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT PID ",{\"type\":\"user\"}" MAPS, (struct launch_choice){ .euid = 1000 }, &p, &e), 0);
	assert_true(p.map_ids && p.late_dumpable && !p.stage);
	assert_true(p.clone_flags & CLONE_NEWUSER);
	assert_int_equal(p.uid_map[0].outside, 1000);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"}]}}", (struct launch_choice){ 0 }, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.uidMappings"));
}

#define ONE_MORE(outside, size) \
	"],\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1},{\"containerID\":1,\"hostID\":" outside ",\"size\":" size "}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}}"

TEST(plan_of_an_ordinary_user_maps_himself_alone_by_himself_and_more_by_tools)
{
	const struct launch_choice user = { .euid = 1000, .egid = 1000 };
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"}" MAPS, user, &p, &e), 0);
	assert_int_equal(p.maps, LAUNCH_MAPS_SINGLE);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"}" ONE_MORE("100000", "65536"), user, &p, &e), 0);
	assert_int_equal(p.maps, LAUNCH_MAPS_TOOLS);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"}" MAPS, (struct launch_choice){ .euid = 1000, .egid = 7 }, &p, &e), 0);
	assert_int_equal(p.maps, LAUNCH_MAPS_TOOLS);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"}" ONE_MORE("100000", "65536"), (struct launch_choice){ 0 }, &p, &e), 0);
	assert_int_equal(p.maps, LAUNCH_MAPS_WRITE);
	assert_false(p.auto_userns);
}

/* A configuration without a user namespace, and a user of it with that number. */
#define AS(uid)                                                                                                             \
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"user\":{\"uid\":" uid \
	",\"gid\":" uid "}},\"linux\":{\"namespaces\":[" MNT "]}}"

static void assert_row(const struct ns_id_map *row, uint32_t inside, uint32_t outside, uint32_t size)
{
	assert_int_equal(row->inside, inside);
	assert_int_equal(row->outside, outside);
	assert_int_equal(row->size, size);
}

TEST(plan_gives_an_ordinary_user_a_user_namespace_with_all_his_ids)
{
	struct subid_range ranges[] = { { 100000, 10 }, { 200000, 5 } };
	const struct subid_ranges sub = { ranges, 2, 2 };
	const struct launch_choice user = { .euid = 1000, .egid = 1000, .subuids = &sub, .subgids = &sub };
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(AS("0"), user, &p, &e), 0);
	assert_true(p.userns && p.map_ids && p.auto_userns && p.late_dumpable && !p.parent_opens && !p.stage);
	assert_true(p.clone_flags & CLONE_NEWUSER && p.namespaces & 1u << OCI_NS_USER);
	assert_int_equal(p.n_uid_map, 3);
	assert_row(&p.uid_map[0], 0, 1000, 1);
	assert_row(&p.uid_map[1], 1, 100000, 10);
	assert_row(&p.uid_map[2], 11, 200000, 5);
	assert_int_equal(plan_of(AS("12"), user, &p, &e), 0);
	assert_int_equal(p.n_gid_map, 4);
	assert_row(&p.gid_map[0], 0, 100000, 10);
	assert_row(&p.gid_map[1], 10, 200000, 2);
	assert_row(&p.gid_map[2], 12, 1000, 1);
	assert_row(&p.gid_map[3], 13, 200002, 3);
	assert_int_equal(plan_of(AS("33"), user, &p, &e), 0);
	assert_int_equal(p.n_uid_map, 3);
	assert_row(&p.uid_map[2], 33, 1000, 1);
	assert_int_equal(plan_of(AS("0"), (struct launch_choice){ .euid = 1000, .egid = 1000 }, &p, &e), 0);
	assert_int_equal(p.n_uid_map, 1);
	assert_int_equal(p.maps, LAUNCH_MAPS_SINGLE);
	assert_int_equal(plan_of(AS("0"), (struct launch_choice){ 0 }, &p, &e), 0);
	assert_false(p.userns);
}

TEST(plan_keeps_the_groups_of_the_caller_on_demand)
{
	struct pair rows[] = { { "run.oci.keep_original_groups", "1" } };
	const struct pairs annotations = { rows, 1 };

	assert_true(launch_keeps_groups(&annotations));
	rows[0].value = "0";
	assert_false(launch_keeps_groups(&annotations));
	assert_false(launch_keeps_groups(&(struct pairs){ 0 }));
}

TEST(plan_joins_before_a_new_user_namespace_takes_the_right_away)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT PID ",{\"type\":\"user\"},{\"type\":\"network\",\"path\":\"/n\"}" MAPS, (struct launch_choice){ 0 },
		&p, &e), 0);
	assert_true(p.stage);
	assert_int_equal(p.stage_joins.n, 1);
	assert_true(p.clone_flags & CLONE_NEWUSER);
}

TEST(plan_of_an_ipc_namespace_waits_for_mapped_ids)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"ipc\"}]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.clone_flags & CLONE_NEWIPC && p.init_unshare == 0);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"user\"},{\"type\":\"ipc\"}" MAPS, (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(!(p.clone_flags & CLONE_NEWIPC) && p.init_unshare == CLONE_NEWIPC);
}

TEST(plan_of_time_offsets_is_unshared_by_init_and_without_them_cloned)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"time\"}]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_false(p.stage);
	assert_true(p.clone_flags & (uint64_t)ns_table[NS_TIME].flag);
	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"time\"}],\"timeOffsets\":{\"boottime\":{\"secs\":5}}}}", (struct launch_choice){ 0 },
		&p, &e), 0);
	assert_false(p.stage || p.clone_flags & (uint64_t)ns_table[NS_TIME].flag);
	assert_true(p.init_unshare == (uint64_t)ns_table[NS_TIME].flag);
	assert_int_equal(plan_of(HEAD MNT "],\"timeOffsets\":{\"boottime\":{\"secs\":5}}}}", (struct launch_choice){ 0 }, &p, &e), -EINVAL);
}

/* ---- awkward combinations -------------------------------------------------------------------------------------------------------------- */

static void add_flags(struct buf *b, char mark, uint64_t flags)
{
	for (int k = 0; k < NS_COUNT; k++)
		if (flags & (uint64_t)ns_table[k].flag)
			buf_printf(b, "%c%s ", mark, ns_table[k].name);
}

static void add_joins(struct buf *b, const char *who, const struct launch_joins *j)
{
	for (size_t i = 0; i < j->n; i++)
		buf_printf(b, "%s:%s ", who, ns_table[j->v[i].kind].name);
}

/* "+pid" is born into, "~cgroup" unshared by init, "stage:net" and "init:net" joined. */
static const char *sum_up(const struct launch_plan *p, struct buf *b)
{
	buf_clear(b);
	add_flags(b, '+', p->clone_flags);
	add_flags(b, '~', p->init_unshare);
	add_joins(b, "stage", &p->stage_joins);
	add_joins(b, "init", &p->init_joins);
	buf_printf(b, "%s%s", p->stage ? "(stage)" : "", p->parent_opens ? "(opens)" : "");
	return buf_text(b);
}

#define NEW(type) ",{\"type\":\"" type "\"}"
#define JOIN(type) ",{\"type\":\"" type "\",\"path\":\"/" type "\"}"
#define JOIN_FIRST(type) "{\"type\":\"" type "\",\"path\":\"/" type "\"}"
#define OFFSETS "],\"timeOffsets\":{\"boottime\":{\"secs\":5}}}}"
#define MAPS_OFFSETS                                                                                                                  \
	"],\"timeOffsets\":{\"boottime\":{\"secs\":5}},\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"                 \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}}"

TEST(plan_of_awkward_combinations)
{
	enum { ROOT = 0, USER = 1000 };
	static const struct {
		const char *json;
		uint32_t euid;
		const char *wanted;
	} rows[] = {
		/* a joined pid namespace under a new user namespace: root joins while it still may */
		{ HEAD MNT NEW("user") JOIN("pid") MAPS, ROOT, "+user +mount stage:pid (stage)(opens)" },
		{ HEAD MNT NEW("user") JOIN("pid") MAPS, USER, "+user +mount stage:pid (stage)" },
		/* offsets never need a stage, whoever maps */
		{ HEAD MNT NEW("time") OFFSETS, ROOT, "+mount ~time " },
		{ HEAD MNT NEW("user") NEW("pid") NEW("time") MAPS_OFFSETS, ROOT, "+user +pid +mount ~time (opens)" },
		{ HEAD MNT NEW("user") NEW("pid") NEW("time") MAPS_OFFSETS, USER, "+user +pid +mount ~time " },
		{ HEAD MNT NEW("time") NEW("cgroup") OFFSETS, ROOT, "+mount ~cgroup ~time " },
		{ HEAD MNT NEW("time") JOIN("pid") OFFSETS, ROOT, "+mount ~time stage:pid (stage)" },
		/* a joined time namespace is entered by init itself */
		{ HEAD MNT JOIN("time") "]}}", ROOT, "+mount init:time " },
		/* a joined user namespace owns what is new, so all comes from the stage */
		{ HEAD MNT JOIN("user") NEW("pid") NEW("network") "]}}", ROOT, "+network +pid +mount stage:user (stage)(opens)" },
		{ HEAD MNT JOIN("user") JOIN("network") JOIN("pid") "]}}", ROOT, "+mount stage:network stage:pid stage:user (stage)(opens)" },
		{ HEAD MNT JOIN("user") JOIN("network") JOIN("pid") "]}}", USER, "+mount stage:user stage:network stage:pid (stage)" },
		{ HEAD MNT JOIN("user") NEW("time") OFFSETS, USER, "+mount ~time stage:user (stage)" },
		{ HEAD MNT JOIN("user") NEW("cgroup") JOIN("ipc") JOIN("uts") "]}}", USER, "+mount ~cgroup stage:user stage:ipc stage:uts (stage)" },
		/* a new user namespace alone needs none */
		{ HEAD MNT NEW("user") NEW("network") NEW("ipc") NEW("uts") NEW("pid") NEW("cgroup") MAPS, USER,
			"+user +uts +network +pid +mount ~cgroup ~ipc " },
		/* an ordinary user without a user namespace gets one, also where something is to be joined */
		{ HEAD MNT NEW("pid") "]}}", USER, "+user +pid +mount " },
		{ HEAD MNT JOIN("network") "]}}", USER, "+user +mount stage:network (stage)" },
	};
	scoped_buf struct buf b = BUF(4096);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct launch_plan p;
		struct err e;

		assert_int_equal(plan_of(rows[i].json, (struct launch_choice){ .euid = rows[i].euid, .egid = rows[i].euid }, &p, &e), 0);
		assert_string_equal(sum_up(&p, &b), rows[i].wanted);
	}
}

#define OWN_PID "{\"type\":\"pid\"}"
#define JOINED_MNT "{\"type\":\"mount\",\"path\":\"/m\"}"

TEST(plan_of_a_mount_namespace_of_others_changes_the_root)
{
	enum { ROOT = 0, USER = 1000 };
	static const struct {
		const char *json;
		uint32_t euid;
		const char *wanted;
	} rows[] = {
		{ HEAD OWN_PID "]}}", ROOT, "+pid " },
		{ HEAD "]}}", ROOT, "" },
		{ HEAD OWN_PID NEW("cgroup") NEW("time") OFFSETS, ROOT, "+pid ~cgroup ~time " },
		{ HEAD OWN_PID JOIN("time") JOIN("network") "]}}", ROOT, "+pid init:network init:time " },
		{ HEAD JOIN_FIRST("pid") "]}}", ROOT, "stage:pid (stage)" },
		{ HEAD JOINED_MNT "]}}", ROOT, "init:mount " },
		/* the offsets are written, and a time namespace is joined, before paths change */
		{ HEAD JOINED_MNT NEW("time") OFFSETS, ROOT, "~time init:mount " },
		{ HEAD JOINED_MNT JOIN("time") JOIN("uts") NEW("pid") "]}}", ROOT, "+pid init:uts init:time init:mount " },
		{ HEAD JOINED_MNT JOIN("pid") "]}}", ROOT, "stage:pid stage:mount (stage)" },
		/* sources are where the container is, so the parent opens none */
		{ HEAD JOINED_MNT JOIN("user") NEW("pid") "]}}", ROOT, "+pid stage:mount stage:user (stage)" },
		{ HEAD JOINED_MNT JOIN("user") NEW("pid") "]}}", USER, "+pid stage:user stage:mount (stage)" },
	};
	scoped_buf struct buf b = BUF(4096);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int no_pivot = 0; no_pivot <= 1; no_pivot++) {
			struct launch_choice choice = { .euid = rows[i].euid, .egid = rows[i].euid, .no_pivot = no_pivot };
			struct launch_plan p;
			struct err e;

			assert_int_equal(plan_of(rows[i].json, choice, &p, &e), 0);
			assert_int_equal(p.root, LAUNCH_ROOT_CHANGE);
			assert_false(p.clone_flags & CLONE_NEWNS);
			assert_string_equal(sum_up(&p, &b), rows[i].wanted);
		}
	}
}

TEST(plan_refuses_what_it_cannot_promise_in_a_mount_namespace_of_others)
{
	enum { ROOT = 0, USER = 1000 };
	static const struct {
		const char *json;
		uint32_t euid;
		const char *path;
	} rows[] = {
		{ HEAD OWN_PID "],\"maskedPaths\":[\"/proc/kcore\"]}}", ROOT, "linux.maskedPaths" },
		{ HEAD OWN_PID "],\"readonlyPaths\":[\"/proc/sys\"]}}", ROOT, "linux.readonlyPaths" },
		{ HEAD OWN_PID "],\"rootfsPropagation\":\"shared\"}}", ROOT, "linux.rootfsPropagation" },
		{ HEAD JOINED_MNT "],\"rootfsPropagation\":\"rprivate\"}}", ROOT, "linux.rootfsPropagation" },
		{ HEAD OWN_PID NEW("user") MAPS, ROOT, "linux.namespaces" },
		{ HEAD JOINED_MNT NEW("user") MAPS, ROOT, "linux.namespaces" },
		{ HEAD OWN_PID JOIN("user") "]}}", ROOT, "linux.namespaces" },
		{ HEAD OWN_PID NEW("user") MAPS, USER, "linux.namespaces" },
		{ HEAD OWN_PID "]}}", USER, "linux.namespaces: an ordinary user" },
		{ HEAD JOINED_MNT "]}}", USER, "linux.namespaces: an ordinary user" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct launch_plan p;
		struct err e;

		assert_int_equal(plan_of(rows[i].json, (struct launch_choice){ .euid = rows[i].euid, .egid = rows[i].euid }, &p, &e), -EINVAL);
		assert_non_null(strstr(e.msg, rows[i].path));
	}
}

TEST(plan_masks_in_a_joined_mount_namespace)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD JOINED_MNT "],\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"]}}", (struct launch_choice){ 0 },
		&p, &e), 0);
	assert_int_equal(p.root, LAUNCH_ROOT_CHANGE);
}

TEST(plan_pivots_unless_told_otherwise)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT "]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_int_equal(p.root, LAUNCH_ROOT_PIVOT);
	assert_int_equal(plan_of(HEAD MNT "]}}", (struct launch_choice){ .no_pivot = true }, &p, &e), 0);
	assert_int_equal(p.root, LAUNCH_ROOT_MOVE);
}

TEST(plan_of_a_configuration_without_a_linux_section_has_no_namespaces)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]}}",
		(struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.clone_flags == 0 && p.namespaces == 0);
	assert_int_equal(p.root, LAUNCH_ROOT_CHANGE);
}

TEST(plan_refuses_sysctls_of_the_host)
{
	const char *in_net = HEAD MNT ",{\"type\":\"network\"}],\"sysctl\":{\"net/ipv4/ip_forward\":\"1\"}}}";
	const char *no_net = HEAD MNT "],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}}}";
	const char *host = HEAD MNT ",{\"type\":\"ipc\"}],\"sysctl\":{\"kernel.core_pattern\":\"x\"}}}";
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(in_net, (struct launch_choice){ 0 }, &p, &e), 0);
	assert_int_equal(plan_of(no_net, (struct launch_choice){ 0 }, &p, &e), -EINVAL);
	assert_int_equal(plan_of(host, (struct launch_choice){ 0 }, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "kernel.core_pattern"));
}

TEST(plan_of_a_terminal_wants_a_console_socket_when_detached)
{
	const char *tty = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"terminal\":true,\"cwd\":\"/\",\"args\":[\"sh\"]},"
		"\"linux\":{\"namespaces\":[" MNT "]}}";
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(tty, (struct launch_choice){ 0 }, &p, &e), -EINVAL);
	assert_int_equal(plan_of(tty, (struct launch_choice){ .console_socket = true }, &p, &e), 0);
	assert_int_equal(p.console, LAUNCH_CONSOLE_SOCKET);
	assert_int_equal(plan_of(tty, (struct launch_choice){ .run = true }, &p, &e), 0);
	assert_int_equal(p.console, LAUNCH_CONSOLE_RELAY);
	assert_int_equal(plan_of(HEAD MNT "]}}", (struct launch_choice){ .console_socket = true }, &p, &e), -EINVAL);
}

TEST(plan_loads_the_filter_early_only_if_the_program_could_not)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(FILTERED(""), (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.seccomp_early);
	assert_int_equal(plan_of(FILTERED(",\"noNewPrivileges\":true"), (struct launch_choice){ 0 }, &p, &e), 0);
	assert_false(p.seccomp_early);
	assert_int_equal(plan_of(FILTERED(",\"capabilities\":{\"effective\":[\"CAP_SYS_ADMIN\"]}"), (struct launch_choice){ 0 }, &p, &e), 0);
	assert_false(p.seccomp_early);
}

TEST(plan_word_tables_obey_the_laws)
{
	assert_true(enumtab_check(&launch_gate_words));
	assert_true(enumtab_check(&launch_console_words));
	assert_true(enumtab_check(&launch_maps_words));
	assert_true(enumtab_check(&launch_root_words));
	assert_true(enumtab_check(&sync_words));
	assert_true(enumtab_check(&state_status_words));
}

TEST(state_ids_are_names_and_no_paths)
{
	const char *bad[] = { "", ".", "..", ".cache", "a/b", "a b", "ä", "a\n" };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(state_check_id(bad[i], &e), -EINVAL);
	assert_int_equal(state_check_id("A-b_c.d+0", &e), 0);
}

TEST(plan_names_the_agent_of_a_filter_that_asks)
{
	const char *asks = "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"linux\":{\"namespaces\":[" MNT
		"],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}}}";
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(asks, (struct launch_choice){ 0 }, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.seccomp.listenerPath"));
	assert_int_equal(plan_of(asks, (struct launch_choice){ .seccomp_receiver = "/agent" }, &p, &e), 0);
	assert_string_equal(p.seccomp_agent, "/agent");
	assert_true(p.seccomp_early);
	assert_int_equal(plan_of(FILTERED(""), (struct launch_choice){ .seccomp_receiver = "/agent" }, &p, &e), 0);
	assert_null(p.seccomp_agent);
}

TEST(plan_filters_by_a_raw_program_without_a_section)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},\"annotations\":"
		"{\"run.oci.seccomp_bpf_data\":\"BgAAAAAA/38=\"},\"linux\":{\"namespaces\":[" MNT "]}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.seccomp_early && !p.seccomp_agent);
}

TEST(plan_of_time_offsets_needs_a_clock)
{
	struct launch_plan p;
	struct err e;

	assert_int_equal(plan_of(HEAD MNT ",{\"type\":\"time\"}],\"timeOffsets\":{}}}", (struct launch_choice){ 0 }, &p, &e), 0);
	assert_true(p.clone_flags & (uint64_t)ns_table[NS_TIME].flag);
}
