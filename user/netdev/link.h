/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * link: requests that change a device, each one rtnetlink round trip (or sysctl, ioctl) that has happened
 * when the call returns. All return 0 or -errno (the kernel's own: -ENODEV, -EPERM, -EOPNOTSUPP …).
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
int link_set_mtu(struct link_requests *requests, int ifindex, uint32_t mtu);

/* IN6_ADDR_GEN_MODE_*. -EAFNOSUPPORT: there is no IPv6 on this device. Sends nothing, unlike the sysctl. */
int link_set_addr_gen_mode(struct link_requests *requests, int ifindex, uint8_t mode);

/* The device's unicast (macvlan …) and multicast receive lists, at most @size entries: RTM_GETNEIGH of AF_BRIDGE,
 * entries of the device itself. Returns how many there are (may exceed @size), or -errno. */
int link_get_filters(struct link_requests *requests, int ifindex, uint8_t (*macs)[ETH_ALEN], size_t size);

struct link_filter {
	int ifindex;
	uint8_t mac[ETH_ALEN];
};

/* The unicast receive list of one device, or of all of this namespace (@ifindex 0), in the order of ifindex and MAC. Returns 0, with
 * *ret (NULL for none) for the caller to free; or -errno. */
int link_list_unicast(struct link_requests *requests, int ifindex, struct link_filter **ret, size_t *ret_count);

/* Adds one MAC (unicast or multicast) to, or removes it from, the device's receive lists. -EEXIST and -ENOENT
 * are reported as success: the list is as asked for. */
int link_add_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN]);
int link_del_filter(struct link_requests *requests, int ifindex, const uint8_t mac[ETH_ALEN]);

/* A MAC that a bridge reaches through one of its ports. */
struct link_learned {
	uint8_t mac[ETH_ALEN];
	uint16_t vlan_id; /* of a bridge that filters VLANs; 0: none */
	uint32_t silent_for; /* since it was last heard, in 1/100 s */
};

/* What the bridge knows (learned or told) behind its ports other than @port_ifindex, not the ports' own MACs; whoever spoke last is first. Returns 0,
 * with *ret (NULL for none) for the caller to free; or -errno. */
int link_list_learned(struct link_requests *requests, int bridge_ifindex, int port_ifindex, struct link_learned **ret, size_t *ret_count);

/* Somebody on a device's network with whom this guest has to do. */
struct link_neighbour {
	int ifindex;
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	bool is_sought; /* it was asked for its MAC, and has not answered */
	bool has_mac;
	uint8_t mac[ETH_ALEN];
	uint64_t confirmed_ms, used_ms; /* how long ago it last answered or otherwise showed that it is there; and something was sent to it */
};

/* The neighbours of all devices, but for those that nobody asks for (NOARP). Returns 0, with *ret (NULL for none) for the caller to free; or -errno. */
int link_list_neighbours(struct link_requests *requests, struct link_neighbour **ret, size_t *ret_count);

/* How many packets the device has sent (RTM_GETSTATS, Linux 4.7). */
int link_get_sent(struct link_requests *requests, int ifindex, uint64_t *ret);

#define LINK_VLAN_IDS 4096 /* IEEE 802.1Q: 12 bits */

/* Sets @ids of the VLANs that the bridge above @port_ifindex admits on it, tagged or not (RTEXT_FILTER_BRVLAN_COMPRESSED, Linux 4.1), and leaves the
 * others. Returns 0 or -errno. */
int link_get_bridge_vlans(struct link_requests *requests, int port_ifindex, bool ids[LINK_VLAN_IDS]);

/* True when the device filters VLANs in hardware (ethtool feature rx-vlan-filter or rx-vlan-stag-filter is on). */
bool link_filters_vlans(const char *ifname);

/* A VLAN device, left down and silent, whose only use is that the device below admits the VLAN's frames.
 * -EOPNOTSUPP: a kernel without 802.1Q. -EEXIST: that VLAN is above the device already, or the name is taken. */
int link_add_vlan(struct link_requests *requests, int lower_ifindex, const char *name, uint16_t vlan_id,
		  uint16_t vlan_protocol);
int link_delete(struct link_requests *requests, int ifindex);

/*
 * Deletes @count devices in one go: for each alone the kernel waits for its readers (RCU), tens of milliseconds. They become a device group of
 * their own for that. Devices that are gone already are no failure. Returns 0 or -errno; some may be deleted then.
 */
int link_delete_all(struct link_requests *requests, const int *ifindexes, size_t count);

struct netdev_address;

/* Takes an address from the device it names. IPv4: with its routes, and with the last one all IPv4 routes over the device
 * (fib_disable_ip). -EADDRNOTAVAIL: it is not there. */
int link_delete_address(struct link_requests *requests, const struct netdev_address *address);

/* The ifname of the device that is called @name, by ifname or altname (Linux 5.5). -ENODEV: none is. */
int link_find_name(struct link_requests *requests, const char *name, char ret[IF_NAMESIZE]);

#define LINK_SAME_NAMESPACE (-1)

/* The other end of a veth. */
struct link_peer {
	int ifindex;
	int namespace_id; /* as this namespace numbers others (RTM_GETNSID); LINK_SAME_NAMESPACE: it is here */
	uint8_t mac[ETH_ALEN];
};

struct link_end {
	const char *name;
	uint8_t mac[ETH_ALEN];
};

/* Makes a veth with these two ends, in this namespace and down. -EOPNOTSUPP: a kernel without veth. -EEXIST: a name is taken. */
int link_add_veth(struct link_requests *requests, const struct link_end ends[2]);

/* Finds the other end of the veth with @ifindex, in whatever namespace (Linux 5.0 for others than this). -ENODEV: it has none. */
int link_get_peer(struct link_requests *requests, int ifindex, struct link_peer *ret);

#endif
