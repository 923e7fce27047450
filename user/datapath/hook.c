/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/hook.h"
#include "base/clock.h"
#include "base/text.h"
#include "datapath/filters.h"
#include "datapath/hook_clsact.h"
#include "datapath/hook_tcx.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define HOOK_MOVES_INTERVAL_NS 10000000000ULL

/* Returns 1, 0 or -errno. After an error nothing is moved. */
static int hook_wants_clsact(const struct hook *hook)
{
	struct filters filters;
	int error;

	if (hook->place != HOOK_LAST)
		return false;
	error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);
	return error ? error : filters.foreign > 0;
}

int hook_check(const struct hook *hook, int program_fd)
{
	enum filters_qdisc qdisc;
	int error;

	if (hook->direction != HOOK_EGRESS || hook_tcx_is_known(program_fd))
		return 0;
	error = filters_get_qdisc(hook->ifindex, &qdisc);
	if (error)
		return error;
	return qdisc == FILTERS_QDISC_INGRESS ? -EPROTONOSUPPORT : 0;
}

int hook_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours)
{
	int error = hook_wants_clsact(hook);

	if (error < 0)
		return error;
	/* The new place is taken before the old one is left. */
	error = error ? -EINVAL : hook_tcx_attach(hook, program_fd);
	if (!error)
		return hook_clsact_detach(hook, false);
	/*
	 * EINVAL: the kernel has no tcx. With any other error (no such device, no memory) clsact
	 * would fail too.
	 */
	if (error != -EINVAL)
		return error;
	error = hook_clsact_attach(hook, program_fd, clsact_is_ours);
	return error ? error : hook_tcx_detach(hook);
}

bool hook_is_attached(const struct hook *hook)
{
	struct filters filters;

	return hook_tcx_is_attached(hook) ||
	       filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) ||
	       filters.our_count;
}

bool hook_is_misplaced(const struct hook *hook)
{
	struct filters filters;

	if (hook_tcx_is_pinned(hook))
		return hook_wants_clsact(hook) > 0 || !hook_tcx_is_attached(hook) ||
		       !hook_tcx_is_in_place(hook);
	/* On clsact, by choice or without tcx: unless the qdisc was deleted. */
	return !filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) &&
	       (!filters.our_count || !hook_clsact_is_in_place(hook, &filters));
}

bool hook_may_move(struct hook_moves *moves, unsigned most)
{
	__u64 now_ns = clock_now_ns(CLOCK_BOOTTIME);

	if (now_ns - moves->since_ns > HOOK_MOVES_INTERVAL_NS)
		*moves = (struct hook_moves){ .since_ns = now_ns };
	if (moves->count++ < most)
		return true;
	/* Starts again each time another program comes before it. */
	moves->since_ns = now_ns;
	return false;
}

/* BPF_PROG_GET_FD_BY_ID needs CAP_SYS_ADMIN, which the agent does not keep. */
static void hook_name_program(__u32 program, char *ret, size_t size)
{
	struct bpf_prog_info info = { 0 };
	__u32 info_size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &info_size) && info.name[0]) {
		text_mask(info.name);
		snprintf(ret, size, "the tcx program %s (id %u)", info.name, program);
	} else {
		snprintf(ret, size, "the tcx program with id %u ('bpftool prog show id %u')",
			 program, program);
	}
	if (fd >= 0)
		close(fd);
}

static void hook_name_filter(const struct filters_foreign *filter, char *ret, size_t size)
{
	int length = snprintf(ret, size, "the %s filter%s%s of priority %u", filter->kind,
			      filter->name[0] ? " " : "", filter->name, filter->priority);

	if (filter->program && length > 0 && (size_t)length < size)
		snprintf(ret + length, size - (size_t)length, " (program id %u)", filter->program);
}

int hook_get_others(const struct hook *hook, struct hook_others *ret)
{
	const struct hook_tcx_others programs = hook_tcx_count_others(hook);
	struct hook_others others = { .programs = programs.before };
	struct filters filters;
	int error;

	if (others.programs)
		hook_name_program(programs.first_before, others.first, sizeof(others.first));
	if (!programs.has_ours) {
		error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);
		if (error)
			return error;
		others.filters = filters.foreign_before;
		if (others.filters && !others.programs)
			hook_name_filter(&filters.first, others.first, sizeof(others.first));
	}
	*ret = others;
	return 0;
}

int hook_get_others_behind(const struct hook *hook, struct hook_others *ret)
{
	const struct hook_tcx_others programs = hook_tcx_count_others(hook);
	struct hook_others others = { .programs = programs.behind };
	struct filters filters;
	int error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);

	if (error)
		return error;
	/* The kernel runs clsact's filters after all programs on tcx. */
	others.filters =
		programs.has_ours ? filters.foreign : filters.foreign - filters.foreign_before;
	if (others.programs)
		hook_name_program(programs.first_behind, others.first, sizeof(others.first));
	else if (others.filters)
		hook_name_filter(programs.has_ours ? &filters.first : &filters.first_behind,
				 others.first, sizeof(others.first));
	*ret = others;
	return 0;
}

unsigned hook_count_others(const struct hook_others *others, const char *where,
			   char ret[HOOK_OTHERS_SIZE])
{
	unsigned count = others->programs + others->filters;

	ret[0] = '\0';
	if (count)
		snprintf(ret, HOOK_OTHERS_SIZE, "%u %s%s of others on %s", count,
			 others->programs ? "program" : "filter", count == 1 ? "" : "s", where);
	return count;
}

int hook_detach(const struct hook *hook, bool remove_clsact)
{
	int error = hook_tcx_detach(hook);
	int clsact_error = hook_clsact_detach(hook, remove_clsact);

	return error ? error : clsact_error;
}

const char *hook_describe(const struct hook *hook)
{
	struct filters filters;

	if (hook_tcx_is_pinned(hook))
		return "tcx";
	if (!filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) &&
	    filters.our_count)
		return "clsact";
	return "nothing";
}
