/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The liveness check: can this device send right now? Asked for each packet, of the device itself, as
 * net_failover does (netif_running && netif_carrier_ok), so that a stale map never costs a packet. Both methods that
 * read the device find it as the kernel does, by the netns' hash of ifindexes: no pointer is kept that could go stale.
 */
#ifndef ALIVE_H
#define ALIVE_H

#include "kernel.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

const volatile __u32 alive_by = LIVENESS_WORD; /* enum vfsteer_liveness */

/* A chain holds one device in 256: this many in one chain is a netns with some 4,000 devices. */
#define ALIVE_CHAIN_MAX 16

#define ALIVE_OPER_UNKNOWN 0 /* IF_OPER_UNKNOWN: no link event yet, carrier decides */
#define ALIVE_OPER_UP 6      /* IF_OPER_UP */

#ifndef ALIVE_WITHOUT_KFUNCS /* see steer_plain.bpf.c */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;
extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;
#endif

static __always_inline bool alive_has_carrier(unsigned long state)
{
	return !(state & (1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER)));
}

/*
 * Running, present and with carrier; and with the link layer settled: between the return of carrier and the
 * kernel's link work the device still has its no-op qdisc, which drops.
 */
static __always_inline bool alive_can_send(unsigned long state, __u32 operstate)
{
	unsigned long need = (1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_START)) |
			     (1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_PRESENT));

	return (state & need) == need && alive_has_carrier(state) &&
	       (operstate == ALIVE_OPER_UP || operstate == ALIVE_OPER_UNKNOWN);
}

#ifndef ALIVE_WITHOUT_KFUNCS
static __always_inline struct net_device *alive_device_of(struct __sk_buff *skb)
{
	struct sk_buff *kernel_skb = bpf_cast_to_kern_ctx(skb);

	return kernel_skb->dev;
}

/*
 * The net_device that @node is the index_hlist of. In assembly because the compiler would make it the addition of a
 * negated offset, and verifiers before Linux 6.18 know no bounds of a negated register.
 */
static __always_inline struct net_device *alive_device_at(struct hlist_node *node)
{
	void *device = node;

	asm volatile("%[device] -= %[offset]"
		     : [device] "+r"(device)
		     : [offset] "r"((__u64)bpf_core_field_offset(struct net_device, index_hlist)));
	return bpf_rdonly_cast(device, bpf_core_type_id_kernel(struct net_device));
}

static __always_inline bool alive_walk_kfunc(struct __sk_buff *skb, int ifindex)
{
	struct net *net = alive_device_of(skb)->nd_net.net;
	struct hlist_head *chain;
	struct hlist_node *node;

	chain = bpf_rdonly_cast((void *)net->dev_index_head +
				(ifindex & (NETDEV_HASH_CHAINS - 1)) * sizeof(struct hlist_head *),
				bpf_core_type_id_kernel(struct hlist_head));
	node = chain->first;
	for (int i = 0; i < ALIVE_CHAIN_MAX && node; i++) {
		struct net_device *device = alive_device_at(node);

		if (device->ifindex == ifindex)
			return alive_can_send(device->state, device->operstate);
		node = device->index_hlist.next;
	}
	return false;
}
#endif

static __always_inline struct net_device *alive_probe_device_of(struct __sk_buff *skb)
{
	struct net_device *device = NULL;

	bpf_core_read(&device, sizeof(device), &((struct sk_buff *)(void *)skb)->dev);
	return device;
}

static __always_inline bool alive_walk_probe(struct __sk_buff *skb, int ifindex)
{
	__u64 hlist_offset = bpf_core_field_offset(struct net_device, index_hlist);
	struct hlist_head *chains = BPF_CORE_READ(alive_probe_device_of(skb), nd_net.net, dev_index_head);
	struct hlist_node *node = NULL;

	bpf_probe_read_kernel(&node, sizeof(node),
			      (void *)chains + (ifindex & (NETDEV_HASH_CHAINS - 1)) * sizeof(struct hlist_head *));
	for (int i = 0; i < ALIVE_CHAIN_MAX && node; i++) {
		struct net_device *device = (void *)node - hlist_offset;

		if (BPF_CORE_READ(device, ifindex) == ifindex)
			return alive_can_send(BPF_CORE_READ(device, state), BPF_CORE_READ(device, operstate));
		node = BPF_CORE_READ(device, index_hlist.next);
	}
	return false;
}

/* Can the pair's primary send? @skb is on a device of the same netns. */
static __always_inline bool alive_primary(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	__u32 ifindex = pair->primary_ifindex;

	if (!ifindex)
		return false;
	switch (alive_by) {
#ifndef ALIVE_WITHOUT_KFUNCS
	case LIVENESS_KFUNC:
		return alive_walk_kfunc(skb, ifindex);
#endif
	case LIVENESS_PROBE:
		return alive_walk_probe(skb, ifindex);
	default:
		return true;
	}
}

/* Has the device that @skb is on, the pair's standby, carrier? */
static __always_inline bool alive_standby_carrier(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	switch (alive_by) {
#ifndef ALIVE_WITHOUT_KFUNCS
	case LIVENESS_KFUNC:
		return alive_has_carrier(alive_device_of(skb)->state);
#endif
	case LIVENESS_PROBE:
		return alive_has_carrier(BPF_CORE_READ(alive_probe_device_of(skb), state));
	default:
		return pair->standby_has_carrier;
	}
}

#endif
