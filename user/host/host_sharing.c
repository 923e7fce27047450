/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_sharing.h"

static const char *const words[HOST_REASON_MAX] = {
	[HOST_ON_STANDBY] = "the guest uses its standby",
	[HOST_LEAVING] = "the guest leaves its VF",
	[HOST_DRAINED] = "the guest has drained its VF",
	[HOST_NEW_TAP] = "the tap is new, the guest has not sent anything",
	[HOST_SILENT_SENDS] = "no signal, but the guest sends over the tap",
	[HOST_ON_PRIMARY] = "the guest uses its VF",
	[HOST_NO_CARRIER] = "the tap has no carrier",
	[HOST_SILENT_IDLE] = "no signal, and the guest does not send over the tap",
	[HOST_ON_OTHER] = "no signal, and the bridge has the MAC on another port",
};

static enum host_reason reason_of_signal(const struct host_view *view)
{
	if (view->flags & HOST_SIGNAL_DRAINED)
		return HOST_DRAINED;
	if (view->primary == PRIMARY_LEAVING)
		return HOST_LEAVING;
	/* A joining primary is not active: the guest still receives over the standby. */
	return view->active == PATH_PRIMARY ? HOST_ON_PRIMARY : HOST_ON_STANDBY;
}

/*
 * Without signals, what the guest sends says where it is. A wrong "share" delivers unicast twice,
 * of which the guest's receive rule drops one. A wrong "do not share" loses all unicast to a guest
 * that uses its standby. So in doubt the MAC is shared, but not for ever.
 */
static enum host_reason reason_of_traffic(const struct host_view *view)
{
	bool is_untouched = !view->has_spoken && !view->has_sent;

	/*
	 * At the destination of a migration the tap is there before the guest. Until that sends,
	 * it is still at the source, and the bridge learns its MAC on the port of the PF.
	 */
	if (is_untouched && view->is_new)
		return HOST_NEW_TAP;
	if (!view->has_carrier)
		return HOST_NO_CARRIER;
	if (view->learned == HOST_LEARNED_OTHER)
		return HOST_ON_OTHER;
	if (is_untouched)
		return HOST_NEW_TAP;
	return view->sends || view->learned == HOST_LEARNED_TAP ? HOST_SILENT_SENDS
								: HOST_SILENT_IDLE;
}

/*
 * While the guest speaks, carrier is not asked for: the kernel reports it up to a second late, and
 * the guest's frame shows that there is one.
 */
bool host_sharing_decide(const struct host_view *view, enum host_reason *ret)
{
	bool speaks = view->has_spoken && !view->is_silent && !(view->flags & HOST_SIGNAL_ENDS);

	*ret = speaks ? reason_of_signal(view) : reason_of_traffic(view);
	return *ret < HOST_ON_PRIMARY;
}

const char *host_sharing_words(enum host_reason reason)
{
	return reason < HOST_REASON_MAX ? words[reason] : "unknown";
}
