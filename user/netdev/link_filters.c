/* SPDX-License-Identifier: GPL-2.0-only */
/* Receive lists of devices, and forwarding tables of bridges: both are RTM_*NEIGH of AF_BRIDGE. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/room.h"
#include "netdev/link.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

static const struct nla_policy neighbour_policy[NDA_MAX + 1] = {
	[NDA_LLADDR] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
	[NDA_VLAN] = { .type = NLA_U16 },
	[NDA_CACHEINFO] = { .minlen = sizeof(struct nda_cacheinfo) },
};

/* Where a dump of receive lists stores its entries, or only counts them. */
struct collection {
	int ifindex; /* the device whose list it is */
	uint8_t (*macs)[ETH_ALEN];
	size_t size;
	int count;
};

static const struct ndmsg *parse_neighbour(const struct nlmsghdr *message, struct nlattr **values)
{
	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(struct ndmsg), values, NDA_MAX,
			neighbour_policy) < 0 ||
	    !values[NDA_LLADDR])
		return NULL;
	return nlmsg_data(message);
}

static int take_filter(const struct nlmsghdr *message, void *context)
{
	struct nlattr *values[NDA_MAX + 1];
	const struct ndmsg *entry = parse_neighbour(message, values);
	struct collection *collection = context;

	/*
	 * NTF_SELF: the device's own list. An entry of the bridge's table has the port's index too,
	 * but not this flag.
	 */
	if (!entry || entry->ndm_ifindex != collection->ifindex || !(entry->ndm_flags & NTF_SELF))
		return 0;
	if ((size_t)collection->count < collection->size)
		memcpy(collection->macs[collection->count], nla_data(values[NDA_LLADDR]), ETH_ALEN);
	collection->count++;
	return 0;
}

/* A growing list of one device's entries, or of all. */
struct unicast {
	int ifindex; /* 0: all */
	struct link_filter *list;
	size_t size;
	int count;
};

static int take_unicast(const struct nlmsghdr *message, void *context)
{
	struct nlattr *values[NDA_MAX + 1];
	const struct ndmsg *entry = parse_neighbour(message, values);
	struct unicast *unicast = context;
	const uint8_t *mac;

	if (!entry || !(entry->ndm_flags & NTF_SELF) ||
	    (unicast->ifindex && entry->ndm_ifindex != unicast->ifindex))
		return 0;
	mac = nla_data(values[NDA_LLADDR]);
	if (mac[0] & 1)
		return 0;
	if (room_for_one(unicast->list, unicast->count, &unicast->size))
		return -ENOMEM;
	unicast->list[unicast->count].ifindex = entry->ndm_ifindex;
	memcpy(unicast->list[unicast->count++].mac, mac, ETH_ALEN);
	return 0;
}

struct stations {
	int port_ifindex; /* the port to leave out */
	struct link_learned *list;
	size_t size;
	int count;
};

static int take_learned(const struct nlmsghdr *message, void *context)
{
	struct nlattr *values[NDA_MAX + 1];
	const struct ndmsg *entry = parse_neighbour(message, values);
	struct stations *stations = context;
	struct link_learned *learned;

	/* NUD_PERMANENT: a port's own MAC. NTF_SELF: a receive list. */
	if (!entry || entry->ndm_ifindex == stations->port_ifindex ||
	    (entry->ndm_flags & NTF_SELF) || (entry->ndm_state & NUD_PERMANENT))
		return 0;
	if (room_for_one(stations->list, (size_t)stations->count, &stations->size))
		return -ENOMEM;
	learned = &stations->list[stations->count++];
	memcpy(learned->mac, nla_data(values[NDA_LLADDR]), ETH_ALEN);
	learned->vlan_id = values[NDA_VLAN] ? nla_get_u16(values[NDA_VLAN]) : 0;
	learned->silent_for =
		values[NDA_CACHEINFO]
			? ((struct nda_cacheinfo *)nla_data(values[NDA_CACHEINFO]))->ndm_updated
			: 0;
	return 0;
}

/*
 * Only for sockets with strict checking (Linux 4.20), the kernel reads a struct ndmsg here. For
 * others it reads a struct ifinfomsg: its index selects the device, IFLA_MASTER the bridge.
 */
static int dump(struct link_requests *requests, int ifindex, int bridge_ifindex,
		rtnetlink_answer_fn take, void *context, int *count)
{
	struct ifinfomsg header = { .ifi_family = AF_BRIDGE, .ifi_index = ifindex };
	int error = -EINTR;

	for (int attempt = 0; attempt < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		struct nl_msg *request =
			rtnetlink_message(RTM_GETNEIGH, NLM_F_DUMP, &header, sizeof(header));

		if (request && bridge_ifindex)
			nla_put_u32(request, IFLA_MASTER, (uint32_t)bridge_ifindex);
		*count = 0;
		error = rtnetlink_request(requests->socket, request, take, context);
	}
	return error ? error : *count;
}

int link_get_filters(struct link_requests *requests, int ifindex, uint8_t (*macs)[ETH_ALEN],
		     size_t size)
{
	struct collection collection = { .ifindex = ifindex, .macs = macs, .size = size };

	return dump(requests, ifindex, 0, take_filter, &collection, &collection.count);
}

static int compare_filters(const void *a, const void *b)
{
	const struct link_filter *one = a, *other = b;

	if (one->ifindex != other->ifindex)
		return one->ifindex < other->ifindex ? -1 : 1;
	return memcmp(one->mac, other->mac, ETH_ALEN);
}

int link_list_unicast(struct link_requests *requests, int ifindex, struct link_filter **ret,
		      size_t *ret_count)
{
	struct unicast unicast = { .ifindex = ifindex };
	int count = dump(requests, ifindex, 0, take_unicast, &unicast, &unicast.count);

	if (count < 0) {
		free(unicast.list);
		return count;
	}
	if (count)
		qsort(unicast.list, (size_t)count, sizeof(*unicast.list), compare_filters);
	*ret = unicast.list;
	*ret_count = (size_t)count;
	return 0;
}

static int compare_learned(const void *a, const void *b)
{
	const struct link_learned *one = a, *other = b;

	return one->silent_for < other->silent_for ? -1 : one->silent_for > other->silent_for;
}

int link_list_learned(struct link_requests *requests, int bridge_ifindex, int port_ifindex,
		      struct link_learned **ret, size_t *ret_count)
{
	struct stations stations = { .port_ifindex = port_ifindex };
	int count = dump(requests, 0, bridge_ifindex, take_learned, &stations, &stations.count);

	if (count < 0) {
		free(stations.list);
		return count;
	}
	if (count)
		qsort(stations.list, (size_t)count, sizeof(*stations.list), compare_learned);
	*ret = stations.list;
	*ret_count = (size_t)count;
	return 0;
}

static int change_neighbour(struct link_requests *requests, int type, int flags, int ifindex,
			    const uint8_t mac[ETH_ALEN])
{
	struct ndmsg header = { .ndm_family = AF_BRIDGE,
				.ndm_ifindex = ifindex,
				.ndm_state = NUD_PERMANENT,
				.ndm_flags = NTF_SELF };
	struct nl_msg *request =
		rtnetlink_message(type, flags | NLM_F_ACK, &header, sizeof(header));

	if (request && nla_put(request, NDA_LLADDR, ETH_ALEN, mac) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}

static int change_multicast(struct link_requests *requests, unsigned long command, int ifindex,
			    const uint8_t mac[ETH_ALEN])
{
	int fd = nl_socket_get_fd(requests->socket);
	struct ifreq request = { .ifr_ifindex = ifindex };

	if (ioctl(fd, SIOCGIFNAME, &request) < 0)
		return -errno;
	memset(&request.ifr_hwaddr, 0, sizeof(request.ifr_hwaddr));
	request.ifr_hwaddr.sa_family = AF_UNSPEC;
	memcpy(request.ifr_hwaddr.sa_data, mac, ETH_ALEN);
	return ioctl(fd, command, &request) < 0 ? -errno : 0;
}

/*
 * Drivers with their own forwarding table (macvlan, VFs with an embedded switch) may refuse
 * multicast there.
 */
static bool is_refused_multicast(int error, const uint8_t mac[ETH_ALEN])
{
	return (mac[0] & 1) && (error == -EOPNOTSUPP || error == -EINVAL);
}

int link_add_new_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN])
{
	return change_neighbour(requests, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, ifindex, mac);
}

int link_add_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN])
{
	int error = link_add_new_filter(requests, ifindex, mac);

	if (is_refused_multicast(error, mac))
		error = change_multicast(requests, SIOCADDMULTI, ifindex, mac);
	return error == -EEXIST ? 0 : error;
}

int link_del_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN])
{
	int error = change_neighbour(requests, RTM_DELNEIGH, 0, ifindex, mac);

	if (is_refused_multicast(error, mac))
		error = change_multicast(requests, SIOCDELMULTI, ifindex, mac);
	return error == -ENOENT ? 0 : error;
}
