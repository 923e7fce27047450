/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of vfsteer's pinned maps, shared by the BPF programs and user space, and nothing else.
 *
 * <bpffs>/vfsteer/pairs     array of struct vfsteer_pair, mmapable; index = the pair's slot, VFSTEER_MAX_PAIRS of them
 * <bpffs>/vfsteer/counters  per-CPU array of struct vfsteer_counters; same index
 * <bpffs>/vfsteer/twins     array of struct vfsteer_twins: frames that came over one wire, see bpf/twins.h
 * <bpffs>/vfsteer/twins_key array of one struct vfsteer_twins_key, secret: what the digests of these frames are made with
 * <bpffs>/vfsteer/own_macs  hash, struct vfsteer_own_mac to a byte: the MACs of devices above a standby, whose frames come back as echoes
 * <bpffs>/vfsteer/events    ring buffer of struct vfsteer_event, read by the agent alone
 *
 * and, once a pair has a port (an interface in the guest whose other end sits on the pair's network):
 *
 * <bpffs>/vfsteer/ports           array of struct vfsteer_port, mmapable; index = the port's number
 * <bpffs>/vfsteer/port_counters   per-CPU array of struct vfsteer_port_counters; same index
 * <bpffs>/vfsteer/port_members    array of struct vfsteer_members; index = the pair's slot
 * <bpffs>/vfsteer/port_stations   hash: struct vfsteer_station_key -> struct vfsteer_station
 * <bpffs>/vfsteer/port_devices    DEVMAP_HASH, by ifindex: devices that take frames by XDP
 * <bpffs>/vfsteer/port_addresses  LRU hash: struct vfsteer_port_address_key -> struct vfsteer_port_address
 * <bpffs>/vfsteer/port_shares     array, the programs' own; index = the port's number
 *
 * Every integer is in host byte order. Enumerators and counters are append-only; those that grow
 * are in vfsteer_tables.h. Whoever changes the meaning or the place of a field raises
 * VFSTEER_ABI_VERSION: the agent adopts pins of this version, and of VFSTEER_ABI_ADOPTED. Each enum
 * ends with the number of its enumerators, ..._MAX: a map that a newer version wrote may hold more.
 * A map of counters may have fewer or more of them than this version.
 * The field names are what `bpftool map dump` prints, so they are written to be read.
 */
#ifndef VFSTEER_H
#define VFSTEER_H

#include "vfsteer_tables.h"
#include <linux/bpf.h>
#include <linux/types.h>

#define VFSTEER_ABI_VERSION 3
#define VFSTEER_ABI_ADOPTED 2 /* the oldest that an agent adopts: it had no owner (maps/slot.h) */
#define VFSTEER_MAX_PAIRS 256
#define VFSTEER_NAME_SIZE 16 /* as IFNAMSIZ */
#define VFSTEER_MAX_PORTS 64 /* of all pairs together */
#define VFSTEER_MAX_OWN_MACS 65536 /* of all pairs together */
#define VFSTEER_MAX_PORT_ADDRESSES 1024 /* seen behind ports; the longest unseen are forgotten first */
#define VFSTEER_PORT_SHARE 64 /* of them, one port's */

/* Which of the two devices. One byte wide, so that a state fits one word. */
enum vfsteer_path {
	PATH_STANDBY,
	PATH_PRIMARY,
	VFSTEER_PATH_MAX,
} __attribute__((packed));

/* Who made the pair one interface. */
enum vfsteer_kind {
	KIND_PLAIN,        /* nobody: two netdevs; the standby has the addresses */
	KIND_NET_FAILOVER, /* the kernel's net_failover: its master has the addresses, standby and primary are its slaves */
	VFSTEER_KIND_MAX,
} __attribute__((packed));

enum vfsteer_primary_state {
	PRIMARY_ABSENT,  /* no such device */
	PRIMARY_JOINING, /* seen, being made ready, or waiting for its first carrier */
	PRIMARY_READY,   /* can carry traffic */
	PRIMARY_LEAVING, /* its removal was announced or has begun */
	PRIMARY_DOWN,    /* it cannot carry traffic: enum vfsteer_down_reason says why */
	PRIMARY_STATE_MAX,
} __attribute__((packed));

/* Why the primary is PRIMARY_DOWN. */
enum vfsteer_down_reason {
	VFSTEER_DOWN_REASONS(VFSTEER_ENUMERATOR)
	DOWN_REASON_MAX,
} __attribute__((packed));

/* What became of an XDP program that somebody put on the standby: the primary has to have it, too. */
enum vfsteer_xdp_mirror {
	XDP_MIRROR_NONE,     /* there is no such program */
	XDP_MIRROR_NATIVE,   /* it is in the primary's driver */
	XDP_MIRROR_GENERIC,  /* it is on the primary, in generic mode */
	XDP_MIRROR_STANDBY,  /* it is in generic mode on the standby, where frames from the primary pass it as well */
	XDP_MIRROR_IGNORED,  /* the configuration says xdp = ignore */
	XDP_MIRROR_UNBROKERED, /* no broker to get it from: nobody has CAP_SYS_ADMIN */
	XDP_MIRROR_OCCUPIED, /* another program is on the primary */
	XDP_MIRROR_REFUSED,  /* xdp_mirror_error says why */
	XDP_MIRROR_SOCKETS,  /* AF_XDP sockets of the standby: on the primary the program would drop what it gives them */
	XDP_MIRROR_MAX,
} __attribute__((packed));

/* Whether the primary leads to where the standby leads: see user/policy/path_check.h. */
enum vfsteer_reach {
	REACH_UNKNOWN,  /* not asked, or nobody answered on either wire */
	REACH_CHECKING, /* it is being asked over, and waits for that before it is used */
	REACH_ANSWERED, /* a neighbour answered over it */
	REACH_DEAD,     /* neighbours answer over the standby, and not over it */
	REACH_OFF,      /* path_check = off */
	REACH_MAX,
} __attribute__((packed));

/* What is announced of a pair: `announce` in the configuration. */
enum vfsteer_announce {
	ANNOUNCE_ALL,  /* addresses and MACs */
	ANNOUNCE_MACS, /* MACs only: no GARP and no NA */
	ANNOUNCE_OFF,  /* nothing */
	ANNOUNCE_MAX,
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

/* How the data path finds out, for each packet, whether the primary can send. */
enum vfsteer_liveness {
	LIVENESS_WORD,  /* believes the pair's word, which the watch programs keep current */
	LIVENESS_KFUNC, /* reads the device through bpf_cast_to_kern_ctx and bpf_rdonly_cast (Linux 6.2) */
	LIVENESS_PROBE, /* reads it through bpf_probe_read_kernel, several times dearer */
	LIVENESS_NETLINK, /* believes the word, which the agent alone keeps current: a kernel without tracing and probe reads */
	LIVENESS_MAX,
} __attribute__((packed));

/*
 * The pair's word. It is only ever changed as a whole, by a 64-bit compare-and-swap: BPF moves active away
 * from the primary, user space moves it either way, and neither overwrites what it has not seen. BPF before Linux 5.12 has no
 * compare-and-swap: there it stores just { active, primary } and cause, and adds to switches (bpf/pair.h says why that is enough).
 */
struct vfsteer_state {
	enum vfsteer_path active;
	enum vfsteer_primary_state primary;
	enum vfsteer_admin admin;
	enum vfsteer_cause cause; /* of the last switch */
	__u32 switches;           /* changes of active since the pair was made */
} __attribute__((aligned(8)));

struct vfsteer_pair {
	struct vfsteer_state state;
	char standby[VFSTEER_NAME_SIZE]; /* empty: the slot is free */
	char primary[VFSTEER_NAME_SIZE]; /* empty: absent */
	char mac[18];                    /* the MAC both share, as text */
	__u8 mac_address[6];             /* the same, as it stands in a frame */
	__u32 standby_ifindex;
	__u32 primary_ifindex;            /* 0: absent */
	__u64 last_switch_boot_ns;        /* CLOCK_BOOTTIME */
	__u64 primary_leaving_boot_ns;    /* when the primary was last warned about; CLOCK_BOOTTIME */
	char primary_pci_address[16];     /* "0000:01:00.0"; empty when not a PCI device */
	char primary_pci_slot[16];        /* "0000:01:00" */
	char primary_pci_port[16];        /* the port or bridge above it, "0000:00:04.0" */
	__u32 announced_switches;         /* value of state.switches that was announced last */
	__u32 network_namespace;          /* inode number of the netns both devices are in */
	__u8 standby_has_carrier;         /* as netlink told last */
	__u8 standby_takes_foreign_macs;  /* a port of a bridge or of Open vSwitch: it receives frames for MACs not its own */
	__u8 standby_clsact_is_ours;      /* the clsact qdisc was made by us: to be removed again; of a plain pair see the owner's */
	__u8 primary_clsact_is_ours;
	__u8 rx_direct;                   /* the primary's stack receives unicast TCP and UDP itself */
	__u8 rx_compares_primary;         /* unicast from the primary is compared with that from the standby: see bpf/twins.h */
	__u8 rx_compares_standby;         /* the same of the standby's wire */
	enum vfsteer_liveness liveness;
	__u8 primary_is_detached;         /* by its driver: reset, suspend, error; rtnetlink does not tell */
	__u8 primary_failures;            /* in a row, without a fair time of service between: see policy.h */
	__u8 primary_is_named;            /* by --pair or the configuration: no other will be taken */
	__u8 compares_and_swaps;          /* BPF changes the word so: else by stores */
	__u32 primary_name_hash;          /* of the name that --pair or the configuration gives it; 0: none does */
	__u32 contested_ifindex;          /* of the device that was given up as primary: somebody undoes our settings; 0: none */
	__u32 rx_inactive_boot_ms;        /* when the inactive wire brought unicast last; CLOCK_BOOTTIME in units of 2^20 ns */
	__u32 primary_qdisc;              /* handle of the root qdisc that we gave the primary, after the standby's; 0: none */
	__u8 primary_identity_mac[6];     /* what the named primary was at its first use: see candidates.h */
	char primary_identity_address[16];
	__u8 egress_is_before;            /* `egress = before`: our program runs before others' on the standby's egress */
	__u8 qdisc_is_kept;               /* qdisc = keep: the primary is to get none */
	enum vfsteer_xdp_mirror xdp_mirror; /* the standby's XDP program */
	__u8 xdp_mirror_error;            /* errno of XDP_MIRROR_REFUSED */
	__u8 primary_is_shut;             /* set down by us: the standby's XDP program is not on it */
	__u8 removals_are_held;           /* until the switch is announced, see bpf/hold.h */
	enum vfsteer_down_reason down_reason;
	enum vfsteer_announce announce;   /* what is announced at all */
	__u16 announce_exceptions;        /* how many the configuration has */
	__u32 announced_frames;           /* of the last announcement, sent or not */
	__u32 unsent_frames;              /* of these, refused by the device */
	__u32 reach_retry_boot_ms;        /* REACH_DEAD: when it is tried again; CLOCK_BOOTTIME in units of 2^20 ns */
	enum vfsteer_reach primary_reach;
	enum vfsteer_kind kind;
	char owner[VFSTEER_NAME_SIZE];    /* of the device with the addresses: the standby, or net_failover's master */
	__u8 owner_clsact_is_ours;
	char reserved[9];                 /* zero; as text, so that a dump is short */
	__u32 owner_ifindex;
	__u32 slots_used;                 /* of slot 0: no slot from this one on is in use. Unused in the others */
	__u32 abi_version;                /* VFSTEER_ABI_VERSION, in free slots too */
};

/* What moved since the pair was made; packets are those of the wire (a GSO frame counts its segments). */
struct vfsteer_counters {
	VFSTEER_COUNTERS(VFSTEER_COUNTER)
};

/* A frame, or several that look the same, of which one wire has brought more than the other. */
struct vfsteer_twin {
	__u64 digest;
	__u32 since_boot_ms; /* CLOCK_BOOTTIME in units of 2^20 ns: when the balance left zero */
	__s32 balance;       /* copies from the primary, less those from the standby; 0: the entry is free */
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
	EVENT_ATTACHED,      /* the primary's driver has attached the netdev again */
	EVENT_PROGRAMS,      /* somebody attached a program somewhere: slot is VFSTEER_MAX_PAIRS; or an XDP program on the standby of slot */
	EVENT_ADDRESSES,     /* an address was seen behind a port of the pair for the first time */
	EVENT_MAX,
} __attribute__((packed));

struct vfsteer_event {
	__u64 boot_ns; /* CLOCK_BOOTTIME when it was seen in the kernel */
	__u32 slot;
	enum vfsteer_event_kind kind;
	enum vfsteer_cause cause;
	__u8 reserved[2];
};

/* How frames come from a device, or go to it. */
enum vfsteer_port_driver {
	PORT_DRIVER_NONE,   /* not at all: the interface is absent */
	PORT_DRIVER_TC,     /* as sk_buffs, by a tc redirect */
	PORT_DRIVER_NATIVE, /* by XDP in the driver; what XDP cannot decide at once goes by tc */
	PORT_DRIVER_MAX,
} __attribute__((packed));

/* Why not by XDP. */
enum vfsteer_port_obstacle {
	OBSTACLE_NONE,
	OBSTACLE_UNWANTED, /* the user said so */
	OBSTACLE_DRIVER,   /* the driver has no XDP */
	OBSTACLE_FOREIGN,  /* somebody else's XDP program is on the device */
	OBSTACLE_REFUSED,  /* the driver has XDP, and refuses it as the device is set up: MTU, queues, offloads */
	OBSTACLE_PEER,     /* a veth whose other end has neither GRO nor an XDP program, and so takes no XDP frames */
	OBSTACLE_KERNEL,   /* Linux before 6.3 does not tell what a device takes, nor what a frame has beside its data */
	OBSTACLE_CHECKSUM, /* a tap keeps no note of checksums that are still to be computed */
	OBSTACLE_USELESS,  /* an uplink none of whose ports has to do with XDP */
	OBSTACLE_MAX,
} __attribute__((packed));

/* Why a port is not bound to its interface and its pair. */
enum vfsteer_port_wait {
	WAIT_NOTHING,   /* it is */
	WAIT_INTERFACE, /* there is no such interface */
	WAIT_PAIR,      /* there is no such pair */
	WAIT_TAKEN,     /* its MAC, or the pair's, is another port's or the pair's */
	WAIT_UNFIT,     /* the interface serves something else, has no MAC, or that behind it is not known */
	WAIT_PROGRAMS,  /* they could not be loaded and attached */
	WAIT_MAX,
} __attribute__((packed));

struct vfsteer_port {
	char name[VFSTEER_NAME_SIZE]; /* empty: the entry is free */
	char pair[VFSTEER_NAME_SIZE]; /* its pair's standby */
	char mac[18];                 /* of what lives behind it, as text */
	__u8 mac_address[6];          /* the same, as it stands in a frame */
	__u32 ifindex;                /* 0: the interface is absent */
	__u32 slot;                   /* of its pair */
	__u8 passthrough;             /* it owns the pair's MAC and takes all that comes for it */
	enum vfsteer_port_driver takes_by;    /* frames from it */
	enum vfsteer_port_driver delivers_by; /* frames to it */
	__u8 clsact_is_ours;          /* the clsact qdisc on it was made by us: to be removed again */
	__u8 configured;              /* by the configuration: it waits for its interface when that goes */
	__u8 takes_fragments;         /* XDP frames of several buffers may be redirected to it */
	__u8 xdp_is_unwanted;         /* by `port add --no-xdp` or the configuration */
	__u8 mac_filter_is_ours;      /* its MAC was added to the standby's receive list by us */
	enum vfsteer_port_obstacle takes_why;    /* it takes by tc */
	enum vfsteer_port_obstacle delivers_why; /* it delivers by tc */
	enum vfsteer_port_wait waits_for;
	__u8 reserved[5];
};

/* What moved through a port since it was made. */
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
	__u32 port; /* its number */
};

/* The ports of one pair, and what its devices do for them. */
struct vfsteer_members {
	__u32 count;
	__u32 ports[VFSTEER_MAX_PORTS]; /* their numbers; the first `count` count */
	enum vfsteer_port_driver standby_driver, primary_driver;
	enum vfsteer_port_obstacle standby_why, primary_why; /* by tc; or native, but XDP cannot send to it */
	__u8 allmulti_is_ours; /* the standby receives all groups since we said so */
	__u8 reserved[3];
};

struct vfsteer_port_address_key {
	__u32 slot;      /* of the pair */
	__u16 vlan_id;   /* of the tag it was seen in; 0: none */
	__u8 family;     /* AF_INET or AF_INET6 */
	__u8 reserved;
	__u8 address[16]; /* as it stands in a packet; IPv4 uses the first four bytes */
};

struct vfsteer_port_address {
	__u8 mac[6];
	__u16 port;         /* its number */
	__u64 seen_boot_ns; /* last, CLOCK_BOOTTIME */
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
