/* SPDX-License-Identifier: GPL-2.0-only */
#include "hook.h"
#include "crash_point.h"
#include "filters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define HOOK_PROGRAMS_MAX 64 /* the kernel's BPF_MPROG_MAX */
/* Linux 6.6 */
#define HOOK_BPF_F_BEFORE (1U << 3)
#define HOOK_BPF_F_AFTER (1U << 4)
#define HOOK_BPF_F_LINK (1U << 13)
#define HOOK_LINK_TYPE_TCX 11 /* BPF_LINK_TYPE_TCX, Linux 6.6 */

/* tc hands out 49152 and below to filters without a priority: ours stand before or after all of those. */
#define HOOK_PRIORITY_FIRST 1
#define HOOK_PRIORITY_LAST 65000

static enum bpf_tc_attach_point hook_attach_point(const struct hook *hook)
{
	return hook->direction == HOOK_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS;
}

static bool hook_wants_clsact(const struct hook *hook)
{
	struct filters filters;

	return hook->place == HOOK_LAST && !filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) && filters.foreign;
}

/*
 * Is it our hook that the pinned object is the link of? Not when its device is gone (a husk, ifindex 0), or when somebody has moved pins
 * about. struct bpf_link_info describes tcx as it does netns, by two numbers; Debian 12's headers have only the latter.
 */
static bool hook_is_of_link(const struct hook *hook, int link_fd)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && info.type == HOOK_LINK_TYPE_TCX &&
	       info.netns.netns_ino == (__u32)hook->ifindex && info.netns.attach_type == (__u32)hook->direction;
}

static int hook_update_link(const struct hook *hook, int program_fd)
{
	int link_fd = bpf_obj_get(hook->pin), error;

	if (link_fd < 0)
		return link_fd;
	error = hook_is_of_link(hook, link_fd) ? bpf_link_update(link_fd, program_fd, NULL) : -ENOLINK;
	crash_point("hook-link-updated");
	close(link_fd);
	return error;
}

static int hook_drop_link(const struct hook *hook)
{
	int link_fd = bpf_obj_get(hook->pin);

	if (link_fd >= 0) {
		/* At once, whoever else holds the link open. */
		if (hook_is_of_link(hook, link_fd))
			bpf_link_detach(link_fd);
		crash_point("hook-link-detached");
		close(link_fd);
	}
	/* remove: a directory in its place, if empty, goes as well. */
	return remove(hook->pin) && errno != ENOENT ? -errno : 0;
}

/* A new link at its place. Returns its descriptor or -errno. */
static int hook_create_link(const struct hook *hook, int program_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .flags = hook->place == HOOK_FIRST ? HOOK_BPF_F_BEFORE : 0);
	int first_fd = hook->place == HOOK_SECOND ? bpf_obj_get(hook->first) : -1, link_fd;

	if (first_fd >= 0) {
		options.flags = HOOK_BPF_F_AFTER | HOOK_BPF_F_LINK;
		/* It is relative_fd's place in the system call's structure; Debian 12's headers do not know tcx. */
		options.target_btf_id = (__u32)first_fd;
	}
	link_fd = bpf_link_create(program_fd, hook->ifindex, (enum bpf_attach_type)hook->direction, &options);
	if (first_fd >= 0)
		close(first_fd);
	return link_fd;
}

static int hook_attach_tcx(const struct hook *hook, int program_fd)
{
	int link_fd, error;

	if (!hook_update_link(hook, program_fd))
		return 0;
	error = hook_drop_link(hook);
	if (error)
		return error;
	link_fd = hook_create_link(hook, program_fd);
	if (link_fd < 0)
		return link_fd;
	crash_point("hook-link-made");
	error = bpf_obj_pin(link_fd, hook->pin);
	crash_point("hook-link-pinned");
	close(link_fd); /* a link that could not be pinned ends here */
	return error;
}

static int hook_detach_clsact(const struct hook *hook, bool remove_qdisc)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex, .attach_point = hook_attach_point(hook));
	struct filters filters, other;
	int error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);

	if (error)
		return error;
	if (filters.our_priority) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = hook->handle, .priority = filters.our_priority);

		error = bpf_tc_detach(&tc_hook, &options);
		crash_point("hook-filter-detached");
		if (error && error != -ENOENT && error != -ENODEV)
			return error;
	}
	if (!remove_qdisc || filters.foreign || filters.ours > !!filters.our_priority)
		return 0;
	error = filters_scan(hook->ifindex, hook->direction == HOOK_EGRESS ? HOOK_INGRESS : HOOK_EGRESS, hook->handle, &other);
	if (error || other.foreign || other.ours)
		return error;
	tc_hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	error = bpf_tc_hook_destroy(&tc_hook);
	crash_point("hook-clsact-removed");
	return error == -ENOENT || error == -ENODEV || error == -EINVAL ? 0 : error;
}

/* Whose the qdisc is stands in the pair before it is there: an agent that dies in between leaves none behind that is nobody's. */
static int hook_make_clsact(const struct hook *hook, __u8 *clsact_is_ours)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int error;

	if (filters_has_qdisc(hook->ifindex))
		return 0;
	*clsact_is_ours = 1;
	crash_point("hook-clsact-about-to-be-made");
	error = bpf_tc_hook_create(&tc_hook);
	crash_point("hook-clsact-made");
	if (error)
		*clsact_is_ours = 0;
	/* EEXIST: somebody was quicker. */
	return error == -EEXIST ? 0 : error;
}

/* From where on a priority is tried. */
static unsigned hook_priority(const struct hook *hook)
{
	struct filters filters;

	if (hook->place == HOOK_LAST)
		return HOOK_PRIORITY_LAST;
	if (hook->place == HOOK_SECOND && !filters_scan(hook->ifindex, hook->direction, FILTERS_OUR_HANDLE, &filters) &&
	    filters.our_priority)
		return filters.our_priority + 1;
	return HOOK_PRIORITY_FIRST;
}

/* The priority that puts us where we belong. Sharing one with another kind of filter is refused: take the next. */
static int hook_attach_clsact(const struct hook *hook, int program_fd, __u8 *clsact_is_ours)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex, .attach_point = hook_attach_point(hook));
	unsigned priority = hook_priority(hook);
	struct filters filters;
	int error = hook_make_clsact(hook, clsact_is_ours);

	if (!error)
		error = filters_scan(hook->ifindex, hook->direction, hook->handle, &filters);
	if (error)
		return error;
	for (int i = 0; i < 100; i++) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = hook->handle, .prog_fd = program_fd);

		if (filters.our_priority) {
			options.flags = BPF_TC_F_REPLACE;
			options.priority = filters.our_priority;
		} else {
			options.priority = priority + i;
		}
		error = bpf_tc_attach(&tc_hook, &options);
		crash_point("hook-filter-attached");
		if (error != -EINVAL || filters.our_priority)
			return error;
	}
	return error;
}

int hook_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours)
{
	int error = -EINVAL;

	/* The new place is taken before the old one is left: for a moment both run, which changes nothing. */
	if (!hook_wants_clsact(hook))
		error = hook_attach_tcx(hook, program_fd);
	if (!error)
		return hook_detach_clsact(hook, false);
	/* No tcx in this kernel: EINVAL. Any other error (no such device, no memory) clsact would meet as well. */
	if (error != -EINVAL)
		return error;
	error = hook_attach_clsact(hook, program_fd, clsact_is_ours);
	return error ? error : hook_drop_link(hook);
}

/* The device that a pinned link is attached to: 0 when it is gone, or the link is. */
static int hook_link_ifindex(const struct hook *hook)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int link_fd = bpf_obj_get(hook->pin), error;

	if (link_fd < 0)
		return 0;
	error = bpf_obj_get_info_by_fd(link_fd, &info, &size);
	close(link_fd);
	/* Headers before Linux 6.6 have no tcx in the union: its ifindex is where that of xdp is. */
	return error ? 0 : (int)info.xdp.ifindex;
}

bool hook_is_attached(const struct hook *hook)
{
	struct filters filters;

	return hook_link_ifindex(hook) == hook->ifindex ||
	       (!filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) && filters.our_priority);
}

bool hook_is_misplaced(const struct hook *hook)
{
	struct filters filters;

	if (!access(hook->pin, F_OK))
		return hook_wants_clsact(hook) || !hook_link_ifindex(hook);
	/* On clsact, by choice or for want of tcx: unless somebody deleted the qdisc. */
	return !filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) && !filters.our_priority;
}

bool hook_is_overtaken(const struct hook *hook)
{
	__u32 programs[HOOK_PROGRAMS_MAX];
	DECLARE_LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = programs, .prog_cnt = HOOK_PROGRAMS_MAX);
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	int link_fd, error;

	if (hook->place != HOOK_LAST)
		return false;
	link_fd = bpf_obj_get(hook->pin);
	if (link_fd < 0)
		return false;
	error = bpf_obj_get_info_by_fd(link_fd, &info, &size);
	close(link_fd);
	return !error && !bpf_prog_query_opts(hook->ifindex, (enum bpf_attach_type)hook->direction, &query) &&
	       query.prog_cnt && programs[query.prog_cnt - 1] != info.prog_id;
}

int hook_detach(const struct hook *hook, bool remove_clsact)
{
	int error = hook_drop_link(hook);
	int clsact_error = hook_detach_clsact(hook, remove_clsact);

	return error ? error : clsact_error;
}

const char *hook_describe(const struct hook *hook)
{
	struct filters filters;

	if (!access(hook->pin, F_OK))
		return "tcx";
	if (!filters_scan(hook->ifindex, hook->direction, hook->handle, &filters) && filters.our_priority)
		return "clsact";
	return "nothing";
}
