/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/bypass.h"

#include <linux/if_link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const bypass_words[BYPASS_KINDS] = {
	[BYPASS_QDISC] = "qdisc",	[BYPASS_XDP] = "xdp",
	[BYPASS_XDP_LEFT] = "xdp_left", [BYPASS_AF_XDP] = "af_xdp",
	[BYPASS_EGRESS] = "egress",	[BYPASS_EGRESS_BEHIND] = "egress_behind",
	[BYPASS_INGRESS] = "ingress",	[BYPASS_STANDBY_INGRESS] = "standby_ingress",
};

const char *bypass_word(enum bypass_kind kind)
{
	return bypass_words[kind];
}

struct bypass_list {
	struct bypass *entries;
	unsigned count;
};

__attribute__((format(printf, 3, 4))) static void
bypass_add(struct bypass_list *list, enum bypass_kind kind, const char *format, ...)
{
	struct bypass *entry = &list->entries[list->count++];
	va_list arguments;

	entry->kind = kind;
	va_start(arguments, format);
	vsnprintf(entry->text, sizeof(entry->text), format, arguments);
	va_end(arguments);
}

static void bypass_judge_missing(const struct bypass_facts *facts, const char *why,
				 const char *remedy, struct bypass_list *list)
{
	bypass_add(list, BYPASS_XDP,
		   "XDP program %u of %s is not on %s: %s: %s is not used; %s, or detach the "
		   "program, or set xdp = ignore in [pair %s]",
		   facts->xdp_program, facts->standby, facts->primary, why, facts->primary, remedy,
		   facts->standby);
}

/* XDP that was put on the primary for the standby's program, and stayed after that was removed. */
static void bypass_judge_left(const struct bypass_facts *facts, struct bypass_list *list)
{
	char now[32] = "none";

	if (facts->has_agent || !facts->mirrored_xdp_program ||
	    facts->mirrored_xdp_program == facts->xdp_program)
		return;
	if (facts->xdp_program)
		snprintf(now, sizeof(now), "another (%u)", facts->xdp_program);
	bypass_add(list, BYPASS_XDP_LEFT,
		   "XDP program %u is still on %s, though %s has %s: it goes on dropping there "
		   "until an agent runs; start "
		   "'vfsteer run'",
		   facts->mirrored_xdp_program, facts->primary, facts->standby, now);
}

static void bypass_judge_xdp(const struct bypass_facts *facts, struct bypass_list *list)
{
	char why[112];

	/*
	 * Generic XDP: the primary's frames are redirected to the standby, and pass the program
	 * there.
	 */
	if (facts->xdp_mode == XDP_ATTACHED_NONE ||
	    facts->xdp_program == facts->primary_xdp_program ||
	    (facts->xdp_mode == XDP_ATTACHED_SKB && !facts->rx_direct))
		return;
	switch (facts->xdp_mirror) {
	case XDP_MIRROR_IGNORED:
		bypass_add(list, BYPASS_XDP,
			   "XDP program %u of %s does not see what %s receives: so says xdp = "
			   "ignore; xdp = mirror "
			   "puts it there, too",
			   facts->xdp_program, facts->standby, facts->primary);
		break;
	case XDP_MIRROR_UNBROKERED:
		bypass_judge_missing(
			facts, "only a process with CAP_SYS_ADMIN can get it, and there is none",
			"start the agent with that capability, or vfsteer-xdp.socket beside it",
			list);
		break;
	case XDP_MIRROR_OCCUPIED:
		snprintf(why, sizeof(why), "program %u is there", facts->primary_xdp_program);
		bypass_judge_missing(facts, why, "take that one away", list);
		break;
	case XDP_MIRROR_REFUSED:
		snprintf(why, sizeof(why), "%s", strerror(facts->xdp_mirror_error));
		bypass_judge_missing(facts, why, "see the kernel's log", list);
		break;
	case XDP_MIRROR_SOCKETS:
		snprintf(why, sizeof(why),
			 "AF_XDP sockets are on %s, and there it would drop what it gives them",
			 facts->standby);
		bypass_judge_missing(facts, why, "close those sockets", list);
		break;
	default:
		bypass_add(list, BYPASS_XDP,
			   "XDP program %u of %s does not see what %s receives: no agent has put "
			   "it there, too; start "
			   "'vfsteer run'",
			   facts->xdp_program, facts->standby, facts->primary);
	}
}

static void bypass_judge_egress(const struct bypass_facts *facts, struct bypass_list *list)
{
	char others[HOOK_OTHERS_SIZE];

	if (hook_count_others(&facts->egress_others, "egress", others))
		bypass_add(list, BYPASS_EGRESS,
			   "%s before ours, first %s: what they pass finally (action pass) stays "
			   "on the standby; 'egress = "
			   "before' in the configuration puts ours first",
			   others, facts->egress_others.first);
	if (hook_count_others(&facts->egress_behind, "egress", others))
		bypass_add(list, BYPASS_EGRESS_BEHIND,
			   "%s of %s behind ours, first %s: they do not see what goes by %s: %s",
			   others, facts->standby, facts->egress_behind.first, facts->primary,
			   facts->egress_is_before
				   ? "so says egress = before; egress = after puts ours last"
				   : "no agent puts ours last; start 'vfsteer run'");
}

/* The agent moves ours before them, and logs it if it cannot. */
static void bypass_judge_ingress(const struct bypass_facts *facts, struct bypass_list *list)
{
	const char *remedy = facts->has_agent ? "remove them, or move them behind"
					      : "no agent puts ours first; start 'vfsteer run'";
	char others[HOOK_OTHERS_SIZE];

	if (hook_count_others(&facts->ingress_others, "ingress", others))
		bypass_add(list, BYPASS_INGRESS,
			   "%s of %s before ours, first %s: what they pass finally (action pass) "
			   "is lost: %s",
			   others, facts->redirected[0] ? facts->redirected : facts->primary,
			   facts->ingress_others.first, remedy);
	if (hook_count_others(&facts->standby_ingress_others, "ingress", others))
		bypass_add(list, BYPASS_STANDBY_INGRESS,
			   "%s of %s before ours, first %s: groups that they pass finally (action "
			   "pass) may come twice, and "
			   "nothing of it reaches ports: %s",
			   others, facts->standby, facts->standby_ingress_others.first, remedy);
}

unsigned bypass_judge(const struct bypass_facts *facts, struct bypass ret[BYPASS_KINDS])
{
	struct bypass_list list = { .entries = ret };

	if (!facts->primary[0])
		return 0;
	if (facts->qdisc)
		bypass_add(&list, BYPASS_QDISC,
			   "qdisc %s of %s shapes nothing of what goes by %s: %s", facts->qdisc,
			   facts->standby, facts->primary, facts->qdisc_why);
	bypass_judge_xdp(facts, &list);
	bypass_judge_left(facts, &list);
	if (facts->af_xdp_sockets)
		bypass_add(&list, BYPASS_AF_XDP,
			   "%u AF_XDP socket%s of %s get%s nothing of what %s receives, and no "
			   "socket can: 'vfsteer "
			   "switch %s standby' keeps the traffic on %s",
			   facts->af_xdp_sockets, facts->af_xdp_sockets == 1 ? "" : "s",
			   facts->standby, facts->af_xdp_sockets == 1 ? "s" : "", facts->primary,
			   facts->standby, facts->standby);
	else if (facts->unknown_sockets)
		bypass_add(&list, BYPASS_AF_XDP,
			   "%u AF_XDP socket%s here, of devices that this kernel does not name (no "
			   "xsk_diag): one of %s "
			   "would get nothing of what %s receives; 'vfsteer switch %s standby' "
			   "keeps the traffic on %s",
			   facts->unknown_sockets, facts->unknown_sockets == 1 ? "" : "s",
			   facts->standby, facts->primary, facts->standby, facts->standby);
	bypass_judge_egress(facts, &list);
	bypass_judge_ingress(facts, &list);
	return list.count;
}
