/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netdev: the table of this network namespace's devices and their addresses, kept current from rtnetlink.
 * It only observes; what changes devices is in silence.h, align.h and link.h.
 */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETDEV_NAME_SIZE 128 /* of any name; ALTIFNAMSIZ of <linux/if.h>, which does not go with <net/if.h> */
#define NETDEV_ALTNAMES_SIZE 512

struct netdev {
	int ifindex;
	char name[IF_NAMESIZE];
	char altnames[NETDEV_ALTNAMES_SIZE]; /* IFLA_ALT_IFNAME (Linux 5.5), each up to 127 characters and its NUL, an empty one ends them */
	uint16_t hardware_type; /* ARPHRD_* */
	uint8_t mac[ETH_ALEN];
	uint8_t permanent_mac[ETH_ALEN]; /* IFLA_PERM_ADDRESS (Linux 5.6); all zero: it has none */
	uint32_t flags;                  /* IFF_* */
	uint32_t mtu;
	uint32_t promiscuity;
	uint32_t allmulti; /* IFLA_ALLMULTI (Linux 6.0); before, only IFF_ALLMULTI in flags is known */
	uint8_t operstate; /* IF_OPER_* */
	bool carrier;      /* IFLA_CARRIER, read at the time of the dump or message */
	uint8_t xdp_mode;  /* XDP_ATTACHED_*: NONE, DRV, SKB or HW; of a program in the hardware and another one, the other */
	uint32_t xdp_program; /* its id. Attaching by netlink sends RTM_NEWLINK, attaching by a link (Linux 5.9) nothing */
	int link;          /* ifindex of the device below, 0: none or in another netns */
	int master;        /* ifindex of the bridge, bond … above, 0: none */
	char kind[16];     /* IFLA_INFO_KIND: "vlan", "veth", "bridge" …; empty for hardware */
	char slave_kind[16]; /* IFLA_INFO_SLAVE_KIND: "bridge" when it is a bridge port */
	bool is_backup_slave; /* IFLA_BOND_SLAVE_STATE: its bond sends by another slave */
	uint16_t vlan_id;       /* of a "vlan" device, host order */
	uint16_t vlan_protocol; /* ETH_P_8021Q or ETH_P_8021AD, host order; of a bridge that filters VLANs, too: 0 of one that does not */
	char driver[32];        /* as ethtool tells it: "virtio_net"; empty when unknown */
	char bus[16];           /* its parent's: "pci", "virtio", "usb"; empty for software, and when unknown */
	/* Where the device is on PCI, through virtio too; all empty when it is not a PCI device. */
	char pci_address[16]; /* "0000:01:00.0" */
	char pci_slot[16];    /* "0000:01:00" */
	char pci_port[16];    /* "0000:00:04.0", the bridge above; empty on the root bus */
	unsigned address_count; /* entries of netdev_addresses that are its */
	unsigned incarnation; /* another one when it has left this namespace and come back, if only for a moment */
	unsigned seen;        /* mark of the last dump that named it */
	bool reread;          /* by netdev_refresh since the last netdev_dispatch */
	bool overtaken;       /* a notification that may be older than that has changed it since */
	bool changed;         /* its state, since netdev_forget_changes: see NETDEV_STATE */
	bool ipv6_changed;    /* likewise: see NETDEV_IPV6 */
	bool requeued;        /* likewise its qdiscs: see NETDEV_QDISCS */
};

struct netdev_address {
	int ifindex;
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	uint32_t flags; /* IFA_F_* */
	uint8_t protocol;      /* IFA_PROTO (Linux 5.18): who made it, IFAPROT_*; 0: unknown */
	uint8_t prefix_length; /* IPv4 allows one address twice with different ones */
	uint8_t scope;         /* RT_SCOPE_* */
	struct in_addr network; /* AF_INET: what the prefix is of, the peer if there is one */
	unsigned seen;
};

/* What netdev_dispatch found to have changed. */
enum netdev_change {
	NETDEV_LINKS = 1 << 0, /* devices came, went or became others: name, MAC, kind, place, their neighbours */
	NETDEV_ADDRESSES = 1 << 1,
	NETDEV_FILTERS = 1 << 2, /* a tc filter or qdisc was added or deleted somewhere */
	NETDEV_RESYNCED = 1 << 3, /* messages were lost; everything was read anew */
	NETDEV_STATE = 1 << 4, /* flags, MTU, carrier, VLANs as a bridge's port of the devices marked as changed, and nothing else of them */
	NETDEV_IPV6 = 1 << 5, /* IPv6 came up on the devices marked so, or its settings changed */
	NETDEV_QDISCS = 1 << 6, /* qdiscs, classes or filters of the devices marked as requeued */
};

struct netdev_table;

/*
 * Subscribes to link, address and tc notifications, then dumps links and addresses, in that order, so that
 * nothing falls between. @receive_buffer_bytes: SO_RCVBUF(FORCE) of the notification socket, 0 for a default of 4 MiB.
 * Returns 0 and sets *ret, or -errno; the caller frees it with netdev_table_free.
 */
int netdev_table_new(struct netdev_table **ret, size_t receive_buffer_bytes);
void netdev_table_free(struct netdev_table *table); /* takes NULL */

/* The descriptor to poll for reading; owned by the table. */
int netdev_fd(const struct netdev_table *table);

/*
 * Reads all pending notifications without blocking. Lost ones (ENOBUFS, or any other error of the socket) lead to a full
 * dump with mark and sweep. Returns a mask of enum netdev_change (0: nothing of interest), or -errno: the socket or the
 * dump failed. The caller then has to call again after a while, whether there is something to read or not: that call reads
 * what there is and dumps.
 */
int netdev_dispatch(struct netdev_table *table);

/* False while messages are lost that no dump has made up for yet: devices may have come, gone and changed unseen. */
bool netdev_is_current(const struct netdev_table *table);

/* Takes the marks of NETDEV_STATE and NETDEV_IPV6 from all devices. */
void netdev_forget_changes(struct netdev_table *table);

/* Likewise those of NETDEV_QDISCS. */
void netdev_forget_qdiscs(struct netdev_table *table);

/*
 * Reads one device now (RTM_GETLINK, which waits for RTNL and so sees every change made before it).
 * Returns 0, also when there is no such device any more (it has then left the table), or -errno: what the table says of it may
 * be stale.
 */
int netdev_refresh(struct netdev_table *table, int ifindex);

/*
 * The same for the device called @name, by ifname or altname. The kernel tells of an altname only when the device is up (netdev_state_change),
 * and udev gives them to devices that are down. Returns 0, -ENODEV when there is none (or Linux is before 5.5), or another -errno.
 */
int netdev_refresh_name(struct netdev_table *table, const char *name);

/* Looked-up entries belong to the table and live until the next call that changes it. NULL: no such device. */
const struct netdev *netdev_by_index(const struct netdev_table *table, int ifindex);
/* By its ifname or one of its altnames, of which the kernel gives none twice. */
const struct netdev *netdev_by_name(const struct netdev_table *table, const char *name);

/* Is @device called @name, by ifname or altname? */
bool netdev_is_called(const struct netdev *device, const char *name);

/* The next of @device's names after @name: its ifname for NULL, then its altnames. NULL ends them. */
const char *netdev_next_name(const struct netdev *device, const char *name);

/* Iteration in order of ifindex: netdev_next(table, NULL) is the first; NULL ends it. */
const struct netdev *netdev_next(const struct netdev_table *table, const struct netdev *after);
/* The same as an array for the pure functions, which the caller frees; its entries live as long as looked-up ones. NULL: out of memory. */
const struct netdev **netdev_list(const struct netdev_table *table, size_t *ret_count);
/* All addresses, in order of ifindex; the array lives as long as looked-up entries. */
const struct netdev_address *netdev_addresses(const struct netdev_table *table, size_t *ret_count);

/* Takes an address from the table that was just deleted: its notification comes later. */
void netdev_forget_address(struct netdev_table *table, const struct netdev_address *address);

/* In order of ifindex, so that one device's addresses are together; the first of @ifindex, or NULL. */
const struct netdev_address *netdev_address_first(const struct netdev_table *table, int ifindex);
const struct netdev_address *netdev_address_next(const struct netdev_table *table, const struct netdev_address *after);

#endif
