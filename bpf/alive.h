/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The liveness check: can this device send now? Each packet asks the device itself, as in
 * net_failover (netif_running && netif_carrier_ok), so that a stale map never costs a packet. Both
 * methods that read the device find it as the kernel does, in the hash of ifindexes of the netns.
 * They keep no pointer that could become stale.
 *
 * If a chain of that hash ends without the device, the device is gone. The list may change during
 * the walk: a removed device keeps its pointer to the next one until the running programs end
 * (RCU), so a device that stays is always found. A chain longer than ALIVE_CHAIN_MAX shows nothing,
 * and the state word is trusted.
 */
#ifndef ALIVE_H
#define ALIVE_H

#include "kernel.h"
#include "maps.h"
#include <bpf/bpf_core_read.h>

const volatile __u32 alive_by = LIVENESS_WORD; /* enum vfsteer_liveness */

/*
 * How alive_is_away finds the network namespace: by LIVENESS_KFUNC or LIVENESS_PROBE;
 * LIVENESS_NETLINK: by the ifindex, which may change with the namespace; LIVENESS_WORD: not at all.
 */
const volatile __u32 home_by = LIVENESS_WORD;

#ifdef ALIVE_WITHOUT_BTF

/* A kernel without BTF: no field of a device can be read, and the state word is trusted. */
static __always_inline bool alive_ifindex(struct __sk_buff *skb, __u32 ifindex)
{
	return ifindex;
}

static __always_inline bool alive_is_away(struct __sk_buff *skb, const struct vfsteer_pair *pair,
					  __u32 ifindex)
{
	return home_by != LIVENESS_WORD && skb->ifindex != ifindex;
}

static __always_inline bool alive_standby(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	return pair->standby_has_carrier;
}

static __always_inline bool alive_ifindex_xdp(struct xdp_md *frame, __u32 ifindex)
{
	return ifindex;
}

static __always_inline bool alive_standby_xdp(struct xdp_md *frame, const struct vfsteer_pair *pair)
{
	return pair->standby_has_carrier;
}

static __always_inline bool alive_standby_carrier(struct __sk_buff *skb,
						  const struct vfsteer_pair *pair)
{
	return pair->standby_has_carrier;
}

#else

/* A chain holds one device in 256: a chain of this length needs some 16,000 devices in a netns. */
#define ALIVE_CHAIN_MAX 64
#define ALIVE_LOOP _Pragma("clang loop unroll(disable)") for (int i = 0; i < ALIVE_CHAIN_MAX; i++)

#define ALIVE_OPER_UNKNOWN 0 /* IF_OPER_UNKNOWN: no link event yet, carrier decides */
#define ALIVE_OPER_UP 6	     /* IF_OPER_UP */

#ifndef ALIVE_WITHOUT_KFUNCS /* before Linux 6.2: see the variants in the Makefile */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;
extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;
#endif

static __always_inline bool alive_has_carrier(unsigned long state)
{
	return !(state & (1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER)));
}

/*
 * Running, present and with carrier, and the kernel's link work has run: until then the device has
 * its no-op qdisc, which drops.
 */
static __always_inline bool alive_can_send(unsigned long state, __u32 operstate)
{
	unsigned long start = 1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_START);
	unsigned long present =
		1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_PRESENT);
	unsigned long no_carrier =
		1UL << bpf_core_enum_value(enum netdev_state_t, __LINK_STATE_NOCARRIER);

	return (state & (start | present | no_carrier)) == (start | present) &&
	       (operstate == ALIVE_OPER_UP || operstate == ALIVE_OPER_UNKNOWN);
}

#ifndef ALIVE_WITHOUT_KFUNCS
static __always_inline struct net_device *alive_device_of(struct __sk_buff *skb)
{
	struct sk_buff *kernel_skb = bpf_cast_to_kern_ctx(skb);

	return kernel_skb->dev;
}

static __always_inline struct net *alive_net_of_xdp(struct xdp_md *frame)
{
	struct xdp_buff *buffer = bpf_cast_to_kern_ctx(frame);

	return buffer->rxq->dev->nd_net.net;
}

/*
 * Returns the net_device whose index_hlist is @node. In assembly, because the compiler would add a
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

static __always_inline bool alive_has_ifindex(struct net_device *device, __u32 ifindex)
{
	return (__u32)device->ifindex == ifindex;
}

static __always_inline struct hlist_node *alive_chain_of(struct net *net, __u32 ifindex)
{
	struct hlist_head *chain =
		bpf_rdonly_cast((void *)net->dev_index_head + (ifindex & (NETDEV_HASH_CHAINS - 1)) *
								      sizeof(struct hlist_head *),
				bpf_core_type_id_kernel(struct hlist_head));

	return chain->first;
}

static __always_inline int alive_walk_kfunc(struct net *net, __u32 ifindex, __u32 believed)
{
	struct hlist_node *node = alive_chain_of(net, ifindex);

	ALIVE_LOOP
	{
		struct net_device *device;

		if (!node)
			return false;
		device = alive_device_at(node);
		if (alive_has_ifindex(device, ifindex))
			return alive_can_send(device->state, device->operstate);
		node = device->index_hlist.next;
	}
	return believed && ifindex;
}

/*
 * The first device of a chain is nearly always the right one. The walk is out of line, so that its
 * registers are not saved for each packet, and in global functions, so that the verifier checks the
 * loop once and not for each caller.
 */
__attribute__((noinline)) int alive_walk_kfunc_skb(struct __sk_buff *skb, __u32 ifindex)
{
	return alive_walk_kfunc(alive_device_of(skb)->nd_net.net, ifindex, ifindex);
}

__attribute__((noinline)) int alive_walk_kfunc_xdp(struct xdp_md *frame, __u32 ifindex,
						   __u32 believed)
{
	return alive_walk_kfunc(alive_net_of_xdp(frame), ifindex, believed);
}

/*
 * @context: the frame that the walk starts from: a struct __sk_buff, or a struct xdp_md if @is_xdp.
 */
static __always_inline bool alive_look_kfunc(void *context, bool is_xdp, struct net *net,
					     __u32 ifindex, __u32 believed)
{
	struct hlist_node *node = alive_chain_of(net, ifindex);
	struct net_device *device;

	if (!node)
		return false;
	device = alive_device_at(node);
	if (!alive_has_ifindex(device, ifindex))
		return is_xdp ? alive_walk_kfunc_xdp(context, ifindex, believed)
			      : alive_walk_kfunc_skb(context, ifindex);
	return alive_can_send(device->state, device->operstate);
}
#endif

static __always_inline struct net_device *alive_probe_device_of(struct __sk_buff *skb)
{
	struct net_device *device = NULL;

	bpf_core_read(&device, sizeof(device), &((struct sk_buff *)(void *)skb)->dev);
	return device;
}

static __always_inline int alive_walk_probe(struct net_device *from, __u32 ifindex, __u32 believed)
{
	__u64 hlist_offset = bpf_core_field_offset(struct net_device, index_hlist);
	struct hlist_head *chains = BPF_CORE_READ(from, nd_net.net, dev_index_head);
	struct hlist_node *node = NULL;

	bpf_probe_read_kernel(&node, sizeof(node),
			      (void *)chains + (ifindex & (NETDEV_HASH_CHAINS - 1)) *
						       sizeof(struct hlist_head *));
	ALIVE_LOOP
	{
		struct net_device *device = (void *)node - hlist_offset;

		if (!node)
			return false;
		if ((__u32)BPF_CORE_READ(device, ifindex) == ifindex)
			/*
			 * operstate has one or four bytes. One byte of four would be the wrong one
			 * on a big-endian machine.
			 */
			return alive_can_send(BPF_CORE_READ(device, state),
					      BPF_CORE_READ_BITFIELD_PROBED(device, operstate));
		node = BPF_CORE_READ(device, index_hlist.next);
	}
	return believed && ifindex;
}

/*
 * Before Linux 6.8 the verifier also checks global functions without a caller: this one has no
 * probe read where the kernel refuses them.
 */
__attribute__((noinline)) int alive_walk_probe_skb(struct __sk_buff *skb, __u32 ifindex)
{
	return alive_by == LIVENESS_PROBE
		       ? alive_walk_probe(alive_probe_device_of(skb), ifindex, ifindex)
		       : false;
}

__attribute__((noinline)) int alive_walk_probe_xdp(struct xdp_md *frame, __u32 ifindex,
						   __u32 believed)
{
	struct xdp_rxq_info *queue = NULL;

	if (alive_by != LIVENESS_PROBE)
		return false;
	bpf_core_read(&queue, sizeof(queue), &((struct xdp_buff *)(void *)frame)->rxq);
	return alive_walk_probe(BPF_CORE_READ(queue, dev), ifindex, believed);
}

/*
 * Can the primary, the device of @ifindex (0: absent), send? @skb is on a device of the same netns.
 * The caller redirects to the same ifindex and does not read it again. The verifier knows alive_by
 * and removes the branches of the other methods.
 */
static __always_inline bool alive_ifindex(struct __sk_buff *skb, __u32 ifindex)
{
#ifndef ALIVE_WITHOUT_KFUNCS
	if (alive_by == LIVENESS_KFUNC)
		return alive_look_kfunc(skb, false, alive_device_of(skb)->nd_net.net, ifindex,
					ifindex);
#endif
	if (alive_by == LIVENESS_PROBE)
		return alive_walk_probe_skb(skb, ifindex);
	/* The state word has an active primary only if the primary could send. */
	return ifindex;
}

/*
 * A frame that a driver has just received has no sk_buff yet. @believed: the answer if the device
 * is not found.
 */
static __always_inline bool alive_seen_xdp(struct xdp_md *frame, __u32 ifindex, bool believed)
{
#ifndef ALIVE_WITHOUT_KFUNCS
	if (alive_by == LIVENESS_KFUNC)
		return alive_look_kfunc(frame, true, alive_net_of_xdp(frame), ifindex, believed);
#endif
	if (alive_by == LIVENESS_PROBE)
		return alive_walk_probe_xdp(frame, ifindex, believed);
	return believed && ifindex;
}

/* alive_ifindex for such a frame. */
static __always_inline bool alive_ifindex_xdp(struct xdp_md *frame, __u32 ifindex)
{
	return alive_seen_xdp(frame, ifindex, true);
}

/* Can the pair's standby send? */
static __always_inline bool alive_standby_xdp(struct xdp_md *frame, const struct vfsteer_pair *pair)
{
	return alive_seen_xdp(frame, pair->standby_ifindex, pair->standby_has_carrier);
}

/* Can the standby of the pair send? @skb is on another device. */
static __always_inline bool alive_standby(struct __sk_buff *skb, const struct vfsteer_pair *pair)
{
	if (alive_by == LIVENESS_KFUNC || alive_by == LIVENESS_PROBE)
		return alive_ifindex(skb, pair->standby_ifindex);
	return pair->standby_has_carrier;
}

/* Has the standby of the pair, the device of @skb, carrier? */
static __always_inline bool alive_standby_carrier(struct __sk_buff *skb,
						  const struct vfsteer_pair *pair)
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

static __noinline __u32 alive_probe_namespace(struct __sk_buff *skb)
{
	return BPF_CORE_READ(alive_probe_device_of(skb), nd_net.net, ns.inum);
}

/*
 * Is the device of @skb, which has @ifindex in the pair, in another network namespace than the
 * pair? A tcx link moves with its device, and possibly no agent detaches it. There owner_ifindex is
 * another device.
 */
static __always_inline bool alive_is_away(struct __sk_buff *skb, const struct vfsteer_pair *pair,
					  __u32 ifindex)
{
#ifndef ALIVE_WITHOUT_KFUNCS
	if (home_by == LIVENESS_KFUNC)
		return alive_device_of(skb)->nd_net.net->ns.inum != pair->network_namespace;
#endif
	if (home_by == LIVENESS_PROBE)
		return alive_probe_namespace(skb) != pair->network_namespace;
	return home_by != LIVENESS_WORD && skb->ifindex != ifindex;
}

#endif /* ALIVE_WITHOUT_BTF */

#endif
