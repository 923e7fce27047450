/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/hook_tcx.h"
#include "base/crash_point.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TCX_PROGRAMS_MAX 64 /* the kernel's BPF_MPROG_MAX */
/* Linux 6.6 */
#define TCX_F_BEFORE (1U << 3)
#define TCX_F_AFTER (1U << 4)
#define TCX_F_LINK (1U << 13)
#define TCX_LINK_TYPE 11   /* BPF_LINK_TYPE_TCX, Linux 6.6 */
#define TCX_NEW_PIN "new-" /* until it replaces an earlier one */

struct tcx_programs {
	__u32 ids[TCX_PROGRAMS_MAX]; /* in the order in which they run */
	unsigned count;
};

bool hook_tcx_is_known(int program_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options);
	int fd = bpf_link_create(program_fd, 0, (enum bpf_attach_type)HOOK_EGRESS, &options);

	/* There is no device 0. A kernel without tcx does not look for the device. */
	return fd == -ENODEV;
}

/*
 * Is the pinned object the link of our hook? Not if its device is gone (ifindex 0), or if the pins
 * were moved. struct bpf_link_info describes tcx by two numbers, as it does netns; Debian 12's
 * headers have only the latter. Returns the id of its program, 0: no.
 */
static __u32 tcx_program_of(const struct hook *hook, int link_fd)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link_fd, &info, &size) && info.type == TCX_LINK_TYPE &&
			       info.netns.netns_ino == (__u32)hook->ifindex &&
			       info.netns.attach_type == (__u32)hook->direction
		       ? info.prog_id
		       : 0;
}

static __u32 tcx_program_at(const struct hook *hook, const char *pin)
{
	int link_fd = bpf_obj_get(pin);
	__u32 program;

	if (link_fd < 0)
		return 0;
	program = tcx_program_of(hook, link_fd);
	close(link_fd);
	return program;
}

static int tcx_query(const struct hook *hook, struct tcx_programs *ret)
{
	DECLARE_LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = ret->ids,
			    .prog_cnt = TCX_PROGRAMS_MAX);
	int error =
		bpf_prog_query_opts(hook->ifindex, (enum bpf_attach_type)hook->direction, &query);

	if (!error)
		ret->count = query.prog_cnt;
	return error;
}

/* Returns its index in the order; -1: it is not attached. */
static int tcx_find(const struct tcx_programs *programs, __u32 program)
{
	for (unsigned i = 0; i < programs->count; i++)
		if (programs->ids[i] == program)
			return (int)i;
	return -1;
}

bool hook_tcx_is_pinned(const struct hook *hook)
{
	return !access(hook->pin, F_OK);
}

bool hook_tcx_is_attached(const struct hook *hook)
{
	return tcx_program_at(hook, hook->pin);
}

static bool tcx_is_in_place(const struct hook *hook, __u32 program)
{
	struct tcx_programs programs = { .count = 0 };
	int index;

	if (tcx_query(hook, &programs))
		return true;
	index = tcx_find(&programs, program);
	switch (hook->place) {
	case HOOK_LAST:
		return index == (int)programs.count - 1;
	case HOOK_SECOND:
		return index == tcx_find(&programs, tcx_program_at(hook, hook->other_pin)) + 1;
	default:
		return !index;
	}
}

bool hook_tcx_is_in_place(const struct hook *hook)
{
	return tcx_is_in_place(hook, tcx_program_at(hook, hook->pin));
}

struct hook_tcx_others hook_tcx_count_others(const struct hook *hook)
{
	__u32 ours = tcx_program_at(hook, hook->pin),
	      second = tcx_program_at(hook, hook->other_pin);
	struct hook_tcx_others others = { .has_ours = ours };
	struct tcx_programs programs = { .count = 0 };
	bool is_behind = false;

	if (tcx_query(hook, &programs))
		return others;
	for (unsigned i = 0; i < programs.count; i++) {
		if (programs.ids[i] == ours)
			is_behind = true;
		else if (programs.ids[i] != second && is_behind && !others.behind++)
			others.first_behind = programs.ids[i];
		else if (programs.ids[i] != second && !is_behind && !others.before++)
			others.first_before = programs.ids[i];
	}
	return others;
}

/* Creates a link at its place. Returns its descriptor or -errno. */
static int tcx_create(const struct hook *hook, int program_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, options,
			    .flags = hook->place == HOOK_LAST ? 0 : TCX_F_BEFORE);
	int first_fd = hook->place == HOOK_SECOND ? bpf_obj_get(hook->other_pin) : -1, link_fd;

	if (first_fd >= 0 && tcx_program_of(hook, first_fd)) {
		options.flags = TCX_F_AFTER | TCX_F_LINK;
		/*
		 * It is at relative_fd's offset in the system call's structure; Debian 12's headers
		 * lack tcx.
		 */
		options.target_btf_id = (__u32)first_fd;
	}
	link_fd = bpf_link_create(program_fd, hook->ifindex, (enum bpf_attach_type)hook->direction,
				  &options);
	if (first_fd >= 0)
		close(first_fd);
	return link_fd;
}

static void tcx_new_pin(const struct hook *hook, char *path, size_t size)
{
	const char *name = strrchr(hook->pin, '/') + 1;

	snprintf(path, size, "%.*s" TCX_NEW_PIN "%s", (int)(name - hook->pin), hook->pin, name);
}

/* Detaches at once, even if another process has the link open. */
static void tcx_end(const struct hook *hook, int link_fd)
{
	if (link_fd < 0)
		return;
	if (tcx_program_of(hook, link_fd))
		bpf_link_detach(link_fd);
	crash_point("hook-link-detached");
	close(link_fd);
}

/* The link that is pinned at @path replaces ours, which is detached. */
static int tcx_take_pin(const struct hook *hook, const char *path)
{
	int old_fd = bpf_obj_get(hook->pin), error = 0;

	/* remove: also deletes an empty directory there. */
	if (rename(path, hook->pin) && (remove(hook->pin) || rename(path, hook->pin)))
		error = -errno;
	crash_point("hook-link-renamed");
	if (error && old_fd >= 0)
		close(old_fd);
	else
		tcx_end(hook, old_fd);
	return error;
}

/* An agent that was killed during a move has left two. */
static void tcx_finish_move(const struct hook *hook)
{
	char path[sizeof(hook->pin) + sizeof(TCX_NEW_PIN)];

	tcx_new_pin(hook, path, sizeof(path));
	if (access(path, F_OK))
		return;
	if (!tcx_program_at(hook, path) || tcx_take_pin(hook, path))
		remove(path);
}

/*
 * Pins the new link before the old one is detached, as for watch programs: a program is always
 * attached.
 */
static int tcx_move(const struct hook *hook, int program_fd)
{
	char path[sizeof(hook->pin) + sizeof(TCX_NEW_PIN)];
	int link_fd = tcx_create(hook, program_fd), error;

	if (link_fd < 0)
		return link_fd;
	crash_point("hook-link-made");
	tcx_new_pin(hook, path, sizeof(path));
	error = bpf_obj_pin(link_fd, path);
	crash_point("hook-link-pinned");
	if (!error) {
		error = tcx_take_pin(hook, path);
		if (error)
			remove(path);
	}
	close(link_fd); /* a link that could not be pinned is detached here */
	return error;
}

static int tcx_drop(const struct hook *hook)
{
	tcx_end(hook, bpf_obj_get(hook->pin));
	/* remove: also deletes an empty directory there. */
	return remove(hook->pin) && errno != ENOENT ? -errno : 0;
}

/* Replaces the present program, if it is in its place. */
static int tcx_replace(const struct hook *hook, int program_fd)
{
	int link_fd = bpf_obj_get(hook->pin), error = -ENOLINK;
	__u32 program;

	if (link_fd < 0)
		return link_fd;
	program = tcx_program_of(hook, link_fd);
	if (program && tcx_is_in_place(hook, program))
		error = bpf_link_update(link_fd, program_fd, NULL);
	crash_point("hook-link-updated");
	close(link_fd);
	return error;
}

int hook_tcx_attach(const struct hook *hook, int program_fd)
{
	int error;

	tcx_finish_move(hook);
	if (!tcx_replace(hook, program_fd))
		return 0;
	if (hook->runs_once) {
		error = tcx_drop(hook);
		if (error)
			return error;
	}
	return tcx_move(hook, program_fd);
}

int hook_tcx_detach(const struct hook *hook)
{
	tcx_finish_move(hook);
	return tcx_drop(hook);
}
