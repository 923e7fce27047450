/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_sharing: is a guest's MAC shared with the PF? Pure. docs/guide/host.md argues each rule.
 */
#ifndef HOST_HOST_SHARING_H
#define HOST_HOST_SHARING_H

#include <stdbool.h>

#include "announce/host_signal.h"

/* Where the tap's bridge found the MAC last. */
enum host_learned {
	HOST_LEARNED_NOWHERE,
	HOST_LEARNED_TAP,   /* on the tap: the guest sends over its standby */
	HOST_LEARNED_OTHER, /* on another port, such as the PF: it does not */
};

struct host_view {
	bool has_carrier; /* the tap's; without, nothing behind it can receive */
	bool has_spoken;
	bool is_silent;		  /* it has spoken, and the next frame is overdue */
	enum vfsteer_path active; /* of the last signal, as the next two */
	enum vfsteer_primary_state primary;
	unsigned flags; /* HOST_SIGNAL_* */
	bool is_new;	/* the tap has existed for less than host_config.silence_s */
	bool has_sent;	/* the tap has carried any frame of the guest since it exists */
	/* it has carried one recently: within host_config.silence_s, beside signals */
	bool sends;
	enum host_learned learned;
};

enum host_reason {
	/* shared */
	HOST_ON_STANDBY, /* the signal says so */
	HOST_LEAVING,	 /* the guest leaves its VF */
	HOST_DRAINED,
	HOST_NEW_TAP,	   /* the guest has not sent anything: it may be about to arrive */
	HOST_SILENT_SENDS, /* no signal, but it sends over the tap */
	/* not shared */
	HOST_ON_PRIMARY,
	HOST_NO_CARRIER,
	HOST_SILENT_IDLE, /* no signal, and it does not send over the tap */
	HOST_ON_OTHER,	  /* no signal, and the bridge found its MAC on another port */
	HOST_REASON_MAX,
};

/* Returns whether to share, and why in *ret. */
bool host_sharing_decide(const struct host_view *view, enum host_reason *ret);

/* A sentence of a few words; a static string. */
const char *host_sharing_words(enum host_reason reason);

#endif
