/* SPDX-License-Identifier: GPL-2.0-only */
#include "hook.h"
#include "filters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#define HOOK_PROGRAMS_MAX 64 /* the kernel's BPF_MPROG_MAX */
#define HOOK_BPF_F_BEFORE (1U << 3) /* Linux 6.6 */

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

	return hook->place == HOOK_LAST && !filters_scan(hook->ifindex, hook->direction, &filters) && filters.foreign;
}

/* A pinned link whose device is gone answers with ENOLINK: a husk. */
static int hook_update_link(const struct hook *hook, int program_fd)
{
	int link_fd = bpf_obj_get(hook->pin), error;

	if (link_fd < 0)
		return link_fd;
	error = bpf_link_update(link_fd, program_fd, NULL);
	close(link_fd);
	return error;
}

static int hook_drop_link(const struct hook *hook)
{
	int link_fd = bpf_obj_get(hook->pin);

	if (link_fd >= 0) {
		/* At once, whoever else holds the link open. */
		bpf_link_detach(link_fd);
		close(link_fd);
	}
	return unlink(hook->pin) && errno != ENOENT ? -errno : 0;
}

static int hook_attach_tcx(const struct hook *hook, int program_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options, .flags = hook->place == HOOK_FIRST ? HOOK_BPF_F_BEFORE : 0);
	int link_fd, error;

	if (!hook_update_link(hook, program_fd))
		return 0;
	error = hook_drop_link(hook);
	if (error)
		return error;
	link_fd = bpf_link_create(program_fd, hook->ifindex, (enum bpf_attach_type)hook->direction, &options);
	if (link_fd < 0)
		return link_fd;
	error = bpf_obj_pin(link_fd, hook->pin);
	close(link_fd); /* a link that could not be pinned ends here */
	return error;
}

static int hook_detach_clsact(const struct hook *hook, bool remove_qdisc)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex, .attach_point = hook_attach_point(hook));
	struct filters filters, other;
	int error = filters_scan(hook->ifindex, hook->direction, &filters);

	if (error)
		return error;
	if (filters.our_priority) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTERS_OUR_HANDLE, .priority = filters.our_priority);

		error = bpf_tc_detach(&tc_hook, &options);
		if (error && error != -ENOENT && error != -ENODEV)
			return error;
	}
	if (!remove_qdisc || filters.foreign)
		return 0;
	error = filters_scan(hook->ifindex, hook->direction == HOOK_EGRESS ? HOOK_INGRESS : HOOK_EGRESS, &other);
	if (error || other.foreign || other.our_priority)
		return error;
	tc_hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	error = bpf_tc_hook_destroy(&tc_hook);
	return error == -ENOENT || error == -ENODEV || error == -EINVAL ? 0 : error;
}

/* The priority that puts us where we belong. Sharing one with another kind of filter is refused: take the next. */
static int hook_attach_clsact(const struct hook *hook, int program_fd, bool *made_clsact)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, tc_hook, .ifindex = hook->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct filters filters;
	int error = bpf_tc_hook_create(&tc_hook);

	if (!error)
		*made_clsact = true;
	else if (error != -EEXIST)
		return error;
	error = filters_scan(hook->ifindex, hook->direction, &filters);
	if (error)
		return error;
	tc_hook.attach_point = hook_attach_point(hook);
	for (int i = 0; i < 100; i++) {
		DECLARE_LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTERS_OUR_HANDLE, .prog_fd = program_fd);

		if (filters.our_priority) {
			options.flags = BPF_TC_F_REPLACE;
			options.priority = filters.our_priority;
		} else {
			options.priority = (hook->place == HOOK_FIRST ? HOOK_PRIORITY_FIRST : HOOK_PRIORITY_LAST) + i;
		}
		error = bpf_tc_attach(&tc_hook, &options);
		if (error != -EINVAL || filters.our_priority)
			return error;
	}
	return error;
}

int hook_attach(const struct hook *hook, int program_fd, bool *made_clsact)
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
	error = hook_attach_clsact(hook, program_fd, made_clsact);
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
	       (!filters_scan(hook->ifindex, hook->direction, &filters) && filters.our_priority);
}

bool hook_is_misplaced(const struct hook *hook)
{
	struct filters filters;

	if (!access(hook->pin, F_OK))
		return hook_wants_clsact(hook) || !hook_link_ifindex(hook);
	/* On clsact, by choice or for want of tcx: unless somebody deleted the qdisc. */
	return !filters_scan(hook->ifindex, hook->direction, &filters) && !filters.our_priority;
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
	if (!filters_scan(hook->ifindex, hook->direction, &filters) && filters.our_priority)
		return "clsact";
	return "nothing";
}
