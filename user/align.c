/* SPDX-License-Identifier: GPL-2.0-only */
#include "align.h"
#include "crash_point.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mac_list {
	uint8_t (*macs)[ETH_ALEN];
	size_t count, size;
};

struct align {
	int ifindex;           /* of the primary; 0: none yet */
	struct mac_list added; /* to its receive lists, by us */
	uint32_t added_flags;  /* IFF_PROMISC, IFF_ALLMULTI: set by us */
	bool has_grown;        /* see align_has_grown */
};

/* The first error of a call that goes on. */
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
	free(align->added.macs);
	memset(align, 0, sizeof(*align));
}

void align_free(struct align *align)
{
	if (!align)
		return;
	forget(align);
	free(align);
}

static int list_resize(struct mac_list *list, size_t size)
{
	void *grown;

	if (size <= list->size)
		return 0;
	grown = reallocarray(list->macs, size, ETH_ALEN);
	if (!grown)
		return -ENOMEM;
	list->macs = grown;
	list->size = size;
	return 0;
}

static bool list_has(const struct mac_list *list, const uint8_t mac[ETH_ALEN])
{
	for (size_t i = 0; i < list->count; i++) {
		if (memcmp(list->macs[i], mac, ETH_ALEN) == 0)
			return true;
	}
	return false;
}

static int list_add(struct mac_list *list, const uint8_t mac[ETH_ALEN])
{
	int error = list->count < list->size ? 0 : list_resize(list, list->size ? 2 * list->size : 16);

	if (!error)
		memcpy(list->macs[list->count++], mac, ETH_ALEN);
	return error;
}

/* Fills @list, which the caller frees, whatever is returned. */
static int list_read(struct mac_list *list, struct link_requests *requests, int ifindex)
{
	int error = list_resize(list, 64), found;

	while (!error) {
		found = link_get_filters(requests, ifindex, list->macs, list->size);
		if (found < 0)
			return found;
		if ((size_t)found <= list->size) {
			list->count = (size_t)found;
			return 0;
		}
		error = list_resize(list, (size_t)found * 2);
	}
	return error;
}

static const char *list_name(const uint8_t mac[ETH_ALEN])
{
	return mac[0] & 1 ? "multicast list" : "unicast list";
}

/* 01:80:c2:00:00:0x (LLDP, LACP, pause) stays on the wire it came by: such a group of the standby's is not mirrored. */
static bool is_link_local(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t prefix[] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(mac, prefix, sizeof(prefix)) == 0 && mac[5] <= 0x0f;
}

/* Takes away what @wanted (NULL: nothing) has not; what could not be taken away stays on our list. */
static void remove_filters(struct align *align, struct link_requests *requests, const struct mac_list *wanted,
			   struct failure *failure)
{
	struct mac_list *added = &align->added;

	for (size_t i = added->count; i-- > 0;) {
		int error;

		if (wanted && list_has(wanted, added->macs[i]))
			continue;
		error = link_del_filter(requests, align->ifindex, added->macs[i]);
		crash_point("align-filter-removed");
		note(failure, error, list_name(added->macs[i]));
		if (!error)
			memmove(added->macs[i], added->macs[--added->count], ETH_ALEN);
	}
}

static void add_filters(struct align *align, struct link_requests *requests, const struct mac_list *wanted,
			const struct mac_list *present, const struct netdev *primary, struct failure *failure)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const uint8_t *mac = wanted->macs[i];
		int error;

		if (is_link_local(mac) || memcmp(mac, primary->mac, ETH_ALEN) == 0 || list_has(present, mac))
			continue;
		error = link_add_filter(requests, primary->ifindex, mac);
		/* It is on our list still if someone else has taken it away. */
		if (!error && !list_has(&align->added, mac))
			error = list_add(&align->added, mac);
		align->has_grown |= !error;
		crash_point("align-filter-added");
		note(failure, error, list_name(mac));
	}
}

static void align_filters(struct align *align, struct link_requests *requests, const struct netdev *standby,
			  const struct netdev *primary, struct failure *failure)
{
	struct mac_list wanted = { 0 }, present = { 0 };
	int error = list_read(&wanted, requests, standby->ifindex);

	/* A primary that was named may have a MAC of its own: it has to take frames for the standby's as well. */
	if (!error)
		error = list_add(&wanted, standby->mac);
	if (!error)
		error = list_read(&present, requests, primary->ifindex);
	if (!error) {
		add_filters(align, requests, &wanted, &present, primary, failure);
		remove_filters(align, requests, &wanted, failure);
	}
	note(failure, error, "unicast and multicast lists");
	free(wanted.macs);
	free(present.macs);
}

static void align_flag(struct align *align, struct link_requests *requests, const struct netdev *primary, uint32_t flag,
		       bool wanted, struct failure *failure)
{
	bool present = primary->flags & flag, ours = align->added_flags & flag;
	int error;

	/* Not ours: whoever set it may also take it back. */
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

/* Also how a stub is told from other VLAN devices, after a restart, too. */
static int stub_name(int primary_ifindex, uint16_t vlan_id, uint16_t vlan_protocol, char ret[IF_NAMESIZE])
{
	int length = snprintf(ret, IF_NAMESIZE, "vfs%d.%u%s", primary_ifindex, vlan_id,
			      vlan_protocol == ETH_P_8021AD ? "s" : "");

	return length < IF_NAMESIZE ? 0 : -ENAMETOOLONG;
}

static bool is_vlan_of(const struct netdev *device, int lower_ifindex)
{
	return device->link == lower_ifindex && strcmp(device->kind, "vlan") == 0;
}

static bool is_stub(const struct netdev *device, int primary_ifindex)
{
	char name[IF_NAMESIZE];

	return is_vlan_of(device, primary_ifindex) &&
	       stub_name(primary_ifindex, device->vlan_id, device->vlan_protocol, name) == 0 &&
	       strcmp(name, device->name) == 0;
}

static bool has_vlan(const struct netdev_table *table, int lower_ifindex, const struct netdev *vlan)
{
	for (const struct netdev *device = netdev_next(table, NULL); device; device = netdev_next(table, device)) {
		if (is_vlan_of(device, lower_ifindex) && device->vlan_id == vlan->vlan_id &&
		    device->vlan_protocol == vlan->vlan_protocol)
			return true;
	}
	return false;
}

/* Those that no VLAN above @standby (NULL: any) needs. */
static void remove_stubs(struct link_requests *requests, const struct netdev_table *table, const struct netdev *standby,
			 const struct netdev *primary, struct failure *failure)
{
	for (const struct netdev *device = netdev_next(table, NULL); device; device = netdev_next(table, device)) {
		int error;

		if (!is_stub(device, primary->ifindex) || (standby && has_vlan(table, standby->ifindex, device)))
			continue;
		error = link_delete(requests, device->ifindex);
		note(failure, error == -ENODEV ? 0 : error, "VLAN filters");
	}
}

static void add_stubs(struct link_requests *requests, const struct netdev_table *table, const struct netdev *standby,
		      const struct netdev *primary, struct failure *failure)
{
	char name[IF_NAMESIZE];

	for (const struct netdev *device = netdev_next(table, NULL); device; device = netdev_next(table, device)) {
		int error;

		if (!is_vlan_of(device, standby->ifindex) || has_vlan(table, primary->ifindex, device))
			continue;
		if (!link_filters_vlans(primary->name))
			return;
		error = stub_name(primary->ifindex, device->vlan_id, device->vlan_protocol, name);
		if (!error)
			error = link_add_vlan(requests, primary->ifindex, name, device->vlan_id, device->vlan_protocol);
		/* Made a moment ago; the table does not know it yet. */
		note(failure, error == -EEXIST ? 0 : error, "VLAN filters");
	}
}

static int align_mtu(struct link_requests *requests, const struct netdev *standby, const struct netdev *primary)
{
	int error;

	if (primary->mtu == standby->mtu)
		return 0;
	error = link_set_mtu(requests, primary->ifindex, standby->mtu);
	/* EINVAL: beyond what the driver declares (Linux 4.10); the others: drivers' own ways to say so. */
	return error == -EINVAL || error == -EOPNOTSUPP ? -ERANGE : error;
}

int align_primary(struct align *align, struct link_requests *requests, const struct netdev_table *table,
		  const struct netdev *standby, const struct netdev *primary, const char **ret_what)
{
	struct failure failure = { 0 };

	if (align->ifindex != primary->ifindex)
		forget(align);
	align->ifindex = primary->ifindex;

	note(&failure, align_mtu(requests, standby, primary), "MTU");
	crash_point("align-mtu-set");
	if (failure.error == -ERANGE)
		goto out;
	align_filters(align, requests, standby, primary, &failure);
	align_flag(align, requests, primary, IFF_PROMISC, (standby->flags & IFF_PROMISC) || standby->promiscuity,
		   &failure);
	align_flag(align, requests, primary, IFF_ALLMULTI, (standby->flags & IFF_ALLMULTI) || standby->allmulti,
		   &failure);
	add_stubs(requests, table, standby, primary, &failure);
	remove_stubs(requests, table, standby, primary, &failure);
out:
	if (failure.error)
		*ret_what = failure.what;
	return failure.error;
}

bool align_has_grown(struct align *align)
{
	bool has_grown = align->has_grown;

	align->has_grown = false;
	return has_grown;
}

/* All hosts (RFC 1112) and all nodes (RFC 4291): joined by the kernel on every device. */
static bool is_joined_by_kernel(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t all_hosts[ETH_ALEN] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };

	return memcmp(mac, all_hosts, ETH_ALEN) == 0 || memcmp(mac, all_nodes, ETH_ALEN) == 0;
}

int align_adopt(struct align *align, struct link_requests *requests, const struct netdev *primary)
{
	struct mac_list present = { 0 };
	int error = list_read(&present, requests, primary->ifindex);

	forget(align);
	align->ifindex = primary->ifindex;
	align->added_flags = primary->flags & (IFF_PROMISC | IFF_ALLMULTI);
	for (size_t i = 0; i < present.count && !error; i++) {
		const uint8_t *mac = present.macs[i];

		if (!is_joined_by_kernel(mac) && !is_link_local(mac) && memcmp(mac, primary->mac, ETH_ALEN) != 0)
			error = list_add(&align->added, mac);
	}
	free(present.macs);
	return error;
}

int align_undo(struct align *align, struct link_requests *requests, const struct netdev_table *table,
	       const struct netdev *primary)
{
	struct failure failure = { 0 };

	if (align->ifindex == primary->ifindex) {
		remove_filters(align, requests, NULL, &failure);
		if (align->added_flags)
			note(&failure, link_set_flags(requests, primary->ifindex, 0, align->added_flags), "promiscuity");
		if (!failure.error)
			forget(align);
	}
	remove_stubs(requests, table, NULL, primary, &failure);
	return failure.error;
}
