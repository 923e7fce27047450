/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_vfs.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#include "base/room.h"

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_VFINFO_LIST] = { .type = NLA_NESTED },
};

static const struct nla_policy vf_policy[IFLA_VF_MAX + 1] = {
	[IFLA_VF_MAC] = { .minlen = sizeof(struct ifla_vf_mac) },
	[IFLA_VF_VLAN] = { .minlen = sizeof(struct ifla_vf_vlan) },
	[IFLA_VF_SPOOFCHK] = { .minlen = sizeof(struct ifla_vf_spoofchk) },
	[IFLA_VF_LINK_STATE] = { .minlen = sizeof(struct ifla_vf_link_state) },
	[IFLA_VF_TRUST] = { .minlen = sizeof(struct ifla_vf_trust) },
};

/* Returns 0, or -EBADMSG: the entry is malformed or has no MAC. */
static int parse_vf(struct nlattr *info, struct host_vf *ret)
{
	struct nlattr *values[IFLA_VF_MAX + 1];
	struct host_vf vf = { .link_state = IFLA_VF_LINK_STATE_AUTO };
	const struct ifla_vf_mac *mac;

	if (nla_type(info) != IFLA_VF_INFO ||
	    nla_parse_nested(values, IFLA_VF_MAX, info, vf_policy) < 0 || !values[IFLA_VF_MAC])
		return -EBADMSG;
	mac = nla_data(values[IFLA_VF_MAC]);
	vf.number = mac->vf;
	memcpy(vf.mac, mac->mac, ETH_ALEN);
	if (values[IFLA_VF_VLAN])
		vf.vlan_id =
			(uint16_t)((struct ifla_vf_vlan *)nla_data(values[IFLA_VF_VLAN]))->vlan;
	/* UINT32_MAX: the driver has no such setting (rtnl_fill_vfinfo). */
	if (values[IFLA_VF_SPOOFCHK])
		vf.spoofchk =
			((struct ifla_vf_spoofchk *)nla_data(values[IFLA_VF_SPOOFCHK]))->setting ==
			1;
	if (values[IFLA_VF_TRUST])
		vf.trust = ((struct ifla_vf_trust *)nla_data(values[IFLA_VF_TRUST]))->setting == 1;
	if (values[IFLA_VF_LINK_STATE])
		vf.link_state =
			(uint8_t)((struct ifla_vf_link_state *)nla_data(values[IFLA_VF_LINK_STATE]))
				->link_state;
	*ret = vf;
	return 0;
}

int host_vfs_parse(const void *bytes, size_t length, struct host_vf **ret, size_t *ret_count)
{
	/* libnl reads through pointers that are not const */
	struct nlmsghdr *message = (struct nlmsghdr *)bytes;
	struct nlattr *values[IFLA_MAX + 1], *info;
	struct host_vf *vfs = NULL;
	size_t count = 0, size = 0;
	int left, error = 0;

	if (length > INT_MAX || !nlmsg_ok(message, (int)length) ||
	    nlmsg_parse(message, sizeof(struct ifinfomsg), values, IFLA_MAX, link_policy) < 0)
		return -EBADMSG;
	if (values[IFLA_VFINFO_LIST]) {
		nla_for_each_nested(info, values[IFLA_VFINFO_LIST], left)
		{
			error = room_for_one(vfs, count, &size);
			if (!error)
				error = parse_vf(info, &vfs[count]);
			if (error) {
				free(vfs);
				return error;
			}
			count++;
		}
	}
	*ret = vfs;
	*ret_count = count;
	return 0;
}
