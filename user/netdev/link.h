/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link: requests that change or read a device. Each is one rtnetlink round trip, sysctl or ioctl,
 * which is complete when the call returns. Each returns 0 or -errno, the kernel's own: -ENODEV,
 * -EPERM, -EOPNOTSUPP. MACs are in wire order, VLAN IDs in host order.
 */
#ifndef NETDEV_LINK_H
#define NETDEV_LINK_H

#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_requests; /* a socket for requests */

int link_requests_new(struct link_requests **ret);
void link_requests_free(struct link_requests *requests); /* takes NULL */

/* Sets and clears IFF_* flags: those in @mask take their value from @flags. */
int link_set_flags(struct link_requests *requests, int ifindex, uint32_t flags, uint32_t mask);
/* Sets the MTU, in bytes. -EINVAL: outside the driver's limits. */
int link_set_mtu(struct link_requests *requests, int ifindex, uint32_t mtu);

/*
 * @mode: IN6_ADDR_GEN_MODE_*. -EAFNOSUPPORT: the device has no IPv6. Sends no packet, unlike the
 * sysctl.
 */
int link_set_addr_gen_mode(struct link_requests *requests, int ifindex, uint8_t mode);

/*
 * Reads the device's unicast (macvlan …) and multicast receive lists: RTM_GETNEIGH of AF_BRIDGE,
 * NTF_SELF entries. Writes at most @size entries. Returns their number, which may exceed @size, or
 * -errno.
 */
int link_get_filters(struct link_requests *requests, int ifindex, uint8_t (*macs)[ETH_ALEN],
		     size_t size);

struct link_filter {
	int ifindex;
	uint8_t mac[ETH_ALEN];
};

/*
 * Reads the unicast receive list of one device, or of all in this namespace (@ifindex 0), sorted by
 * ifindex and MAC. Returns 0, and the caller frees *ret (NULL: none), or -errno.
 */
int link_list_unicast(struct link_requests *requests, int ifindex, struct link_filter **ret,
		      size_t *ret_count);

/*
 * Adds @mac (unicast or multicast) to, or removes it from, the device's receive lists. -EEXIST and
 * -ENOENT count as success: the list is as requested.
 */
int link_add_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN]);
int link_del_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN]);

/* The same as link_add_filter for a unicast MAC, but -EEXIST: the list has it already. */
int link_add_new_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN]);

/* A MAC that a bridge reaches through one of its ports. */
struct link_learned {
	uint8_t mac[ETH_ALEN];
	uint16_t vlan_id; /* of a bridge that filters VLANs; 0: none */
	uint32_t silent_for; /* since its last frame, in 1/100 s */
};

/*
 * Reads the forwarding entries (learned or static) of the bridge for ports other than
 * @port_ifindex, without the ports' own MACs. The most recent sender is first. Returns 0, and the
 * caller frees *ret (NULL: none), or -errno.
 */
int link_list_learned(struct link_requests *requests, int bridge_ifindex, int port_ifindex,
		      struct link_learned **ret, size_t *ret_count);

/* A multicast group that a bridge which snoops knows behind one of its ports. */
struct link_group {
	int bridge, port; /* ifindexes */
	bool is_router;	  /* no group: a multicast router is behind the port */
	bool has_source;  /* it is wanted from this source; otherwise from any */
	uint16_t vlan_id; /* of a bridge that filters VLANs; 0: none */
	int family;	  /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	union {
		struct in_addr source_v4;
		struct in6_addr source_v6;
	};
};

/*
 * Reads those of all bridges, sorted by bridge and port, without what the bridges themselves have
 * joined. Equal lists are equal as bytes. Waits for RTNL. Returns 0, and the caller frees *ret
 * (NULL: none), or -errno.
 */
int link_list_groups(struct link_requests *requests, struct link_group **ret, size_t *ret_count);

/* A neighbour entry of this guest. */
struct link_neighbour {
	int ifindex;
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	bool is_sought; /* a solicitation is unanswered */
	bool has_mac;
	uint8_t mac[ETH_ALEN];
	/* time since its last answer or confirmation; since a packet was last sent to it */
	uint64_t confirmed_ms, used_ms;
};

/*
 * Reads the neighbours of all devices, without NOARP entries. Returns 0, and the caller frees *ret
 * (NULL: none), or -errno.
 */
int link_list_neighbours(struct link_requests *requests, struct link_neighbour **ret,
			 size_t *ret_count);

/* Addresses that the kernel delivers to itself: a route of type local in the table local. */
struct link_local_route {
	struct in_addr network;
	uint8_t prefix_length;
};

/*
 * Lists those of IPv4. Needs NETLINK_GET_STRICT_CHK (Linux 4.20). Does not wait for RTNL. Returns 0
 * and sets *ret, which the caller frees (NULL: none), or -errno.
 */
int link_list_local_routes(struct link_requests *requests, struct link_local_route **ret,
			   size_t *ret_count);

/* Reads the number of packets that the device has sent (RTM_GETSTATS, Linux 4.7). */
int link_get_sent(struct link_requests *requests, int ifindex, uint64_t *ret);

/* Likewise what it has received: packets of the wire, and their bytes as its driver counts them. */
int link_get_received(struct link_requests *requests, int ifindex, uint64_t *ret_packets,
		      uint64_t *ret_bytes);

#define LINK_VLAN_IDS 4096 /* IEEE 802.1Q: 12 bits */

/* What a bridge, or a port of it, does with a VLAN (BRIDGE_VLAN_INFO_* of <linux/if_bridge.h>). */
enum link_vlan_flags {
	LINK_VLAN_MEMBER = 1 << 0,   /* admits it */
	LINK_VLAN_UNTAGGED = 1 << 1, /* sends it without a tag */
	LINK_VLAN_PVID = 1 << 2,     /* takes frames without a tag for it */
};

/*
 * Sets @flags[n] to enum link_vlan_flags for each VLAN n that the bridge, or the bridge's port,
 * @ifindex admits, and leaves the others. Needs RTEXT_FILTER_BRVLAN_COMPRESSED (Linux 4.1). Waits
 * for RTNL. Returns 0 or -errno.
 */
int link_get_bridge_vlans(struct link_requests *requests, int ifindex,
			  uint8_t flags[LINK_VLAN_IDS]);

/*
 * Does the device filter VLANs in hardware? (ethtool feature rx-vlan-filter or rx-vlan-stag-filter)
 */
bool link_filters_vlans(const char *ifname);

/*
 * Adds a VLAN device, left down and silent, so that @lower_ifindex admits frames of that VLAN.
 * @vlan_protocol: ETH_P_8021Q or ETH_P_8021AD. -EOPNOTSUPP: the kernel has no 802.1Q. -EEXIST: that
 * VLAN is above the device already, or the name is taken.
 */
int link_add_vlan(struct link_requests *requests, int lower_ifindex, const char *name,
		  uint16_t vlan_id, uint16_t vlan_protocol);
/* Deletes a device. -EOPNOTSUPP: hardware. */
int link_delete(struct link_requests *requests, int ifindex);

/*
 * Deletes @count devices in one request: for each single deletion the kernel waits tens of
 * milliseconds for RCU readers. They are first put into a device group of their own. Missing
 * devices are no failure. Returns 0 or -errno; some may be deleted then.
 */
int link_delete_all(struct link_requests *requests, const int *ifindexes, size_t count);

struct netdev_address;

/*
 * Deletes an address from the device that it names. Deleting an IPv4 address deletes its routes.
 * Deleting the last one deletes all IPv4 routes over the device (fib_disable_ip). -EADDRNOTAVAIL:
 * there is no such address.
 */
int link_delete_address(struct link_requests *requests, const struct netdev_address *address);

/*
 * Reads the ifname of the device with the ifname or altname @name (altnames: Linux 5.5). -ENODEV:
 * there is none.
 */
int link_find_name(struct link_requests *requests, const char *name, char ret[IF_NAMESIZE]);

#define LINK_SAME_NAMESPACE (-1)

/* The other end of a veth. */
struct link_peer {
	int ifindex;
	/* as this namespace numbers others (RTM_GETNSID); LINK_SAME_NAMESPACE: this one */
	int namespace_id;
	uint8_t mac[ETH_ALEN];
};

struct link_end {
	const char *name;
	uint8_t mac[ETH_ALEN];
};

/*
 * Creates a veth with these two ends, in this namespace and down. -EOPNOTSUPP: the kernel has no
 * veth. -EEXIST: a name is taken.
 */
int link_add_veth(struct link_requests *requests, const struct link_end ends[2]);

/*
 * Finds the other end of the veth @ifindex, in any namespace (Linux 5.0 for others than this).
 * -ENODEV: there is none.
 */
int link_get_peer(struct link_requests *requests, int ifindex, struct link_peer *ret);

#endif
