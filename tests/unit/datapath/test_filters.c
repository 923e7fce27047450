/* SPDX-License-Identifier: GPL-2.0-only */
/* filters_scan, given the kernel's answers: what interrupts them, what fails, and what they say. */
/* The program's own copy of both is linked as well. */
#define filters_scan tested_filters_scan
#define filters_get_qdisc tested_filters_get_qdisc
#define rtnetlink_open answers_open
#define rtnetlink_message answers_message
#define rtnetlink_request answers_request
#include "datapath/filters.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STRANGER 1

/* What the kernel dumps next: filters, and the result of the request. */
static struct {
	struct {
		uint32_t handle;
		uint16_t priority;
		const char *kind;
		uint16_t protocol;
	} filters[4];
	unsigned count;
	const char *qdisc; /* NULL: none */
	int results[16];   /* of each request */
	unsigned requests;
} kernel;

int answers_open(struct nl_sock **ret)
{
	*ret = nl_socket_alloc();
	return *ret ? 0 : -ENOMEM;
}

struct nl_msg *answers_message(int type, int flags, const void *header, int header_size)
{
	(void)header, (void)header_size;
	return nlmsg_alloc_simple(type, flags);
}

static void answer(int type, const struct tcmsg *tc, const char *kind, rtnetlink_answer_fn take,
		   void *context)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, 0);

	nlmsg_append(message, (void *)tc, sizeof(*tc), NLMSG_ALIGNTO);
	nla_put_string(message, TCA_KIND, kind);
	assert_int_equal(take(nlmsg_hdr(message), context), 0);
	nlmsg_free(message);
}

int answers_request(struct nl_sock *socket, struct nl_msg *request, rtnetlink_answer_fn take,
		    void *context)
{
	bool filters = nlmsg_hdr(request)->nlmsg_type == RTM_GETTFILTER;

	(void)socket;
	nlmsg_free(request);
	for (unsigned i = 0; filters && i < kernel.count; i++) {
		const struct tcmsg tc = { .tcm_handle = kernel.filters[i].handle,
					  .tcm_info = TC_H_MAKE(
						  (uint32_t)kernel.filters[i].priority << 16,
						  htons(kernel.filters[i].protocol)) };

		answer(RTM_NEWTFILTER, &tc, kernel.filters[i].kind, take, context);
	}
	if (!filters && kernel.qdisc) {
		const struct tcmsg tc = { .tcm_ifindex = 1, .tcm_parent = TC_H_CLSACT };

		answer(RTM_NEWQDISC, &tc, kernel.qdisc, take, context);
	}
	return kernel.results[kernel.requests++ % 16];
}

static int prepare(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.qdisc = "clsact";
	kernel.filters[0].handle = STRANGER, kernel.filters[0].priority = 1,
	kernel.filters[0].kind = "flower";
	kernel.filters[1].handle = FILTERS_PORTS_HANDLE, kernel.filters[1].priority = 2,
	kernel.filters[1].kind = "bpf";
	kernel.filters[2].handle = FILTERS_OUR_HANDLE + 1, kernel.filters[2].priority = 3,
	kernel.filters[2].kind = "bpf";
	kernel.filters[3].handle = STRANGER, kernel.filters[3].priority = 4,
	kernel.filters[3].kind = "bpf";
	kernel.count = 4;
	return 0;
}

static void reads_in_order(void **state)
{
	struct filters filters;

	(void)state;
	assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), 0);
	assert_int_equal(filters.foreign, 2);
	assert_int_equal(filters.foreign_before, 1);
	assert_int_equal(filters.ours, 2);
	assert_int_equal(filters.our_count, 1);
	assert_int_equal(filters.our[0].handle, FILTERS_OUR_HANDLE + 1);
	assert_int_equal(filters.our[0].priority, 3);
	assert_string_equal(filters.first.kind, "flower");
	assert_false(filters.first.is_bpf_for_all);
}

/* Asked again, from the beginning: nothing is counted twice. */
static void interrupted(void **state)
{
	struct filters filters;

	(void)state;
	kernel.results[0] = kernel.results[1] = -EINTR;
	assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), 0);
	assert_int_equal(kernel.requests, 3);
	assert_int_equal(filters.foreign, 2);
}

static void without_an_end(void **state)
{
	struct filters filters = { .foreign = 99 };

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		kernel.results[i] = -EINTR;
	assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), -EINTR);
	assert_true(kernel.requests <= FILTERS_TRIES);
	assert_int_equal(filters.foreign, 99);
}

/* "No filters" is what the kernel says, not what it does not say. */
static void failures(void **state)
{
	static const int none[] = { -ENODEV, -ENOENT, -EOPNOTSUPP };
	struct filters filters = { .foreign = 99 };
	enum filters_qdisc qdisc = FILTERS_QDISC_CLSACT;

	(void)state;
	kernel.results[0] = -ETIMEDOUT;
	assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), -ETIMEDOUT);
	kernel.requests = 0;
	assert_int_equal(filters_get_qdisc(1, &qdisc), -ETIMEDOUT);
	assert_int_equal(qdisc, FILTERS_QDISC_CLSACT);
	assert_int_equal(filters.foreign, 99);
	for (unsigned i = 0; i < 3; i++) {
		kernel.requests = 0;
		kernel.results[0] = none[i];
		assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), 0);
		assert_int_equal(filters.foreign + filters.ours, 0);
	}
}

/* sch_ingress gives its ingress filters when it is asked for those of egress. */
static void egress(void **state)
{
	static const struct {
		const char *qdisc;
		unsigned foreign;
	} cases[] = { { "clsact", 2 }, { "ingress", 0 }, { NULL, 0 } };
	struct filters filters;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		kernel.qdisc = cases[i].qdisc;
		assert_int_equal(filters_scan(1, HOOK_EGRESS, FILTERS_OUR_HANDLE, &filters), 0);
		assert_int_equal(filters.foreign, cases[i].foreign);
		assert_int_equal(filters_scan(1, HOOK_INGRESS, FILTERS_OUR_HANDLE, &filters), 0);
		assert_int_equal(filters.foreign, 2);
	}
	kernel.qdisc = "clsact";
	kernel.requests = 1;
	kernel.results[2] = -ETIMEDOUT;
	assert_int_equal(filters_scan(1, HOOK_EGRESS, FILTERS_OUR_HANDLE, &filters), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_in_order, prepare),
		cmocka_unit_test_setup(interrupted, prepare),
		cmocka_unit_test_setup(without_an_end, prepare),
		cmocka_unit_test_setup(failures, prepare),
		cmocka_unit_test_setup(egress, prepare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
