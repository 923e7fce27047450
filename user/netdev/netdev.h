/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netdev: the table of this network namespace's devices and addresses, updated from rtnetlink. It
 * only reads. link.h changes devices.
 */
#ifndef NETDEV_NETDEV_H
#define NETDEV_NETDEV_H

#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* of any name: ALTIFNAMSIZ of <linux/if.h>, which conflicts with <net/if.h> */
#define NETDEV_NAME_SIZE 128
#define NETDEV_ALTNAMES_SIZE 512

struct netdev {
	int ifindex;
	char name[IF_NAMESIZE];
	/*
	 * IFLA_ALT_IFNAME (Linux 5.5): names of up to 127 characters with NUL; an empty one is the
	 * last
	 */
	char altnames[NETDEV_ALTNAMES_SIZE];
	uint16_t hardware_type; /* ARPHRD_* */
	uint8_t mac[ETH_ALEN];
	uint8_t permanent_mac[ETH_ALEN]; /* IFLA_PERM_ADDRESS (Linux 5.6); all zero: none */
	uint32_t flags;                  /* IFF_* */
	uint32_t mtu;
	uint32_t promiscuity;
	/* IFLA_ALLMULTI (Linux 6.0); older kernels show only IFF_ALLMULTI in flags */
	uint32_t allmulti;
	uint8_t operstate; /* IF_OPER_* */
	bool carrier;      /* IFLA_CARRIER of the last dump or message */
	/*
	 * XDP_ATTACHED_*: NONE, DRV, SKB or HW; with programs in the hardware and in the driver,
	 * the latter
	 */
	uint8_t xdp_mode;
	/*
	 * its id. Attaching by netlink sends RTM_NEWLINK, attaching a link (Linux 5.9) sends
	 * nothing
	 */
	uint32_t xdp_program;
	int link;          /* ifindex of the device below; 0: none, or in another namespace */
	int master;        /* ifindex of the bridge, bond … above; 0: none */
	char kind[16];     /* IFLA_INFO_KIND: "vlan", "veth", "bridge" …; empty for hardware */
	char slave_kind[16]; /* IFLA_INFO_SLAVE_KIND: "bridge" when it is a bridge port */
	bool is_backup_slave; /* IFLA_BOND_SLAVE_STATE: the bond transmits over another slave */
	uint16_t vlan_id;       /* of a "vlan" device, host order */
	/* ETH_P_8021Q or ETH_P_8021AD, host order; also of a bridge that filters VLANs, else 0 */
	uint16_t vlan_protocol;
	bool snoops;            /* a bridge: on IGMP and MLD */
	char driver[32];        /* as in ethtool -i: "virtio_net"; empty: unknown */
	/* its parent's: "pci", "virtio", "usb"; empty: software or unknown */
	char bus[16];
	/* The PCI location, also of a virtio device; all empty if it is not on PCI. */
	char pci_address[16]; /* "0000:01:00.0" */
	char pci_slot[16];    /* "0000:01:00" */
	char pci_port[16];    /* "0000:00:04.0", the bridge above; empty on the root bus */
	unsigned address_count; /* its entries in netdev_addresses */
	/* changes when the device leaves this namespace and returns, however briefly */
	unsigned incarnation;
	unsigned seen;        /* mark of the last dump that had it */
	bool reread;          /* netdev_refresh read it since the last netdev_dispatch */
	bool overtaken;       /* since then, a notification that may be older changed it */
	bool changed;         /* its state changed since netdev_forget_changes: see NETDEV_STATE */
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
	uint8_t protocol;      /* IFA_PROTO (Linux 5.18): IFAPROT_*, its creator; 0: unknown */
	uint8_t prefix_length; /* IPv4 allows the same address with different ones */
	uint8_t scope;         /* RT_SCOPE_* */
	struct in_addr network; /* AF_INET: the prefix's address; the peer, if there is one */
	unsigned seen;
};

/* What netdev_dispatch found to have changed. */
enum netdev_change {
	/* devices were added, removed or changed: name, MAC, kind, place, upper or lower device */
	NETDEV_LINKS = 1 << 0,
	NETDEV_ADDRESSES = 1 << 1,
	NETDEV_FILTERS = 1 << 2, /* a tc filter or qdisc was added or deleted somewhere */
	NETDEV_RESYNCED = 1 << 3, /* messages were lost; all devices and addresses were dumped */
	/* only flags, MTU, carrier or bridge port VLANs of the devices marked `changed` */
	NETDEV_STATE = 1 << 4,
	/* IPv6 came up on the devices marked `ipv6_changed`, or its settings changed */
	NETDEV_IPV6 = 1 << 5,
	NETDEV_QDISCS = 1 << 6, /* qdiscs, classes or filters of the devices marked `requeued` */
};

struct netdev_table;

/*
 * Subscribes to link, address and tc notifications, then dumps links and addresses. In this order
 * no change is missed. @receive_buffer_bytes: SO_RCVBUF(FORCE) of the notification socket, 0 for
 * the default of 4 MiB. Returns 0 and sets *ret, or -errno. The caller frees it with
 * netdev_table_free.
 */
int netdev_table_new(struct netdev_table **ret, size_t receive_buffer_bytes);
void netdev_table_free(struct netdev_table *table); /* takes NULL */

/* The descriptor to poll for reading; owned by the table. */
int netdev_fd(const struct netdev_table *table);

/*
 * Reads all pending notifications without blocking. After lost ones (ENOBUFS or any other socket
 * error), dumps everything with mark and sweep. Returns a mask of enum netdev_change (0: no
 * relevant change), or -errno: the socket or the dump failed. The caller then calls again after a
 * while, even if the socket is not readable; that call dumps.
 */
int netdev_dispatch(struct netdev_table *table);

/* False while messages are lost and no dump has followed: devices may have changed unnoticed. */
bool netdev_is_current(const struct netdev_table *table);

/* Clears `changed` and `ipv6_changed` of all devices. */
void netdev_forget_changes(struct netdev_table *table);

/* Clears `requeued` of all devices. */
void netdev_forget_qdiscs(struct netdev_table *table);

/*
 * Reads one device now: RTM_GETLINK waits for RTNL, so it sees all earlier changes. Returns 0, also
 * if the device is gone and so removed from the table. Returns -errno if its entry may be stale.
 */
int netdev_refresh(struct netdev_table *table, int ifindex);

/*
 * The same for the device with the ifname or altname @name. The kernel sends a notification about
 * an altname only if the device is up (netdev_state_change in net/core/dev.c), and udev adds
 * altnames to devices that are down. Returns 0, -ENODEV if there is none (or Linux is before 5.5),
 * or another -errno.
 */
int netdev_refresh_name(struct netdev_table *table, const char *name);

/*
 * Entries belong to the table and are valid until the next call that changes it. NULL: there is no
 * such device.
 */
const struct netdev *netdev_by_index(const struct netdev_table *table, int ifindex);
/* By its ifname or an altname. In the kernel names are unique. */
const struct netdev *netdev_by_name(const struct netdev_table *table, const char *name);

/* Does @device have the ifname or altname @name? */
bool netdev_is_called(const struct netdev *device, const char *name);

/*
 * Returns @device's name after @name: first (@name NULL) its ifname, then its altnames. NULL: no
 * more.
 */
const char *netdev_next_name(const struct netdev *device, const char *name);

/* Iterates in order of ifindex. netdev_next(table, NULL) is the first; NULL: no more. */
const struct netdev *netdev_next(const struct netdev_table *table, const struct netdev *after);
/*
 * The same as an array for pure functions. The caller frees the array; its entries are valid as
 * long as looked-up ones. NULL: no memory.
 */
const struct netdev **netdev_list(const struct netdev_table *table, size_t *ret_count);
/* All addresses, in order of ifindex. The array is valid as long as looked-up entries. */
const struct netdev_address *netdev_addresses(const struct netdev_table *table, size_t *ret_count);

/* Removes a just deleted address from the table before its notification arrives. */
void netdev_forget_address(struct netdev_table *table, const struct netdev_address *address);

/*
 * Iterates over the addresses in order of ifindex, so one device's are together. _first: the first
 * of @ifindex, or NULL.
 */
const struct netdev_address *netdev_address_first(const struct netdev_table *table, int ifindex);
const struct netdev_address *netdev_address_next(const struct netdev_table *table,
						 const struct netdev_address *after);

#endif
