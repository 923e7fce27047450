/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of vfsteer's pinned maps, which the BPF programs and user space share. This header has
 * nothing else. The maps are in <bpffs>/vfsteer/. `index` is the slot of a pair or the number of a
 * port.
 *
 * pairs      array of struct vfsteer_pair, mmapable; VFSTEER_MAX_PAIRS slots
 * counters   per-CPU array of struct vfsteer_counters; same index
 * twins      array of struct vfsteer_twins: frames that one wire has brought, see bpf/twins.h
 * twins_key  array of one struct vfsteer_twins_key, secret: the key of the digests in twins
 * own_macs   hash, struct vfsteer_own_mac to a byte: the MACs of devices above a standby, whose
 *            frames the network sends back
 * events     ring buffer of struct vfsteer_event, which only the agent reads
 *
 * Once a pair has a port (an interface whose other end is on the network of the pair):
 *
 * ports           array of struct vfsteer_port, mmapable; index = number of the port
 * port_counters   per-CPU array of struct vfsteer_port_counters; same index
 * port_members    array of struct vfsteer_members; index = slot of the pair
 * port_stations   hash: struct vfsteer_station_key to struct vfsteer_station
 * port_devices    DEVMAP_HASH, by ifindex: devices that accept frames by XDP
 * port_addresses  LRU hash: struct vfsteer_port_address_key to struct vfsteer_port_address
 * port_shares     array, private to the programs; index = number of the port
 *
 * Integers are in host byte order. Enumerators and counters are append-only; those that grow are in
 * vfsteer_tables.h. A change of the meaning or place of a field raises VFSTEER_ABI_VERSION: the
 * agent adopts pins of this version, and of VFSTEER_ABI_ADOPTED. Each enum ends with the number of
 * its enumerators, ..._MAX: a map that a newer version wrote may have more. A map of counters may
 * have fewer or more fields than this version. `bpftool map dump` prints the field names.
 */
#ifndef VFSTEER_H
#define VFSTEER_H

#include "vfsteer_tables.h"
#include <linux/bpf.h>
#include <linux/types.h>

#define VFSTEER_ABI_VERSION 3
#define VFSTEER_ABI_ADOPTED 2 /* the oldest that an agent adopts: without an owner (maps/slot.h) */
#define VFSTEER_MAX_PAIRS 256
#define VFSTEER_NAME_SIZE 16 /* as IFNAMSIZ */
#define VFSTEER_MAX_PORTS 64 /* of all pairs together */
#define VFSTEER_MAX_OWN_MACS 65536 /* of all pairs together */
#define VFSTEER_MAX_PORT_ADDRESSES 1024 /* seen behind ports; the oldest is forgotten first */
#define VFSTEER_PORT_SHARE 64 /* of these, the share of one port */

/* Names one of the two devices. One byte wide, so that a state fits one word. */
enum vfsteer_path {
	PATH_STANDBY,
	PATH_PRIMARY,
	VFSTEER_PATH_MAX,
} __attribute__((packed));

/* What joined the two devices. */
enum vfsteer_kind {
	KIND_PLAIN,        /* nothing: two netdevs, the standby has the addresses */
	KIND_NET_FAILOVER, /* net_failover: its master has the addresses */
	VFSTEER_KIND_MAX,
} __attribute__((packed));

enum vfsteer_primary_state {
	PRIMARY_ABSENT,  /* the device does not exist */
	PRIMARY_JOINING, /* being made ready, or waiting for its first carrier */
	PRIMARY_READY,   /* can carry traffic */
	PRIMARY_LEAVING, /* its removal was requested or has started */
	PRIMARY_DOWN,    /* cannot carry traffic: see enum vfsteer_down_reason */
	PRIMARY_STATE_MAX,
} __attribute__((packed));

/* Why the primary is PRIMARY_DOWN. */
enum vfsteer_down_reason {
	VFSTEER_DOWN_REASONS(VFSTEER_ENUMERATOR)
	DOWN_REASON_MAX,
} __attribute__((packed));

/* How the primary has the XDP program of the standby. The primary must have it, too. */
enum vfsteer_xdp_mirror {
	XDP_MIRROR_NONE,     /* there is no such program */
	XDP_MIRROR_NATIVE,   /* in the driver of the primary */
	XDP_MIRROR_GENERIC,  /* on the primary, in generic mode */
	XDP_MIRROR_STANDBY,  /* generic on the standby, where frames of the primary pass it */
	XDP_MIRROR_IGNORED,  /* the configuration says xdp = ignore */
	XDP_MIRROR_UNBROKERED, /* no broker: no process with CAP_SYS_ADMIN can fetch it */
	XDP_MIRROR_OCCUPIED, /* the primary has another program */
	XDP_MIRROR_REFUSED,  /* refused: see xdp_mirror_error */
	/* it gives frames to AF_XDP sockets, which exist on the standby only */
	XDP_MIRROR_SOCKETS,
	XDP_MIRROR_MAX,
} __attribute__((packed));

/* Whether the primary leads to the network of the standby: see user/policy/path_check.h. */
enum vfsteer_reach {
	REACH_UNKNOWN,  /* not asked, or no answer on either wire */
	REACH_CHECKING, /* being asked before the primary is used */
	REACH_ANSWERED, /* a neighbour answered over the primary */
	REACH_DEAD,     /* neighbours answer over the standby only */
	REACH_OFF,      /* path_check = off */
	REACH_MAX,
} __attribute__((packed));

/* What is announced for a pair: `announce` in the configuration. */
enum vfsteer_announce {
	ANNOUNCE_ALL,  /* addresses and MACs */
	ANNOUNCE_MACS, /* MACs only: no GARP and no NA */
	ANNOUNCE_OFF,  /* nothing */
	ANNOUNCE_MAX,
} __attribute__((packed));

/* Whether `vfsteer drain` keeps the traffic off the primary. */
enum vfsteer_drain {
	DRAIN_NONE,    /* it does not */
	DRAIN_WAITING, /* something is in flight on the primary, or was a moment ago */
	DRAIN_DONE,    /* nothing is */
	VFSTEER_DRAIN_MAX,
} __attribute__((packed));

enum vfsteer_admin {
	ADMIN_AUTO,
	ADMIN_PRIMARY,
	ADMIN_STANDBY,
	ADMIN_MAX,
} __attribute__((packed));

/* Why active changed last. */
enum vfsteer_cause {
	VFSTEER_CAUSES(VFSTEER_ENUMERATOR)
	CAUSE_MAX,
} __attribute__((packed));

/* How the data path checks, for each packet, whether the primary can send. */
enum vfsteer_liveness {
	LIVENESS_WORD,  /* trusts the state word, which the watch programs keep current */
	/* reads the device through bpf_cast_to_kern_ctx and bpf_rdonly_cast (Linux 6.2) */
	LIVENESS_KFUNC,
	LIVENESS_PROBE, /* reads it through bpf_probe_read_kernel, which costs several times more */
	/* trusts the state word, which only the agent keeps current: no tracing */
	LIVENESS_NETLINK,
	LIVENESS_MAX,
} __attribute__((packed));

/*
 * The state word of a pair. It is changed as a whole, by a 64-bit compare-and-swap: BPF moves
 * active away from the primary, user space moves it either way, and neither overwrites what it has
 * not read. BPF before Linux 5.12 has no compare-and-swap: there it stores { active, primary } and
 * cause, and adds to switches (bpf/pair.h explains why that is sufficient).
 */
struct vfsteer_state {
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	enum vfsteer_admin admin;
	enum vfsteer_cause cause; /* of the last switchover */
	__u32 switches;           /* switchovers since the pair was created */
} __attribute__((aligned(8)));

struct vfsteer_pair {
	struct vfsteer_state state;
	char standby[VFSTEER_NAME_SIZE]; /* empty: the slot is free */
	char primary[VFSTEER_NAME_SIZE]; /* empty: absent */
	char mac[18];                    /* the shared MAC, as text */
	__u8 mac_address[6];             /* the same, as bytes */
	__u32 standby_ifindex;
	__u32 primary_ifindex;            /* 0: absent */
	__u64 last_switch_boot_ns;        /* CLOCK_BOOTTIME */
	/* when a removal of the primary was last requested or started; CLOCK_BOOTTIME */
	__u64 primary_leaving_boot_ns;
	char primary_pci_address[16];     /* "0000:01:00.0"; empty: not a PCI device */
	char primary_pci_slot[16];        /* "0000:01:00" */
	char primary_pci_port[16];        /* the port or bridge above it, "0000:00:04.0" */
	__u32 announced_switches;         /* value of state.switches when last announced */
	__u32 network_namespace;          /* inode number of the netns of both devices */
	__u8 standby_has_carrier;         /* as last reported by netlink or the driver */
	/* port of a bridge or of Open vSwitch: receives frames for other MACs */
	__u8 standby_takes_foreign_macs;
	/* we created the clsact qdisc and remove it; plain pairs use the owner's flag */
	__u8 standby_clsact_is_ours;
	__u8 primary_clsact_is_ours;
	__u8 rx_direct;                   /* the primary's own stack receives unicast TCP and UDP */
	/* unicast of the primary is compared with the standby's (bpf/twins.h) */
	__u8 rx_compares_primary;
	__u8 rx_compares_standby;         /* the same for the standby's wire */
	enum vfsteer_liveness liveness;
	/* by its driver: reset, suspend, error; not in rtnetlink */
	__u8 primary_is_detached;
	/* consecutive, with too short service between: policy.h */
	__u8 primary_failures;
	__u8 primary_is_named;            /* by --pair or the configuration: no other is accepted */
	__u8 compares_and_swaps;          /* BPF changes the state word by it, not by stores */
	__u32 primary_name_hash;          /* of the configured name of the primary; 0: none */
	/* given up as primary: a program undoes our settings; 0: none */
	__u32 contested_ifindex;
	/* last unicast of the inactive wire; CLOCK_BOOTTIME in units of 2^20 ns */
	__u32 rx_inactive_boot_ms;
	/* handle of the primary's root qdisc that copies the standby's; 0: none */
	__u32 primary_qdisc;
	__u8 primary_identity_mac[6];     /* of the named primary at its first use: candidates.h */
	char primary_identity_address[16];
	/* egress = before: our egress program runs before those of others */
	__u8 egress_is_before;
	__u8 qdisc_is_kept;               /* qdisc = keep: the primary gets no qdisc */
	enum vfsteer_xdp_mirror xdp_mirror; /* of the XDP program on the standby */
	__u8 xdp_mirror_error;            /* errno of XDP_MIRROR_REFUSED */
	/* we set it down: it lacks the XDP program of the standby */
	__u8 primary_is_shut;
	__u8 removals_are_held;           /* until the switchover is announced: bpf/hold.h */
	enum vfsteer_down_reason down_reason;
	enum vfsteer_announce announce;   /* what is announced at all */
	__u16 announce_exceptions;        /* how many the configuration has */
	__u32 announced_frames;           /* frames of the last announcement, sent or not */
	__u32 unsent_frames;              /* of these, refused by the device */
	/* REACH_DEAD: next attempt; CLOCK_BOOTTIME in units of 2^20 ns */
	__u32 reach_retry_boot_ms;
	enum vfsteer_reach primary_reach;
	enum vfsteer_kind kind;
	/* the device with the addresses: standby or master of net_failover */
	char owner[VFSTEER_NAME_SIZE];
	__u8 owner_clsact_is_ours;
	enum vfsteer_drain drain;
	/* when the agent ends the drain; CLOCK_BOOTTIME in units of 2^20 ns; 0: never */
	__u32 drain_until_boot_ms;
	enum vfsteer_admin drain_admin;   /* what state.admin becomes after the drain */
	char reserved[3];                 /* zero; text, so that a dump is short */
	__u32 owner_ifindex;
	/* in slot 0: all slots from this one on are free; unused in others */
	__u32 slots_used;
	__u32 abi_version;                /* VFSTEER_ABI_VERSION, in free slots too */
};

/*
 * Counts since the pair was created. Packets are those of the wire: a GSO frame counts its
 * segments.
 */
struct vfsteer_counters {
	VFSTEER_COUNTERS(VFSTEER_COUNTER)
};

/* A frame, or several with equal bytes, that one wire has brought more often than the other. */
struct vfsteer_twin {
	__u64 digest;
	__u32 since_boot_ms; /* when the balance left zero; CLOCK_BOOTTIME in units of 2^20 ns */
	__s32 balance;       /* copies of the primary minus copies of the standby; 0: free entry */
};

#define VFSTEER_TWINS_BUCKETS 16384
#define VFSTEER_TWINS_IN_BUCKET 4

struct vfsteer_twins {
	struct bpf_spin_lock lock;
	struct vfsteer_twin entries[VFSTEER_TWINS_IN_BUCKET];
};

#define VFSTEER_TWINS_WORDS 16

struct vfsteer_twins_key {
	__u64 words[VFSTEER_TWINS_WORDS];
	__u64 multiplier; /* odd */
	__u64 start;
};

struct vfsteer_own_mac {
	__u32 slot;
	__u8 mac[6];
	__u8 reserved[2];
};

enum vfsteer_event_kind {
	EVENT_SWITCHED,      /* BPF moved the pair off its primary */
	EVENT_STATE,         /* BPF changed the primary's state; active stayed */
	EVENT_CARRIER_ON,    /* the primary's driver reports carrier */
	EVENT_UNPLUG_CANCELLED,
	EVENT_FILTERS,       /* the standby's address lists or promiscuity changed */
	EVENT_ATTACHED,      /* the primary's driver attached the netdev again */
	/*
	 * a program was attached: with slot VFSTEER_MAX_PAIRS to any device, else XDP to the
	 * standby of slot
	 */
	EVENT_PROGRAMS,
	EVENT_ADDRESSES,     /* first packet of an address behind a port of the pair */
	EVENT_MAX,
} __attribute__((packed));

struct vfsteer_event {
	__u64 boot_ns; /* CLOCK_BOOTTIME of the event in the kernel */
	__u32 slot;
	enum vfsteer_event_kind kind;
	enum vfsteer_cause cause;
	__u8 reserved[2];
};

/* How frames are taken from a device, or delivered to it. */
enum vfsteer_port_driver {
	PORT_DRIVER_NONE,   /* not at all: the device is absent */
	PORT_DRIVER_TC,     /* as sk_buffs, by a tc redirect */
	PORT_DRIVER_NATIVE, /* by XDP in the driver; XDP passes what it cannot decide to tc */
	PORT_DRIVER_MAX,
} __attribute__((packed));

/* Why XDP is not used. */
enum vfsteer_port_obstacle {
	OBSTACLE_NONE,
	OBSTACLE_UNWANTED, /* the user refused it */
	OBSTACLE_DRIVER,   /* the driver has no XDP */
	OBSTACLE_FOREIGN,  /* the device has another XDP program */
	OBSTACLE_REFUSED,  /* the driver refuses XDP with these settings: MTU, queues, offloads */
	OBSTACLE_PEER,     /* veth whose peer has neither GRO nor XDP, and so refuses XDP frames */
	/* before Linux 6.3: no report of what a device accepts, no frame metadata */
	OBSTACLE_KERNEL,
	OBSTACLE_CHECKSUM, /* a tap does not keep which checksums are still to be computed */
	OBSTACLE_USELESS,  /* uplink none of whose ports uses XDP */
	OBSTACLE_MAX,
} __attribute__((packed));

/* Why a port is not bound to its interface and its pair. */
enum vfsteer_port_wait {
	WAIT_NOTHING,   /* it is bound */
	WAIT_INTERFACE, /* the interface does not exist */
	WAIT_PAIR,      /* the pair does not exist */
	WAIT_TAKEN,     /* its MAC, or the MAC of the pair, belongs to another port or pair */
	/* the interface has another use or no MAC, or the MAC behind it is unknown */
	WAIT_UNFIT,
	WAIT_PROGRAMS,  /* the programs could not be loaded and attached */
	WAIT_PRIMARY,   /* the interface is the primary of a pair */
	WAIT_MAX,
} __attribute__((packed));

struct vfsteer_port {
	char name[VFSTEER_NAME_SIZE]; /* empty: the entry is free */
	char pair[VFSTEER_NAME_SIZE]; /* the standby of its pair */
	char mac[18];                 /* of the station behind it, as text */
	__u8 mac_address[6];          /* the same, as bytes */
	__u32 ifindex;                /* 0: the interface is absent */
	__u32 slot;                   /* of its pair */
	/* it owns the MAC of the pair and receives all frames for it */
	__u8 passthrough;
	enum vfsteer_port_driver takes_by;    /* frames from it */
	enum vfsteer_port_driver delivers_by; /* frames to it */
	__u8 clsact_is_ours;          /* we created the clsact qdisc on it, and remove it */
	/* by the configuration: it stays without its interface, and waits */
	__u8 configured;
	__u8 takes_fragments;         /* XDP frames of several buffers may be redirected to it */
	__u8 xdp_is_unwanted;         /* by `port add --no-xdp` or the configuration */
	__u8 mac_filter_is_ours;      /* we added its MAC to the receive list of the standby */
	enum vfsteer_port_obstacle takes_why;    /* why takes_by is tc */
	enum vfsteer_port_obstacle delivers_why; /* why delivers_by is tc */
	enum vfsteer_port_wait waits_for;
	__u8 reserved[5];
};

/* Counts since the port was created. */
struct vfsteer_port_counters {
	VFSTEER_PORT_COUNTERS(VFSTEER_COUNTER)
};

struct vfsteer_station_key {
	__u32 slot; /* of the pair */
	__u8 mac[6];
	__u8 reserved[2];
};

struct vfsteer_station {
	__u32 ifindex;
	__u32 port; /* number of the port */
};

/* The ports of one pair, and what its devices do for them. */
struct vfsteer_members {
	__u32 count;
	__u32 ports[VFSTEER_MAX_PORTS]; /* numbers; the first `count` are valid */
	enum vfsteer_port_driver standby_driver, primary_driver;
	/* why tc; if native: why XDP cannot deliver to it */
	enum vfsteer_port_obstacle standby_why, primary_why;
	__u8 allmulti_is_ours; /* we made the standby receive all groups */
	__u8 reserved[3];
};

struct vfsteer_port_address_key {
	__u32 slot;      /* of the pair */
	__u16 vlan_id;   /* of the VLAN tag of the packet; 0: none */
	__u8 family;     /* AF_INET or AF_INET6 */
	__u8 reserved;
	__u8 address[16]; /* in network byte order; IPv4 uses the first four bytes */
};

struct vfsteer_port_address {
	__u8 mac[6];
	__u16 port;         /* number of the port */
	__u64 seen_boot_ns; /* last seen; CLOCK_BOOTTIME */
};

_Static_assert(sizeof(struct vfsteer_state) == 8, "a state is one word");
_Static_assert(sizeof(struct vfsteer_pair) == 256, "layout of the pairs map");
_Static_assert(sizeof(struct vfsteer_twins) == 72, "layout of the twins map");
_Static_assert(sizeof(struct vfsteer_twins_key) == 144, "layout of the twins_key map");
_Static_assert(sizeof(struct vfsteer_own_mac) == 12, "layout of the own_macs map");
_Static_assert(sizeof(struct vfsteer_event) == 16, "layout of the events ring");
_Static_assert(sizeof(struct vfsteer_port) == 80, "layout of the ports map");
_Static_assert(sizeof(struct vfsteer_members) == 268, "layout of the port_members map");
_Static_assert(sizeof(struct vfsteer_station_key) == 12, "layout of the port_stations map");
_Static_assert(sizeof(struct vfsteer_port_address_key) == 24, "layout of the port_addresses map");
_Static_assert(sizeof(struct vfsteer_port_address) == 16, "layout of the port_addresses map");

#endif
