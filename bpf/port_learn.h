/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_learn: learns the IP addresses behind a port from the ARP and ND messages that the port
 * sends. The agent announces them at a switchover. A port is not trusted: it has a limited share of
 * the table, in which a new entry replaces its oldest, and it wakes the agent at a limited rate.
 */
#ifndef PORT_LEARN_H
#define PORT_LEARN_H

#include "port.h"
#include <bpf/bpf_endian.h>
#include <linux/in.h>
#include <linux/ipv6.h>

#define PORT_LEARN_EVENT_INTERVAL_NS 100000000ULL

#define PORT_LEARN_IPV4 2  /* AF_INET */
#define PORT_LEARN_IPV6 10 /* AF_INET6 */

#define PORT_LEARN_VLAN_ID 0x0fff /* in the TCI of a VLAN tag */

/* linux/icmpv6.h does not define these. */
#define PORT_LEARN_ROUTER_SOLICITATION 133
#define PORT_LEARN_NEIGHBOUR_SOLICITATION 135
#define PORT_LEARN_NEIGHBOUR_ADVERTISEMENT 136

#define PORT_LEARN_ETHERNET 1 /* ARPHRD_ETHER */

/* <linux/if_arp.h> includes headers that BPF cannot compile. */
struct port_learn_arp {
	__u16 hardware;
	__u16 protocol;
	__u8 hardware_size;
	__u8 protocol_size;
	__u16 operation;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender[4];
} __attribute__((packed));

struct port_learn_nd {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__u32 flags;
	__u8 target[16];
};

/* A new address: replaces the oldest one of a full share. */
static __noinline void port_learn_new(const struct vfsteer_port_address_key *key, __u64 now)
{
	struct vfsteer_port_address_key oldest;
	const struct vfsteer_port_address *replaced;
	struct port_share *share;
	__u32 number = port_number, place;
	bool wake;

	share = bpf_map_lookup_elem(&port_shares, &number);
	if (!share)
		return;
	bpf_spin_lock(&share->lock);
	place = share->next % VFSTEER_PORT_SHARE;
	share->next = place + 1;
	oldest = share->keys[place];
	share->keys[place] = *key;
	wake = now - share->woken_boot_ns >= PORT_LEARN_EVENT_INTERVAL_NS;
	if (wake)
		share->woken_boot_ns = now;
	bpf_spin_unlock(&share->lock);
	if (oldest.family) {
		replaced = bpf_map_lookup_elem(&port_addresses, &oldest);
		if (replaced && replaced->port == port_number)
			bpf_map_delete_elem(&port_addresses, &oldest);
	}
	if (wake)
		pair_send_event(pair_slot, EVENT_ADDRESSES, CAUSE_NONE);
}

static __noinline void port_learn_address(const struct vfsteer_port_address_key *key,
					  const __u8 *mac)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct vfsteer_port_address *known = bpf_map_lookup_elem(&port_addresses, key);
	struct vfsteer_port_address address = { .port = port_number, .seen_boot_ns = now };

	if (known && known->port == port_number && ethernet_same_mac(known->mac, mac)) {
		known->seen_boot_ns = now;
		return;
	}
	__builtin_memcpy(address.mac, mac, ETH_ALEN);
	if (!known || known->port != port_number)
		port_learn_new(key, now);
	bpf_map_update_elem(&port_addresses, key, &address, BPF_ANY);
}

/* Not the unspecified address, a group or loopback. */
static __always_inline bool port_learn_is_ipv4(const __u8 *address)
{
	return address[0] && address[0] != 127 && address[0] < 0xe0;
}

static __always_inline bool port_learn_is_ipv6(const __u8 *address)
{
	const __u32 *words = (const void *)address;

	return address[0] != 0xff && (words[0] || words[1] || words[2] || words[3] & ~bpf_htonl(1));
}

static __noinline void port_learn_from_arp(struct __sk_buff *skb,
					   struct vfsteer_port_address_key *key, const __u8 *mac)
{
	struct port_learn_arp arp;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &arp, sizeof(arp)) ||
	    arp.hardware != bpf_htons(PORT_LEARN_ETHERNET) || arp.protocol != bpf_htons(ETH_P_IP) ||
	    arp.hardware_size != ETH_ALEN || arp.protocol_size != sizeof(arp.sender) ||
	    !port_learn_is_ipv4(arp.sender) || !ethernet_same_mac(arp.sender_mac, mac))
		return;
	key->family = PORT_LEARN_IPV4;
	__builtin_memcpy(key->address, arp.sender, sizeof(arp.sender));
	port_learn_address(key, mac);
}

static __noinline void port_learn_from_nd(struct __sk_buff *skb,
					  struct vfsteer_port_address_key *key, const __u8 *mac)
{
	const __u32 at = ETH_HLEN + sizeof(struct ipv6hdr);
	struct port_learn_nd nd;
	__u8 next;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, nexthdr), &next,
			       sizeof(next)) ||
	    next != IPPROTO_ICMPV6 || bpf_skb_load_bytes(skb, at, &nd.type, sizeof(nd.type)))
		return;
	if (nd.type == PORT_LEARN_NEIGHBOUR_ADVERTISEMENT) {
		if (bpf_skb_load_bytes(skb, at + offsetof(struct port_learn_nd, target),
				       key->address, sizeof(key->address)))
			return;
	} else if (nd.type == PORT_LEARN_NEIGHBOUR_SOLICITATION ||
		   nd.type == PORT_LEARN_ROUTER_SOLICITATION) {
		if (bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct ipv6hdr, saddr),
				       key->address, sizeof(key->address)))
			return;
	} else {
		return;
	}
	if (!port_learn_is_ipv6(key->address))
		return;
	key->family = PORT_LEARN_IPV6;
	port_learn_address(key, mac);
}

/*
 * A tc program finds the first tag of a received frame outside the data. Double-tagged and 802.1ad
 * frames are ignored: their addresses could not be announced.
 */
static __always_inline void port_learn(struct __sk_buff *skb, const struct ethhdr *ethernet)
{
	struct vfsteer_port_address_key key = { .slot = pair_slot };
	__u16 protocol = ethernet->h_proto;
	__u8 mac[ETH_ALEN];

	if (protocol != bpf_htons(ETH_P_ARP) && protocol != bpf_htons(ETH_P_IPV6))
		return;
	if (skb->vlan_present) {
		if (skb->vlan_proto != bpf_htons(ETH_P_8021Q))
			return;
		key.vlan_id = skb->vlan_tci & PORT_LEARN_VLAN_ID;
	}
	__builtin_memcpy(mac, ethernet->h_source, sizeof(mac));
	if (protocol == bpf_htons(ETH_P_ARP))
		port_learn_from_arp(skb, &key, mac);
	else
		port_learn_from_nd(skb, &key, mac);
}

#endif
