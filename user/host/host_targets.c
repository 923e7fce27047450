/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_targets.h"

#include <string.h>

#define DEPTH_MAX 4 /* PF, bond, VLAN, bridge */

static bool climb(const struct host_links *links, int ifindex, uint16_t vlan_id, int bridge,
		  unsigned depth)
{
	const struct host_link *link = host_links_by_index(links, ifindex);

	if (!link || depth > DEPTH_MAX)
		return false;
	if (link->device.master && (link->device.master == bridge ||
				    climb(links, link->device.master, vlan_id, bridge, depth + 1)))
		return true;
	for (const struct host_link *upper = host_links_next(links, NULL); upper;
	     upper = host_links_next(links, upper)) {
		const struct netdev *device = &upper->device;

		if (device->link != ifindex || strcmp(device->kind, "vlan") != 0 ||
		    (vlan_id && device->vlan_id != vlan_id))
			continue;
		if (climb(links, device->ifindex, vlan_id, bridge, depth + 1))
			return true;
	}
	return false;
}

bool host_targets_reaches(const struct host_links *links, int pf, uint16_t vlan_id, int bridge)
{
	return bridge && climb(links, pf, vlan_id, bridge, 0);
}

static const struct host_vf *find_vf(const struct host_link *pf, const uint8_t *mac)
{
	for (size_t i = 0; i < pf->vf_count; i++)
		if (memcmp(pf->vfs[i].mac, mac, ETH_ALEN) == 0)
			return &pf->vfs[i];
	return NULL;
}

static void add(struct host_targets *targets, int ifindex)
{
	if (targets->count < HOST_TARGETS_MAX)
		targets->ifindexes[targets->count++] = ifindex;
}

void host_targets_find(const struct host_links *links, const struct host_sought *sought,
		       struct host_targets *ret)
{
	struct host_targets near = { 0 }, far = { 0 }, ahead = { 0 };
	bool any_reaches = false;

	if (sought->pf[0]) {
		const struct host_link *pf = host_links_by_name(links, sought->pf);

		ret->count = 0;
		if (pf)
			add(ret, pf->device.ifindex);
		return;
	}
	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf)) {
		const struct host_vf *vf = find_vf(pf, sought->mac);
		int ifindex = pf->device.ifindex;
		bool reaches;

		if (!pf->vf_count)
			continue;
		reaches =
			host_targets_reaches(links, ifindex, vf ? vf->vlan_id : 0, sought->bridge);
		any_reaches = any_reaches || reaches;
		if (reaches && (vf || sought->ahead))
			add(vf ? &near : &ahead, ifindex);
		else if (!reaches && vf)
			add(&far, ifindex);
	}
	/* What a PF far away receives does not arrive at the tap if another leads to its bridge. */
	*ret = any_reaches ? near : far;
	for (size_t i = 0; i < ahead.count; i++)
		add(ret, ahead.ifindexes[i]);
}
