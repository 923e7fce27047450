/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/align.h"
#include "base/crash_point.h"
#include "netdev/mac_list.h"
#include "pair/align_vlans.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

struct align {
	int ifindex;           /* of the primary; 0: none yet */
	struct mac_list added; /* which we added to its receive lists */
	struct mac_list received; /* which the owner receives: see align_received */
	uint32_t added_flags;  /* IFF_PROMISC, IFF_ALLMULTI: which we set */
	bool has_grown;        /* see align_has_grown */
	bool vlans_have_grown; /* see align_vlans_have_grown */
	bool is_partial;       /* see align_is_partial */
};

/* The first error of a call that continues. */
struct failure {
	int error;
	const char *what;
};

static void note(struct failure *failure, int error, const char *what)
{
	if (error && !failure->error)
		*failure = (struct failure){ .error = error, .what = what };
}

int align_new(struct align **ret)
{
	struct align *align = calloc(1, sizeof(*align));

	if (!align)
		return -ENOMEM;
	*ret = align;
	return 0;
}

static void forget(struct align *align)
{
	mac_list_free(&align->added);
	mac_list_free(&align->received);
	memset(align, 0, sizeof(*align));
}

void align_free(struct align *align)
{
	if (!align)
		return;
	forget(align);
	free(align);
}

static const char *list_name(const uint8_t mac[ETH_ALEN])
{
	return mac[0] & 1 ? "multicast list" : "unicast list";
}

/*
 * 01:80:c2:00:00:0x (LLDP, LACP, pause) concerns one link: such a group of the standby is not
 * copied.
 */
static bool is_link_local(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t prefix[] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(mac, prefix, sizeof(prefix)) == 0 && mac[5] <= 0x0f;
}

/* Removes what @wanted (NULL: nothing) lacks. What could not be removed stays on our list. */
static void remove_filters(struct align *align, struct link_requests *requests,
			   const struct mac_list *wanted, struct failure *failure)
{
	struct mac_list *added = &align->added;

	for (size_t i = added->count; i-- > 0;) {
		int error;

		if (wanted && mac_list_has(wanted, added->macs[i]))
			continue;
		error = link_del_filter(requests, align->ifindex, added->macs[i]);
		crash_point("align-filter-removed");
		note(failure, error, list_name(added->macs[i]));
		if (!error)
			mac_list_remove(added, i);
	}
}

static void add_filters(struct align *align, struct link_requests *requests,
			const struct mac_list *wanted, const struct mac_list *present,
			const struct netdev *primary, struct failure *failure)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const uint8_t *mac = wanted->macs[i];
		int error;

		if (is_link_local(mac) || memcmp(mac, primary->mac, ETH_ALEN) == 0 ||
		    mac_list_has(present, mac))
			continue;
		error = link_add_filter(requests, primary->ifindex, mac);
		/* Stays on our list if another program has removed it. */
		if (!error && !mac_list_has(&align->added, mac))
			error = mac_list_add(&align->added, mac);
		align->has_grown |= !error;
		crash_point("align-filter-added");
		note(failure, error, list_name(mac));
	}
}

static void align_filters(struct align *align, struct link_requests *requests,
			  const struct netdev *owner, const struct netdev *primary,
			  enum vfsteer_kind kind, struct failure *failure)
{
	struct mac_list received = { 0 }, present = { 0 };
	int error = mac_list_read(&received, requests, owner->ifindex);

	/* A named primary may have a MAC of its own: it must receive the owner's as well. */
	if (!error)
		error = mac_list_add(&received, owner->mac);
	if (!error)
		error = mac_list_read(&present, requests, primary->ifindex);
	if (!error) {
		if (kind == KIND_PLAIN) {
			add_filters(align, requests, &received, &present, primary, failure);
			remove_filters(align, requests, &received, failure);
		}
		mac_list_free(&align->received);
		align->received = received;
		memset(&received, 0, sizeof(received));
	}
	note(failure, error, "unicast and multicast lists");
	mac_list_free(&received);
	mac_list_free(&present);
}

static void align_flag(struct align *align, struct link_requests *requests,
		       const struct netdev *primary, uint32_t flag, bool wanted,
		       struct failure *failure)
{
	bool present = primary->flags & flag, ours = align->added_flags & flag;
	int error;

	/* Not ours: the program that set it also clears it. */
	if (wanted ? present : !ours)
		return;
	error = link_set_flags(requests, primary->ifindex, wanted ? flag : 0, flag);
	crash_point("align-flag-set");
	note(failure, error, flag == IFF_PROMISC ? "promiscuity" : "all multicast");
	if (error)
		return;
	align->added_flags = (align->added_flags & ~flag) | (wanted ? flag : 0);
	align->has_grown |= wanted;
}

static int align_mtu(struct link_requests *requests, const struct netdev *standby,
		     const struct netdev *primary)
{
	int error;

	if (primary->mtu == standby->mtu)
		return 0;
	error = link_set_mtu(requests, primary->ifindex, standby->mtu);
	/*
	 * EINVAL: more than the driver declares (Linux 4.10); others: the ways of single drivers.
	 */
	return error == -EINVAL || error == -EOPNOTSUPP ? -ERANGE : error;
}

/*
 * Devices next to the standby do not know them, and a master of net_failover does not pass them on.
 */
static void align_flags(struct align *align, struct link_requests *requests,
			const struct netdev *owner, const struct netdev *device,
			struct failure *failure)
{
	align_flag(align, requests, device, IFF_PROMISC,
		   (owner->flags & IFF_PROMISC) || owner->promiscuity, failure);
	align_flag(align, requests, device, IFF_ALLMULTI,
		   (owner->flags & IFF_ALLMULTI) || owner->allmulti, failure);
}

int align_standby(struct align *align, struct link_requests *requests, const struct netdev *owner,
		  const struct netdev *standby, const char **ret_what)
{
	struct failure failure = { 0 };

	align->ifindex = standby->ifindex;
	align_flags(align, requests, owner, standby, &failure);
	if (failure.error)
		*ret_what = failure.what;
	return failure.error;
}

int align_primary(struct align *align, struct link_requests *requests,
		  const struct netdev_table *table, const struct netdev *owner,
		  const struct netdev *primary, enum vfsteer_kind kind, const char **ret_what)
{
	struct failure failure = { 0 };
	struct align_vlans_done vlans = { 0 };
	int error;

	if (align->ifindex != primary->ifindex)
		forget(align);
	align->ifindex = primary->ifindex;
	align->is_partial = false;

	note(&failure, align_mtu(requests, owner, primary), "MTU");
	crash_point("align-mtu-set");
	if (failure.error == -ERANGE)
		goto out;
	align_filters(align, requests, owner, primary, kind, &failure);
	align_flags(align, requests, owner, primary, &failure);
	error = kind == KIND_PLAIN ? align_vlans(requests, table, owner, primary, &vlans) : 0;
	align->is_partial = vlans.is_partial;
	align->vlans_have_grown |= vlans.has_added;
	note(&failure, error,
	     error == -E2BIG ? "VLAN filters: more VLANs of the bridge than stubs are made for; "
			       "switch its filter off: ethtool -K NAME rx-vlan-filter off"
			     : "VLAN filters");
out:
	if (failure.error)
		*ret_what = failure.what;
	return failure.error;
}

const struct mac_list *align_received(const struct align *align)
{
	return &align->received;
}

bool align_has_grown(struct align *align)
{
	bool has_grown = align->has_grown;

	align->has_grown = false;
	return has_grown;
}

bool align_is_partial(const struct align *align)
{
	return align->is_partial;
}

bool align_vlans_have_grown(struct align *align)
{
	bool have_grown = align->vlans_have_grown || align->is_partial;

	align->vlans_have_grown = false;
	return have_grown;
}

/* All hosts (RFC 1112) and all nodes (RFC 4291): joined by the kernel on every device. */
static bool is_joined_by_kernel(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t all_hosts[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };

	return memcmp(mac, all_hosts, ETH_ALEN) == 0 || memcmp(mac, all_nodes, ETH_ALEN) == 0;
}

int align_adopt(struct align *align, struct link_requests *requests, const struct netdev *primary,
		enum vfsteer_kind kind)
{
	struct mac_list present = { 0 };
	int error = kind == KIND_PLAIN ? mac_list_read(&present, requests, primary->ifindex) : 0;

	forget(align);
	align->ifindex = primary->ifindex;
	align->added_flags = primary->flags & (IFF_PROMISC | IFF_ALLMULTI);
	for (size_t i = 0; i < present.count && !error; i++) {
		const uint8_t *mac = present.macs[i];

		if (!is_joined_by_kernel(mac) && !is_link_local(mac) &&
		    memcmp(mac, primary->mac, ETH_ALEN) != 0)
			error = mac_list_add(&align->added, mac);
	}
	mac_list_free(&present);
	return error;
}

int align_undo(struct align *align, struct link_requests *requests,
	       const struct netdev_table *table, const struct netdev *primary)
{
	struct failure failure = { 0 };

	if (align->ifindex == primary->ifindex) {
		remove_filters(align, requests, NULL, &failure);
		if (align->added_flags)
			note(&failure,
			     link_set_flags(requests, primary->ifindex, 0, align->added_flags),
			     "promiscuity");
		if (!failure.error)
			forget(align);
	}
	note(&failure, align_vlans_undo(requests, table, primary), "VLAN filters");
	return failure.error;
}
