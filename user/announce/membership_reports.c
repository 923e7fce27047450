/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/membership_reports.h"
#include "announce/membership_frames.h"
#include "announce/speakers.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The versions to report in: a mask. */
enum membership_mld {
	MEMBERSHIP_MLD1 = 1 << 1,
	MEMBERSHIP_MLD2 = 1 << 2,
};

/* @otherwise: the value if the file does not exist or cannot be read. */
static int read_sysctl(const char *family, const char *name, int otherwise)
{
	char path[128];
	FILE *file;
	int value;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", family, name);
	file = fopen(path, "re");
	if (!file)
		return otherwise;
	if (fscanf(file, "%d", &value) != 1)
		value = otherwise;
	fclose(file);
	return value;
}

/* As in the kernel: @forced_for_all has priority. 0: no version is forced. */
static int read_forced_mld(const char *device, int forced_for_all)
{
	char name[64 + IF_NAMESIZE];

	snprintf(name, sizeof(name), "conf/%s/force_mld_version", device);
	return forced_for_all ? forced_for_all : read_sysctl("ipv6", name, 0);
}

/* Has the device ever sent an MLDv1 report? True if that is unknown. */
static bool has_spoken_mld1(const char *device)
{
	char path[64 + IF_NAMESIZE], line[128];
	unsigned long sent = 1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/net/dev_snmp6/%s", device);
	file = fopen(path, "re");
	if (!file)
		return true;
	while (fgets(line, sizeof(line), file) &&
	       sscanf(line, "Icmp6OutGroupMembResponses %lu", &sent) != 1)
		;
	fclose(file);
	return sent;
}

static unsigned mld_of(const char *device, int forced_for_all)
{
	int forced = read_forced_mld(device, forced_for_all);

	if (forced == 1)
		return MEMBERSHIP_MLD1;
	return forced != 2 && has_spoken_mld1(device) ? MEMBERSHIP_MLD1 | MEMBERSHIP_MLD2
						      : MEMBERSHIP_MLD2;
}

/* IPv4: any address of the device (RFC 3376, 4.2.13). IPv6: its link-local address, after DAD. */
static bool is_source(const struct netdev_address *address, int family)
{
	if (address->family != family)
		return false;
	if (family == AF_INET)
		return !(address->flags & IFA_F_SECONDARY) &&
		       ntohl(address->v4.s_addr) >> 24 != IN_LOOPBACKNET;
	return IN6_IS_ADDR_LINKLOCAL(&address->v6) &&
	       !(address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
}

/*
 * A report concerns a port, so its source is always the standby's MAC. The MAC of a device above
 * may be a VRRP BACKUP's, and a switch would take it from the MASTER.
 */
static struct announce_address sender_of(const struct netdev_table *table,
					 const struct netdev *standby,
					 const struct speaker *speaker, int family)
{
	const struct netdev_address *address =
		netdev_address_first(table, speaker->device->ifindex);
	struct announce_address sender = { .family = family, .tag_count = speaker->tag_count };

	memcpy(sender.mac, standby->mac, sizeof(sender.mac));
	memcpy(sender.tags, speaker->tags, sizeof(sender.tags));
	while (address && address->ifindex == speaker->device->ifindex &&
	       !is_source(address, family))
		address = netdev_address_next(table, address);
	if (address && address->ifindex == speaker->device->ifindex)
		memcpy(&sender.v6, &address->v6,
		       family == AF_INET ? sizeof(sender.v4) : sizeof(sender.v6));
	return sender;
}

/* The groups to report: an array that the caller frees. */
static int choose_groups(const struct memberships *memberships, int family, int ifindex,
			 bool link_local, struct membership **ret, size_t *ret_count)
{
	size_t count, chosen_count = 0;
	const struct membership *groups = memberships_of(memberships, family, ifindex, &count);
	struct membership *chosen = NULL;

	if (count) {
		chosen = calloc(count, sizeof(*chosen));
		if (!chosen)
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		if (membership_is_reported(&groups[i], link_local))
			chosen[chosen_count++] = groups[i];
	*ret = chosen;
	*ret_count = chosen_count;
	return 0;
}

/* The inputs of one standby's reports. */
struct collecting {
	const struct netdev_table *table;
	const struct memberships *memberships;
	const struct netdev *standby;
	bool link_local; /* see membership_is_reported */
	int forced_mld;	 /* of all devices; 0: none */
	struct announce_reports reports;
};

/* The frames leave through the standby: a bridge above it may have a larger MTU. */
static uint32_t mtu_of(const struct collecting *collecting, const struct speaker *speaker)
{
	return speaker->device->mtu < collecting->standby->mtu ? speaker->device->mtu
							       : collecting->standby->mtu;
}

/* IGMP: a device has at least 224.0.0.1, while it is up. IGMPv3: it does not know of IGMP. */
static unsigned versions_of(const struct collecting *collecting, const struct netdev *device,
			    int family)
{
	const struct membership *groups;
	size_t count;

	if (family == AF_INET6)
		return mld_of(device->name, collecting->forced_mld);
	groups = memberships_of(collecting->memberships, family, device->ifindex, &count);
	return 1u << (count ? groups[0].igmp_version : 3);
}

static int add_frames(struct collecting *collecting, const struct speaker *speaker, int family,
		      const struct membership *groups, size_t count)
{
	const struct announce_address sender =
		sender_of(collecting->table, collecting->standby, speaker, family);
	unsigned versions = count ? versions_of(collecting, speaker->device, family) : 0;
	int error = 0;

	for (unsigned version = 3; version && !error; version--)
		if (versions & 1u << version)
			error = membership_frames_add(&collecting->reports, &sender,
						      mtu_of(collecting, speaker), version, groups,
						      count);
	return error;
}

static int add_groups(struct collecting *collecting, const struct speaker *speaker, int family)
{
	struct membership *groups;
	size_t count;
	int error = choose_groups(collecting->memberships, family, speaker->device->ifindex,
				  collecting->link_local, &groups, &count);

	if (error)
		return error;
	error = add_frames(collecting, speaker, family, groups, count);
	free(groups);
	return error;
}

/* The groups behind ports of a bridge, which its port @number of the speakers sends reports for. */
struct station_groups {
	const struct link_group *all;
	size_t count;
	int port; /* the one towards the standby: what is behind it joins there */
	bool *is_done;
	struct membership *chosen;
	union membership_address *sources;
};

/* As many as there are of one family, in one VLAN; each once, whatever the ports behind which. */
static size_t choose_station_groups(const struct collecting *collecting,
				    struct station_groups *groups, int family, uint16_t vlan_id)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < groups->count; i++) {
		const struct link_group *group = &groups->all[i];
		struct membership *chosen = &groups->chosen[count];

		if (group->is_router || group->port == groups->port || group->family != family ||
		    group->vlan_id != vlan_id)
			continue;
		groups->is_done[i] = true;
		memset(chosen, 0, sizeof(*chosen));
		chosen->family = family;
		memcpy(&chosen->group, &group->v6, sizeof(chosen->group));
		if (group->has_source) {
			memcpy(&groups->sources[i], &group->source_v6, sizeof(*groups->sources));
			chosen->sources = &groups->sources[i];
			chosen->source_count = 1;
		}
		count += membership_is_reported(chosen, collecting->link_local);
	}
	qsort(groups->chosen, count, sizeof(*groups->chosen), membership_compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || groups->chosen[i].sources || groups->chosen[kept - 1].sources ||
		    membership_compare(&groups->chosen[i], &groups->chosen[kept - 1]))
			groups->chosen[kept++] = groups->chosen[i];
	return kept;
}

/* Gives @speaker, a bridge, the tags of a frame in @vlan_id. False: it is not sent, or too deep. */
static bool enter_vlan(struct speaker *speaker, uint16_t vlan_id)
{
	return !speaker->bridge || speakers_leave_bridge(speaker, speaker->device->vlan_protocol,
							 bridge_port_tag(speaker->bridge, vlan_id));
}

static int add_all_station_groups(struct collecting *collecting, const struct speaker *bridge,
				  struct station_groups *groups)
{
	int error = 0;

	for (size_t i = 0; i < groups->count && !error; i++) {
		const struct link_group *group = &groups->all[i];
		struct speaker speaker = *bridge;
		size_t count;

		if (groups->is_done[i] || group->is_router || group->port == groups->port)
			continue;
		count = choose_station_groups(collecting, groups, group->family, group->vlan_id);
		if (enter_vlan(&speaker, group->vlan_id))
			error = add_frames(collecting, &speaker, group->family, groups->chosen,
					   count);
	}
	return error;
}

/* What others have joined behind the ports of the bridge that is the speaker @number. */
static int add_station_groups(struct collecting *collecting, const struct bridged_groups *all,
			      const struct speakers *speakers, size_t number)
{
	const struct speaker *speaker = &speakers->list[number];
	struct station_groups groups = {
		.port = speakers->list[speakers->below[number]].device->ifindex,
	};
	int error = -ENOMEM;

	if (!speakers_is_kind(speaker->device, "bridge"))
		return 0;
	groups.all = bridged_groups_behind(all, speaker->device->ifindex, 0, &groups.count);
	if (!groups.count)
		return 0;
	groups.is_done = calloc(groups.count, sizeof(*groups.is_done));
	groups.chosen = calloc(groups.count, sizeof(*groups.chosen));
	groups.sources = calloc(groups.count, sizeof(*groups.sources));
	if (groups.is_done && groups.chosen && groups.sources)
		error = add_all_station_groups(collecting, speaker, &groups);
	free(groups.is_done);
	free(groups.chosen);
	free(groups.sources);
	return error;
}

int membership_reports_collect(const struct netdev_table *table,
			       const struct memberships *memberships, struct bridges *bridges,
			       const struct bridged_groups *groups, const struct netdev *standby,
			       struct announce_reports *ret)
{
	struct collecting collecting = {
		.table = table,
		.memberships = memberships,
		.standby = standby,
		.link_local = read_sysctl("ipv4", "igmp_link_local_mcast_reports", 1),
		.forced_mld = read_sysctl("ipv6", "conf/all/force_mld_version", 0),
	};
	struct speakers speakers = { 0 };
	int error = speakers_find(table, bridges, NULL, standby, &speakers);

	for (size_t i = 0; i < speakers.count && !error; i++) {
		if (speakers.list[i].is_silent)
			continue;
		error = add_groups(&collecting, &speakers.list[i], AF_INET);
		if (!error)
			error = add_groups(&collecting, &speakers.list[i], AF_INET6);
	}
	/* Last: there may be thousands. */
	for (size_t i = 0; i < speakers.count && !error; i++)
		error = add_station_groups(&collecting, groups, &speakers, i);
	speakers_free(&speakers);
	if (error) {
		announce_reports_free(&collecting.reports);
		return error;
	}
	announce_reports_free(ret);
	*ret = collecting.reports;
	return 0;
}
