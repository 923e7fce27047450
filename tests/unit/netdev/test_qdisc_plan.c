/* SPDX-License-Identifier: GPL-2.0-only */
/* What the primary's root qdisc should be, from what two devices have, without either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "netdev/qdisc_plan.h"

#define STANDBY 2
#define PRIMARY 3
#define MQ(queue) (0x76460000U | (queue))

static void take(struct qdisc_tree *tree, int type, uint32_t parent, uint32_t handle,
		 const char *kind, const void *options, int size)
{
	struct tcmsg header = { .tcm_ifindex = STANDBY,
				.tcm_parent = parent,
				.tcm_handle = handle,
				.tcm_info = 0x20008 };
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(message, TCA_KIND, kind);
	if (size)
		nla_put(message, TCA_OPTIONS, size, options);
	assert_int_equal(
		qdisc_tree_take(tree, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, PRIMARY),
		0);
	assert_int_equal(
		qdisc_tree_take(tree, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, STANDBY),
		0);
	nlmsg_free(message);
}

static void qdisc(struct qdisc_tree *tree, uint32_t parent, uint32_t handle, const char *kind,
		  const char *options)
{
	take(tree, RTM_NEWQDISC, parent, handle, kind, options, (int)strlen(options));
}

static void mq(struct qdisc_tree *tree, uint32_t handle, unsigned queues, const char *kind,
	       uint32_t child_handle)
{
	qdisc(tree, TC_H_ROOT, handle, "mq", "");
	for (unsigned i = queues; i; i--)
		qdisc(tree, handle | i, child_handle ? child_handle + (i << 16) : 0, kind, "");
}

static void expect(struct qdisc_tree *standby, struct qdisc_tree *primary, uint32_t ours,
		   enum qdisc_verdict verdict, size_t wanted, const char *flaw)
{
	struct qdisc_plan plan;

	assert_int_equal(qdisc_plan_make(standby, primary, ours, false, &plan), 0);
	assert_int_equal(plan.verdict, verdict);
	assert_int_equal(plan.wanted.count, wanted);
	assert_string_equal(plan.flaw ?: "", flaw);
	qdisc_plan_free(&plan);
	if (verdict != QDISC_NOTHING && verdict != QDISC_REMOVE) {
		assert_int_equal(qdisc_plan_make(standby, primary, ours, true, &plan), 0);
		assert_int_equal(plan.verdict, QDISC_KEPT);
		qdisc_plan_free(&plan);
	}
	qdisc_tree_free(standby);
	qdisc_tree_free(primary);
}

static void defaults_are_left(void **state)
{
	static const char *const kinds[] = { "pfifo_fast", "fq_codel", "noqueue", "fq" };
	struct qdisc_tree standby = { 0 }, primary = { 0 };

	(void)state;
	expect(&standby, &primary, 0, QDISC_NOTHING, 0, "");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		qdisc(&standby, TC_H_ROOT, 0, kinds[i], "");
		mq(&primary, 0, 4, kinds[i], 0);
		expect(&standby, &primary, 0, QDISC_NOTHING, 0, "");
	}
	qdisc(&standby, TC_H_ROOT, 0, "fq_codel", "");
	qdisc(&primary, TC_H_ROOT, 0, "pfifo_fast", "");
	expect(&standby, &primary, 0, QDISC_NOTHING, 0, "");
	/* What was mirrored is not wanted any more. */
	qdisc(&standby, TC_H_ROOT, 0, "fq_codel", "");
	qdisc(&primary, TC_H_ROOT, 0x50000, "bfifo", "limit");
	expect(&standby, &primary, 0x50000, QDISC_REMOVE, 0, "");
}

/* The default when the standby came up, and another when the primary did. */
static void pacing_by_default(void **state)
{
	struct qdisc_tree standby = { 0 }, primary = { 0 };

	(void)state;
	mq(&standby, 0, 2, "fq", 0);
	mq(&primary, 0, 4, "fq_codel", 0);
	expect(&standby, &primary, 0, QDISC_BUILD, 5, "");
	mq(&standby, 0, 2, "fq", 0);
	mq(&primary, MQ(0), 4, "fq", MQ(0));
	expect(&standby, &primary, MQ(0), QDISC_MIRRORED, 5, "");
	mq(&standby, 0, 2, "fq", 0);
	expect(&standby, &primary, 0, QDISC_LATER, 0, "");
	/*
	 * Of one that has another shape already, how many queues it has is seen when that is gone.
	 */
	mq(&standby, 0, 2, "fq", 0);
	qdisc(&primary, TC_H_ROOT, 0x10000, "pfifo", "");
	expect(&standby, &primary, 0x10000, QDISC_REMOVE, 0, "");
	mq(&standby, 0x10000, 2, "netem", 0x20000);
	mq(&primary, 0, 4, "fq_codel", 0);
	expect(&standby, &primary, 0, QDISC_FLAWED, 0,
	       "it limits each queue, and the primary may have another number of them");
	mq(&standby, 0x10000, 2, "fq", 0x20000);
	qdisc(&standby, 0x10003, 0x90000, "pfifo", "");
	mq(&primary, 0, 4, "fq_codel", 0);
	expect(&standby, &primary, 0, QDISC_FLAWED, 0, "its queues differ");
}

static void configured(struct qdisc_tree *tree, const char *options)
{
	/* In no order. */
	qdisc(tree, 0x10002, 0x20000, "netem", "child");
	qdisc(tree, TC_H_ROOT, 0x10000, "prio", options);
	qdisc(tree, 0x20001, 0x30000, "pfifo", "grandchild");
	qdisc(tree, TC_H_INGRESS, 0xffff0000, "clsact", "");
	take(tree, RTM_NEWTCLASS, 0x10000, 0x10002, "prio", "", 0); /* comes with the qdisc */
}

static void what_is_configured_is_copied(void **state)
{
	struct qdisc_tree standby = { 0 }, primary = { 0 };
	struct qdisc_plan plan;

	(void)state;
	configured(&standby, "same");
	assert_int_equal(qdisc_plan_make(&standby, &primary, 0, false, &plan), 0);
	assert_int_equal(plan.wanted.count, 3);
	assert_int_equal(plan.wanted.objects[0].handle, 0x10000);
	assert_int_equal(plan.wanted.objects[1].handle, 0x20000);
	assert_int_equal(plan.wanted.objects[2].handle, 0x30000);
	assert_string_equal(plan.kind, "prio");
	qdisc_plan_free(&plan);
	expect(&standby, &primary, 0, QDISC_BUILD, 3, "");

	configured(&standby, "same");
	configured(&primary, "same");
	expect(&standby, &primary, 0x10000, QDISC_MIRRORED, 3, "");
	configured(&standby, "same");
	configured(&primary, "diff");
	expect(&standby, &primary, 0x10000, QDISC_BUILD, 3, "");
	/* Equal, and not ours. */
	configured(&standby, "same");
	configured(&primary, "same");
	expect(&standby, &primary, 0, QDISC_OWN, 3, "");
	/* Equal but for a child's place. */
	configured(&standby, "same");
	qdisc(&standby, 0x10003, 0x40000, "pfifo", "");
	configured(&primary, "same");
	qdisc(&primary, 0x10001, 0x40000, "pfifo", "");
	expect(&standby, &primary, 0x10000, QDISC_BUILD, 4, "");
}

static void all_or_nothing(void **state)
{
	struct qdisc_tree standby = { 0 }, primary = { 0 };

	(void)state;
	configured(&standby, "");
	qdisc(&standby, 0x10003, 0x40000, "red", "");
	expect(&standby, &primary, 0, QDISC_FLAWED, 0, "qdiscs of this kind cannot be copied");
	configured(&standby, "");
	take(&standby, RTM_NEWTFILTER, 0x10000, 1, "route", "", 0);
	expect(&standby, &primary, 0, QDISC_FLAWED, 0, "filters of this kind cannot be copied");
	configured(&standby, "");
	qdisc(&standby, 0x90001, 0x40000, "pfifo", "");
	expect(&standby, &primary, 0, QDISC_FLAWED, 0, "it is being changed");
	qdisc(&standby, TC_H_ROOT, 0x10000, "tbf", "shrt");
	expect(&standby, &primary, 0, QDISC_FLAWED, 0, "its options cannot be understood");
}

static struct nlattr *options_new(struct nl_msg **ret)
{
	*ret = nlmsg_alloc_simple(RTM_NEWQDISC, 0);
	return nla_nest_start(*ret, TCA_OPTIONS);
}

/*
 * 1514 bytes at 500,000 bytes/s take 3,028,000 ns, which a dump rounds down to 47,312 ticks of 64
 * ns.
 */
static void a_bucket_keeps_its_bytes(void **state)
{
	static const struct {
		uint32_t rate, ticks, bytes;
		uint16_t overhead;
	} cases[] = { { 500000, 47312, 1514, 0 },
		      { 500000, 47312, 1510, 4 },
		      { 125000000, 189, 1519, 0 },
		      { 1000, 23656250, 1514, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tc_tbf_qopt limits = { .rate = { .rate = cases[i].rate,
							.overhead = cases[i].overhead },
					      .buffer = cases[i].ticks };
		struct qdisc_tree tree = { 0 };
		struct nlattr *nest, *burst;
		struct nl_msg *message;

		nest = options_new(&message);
		nla_put(message, TCA_TBF_PARMS, sizeof(limits), &limits);
		nla_nest_end(message, nest);
		take(&tree, RTM_NEWQDISC, TC_H_ROOT, 0x10000, "tbf", nla_data(nest), nla_len(nest));
		burst = nla_find((struct nlattr *)tree.objects[0].options,
				 tree.objects[0].options_length, TCA_TBF_BURST);
		assert_non_null(burst);
		assert_int_equal(nla_get_u32(burst), cases[i].bytes);
		nlmsg_free(message);
		qdisc_tree_free(&tree);
	}
}

/*
 * Linux keeps 6,835 units of 1,024 ns of 7 ms, dumps those as 6,999 us, and would keep 6,834 of
 * that.
 */
static void times_do_not_shrink(void **state)
{
	static const struct {
		uint32_t dumped, written;
	} cases[] = { { 6999, 7000 }, { 4999, 5000 }, { 99999, 100000 }, { 0, 0 }, { 128, 128 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct qdisc_tree tree = { 0 };
		struct nl_msg *message;
		struct nlattr *nest = options_new(&message), *target;
		uint32_t kept;

		nla_put_u32(message, TCA_FQ_CODEL_TARGET, cases[i].dumped);
		nla_put_u32(message, TCA_FQ_CODEL_LIMIT, cases[i].dumped);
		nla_nest_end(message, nest);
		take(&tree, RTM_NEWQDISC, TC_H_ROOT, 0x10000, "fq_codel", nla_data(nest),
		     nla_len(nest));
		target = nla_find((struct nlattr *)tree.objects[0].options,
				  tree.objects[0].options_length, TCA_FQ_CODEL_TARGET);
		kept = (uint32_t)((uint64_t)nla_get_u32(target) * 1000 >> 10);
		assert_int_equal(kept * 1024ULL / 1000, cases[i].dumped);
		assert_true(nla_get_u32(target) <= cases[i].written);
		assert_int_equal(
			nla_get_u32(nla_find((struct nlattr *)tree.objects[0].options,
					     tree.objects[0].options_length, TCA_FQ_CODEL_LIMIT)),
			cases[i].dumped);
		nlmsg_free(message);
		qdisc_tree_free(&tree);
	}
}

static void what_only_counts_is_left_out(void **state)
{
	struct tc_htb_glob one = { .version = 0x30011, .rate2quantum = 10, .direct_pkts = 7 },
			   other = one;
	struct qdisc_tree standby = { 0 }, primary = { 0 };
	struct nl_msg *message;
	struct nlattr *nest;

	(void)state;
	other.direct_pkts = 8;
	for (int i = 0; i < 2; i++) {
		nest = options_new(&message);
		nla_put(message, TCA_HTB_INIT, sizeof(one), i ? &other : &one);
		nla_nest_end(message, nest);
		take(i ? &primary : &standby, RTM_NEWQDISC, TC_H_ROOT, 0x10000, "htb",
		     nla_data(nest), nla_len(nest));
		nlmsg_free(message);
	}
	/* The version, as it is taken. */
	assert_int_equal(
		((const struct tc_htb_glob *)(standby.objects[0].options + NLA_HDRLEN))->version,
		3);
	expect(&standby, &primary, 0x10000, QDISC_MIRRORED, 1, "");
}

static void what_is_no_message_is_refused(void **state)
{
	struct nlmsghdr header = { .nlmsg_len = sizeof(header), .nlmsg_type = RTM_NEWQDISC };
	struct qdisc_tree tree = { 0 };

	(void)state;
	assert_int_equal(qdisc_tree_take(&tree, &header, sizeof(header), STANDBY), -EBADMSG);
	assert_int_equal(qdisc_tree_take(&tree, &header, 3, STANDBY), -EBADMSG);
	assert_int_equal(tree.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_left),
		cmocka_unit_test(pacing_by_default),
		cmocka_unit_test(what_is_configured_is_copied),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(a_bucket_keeps_its_bytes),
		cmocka_unit_test(times_do_not_shrink),
		cmocka_unit_test(what_only_counts_is_left_out),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
