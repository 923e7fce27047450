/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook: one program at the tc hook of one device, without disturbing anybody else's there. A tcx link (Linux 6.6),
 * pinned, where the kernel has it; else a filter of the clsact qdisc with our handle.
 */
#ifndef HOOK_H
#define HOOK_H

#include <linux/types.h>
#include <stdbool.h>

/* Kernel's enum bpf_attach_type, newer than the headers of Debian 12. */
enum hook_direction {
	HOOK_INGRESS = 46, /* BPF_TCX_INGRESS */
	HOOK_EGRESS = 47,  /* BPF_TCX_EGRESS */
};

enum hook_place {
	HOOK_FIRST,  /* before other people's programs */
	HOOK_SECOND, /* behind another of ours that is HOOK_FIRST, before other people's */
	HOOK_LAST,   /* after them: they see what we redirect, and drop or change it first */
};

struct hook {
	int ifindex;
	enum hook_direction direction;
	enum hook_place place;
	__u32 handle;    /* of a clsact filter: see filters.h */
	char pin[256];   /* where a tcx link is pinned; exists only then */
	char first[256]; /* HOOK_SECOND: the pin of the one before it */
};

/*
 * Puts @program_fd at the hook, or in the place of the program we have there, atomically. HOOK_LAST gives up tcx for
 * clsact when the device has other people's clsact filters in this direction: tcx always runs before clsact.
 * *clsact_is_ours becomes 1 before the qdisc is made, if it has to be. Returns 0, or -errno with what was there still there.
 */
int hook_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours);

/* True when our program is not where it should be: somebody's clsact filter or tcx program has come since, or somebody
 * took ours away. hook_attach puts it right. */
bool hook_is_misplaced(const struct hook *hook);

/* True when a program of ours is at the hook. A device that was away in another namespace comes back without. */
bool hook_is_attached(const struct hook *hook);

/*
 * True when somebody's tcx program was attached behind ours, which is to be the last. Then hook_detach and hook_attach: for a
 * moment no program of ours runs. Always false for HOOK_FIRST and without tcx.
 */
bool hook_is_overtaken(const struct hook *hook);

/*
 * Takes our program from the hook; nothing there, or no such device, is fine. With @remove_clsact the qdisc goes too
 * if no filter is left on it. Returns 0 or -errno.
 */
int hook_detach(const struct hook *hook, bool remove_clsact);

/* "tcx", "clsact" or "nothing": what our program is attached by. */
const char *hook_describe(const struct hook *hook);

#endif
