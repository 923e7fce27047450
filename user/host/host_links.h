/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_links: the devices of one network namespace with the VFs of the PFs, updated from
 * rtnetlink, and what its bridges learn. Nothing is dumped per event: a PF that changed is read
 * again alone.
 */
#ifndef HOST_HOST_LINKS_H
#define HOST_HOST_LINKS_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host_vfs.h"
#include "netdev/netdev.h"

struct host_link {
	struct netdev device;
	struct host_vf *vfs; /* of a PF */
	size_t vf_count;
	unsigned seen; /* mark of the last dump that had it */
};

/* A forwarding entry that appeared or disappeared. */
struct host_station {
	uint8_t mac[ETH_ALEN];
	int port_ifindex; /* the bridge's port, or the device whose own list it is */
	bool is_own_list; /* NTF_SELF: a device's receive list, not a bridge's table */
	bool is_gone;
	bool is_learned; /* not NUD_PERMANENT */
};

struct host_links_events {
	/* A station was learned, moved or forgotten. */
	void (*station)(void *context, const struct host_station *station);
	void *context;
};

/* What host_links_dispatch found to have changed. */
enum host_links_change {
	HOST_LINKS_DEVICES = 1 << 0,  /* devices, their state, or VFs */
	HOST_LINKS_RESYNCED = 1 << 1, /* messages were lost; all was dumped */
};

struct host_links;
struct link_requests;

/*
 * Subscribes in the caller's network namespace, then dumps. Returns 0 and sets *ret, or -errno. The
 * caller frees it with host_links_free.
 */
int host_links_new(struct host_links **ret);
void host_links_free(struct host_links *links); /* takes NULL */

/* The descriptor to poll for reading; owned by @links. */
int host_links_fd(const struct host_links *links);

/*
 * Reads all pending notifications without blocking. Returns a mask of enum host_links_change, or
 * -errno: call it again after a while.
 */
int host_links_dispatch(struct host_links *links, const struct host_links_events *events);

/*
 * Reads the VFs of all PFs again: creating VFs sends no message, nor does a setting of a VF while
 * the PF is down. Returns a mask of enum host_links_change, or -errno.
 */
int host_links_reread_vfs(struct host_links *links);

/* Each is valid until the next call that changes the table. NULL: there is none. */
const struct host_link *host_links_by_index(const struct host_links *links, int ifindex);
const struct host_link *host_links_by_name(const struct host_links *links, const char *name);
/* Iterates in no particular order; @after NULL: the first. */
const struct host_link *host_links_next(const struct host_links *links,
					const struct host_link *after);

/* For requests to this namespace; owned by @links. */
struct link_requests *host_links_requests(const struct host_links *links);

#endif
