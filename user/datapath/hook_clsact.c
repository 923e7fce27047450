/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/hook_clsact.h"
#include "base/crash_point.h"

#include <bpf/libbpf.h>
#include <errno.h>

/*
 * tc assigns 49152 and below to filters without a priority: ours come before or after all of those.
 */
#define CLSACT_PRIORITY_FIRST 1
#define CLSACT_PRIORITY_LAST 65000
#define CLSACT_PRIORITIES 100 /* to try */

static struct bpf_tc_hook clsact_hook(const struct hook *hook)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex,
			    .attach_point = hook->direction == HOOK_EGRESS ? BPF_TC_EGRESS
									   : BPF_TC_INGRESS);

	return tc_hook;
}

/* The priority that puts ours in its place, if foreign filters allow it. */
static unsigned clsact_priority(const struct hook *hook)
{
	struct filters filters;

	if (hook->place == HOOK_LAST)
		return CLSACT_PRIORITY_LAST;
	if (hook->place == HOOK_SECOND &&
	    !filters_scan(hook->ifindex, hook->direction, hook->other_handle, &filters) &&
	    filters.our_count)
		return filters.our[0].priority + 1;
	return CLSACT_PRIORITY_FIRST;
}

/*
 * Among cls_bpf filters of one priority the newest runs first. Filters of another kind or protocol
 * do not share a priority.
 */
bool hook_clsact_is_in_place(const struct hook *hook, const struct filters *filters)
{
	unsigned priority;

	if (hook->place == HOOK_LAST)
		return true;
	priority = clsact_priority(hook);
	if (!filters->foreign_before && filters->our[0].priority <= priority)
		return true;
	/* Is it taken? */
	return filters->foreign &&
	       (filters->first.priority < priority ||
		(filters->first.priority == priority && !filters->first.is_bpf_for_all));
}

static int clsact_drop_filter(const struct hook *hook, const struct filters_our *our)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = our->handle, .priority = our->priority);
	struct bpf_tc_hook tc_hook = clsact_hook(hook);
	int error = bpf_tc_detach(&tc_hook, &options);

	crash_point("hook-filter-detached");
	return error == -ENOENT || error == -ENODEV ? 0 : error;
}

int hook_clsact_detach(const struct hook *hook, bool remove_qdisc)
{
	struct bpf_tc_hook tc_hook = clsact_hook(hook);
	struct filters filters, other;
	int error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);

	for (unsigned i = 0; !error && i < filters.our_count; i++)
		error = clsact_drop_filter(hook, &filters.our[i]);
	if (error || !remove_qdisc || filters.foreign || filters.ours > filters.our_count)
		return error;
	error = filters_scan(hook->ifindex,
			     hook->direction == HOOK_EGRESS ? HOOK_INGRESS : HOOK_EGRESS,
			     hook->handle, &other);
	if (error || other.foreign || other.ours)
		return error;
	tc_hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	error = bpf_tc_hook_destroy(&tc_hook);
	crash_point("hook-clsact-removed");
	/* EINVAL: there is none, or an ingress qdisc. */
	return error == -ENOENT || error == -ENODEV || error == -EINVAL ? 0 : error;
}

/*
 * The pair's entry names the owner of the qdisc before the qdisc exists, so that an agent that is
 * killed in between leaves none without an owner.
 */
static int clsact_make_qdisc(const struct hook *hook, __u8 *clsact_is_ours)
{
	struct bpf_tc_hook tc_hook = clsact_hook(hook);
	int error;

	tc_hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	*clsact_is_ours = 1;
	crash_point("hook-clsact-about-to-be-made");
	error = bpf_tc_hook_create(&tc_hook);
	crash_point("hook-clsact-made");
	if (error)
		*clsact_is_ours = 0;
	/* EEXIST: another process created it first. */
	return error == -EEXIST ? 0 : error;
}

static int clsact_want_qdisc(const struct hook *hook, __u8 *clsact_is_ours)
{
	enum filters_qdisc qdisc;
	int error = filters_get_qdisc(hook->ifindex, &qdisc);

	if (error)
		return error;
	if (qdisc == FILTERS_QDISC_NONE)
		return clsact_make_qdisc(hook, clsact_is_ours);
	return qdisc == FILTERS_QDISC_INGRESS && hook->direction == HOOK_EGRESS ? -EPROTONOSUPPORT
										: 0;
}

static int clsact_put_filter(const struct hook *hook, int program_fd, const struct filters_our *our,
			     __u32 flags)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = our->handle, .priority = our->priority,
			    .prog_fd = program_fd, .flags = flags);
	struct bpf_tc_hook tc_hook = clsact_hook(hook);
	int error = bpf_tc_attach(&tc_hook, &options);

	crash_point("hook-filter-attached");
	return error;
}

/* A priority cannot be shared with another kind of filter: tries the next. */
static int clsact_add_filter(const struct hook *hook, int program_fd, __u32 handle,
			     struct filters_our *ret)
{
	unsigned priority = clsact_priority(hook);
	int error = -EINVAL;

	for (unsigned i = 0; error == -EINVAL && i < CLSACT_PRIORITIES; i++) {
		*ret = (struct filters_our){ .handle = handle,
					     .priority = (uint16_t)(priority + i) };
		error = clsact_put_filter(hook, program_fd, ret, 0);
	}
	return error;
}

/* An ingress qdisc may have replaced clsact: it would run an egress program on ingress. */
static int clsact_verify(const struct hook *hook, const struct filters_our *our)
{
	enum filters_qdisc qdisc;
	int error;

	if (hook->direction != HOOK_EGRESS)
		return 0;
	error = filters_get_qdisc(hook->ifindex, &qdisc);
	if (!error && qdisc != FILTERS_QDISC_INGRESS)
		return 0;
	clsact_drop_filter(hook, our);
	return error ? error : -EPROTONOSUPPORT;
}

int hook_clsact_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours)
{
	struct filters_our ours;
	struct filters filters;
	unsigned keep = 0;
	int error = clsact_want_qdisc(hook, clsact_is_ours);

	if (!error)
		error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);
	if (error)
		return error;
	if (filters.our_count && hook_clsact_is_in_place(hook, &filters)) {
		ours = filters.our[0];
		keep = 1;
		error = clsact_put_filter(hook, program_fd, &ours, BPF_TC_F_REPLACE);
	} else {
		if (hook->runs_once)
			for (unsigned i = 0; i < filters.our_count; i++)
				clsact_drop_filter(hook, &filters.our[i]);
		error = clsact_add_filter(
			hook, program_fd,
			filters.our_count ? filters.our[0].handle ^ 1U : hook->handle, &ours);
	}
	if (!error)
		error = clsact_verify(hook, &ours);
	/* Deletes what a move has left, also one that an earlier agent did not complete. */
	for (unsigned i = keep; !error && i < filters.our_count; i++)
		error = clsact_drop_filter(hook, &filters.our[i]);
	return error;
}
