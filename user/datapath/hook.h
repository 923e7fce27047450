/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook: one program on a tc hook of one device, without disturbing foreign programs there. Uses a
 * pinned tcx link (Linux 6.6), or without tcx a filter of the clsact qdisc with our handle. For
 * HOOK_INGRESS an `ingress` qdisc suffices; it has no egress hook.
 */
#ifndef DATAPATH_HOOK_H
#define DATAPATH_HOOK_H

#include <linux/types.h>
#include <stdbool.h>

/* The kernel's enum bpf_attach_type, newer than the headers of Debian 12. */
enum hook_direction {
	HOOK_INGRESS = 46, /* BPF_TCX_INGRESS */
	HOOK_EGRESS = 47,  /* BPF_TCX_EGRESS */
};

enum hook_place {
	HOOK_FIRST,  /* before foreign programs */
	/* after another program of ours that is HOOK_FIRST, if there is one; before foreign ones */
	HOOK_SECOND,
	/* after foreign programs, which can drop or change a frame before we redirect it */
	HOOK_LAST,
};

struct hook {
	int ifindex;
	enum hook_direction direction;
	enum hook_place place;
	bool runs_once; /* never twice for a frame: during a move rather none runs than two */
	__u32 handle;	/* of a clsact filter: see filters.h */
	char pin[256];	/* where a tcx link is pinned; exists only with tcx */
	/*
	 * The same two of our other program on this hook, which HOOK_SECOND follows; 0, empty:
	 * none.
	 */
	__u32 other_handle;
	char other_pin[256];
};

/* Zero: no moves. */
struct hook_moves {
	__u64 since_ns;
	unsigned count;
};

/* Foreign programs on the hook, on one side of ours. */
struct hook_others {
	unsigned programs; /* on tcx */
	unsigned filters;  /* of the qdisc */
	char first[160];   /* the first to run, as part of a sentence; empty: none */
};

/*
 * Can a program be attached to the hook? Changes nothing. @program_fd: of a tc program, to test for
 * tcx. Returns 0, -EPROTONOSUPPORT for HOOK_EGRESS on an `ingress` qdisc without tcx, or another
 * -errno.
 */
int hook_check(const struct hook *hook, int program_fd);

/*
 * Attaches @program_fd. It replaces our present program atomically. If that one is no longer in its
 * place, the new one is attached there before the old one is removed, unless runs_once. HOOK_LAST
 * uses clsact instead of tcx if the device has foreign filters in this direction: tcx always runs
 * before clsact. Sets *clsact_is_ours to 1 before it creates the qdisc.
 *
 * Returns 0; -EPROTONOSUPPORT as above; -EEXIST if the program is attached already and must move on
 * tcx, where the kernel accepts each program once: load another; or another -errno, with the old
 * program kept.
 */
int hook_attach(const struct hook *hook, int program_fd, __u8 *clsact_is_ours);

/*
 * Is our program not in its place, although it could be? A foreign filter or tcx program was
 * attached since, or ours was removed. hook_attach corrects it. False also if that cannot be read
 * now.
 */
bool hook_is_misplaced(const struct hook *hook);

/*
 * The limit of moves within ten seconds: another program competes for the place. Without
 * notifications each move may come a second late.
 */
#define HOOK_MOVES_MAX 16
#define HOOK_MOVES_UNTOLD_MAX 4

/*
 * Counts a move. False if there were @most recently: then ours stays where it is until no program
 * has come before it for ten seconds.
 */
bool hook_may_move(struct hook_moves *moves, unsigned most);

/*
 * Is one of our programs attached? True also if that cannot be read now. A device that returns from
 * another namespace has no clsact.
 */
bool hook_is_attached(const struct hook *hook);

/*
 * Reads which foreign programs run before ours (all if ours is not attached), or after it, where
 * they do not see what ours redirects. Each returns 0, or -errno with *ret untouched.
 */
int hook_get_others(const struct hook *hook, struct hook_others *ret);
int hook_get_others_behind(const struct hook *hook, struct hook_others *ret);

#define HOOK_OTHERS_SIZE 64

/*
 * Writes how many, and @where, for a sentence: "2 programs of others on egress"; "" for none.
 * Returns their number.
 */
unsigned hook_count_others(const struct hook_others *others, const char *where,
			   char ret[HOOK_OTHERS_SIZE]);

/*
 * Detaches our program; a missing program or device is success. @remove_clsact: deletes the qdisc
 * too if no filter is left. Returns 0 or -errno.
 */
int hook_detach(const struct hook *hook, bool remove_clsact);

/* Returns how our program is attached: "tcx", "clsact" or "nothing". */
const char *hook_describe(const struct hook *hook);

#endif
