/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/netdev_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

/* IFA_PROTO (Linux 5.18), which older headers lack. */
#define NETDEV_IFA_PROTO 11
#define NETDEV_IFA_MAX (NETDEV_IFA_PROTO > IFA_MAX ? NETDEV_IFA_PROTO : IFA_MAX)
/* BOND_STATE_BACKUP of <linux/if_bonding.h>, which conflicts with <net/if.h>. */
#define NETDEV_BOND_BACKUP 1

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .type = NLA_STRING, .maxlen = IF_NAMESIZE },
	[IFLA_MTU] = { .type = NLA_U32 },
	[IFLA_LINK] = { .type = NLA_U32 },
	[IFLA_MASTER] = { .type = NLA_U32 },
	[IFLA_OPERSTATE] = { .type = NLA_U8 },
	[IFLA_CARRIER] = { .type = NLA_U8 },
	[IFLA_PROMISCUITY] = { .type = NLA_U32 },
	[IFLA_ALLMULTI] = { .type = NLA_U32 },
	[IFLA_LINKINFO] = { .type = NLA_NESTED },
	[IFLA_PROP_LIST] = { .type = NLA_NESTED },
	[IFLA_XDP] = { .type = NLA_NESTED },
};

static const struct nla_policy xdp_policy[IFLA_XDP_MAX + 1] = {
	[IFLA_XDP_ATTACHED] = { .type = NLA_U8 },
	[IFLA_XDP_PROG_ID] = { .type = NLA_U32 },
	[IFLA_XDP_DRV_PROG_ID] = { .type = NLA_U32 },
	[IFLA_XDP_SKB_PROG_ID] = { .type = NLA_U32 },
};

static const struct nla_policy info_policy[IFLA_INFO_MAX + 1] = {
	[IFLA_INFO_KIND] = { .type = NLA_STRING },
	[IFLA_INFO_SLAVE_KIND] = { .type = NLA_STRING },
	[IFLA_INFO_DATA] = { .type = NLA_NESTED },
	[IFLA_INFO_SLAVE_DATA] = { .type = NLA_NESTED },
};

static const struct nla_policy vlan_policy[IFLA_VLAN_MAX + 1] = {
	[IFLA_VLAN_ID] = { .type = NLA_U16 },
	[IFLA_VLAN_PROTOCOL] = { .type = NLA_U16 },
};

static const struct nla_policy bridge_policy[IFLA_BR_MAX + 1] = {
	[IFLA_BR_VLAN_FILTERING] = { .type = NLA_U8 },
	[IFLA_BR_VLAN_PROTOCOL] = { .type = NLA_U16 },
	[IFLA_BR_MCAST_SNOOPING] = { .type = NLA_U8 },
};

static const struct nla_policy bond_slave_policy[IFLA_BOND_SLAVE_STATE + 1] = {
	[IFLA_BOND_SLAVE_STATE] = { .type = NLA_U8 },
};

static const struct nla_policy address_policy[NETDEV_IFA_MAX + 1] = {
	[IFA_FLAGS] = { .type = NLA_U32 },
	[NETDEV_IFA_PROTO] = { .type = NLA_U8 },
};

static struct nlmsghdr *whole_message(const void *bytes, size_t length)
{
	/* libnl reads through pointers that are not const */
	struct nlmsghdr *message = (struct nlmsghdr *)bytes;

	return length <= INT_MAX && nlmsg_ok(message, (int)length) ? message : NULL;
}

static void read_mac(struct nlattr *attribute, uint8_t ret[ETH_ALEN])
{
	/* Other lengths belong to InfiniBand, IP tunnels and the like: no MAC. */
	if (attribute && nla_len(attribute) == ETH_ALEN)
		memcpy(ret, nla_data(attribute), ETH_ALEN);
}

static int read_vlan(struct nlattr *data, struct netdev *device)
{
	struct nlattr *values[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(values, IFLA_VLAN_MAX, data, vlan_policy) < 0)
		return -EBADMSG;
	if (values[IFLA_VLAN_ID])
		device->vlan_id = nla_get_u16(values[IFLA_VLAN_ID]);
	device->vlan_protocol = values[IFLA_VLAN_PROTOCOL]
					? ntohs(nla_get_u16(values[IFLA_VLAN_PROTOCOL]))
					: ETH_P_8021Q;
	return 0;
}

static int read_bridge(struct nlattr *data, struct netdev *device)
{
	struct nlattr *values[IFLA_BR_MAX + 1];

	if (nla_parse_nested(values, IFLA_BR_MAX, data, bridge_policy) < 0)
		return -EBADMSG;
	if (values[IFLA_BR_VLAN_FILTERING] && nla_get_u8(values[IFLA_BR_VLAN_FILTERING]))
		device->vlan_protocol = values[IFLA_BR_VLAN_PROTOCOL]
						? ntohs(nla_get_u16(values[IFLA_BR_VLAN_PROTOCOL]))
						: ETH_P_8021Q;
	device->snoops =
		values[IFLA_BR_MCAST_SNOOPING] && nla_get_u8(values[IFLA_BR_MCAST_SNOOPING]);
	return 0;
}

static int read_bond_slave(struct nlattr *data, struct netdev *device)
{
	struct nlattr *values[IFLA_BOND_SLAVE_STATE + 1];

	if (nla_parse_nested(values, IFLA_BOND_SLAVE_STATE, data, bond_slave_policy) < 0)
		return -EBADMSG;
	device->is_backup_slave = values[IFLA_BOND_SLAVE_STATE] &&
				  nla_get_u8(values[IFLA_BOND_SLAVE_STATE]) == NETDEV_BOND_BACKUP;
	return 0;
}

static int read_info(struct nlattr *info, struct netdev *device)
{
	struct nlattr *values[IFLA_INFO_MAX + 1];

	if (nla_parse_nested(values, IFLA_INFO_MAX, info, info_policy) < 0)
		return -EBADMSG;
	if (values[IFLA_INFO_KIND])
		nla_strlcpy(device->kind, values[IFLA_INFO_KIND], sizeof(device->kind));
	if (values[IFLA_INFO_SLAVE_KIND])
		nla_strlcpy(device->slave_kind, values[IFLA_INFO_SLAVE_KIND],
			    sizeof(device->slave_kind));
	if (strcmp(device->slave_kind, "bond") == 0 && values[IFLA_INFO_SLAVE_DATA] &&
	    read_bond_slave(values[IFLA_INFO_SLAVE_DATA], device) < 0)
		return -EBADMSG;
	if (strcmp(device->kind, "vlan") == 0 && values[IFLA_INFO_DATA])
		return read_vlan(values[IFLA_INFO_DATA], device);
	if (strcmp(device->kind, "bridge") == 0 && values[IFLA_INFO_DATA])
		return read_bridge(values[IFLA_INFO_DATA], device);
	return 0;
}

/* As many whole names as fit: a truncated name could be another device's. */
static int read_altnames(struct nlattr *properties, struct netdev *device)
{
	size_t used = 0;
	struct nlattr *property;
	int left;

	nla_for_each_nested(property, properties, left) {
		const char *name = nla_data(property);
		size_t size = (size_t)nla_len(property), length = strnlen(name, size);

		if (nla_type(property) != IFLA_ALT_IFNAME)
			continue;
		if (length == size || length >= NETDEV_NAME_SIZE)
			return -EBADMSG;
		/* The kernel accepts an empty altname; it is ignored here. */
		if (!length)
			continue;
		if (used + length + 2 > sizeof(device->altnames))
			break;
		memcpy(device->altnames + used, name, length);
		used += length + 1;
	}
	return 0;
}

static int read_xdp(struct nlattr *xdp, struct netdev *device)
{
	struct nlattr *values[IFLA_XDP_MAX + 1], *program;
	uint8_t mode;

	if (nla_parse_nested(values, IFLA_XDP_MAX, xdp, xdp_policy) < 0)
		return -EBADMSG;
	mode = values[IFLA_XDP_ATTACHED] ? nla_get_u8(values[IFLA_XDP_ATTACHED])
					 : XDP_ATTACHED_NONE;
	program = values[IFLA_XDP_PROG_ID];
	if (mode == XDP_ATTACHED_MULTI) {
		mode = values[IFLA_XDP_DRV_PROG_ID] ? XDP_ATTACHED_DRV : XDP_ATTACHED_SKB;
		program = values[mode == XDP_ATTACHED_DRV ? IFLA_XDP_DRV_PROG_ID
							  : IFLA_XDP_SKB_PROG_ID];
	}
	if (!program)
		return 0;
	device->xdp_mode = mode;
	device->xdp_program = nla_get_u32(program);
	return 0;
}

int netdev_parse_link(const void *bytes, size_t length, struct netdev *ret)
{
	struct nlmsghdr *message = whole_message(bytes, length);
	struct nlattr *values[IFLA_MAX + 1];
	const struct ifinfomsg *header;
	struct netdev device;

	if (!message || nlmsg_parse(message, sizeof(*header), values, IFLA_MAX, link_policy) < 0)
		return -EBADMSG;
	header = nlmsg_data(message);
	/*
	 * AF_BRIDGE: a port was added, changed or deleted, not the device. AF_INET6: its protocol
	 * state.
	 */
	if (header->ifi_family != AF_UNSPEC)
		return -ENOMSG;
	/*
	 * Wireless extensions send RTM_NEWLINK with only their event; all others name the device.
	 */
	if (!values[IFLA_IFNAME])
		return -ENOMSG;
	if (header->ifi_index <= 0)
		return -EBADMSG;

	/* Padding included: devices are compared as bytes. */
	memset(&device, 0, sizeof(device));
	device.ifindex = header->ifi_index;
	device.hardware_type = header->ifi_type;
	device.flags = header->ifi_flags;
	nla_strlcpy(device.name, values[IFLA_IFNAME], sizeof(device.name));
	read_mac(values[IFLA_ADDRESS], device.mac);
	read_mac(values[IFLA_PERM_ADDRESS], device.permanent_mac);
	if (values[IFLA_MTU])
		device.mtu = nla_get_u32(values[IFLA_MTU]);
	if (values[IFLA_PROMISCUITY])
		device.promiscuity = nla_get_u32(values[IFLA_PROMISCUITY]);
	if (values[IFLA_ALLMULTI])
		device.allmulti = nla_get_u32(values[IFLA_ALLMULTI]);
	if (values[IFLA_OPERSTATE])
		device.operstate = nla_get_u8(values[IFLA_OPERSTATE]);
	if (values[IFLA_CARRIER])
		device.carrier = nla_get_u8(values[IFLA_CARRIER]) != 0;
	/* The index belongs to another namespace; here it could be any device. */
	if (values[IFLA_LINK] && !values[IFLA_LINK_NETNSID])
		device.link = (int)nla_get_u32(values[IFLA_LINK]);
	if (values[IFLA_MASTER])
		device.master = (int)nla_get_u32(values[IFLA_MASTER]);
	if (values[IFLA_PROP_LIST] && read_altnames(values[IFLA_PROP_LIST], &device) < 0)
		return -EBADMSG;
	if (values[IFLA_LINKINFO] && read_info(values[IFLA_LINKINFO], &device) < 0)
		return -EBADMSG;
	if (values[IFLA_XDP] && read_xdp(values[IFLA_XDP], &device) < 0)
		return -EBADMSG;

	memcpy(ret, &device, sizeof(device));
	return 0;
}

int netdev_parse_address(const void *bytes, size_t length, struct netdev_address *ret)
{
	struct nlmsghdr *message = whole_message(bytes, length);
	struct nlattr *values[NETDEV_IFA_MAX + 1];
	const struct ifaddrmsg *header;
	struct netdev_address address;
	struct nlattr *local, *network;
	size_t size;

	if (!message ||
	    nlmsg_parse(message, sizeof(*header), values, NETDEV_IFA_MAX, address_policy) < 0)
		return -EBADMSG;
	header = nlmsg_data(message);
	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return -ENOMSG;
	/*
	 * On a point-to-point address IFA_ADDRESS is the peer's. Only such an address, and any of
	 * IPv4, has IFA_LOCAL.
	 */
	local = values[IFA_LOCAL] ? values[IFA_LOCAL] : values[IFA_ADDRESS];
	size = header->ifa_family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
	if (!local || (size_t)nla_len(local) != size || header->ifa_index == 0 ||
	    header->ifa_index > INT_MAX)
		return -EBADMSG;

	memset(&address, 0, sizeof(address));
	address.ifindex = (int)header->ifa_index;
	address.family = header->ifa_family;
	address.prefix_length = header->ifa_prefixlen;
	address.scope = header->ifa_scope;
	memcpy(&address.v6, nla_data(local), size);
	network = values[IFA_ADDRESS] ? values[IFA_ADDRESS] : local;
	if (address.family == AF_INET && (size_t)nla_len(network) == sizeof(address.network))
		memcpy(&address.network, nla_data(network), sizeof(address.network));
	/* The header has room for the first eight flags only. */
	if (values[NETDEV_IFA_PROTO])
		address.protocol = nla_get_u8(values[NETDEV_IFA_PROTO]);
	address.flags = values[IFA_FLAGS] ? nla_get_u32(values[IFA_FLAGS]) : header->ifa_flags;

	memcpy(ret, &address, sizeof(address));
	return 0;
}
