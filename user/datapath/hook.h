/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook: one program at the tc hook of one device, without disturbing anybody else's there. A tcx link (Linux
 * 6.6), pinned, where the kernel has it; else a filter of the clsact qdisc with our handle. An `ingress` qdisc
 * does as well for HOOK_INGRESS; it has no egress hook.
 */
#ifndef DATAPATH_HOOK_H
#define DATAPATH_HOOK_H

#include <linux/types.h>
#include <stdbool.h>

/* Kernel's enum bpf_attach_type, newer than the headers of Debian 12. */
enum hook_direction {
	HOOK_INGRESS = 46, /* BPF_TCX_INGRESS */
	HOOK_EGRESS = 47,  /* BPF_TCX_EGRESS */
};

enum hook_place {
	HOOK_FIRST,  /* before other people's programs */
	HOOK_SECOND, /* behind another of ours that is HOOK_FIRST, if it is there; before other people's */
	HOOK_LAST,   /* after them: they see what we redirect, and drop or change it first */
};

struct hook {
	int ifindex;
	enum hook_direction direction;
	enum hook_place place;
	bool runs_once; /* on a frame: while it moves, rather none runs than two */
	__u32 handle;	/* of a clsact filter: see filters.h */
	char pin[256];	/* where a tcx link is pinned; exists only then */
	/* The same two of our other program at this hook, which HOOK_SECOND stands behind; 0, empty: there is none. */
	__u32 other_handle;
	char other_pin[256];
};

/* Zero: none yet. */
struct hook_moves {
	__u64 since_ns;
	unsigned count;
};

/* Other people's at the hook, on one side of ours. */
struct hook_others {
	unsigned programs; /* by tcx */
	unsigned filters;  /* of the qdisc */
	char first[160];   /* the first to run, as half a sentence; empty: there is none */
};

/*
 * Is there a place for a program at the hook? Changes nothing; @program_fd: of a tc program, to find out whether
 * the kernel has tcx. Returns 0, -EPROTONOSUPPORT for HOOK_EGRESS on an `ingress` qdisc without tcx, or another
 * -errno.
 */
int hook_check(const struct hook *hook, int program_fd);

/*
 * Puts @program_fd at the hook: in the place of the program we have there, atomically, or where it belongs if
 * that one has been overtaken; then the new one runs before the old one goes, unless runs_once says otherwise.
 * HOOK_LAST gives up tcx for clsact when the device has other people's filters in this direction: tcx always
 * runs before clsact. *clsact_is_ours becomes 1 before the qdisc is made, if it has to be. Returns 0,
 * -EPROTONOSUPPORT as above, -EEXIST when the program has to move by tcx and is the one that is attached (the
 * kernel takes each but once: load another), or another -errno, with what was there still there.
 */
int hook_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours);

/*
 * True when our program is not where it should be, and could be: somebody's filter or tcx program has come
 * since, or somebody took ours away. hook_attach puts it right. False as well when that cannot be found out now.
 */
bool hook_is_misplaced(const struct hook *hook);

/* So many moves within ten seconds are enough: somebody else wants the same place. Where nothing tells at once that ours was overtaken, each of them
 * may have cost a second. */
#define HOOK_MOVES_MAX 16
#define HOOK_MOVES_UNTOLD_MAX 4

/* Counts a move. False when there were @most lately: then ours stays behind until nobody has come before it for ten seconds. */
bool hook_may_move(struct hook_moves *moves, unsigned most);

/*
 * True when a program of ours is at the hook, or that cannot be found out now. A device that was away in another
 * namespace comes back without clsact.
 */
bool hook_is_attached(const struct hook *hook);

/*
 * Who runs before ours, all of them if ours is not there; and who runs after it, hence does not see what ours redirects.
 * Return 0, or -errno with *ret untouched.
 */
int hook_get_others(const struct hook *hook, struct hook_others *ret);
int hook_get_others_behind(const struct hook *hook, struct hook_others *ret);

#define HOOK_OTHERS_SIZE 64

/* How many, and @where, for a sentence: "2 programs of others on egress"; "" for none. Returns how many. */
unsigned hook_count_others(const struct hook_others *others, const char *where, char ret[HOOK_OTHERS_SIZE]);

/*
 * Takes our program from the hook; nothing there, or no such device, is fine. With @remove_clsact the qdisc goes too
 * if no filter is left on it. Returns 0 or -errno.
 */
int hook_detach(const struct hook *hook, bool remove_clsact);

/* "tcx", "clsact" or "nothing": what our program is attached by. */
const char *hook_describe(const struct hook *hook);

#endif
