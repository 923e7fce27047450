/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the programs read, each with only the fields that they read. CO-RE finds
 * the real offsets when a program is loaded, so this does not copy the layout of any kernel.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/types.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
	struct hlist_head *dev_index_head; /* 256 chains of net_device.index_hlist */
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	unsigned long state; /* bits of enum netdev_state_t */
	int ifindex;
	unsigned char operstate; /* unsigned int from Linux 6.10 */
	possible_net_t nd_net;
	struct hlist_node index_hlist;
	struct list_head close_list;
};

struct sk_buff {
	struct net_device *dev;
	__u8 ip_summed : 2;
	__u16 tc_index;
	__u32 vlan_all; /* Linux 6.2: of the tag outside the data; 0: none */
};

struct xdp_rxq_info {
	struct net_device *dev;
};

struct xdp_buff {
	struct xdp_rxq_info *rxq;
	__u32 flags; /* Linux 5.18: of enum xdp_buff_flags */
};

enum xdp_buff_flags {
	XDP_FLAGS_HAS_FRAGS = 1,
};

/* Linux 6.3. */
struct xdp_metadata_ops {
	void *xmo_rx_hash;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
};

struct pci_bus {
	struct device dev;
};

struct pci_dev {
	struct device dev;
};

struct pcie_device {
	struct pci_dev *port;
};

/* drivers/pci/hotplug/pciehp.h */
struct controller {
	struct pcie_device *pcie;
	unsigned char state;
};

/* drivers/pci/hotplug/acpiphp.h */
struct acpiphp_slot {
	struct pci_bus *bus;
	unsigned char device; /* PCI device number, the slot within the bus */
};

enum netdev_state_t {
	__LINK_STATE_START,
	__LINK_STATE_PRESENT,
	__LINK_STATE_NOCARRIER,
};

#pragma clang attribute pop

#define NETDEV_HASH_CHAINS 256 /* include/linux/netdevice.h: NETDEV_HASHENTRIES */

/* drivers/pci/hotplug/pciehp.h */
#define PCIEHP_BLINKINGOFF_STATE 2
#define PCIEHP_ON_STATE 5

#endif
