/* SPDX-License-Identifier: GPL-2.0-only */
/* What is bypassed, in words; and what becomes of an XDP program on the standby. */
#include "datapath/bypass.h"
#include "pair/xdp_mirror.h"

#include <errno.h>
#include <linux/if_link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct bypass_facts plain = { .standby = "eth0", .primary = "eth1" };

static void nothing_is_bypassed(void **state)
{
	struct bypass_facts facts = plain;
	struct bypass found[BYPASS_KINDS];

	(void)state;
	assert_int_equal(bypass_judge(&facts, found), 0);
	/* No primary: the standby's own see everything. */
	facts = (struct bypass_facts){ .standby = "eth0",
				       .qdisc = "tbf",
				       .xdp_mode = XDP_ATTACHED_DRV,
				       .xdp_program = 7,
				       .af_xdp_sockets = 1,
				       .egress_others = { .filters = 1, .first = "filter fw" } };
	assert_int_equal(bypass_judge(&facts, found), 0);
	/* The primary has the same. */
	facts = plain;
	facts.xdp_mode = XDP_ATTACHED_DRV;
	facts.xdp_program = facts.primary_xdp_program = 7;
	facts.xdp_mirror = XDP_MIRROR_NATIVE;
	assert_int_equal(bypass_judge(&facts, found), 0);
	/* What the primary received passes it on the standby. */
	facts = plain;
	facts.xdp_mode = XDP_ATTACHED_SKB;
	facts.xdp_program = 7;
	facts.xdp_mirror = XDP_MIRROR_STANDBY;
	assert_int_equal(bypass_judge(&facts, found), 0);
	facts.rx_direct = true;
	assert_int_equal(bypass_judge(&facts, found), 1);
}

static void each_is_named(void **state)
{
	struct bypass_facts facts = plain;
	struct bypass found[BYPASS_KINDS];
	static const char *const words[BYPASS_KINDS] = { "qdisc",    "xdp",
							 "xdp_left", "af_xdp",
							 "egress",   "egress_behind",
							 "ingress",  "standby_ingress" };

	(void)state;
	facts.qdisc = "htb";
	facts.qdisc_why = "qdisc = keep";
	facts.xdp_mode = XDP_ATTACHED_DRV;
	facts.xdp_program = 7;
	facts.xdp_mirror = XDP_MIRROR_IGNORED;
	facts.mirrored_xdp_program = 6;
	facts.af_xdp_sockets = 2;
	facts.egress_others = (struct hook_others){ .filters = 1, .first = "filter fw" };
	facts.egress_behind =
		(struct hook_others){ .programs = 2, .filters = 1, .first = "program fw" };
	facts.egress_is_before = true;
	facts.ingress_others = (struct hook_others){ .programs = 1, .first = "program fw" };
	facts.standby_ingress_others = facts.egress_others;
	assert_int_equal(bypass_judge(&facts, found), BYPASS_KINDS);
	for (unsigned i = 0; i < BYPASS_KINDS; i++) {
		assert_int_equal(found[i].kind, i);
		assert_string_equal(bypass_word(found[i].kind), words[i]);
		assert_true(strlen(found[i].text) < BYPASS_TEXT_SIZE - 1);
	}
	assert_non_null(
		strstr(found[0].text,
		       "qdisc htb of eth0 shapes nothing of what goes by eth1: qdisc = keep"));
	assert_string_equal(found[1].text,
			    "XDP program 7 of eth0 does not see what eth1 receives: so says xdp = "
			    "ignore; xdp = mirror puts it there, too");
	assert_string_equal(found[2].text, "XDP program 6 is still on eth1, though eth0 has "
					   "another (7): it goes on dropping there until "
					   "an agent runs; start 'vfsteer run'");
	assert_string_equal(
		found[3].text,
		"2 AF_XDP sockets of eth0 get nothing of what eth1 receives, and no socket "
		"can: 'vfsteer switch eth0 standby' keeps the traffic on eth0");
	assert_string_equal(found[4].text,
			    "1 filter of others on egress before ours, first filter fw: what they "
			    "pass finally (action pass) stays on the "
			    "standby; 'egress = before' in the configuration puts ours first");
	assert_string_equal(
		found[5].text,
		"3 programs of others on egress of eth0 behind ours, first program fw: they do not "
		"see what goes by eth1: so says egress = before; egress = after puts ours last");
	assert_string_equal(
		found[6].text,
		"1 program of others on ingress of eth1 before ours, first program fw: what they "
		"pass "
		"finally (action pass) is lost: no agent puts ours first; start 'vfsteer run'");
	assert_string_equal(found[7].text, "1 filter of others on ingress of eth0 before ours, "
					   "first filter fw: groups that they pass "
					   "finally (action pass) may come twice, and nothing of "
					   "it reaches ports: no agent puts ours "
					   "first; start 'vfsteer run'");
	facts.has_agent = true;
	assert_int_equal(bypass_judge(&facts, found), BYPASS_KINDS - 1);
	assert_non_null(strstr(found[5].text, "is lost: remove them, or move them behind"));
	facts.egress_is_before = facts.has_agent = false;
	assert_int_equal(bypass_judge(&facts, found), BYPASS_KINDS);
	assert_non_null(
		strstr(found[5].text, "eth1: no agent puts ours last; start 'vfsteer run'"));
	facts.af_xdp_sockets = 0;
	facts.unknown_sockets = 1;
	assert_int_equal(bypass_judge(&facts, found), BYPASS_KINDS);
	assert_non_null(strstr(found[3].text, "no xsk_diag"));
}

/* The longest names there can be leave the remedy readable. */
static void why_a_primary_is_not_used(void **state)
{
	struct bypass_facts facts = { .standby = "abcdefghijklmno",
				      .primary = "abcdefghijklmnp",
				      .xdp_mode = XDP_ATTACHED_DRV,
				      .xdp_program = 4294967295U };
	static const struct {
		enum vfsteer_xdp_mirror mirror;
		const char *words;
	} rows[] = {
		{ XDP_MIRROR_UNBROKERED, "CAP_SYS_ADMIN" },
		{ XDP_MIRROR_OCCUPIED, "program 9 is there" },
		{ XDP_MIRROR_REFUSED, "Operation not supported" },
		{ XDP_MIRROR_SOCKETS, "AF_XDP sockets are on abcdefghijklmno" },
	};
	struct bypass found[BYPASS_KINDS];

	(void)state;
	facts.xdp_mirror_error = EOPNOTSUPP;
	facts.primary_xdp_program = 9;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		facts.xdp_mirror = rows[i].mirror;
		assert_int_equal(bypass_judge(&facts, found), 1);
		assert_non_null(strstr(found[0].text, rows[i].words));
		assert_non_null(strstr(found[0].text, "abcdefghijklmnp is not used"));
		assert_non_null(
			strstr(found[0].text, "or set xdp = ignore in [pair abcdefghijklmno]"));
	}
	facts.xdp_mirror = XDP_MIRROR_NATIVE;
	assert_int_equal(bypass_judge(&facts, found), 1);
	assert_non_null(strstr(found[0].text, "start 'vfsteer run'"));
}

/* The longest names there can be leave the remedy readable here as well. */
static void long_names_of_others(void **state)
{
	struct bypass_facts facts = { .standby = "abcdefghijklmno", .primary = "abcdefghijklmnp" };
	struct bypass found[BYPASS_KINDS];

	(void)state;
	facts.egress_others.programs = facts.egress_behind.programs =
		facts.ingress_others.programs = 64;
	memset(facts.egress_others.first, 'x', sizeof(facts.egress_others.first) - 1);
	facts.egress_behind = facts.ingress_others = facts.standby_ingress_others =
		facts.egress_others;
	assert_int_equal(bypass_judge(&facts, found), 4);
	assert_non_null(strstr(found[0].text, "puts ours first"));
	assert_non_null(strstr(found[1].text, "start 'vfsteer run'"));
	assert_non_null(strstr(found[2].text, "start 'vfsteer run'"));
	assert_non_null(strstr(found[3].text, "start 'vfsteer run'"));
	facts.egress_is_before = true;
	assert_int_equal(bypass_judge(&facts, found), 4);
	assert_non_null(strstr(found[1].text, "egress = after puts ours last"));
}

/* With no agent to follow the standby's. */
static void a_program_is_left_on_the_primary(void **state)
{
	struct bypass_facts facts = plain;
	struct bypass found[BYPASS_KINDS];

	(void)state;
	facts.xdp_mirror = XDP_MIRROR_NATIVE;
	facts.primary_xdp_program = facts.mirrored_xdp_program = 7;
	assert_int_equal(bypass_judge(&facts, found), 1);
	assert_int_equal(found[0].kind, BYPASS_XDP_LEFT);
	assert_string_equal(found[0].text, "XDP program 7 is still on eth1, though eth0 has none: "
					   "it goes on dropping there until an "
					   "agent runs; start 'vfsteer run'");
	facts.has_agent = true;
	assert_int_equal(bypass_judge(&facts, found), 0);
	facts.has_agent = false;
	facts.xdp_mode = XDP_ATTACHED_DRV;
	facts.xdp_program = 8;
	assert_int_equal(bypass_judge(&facts, found), 2);
	assert_int_equal(found[0].kind, BYPASS_XDP);
	assert_non_null(strstr(found[1].text,
			       "XDP program 7 is still on eth1, though eth0 has another (8)"));
	facts.xdp_program = 7;
	assert_int_equal(bypass_judge(&facts, found), 0);
	/*
	 * Generic: what the primary received passes it on the standby, and the other one before
	 * that.
	 */
	facts.xdp_mode = XDP_ATTACHED_SKB;
	facts.xdp_program = 8;
	assert_int_equal(bypass_judge(&facts, found), 1);
	assert_non_null(strstr(found[0].text,
			       "XDP program 7 is still on eth1, though eth0 has another (8)"));
}

static void what_becomes_of_a_program(void **state)
{
	static const struct {
		struct xdp_mirror_view view;
		enum xdp_mirror_plan plan;
		enum vfsteer_xdp_mirror mirror;
	} rows[] = {
		{ { .primary_program = 9, .primary_mode = XDP_ATTACHED_DRV },
		  XDP_PLAN_NOTHING,
		  XDP_MIRROR_NONE },
		{ { .standby_mode = XDP_ATTACHED_DRV, .standby_program = 7, .ports_program = 7 },
		  XDP_PLAN_NOTHING,
		  XDP_MIRROR_NONE },
		{ { .standby_mode = XDP_ATTACHED_DRV, .standby_program = 7, .ignored = true },
		  XDP_PLAN_NOTHING,
		  XDP_MIRROR_IGNORED },
		{ { .standby_mode = XDP_ATTACHED_SKB, .standby_program = 7 },
		  XDP_PLAN_NOTHING,
		  XDP_MIRROR_STANDBY },
		{ { .standby_mode = XDP_ATTACHED_SKB, .standby_program = 7, .ignored = true },
		  XDP_PLAN_NOTHING,
		  XDP_MIRROR_IGNORED },
		{ { .standby_mode = XDP_ATTACHED_DRV, .standby_program = 7 },
		  XDP_PLAN_ATTACH,
		  XDP_MIRROR_NATIVE },
		{ { .standby_mode = XDP_ATTACHED_HW, .standby_program = 7 },
		  XDP_PLAN_ATTACH,
		  XDP_MIRROR_NATIVE },
		{ { .standby_mode = XDP_ATTACHED_DRV,
		    .standby_program = 7,
		    .primary_mode = XDP_ATTACHED_DRV,
		    .primary_program = 6,
		    .mirrored_program = 6 },
		  XDP_PLAN_ATTACH,
		  XDP_MIRROR_NATIVE },
		{ { .standby_mode = XDP_ATTACHED_DRV,
		    .standby_program = 7,
		    .primary_mode = XDP_ATTACHED_DRV,
		    .primary_program = 7,
		    .mirrored_program = 7 },
		  XDP_PLAN_KEEP,
		  XDP_MIRROR_NATIVE },
		{ { .standby_mode = XDP_ATTACHED_DRV,
		    .standby_program = 7,
		    .primary_mode = XDP_ATTACHED_SKB,
		    .primary_program = 7 },
		  XDP_PLAN_KEEP,
		  XDP_MIRROR_GENERIC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum vfsteer_xdp_mirror mirror;

		assert_int_equal(xdp_mirror_decide(&rows[i].view, &mirror), rows[i].plan);
		assert_int_equal(mirror, rows[i].mirror);
	}
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(xdp_mirror_is_missing((enum vfsteer_xdp_mirror)i),
				 i >= XDP_MIRROR_UNBROKERED && i <= XDP_MIRROR_SOCKETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_bypassed),
		cmocka_unit_test(each_is_named),
		cmocka_unit_test(why_a_primary_is_not_used),
		cmocka_unit_test(long_names_of_others),
		cmocka_unit_test(a_program_is_left_on_the_primary),
		cmocka_unit_test(what_becomes_of_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
