/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options: what the user requested, by arguments or configuration. Only its form was checked. The
 * agent finds out whether devices exist.
 */
#ifndef POLICY_OPTIONS_H
#define POLICY_OPTIONS_H

#include "base/device_name.h"
#include "vfsteer.h"
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_DEFAULT_BPFFS "/sys/fs/bpf"

#define OPTIONS_NAME_SIZE DEVICE_NAME_SIZE

/* The place of our program among those of others on the egress of the standby. */
enum options_egress {
	OPTIONS_EGRESS_UNSAID, /* in a pair: as [agent] says; in [agent]: after */
	OPTIONS_EGRESS_AFTER,
	OPTIONS_EGRESS_BEFORE,
};

/* The qdisc of the primary. UNSAID in a pair: as [agent] says. */
enum options_qdisc {
	OPTIONS_QDISC_UNSAID,
	OPTIONS_QDISC_MIRROR,
	OPTIONS_QDISC_KEEP,
};

/* What is announced; the same. */
enum options_announce {
	OPTIONS_ANNOUNCE_UNSAID,
	OPTIONS_ANNOUNCE_ALL,
	OPTIONS_ANNOUNCE_MACS,
	OPTIONS_ANNOUNCE_OFF,
};

/* Whether a primary that has carrier and no path is detected: see path_targets.h; the same. */
enum options_path {
	OPTIONS_PATH_UNSAID,
	OPTIONS_PATH_AUTO,
	OPTIONS_PATH_OFF,
	OPTIONS_PATH_NAMED, /* by the addresses of path_rules */
};

#define OPTIONS_DRAIN_FOR_MAX_S 86400
#define OPTIONS_DRAIN_TIMEOUT_MAX_S 3600

#define OPTIONS_PATH_RULES 256 /* of all pairs together */
#define OPTIONS_ANNOUNCE_RULES 256 /* of all pairs together */

/* An exception of announce_except: see announce_filter.h. */
struct announce_rule {
	char pair[OPTIONS_NAME_SIZE]; /* the configured name of the standby; empty: for all pairs */
	int family;                    /* AF_INET, AF_INET6, or AF_UNSPEC: a MAC */
	uint8_t prefix_length;         /* in bits; 48 for a MAC */
	uint8_t bytes[16];             /* as in a packet */
};

/* Zero-initialised, it allows everything. The caller keeps the rules, which must outlive it. */
struct announce_filter {
	enum vfsteer_announce what;
	const struct announce_rule *rules;
	size_t count;
	const char *pair; /* NULL: only the rules for all pairs apply */
};

/* An address of path_check: see path_targets.h. */
struct path_rule {
	/*
	 * the configured name of the standby; empty: for all pairs without addresses of their own
	 */
	char pair[OPTIONS_NAME_SIZE];
	int family;		   /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/* The path check of one pair. The caller keeps the rules, which must outlive it. */
struct path_requested {
	bool is_off;
	const struct path_rule *rules;
	size_t count;
	const char *pair; /* the rules of this pair apply; NULL: auto */
};

struct options_pair {
	char standby[OPTIONS_NAME_SIZE]; /* ifname or altname, like the next */
	char primary[OPTIONS_NAME_SIZE]; /* empty: found by permanent MAC */
	bool rx_direct;            /* see direct.h; the configuration may set it for all pairs */
	enum options_egress egress;
	enum options_qdisc qdisc;  /* see pair_qdisc.h */
	bool xdp_ignored;          /* see pairing.h; the same */
	enum options_announce announce;
	enum options_path path_check;
};

/* A requested port: see port.h. */
struct options_port {
	char name[IF_NAMESIZE];
	char pair[OPTIONS_NAME_SIZE]; /* its standby, ifname or altname */
	bool has_mac;           /* else the MAC of the veth's other end */
	uint8_t mac[ETH_ALEN];
	bool passthrough; /* it owns the MAC of the pair and receives all frames for it */
	bool without_xdp;
};

/* What a configuration may change: see config.h. */
struct options_settings {
	bool rx_direct, xdp_ignored, host_signal_off;
	enum options_egress egress;
	enum options_qdisc qdisc; /* default: mirror */
	enum options_announce announce; /* default: all */
	enum options_path path_check;   /* default: auto */
	unsigned up_delay_ms, leaving_timeout_ms, announce_count, announce_interval_ms;
	unsigned announce_again_s; /* 0: off */
	unsigned hold_limit_ms;    /* see bpf/hold.h; 0: removals are not held */
};

struct options {
	const char *bpffs;  /* points into argv */
	const char *config; /* the same; NULL: none */
	struct options_settings settings;
	unsigned pair_count;
	struct options_pair pairs[VFSTEER_MAX_PAIRS];
	unsigned announce_rule_count;
	struct announce_rule announce_rules[OPTIONS_ANNOUNCE_RULES];
	unsigned path_rule_count;
	struct path_rule path_rules[OPTIONS_PATH_RULES];
	unsigned port_count;
	struct options_port ports[VFSTEER_MAX_PORTS];
	struct options_port port; /* of `port add`, without its name */
	unsigned drain_timeout_s; /* of `drain`, as the next */
	unsigned drain_for_s;     /* 0: without end */
	bool json;
	const char *operands[2]; /* other arguments, in order; NULL: none */
	unsigned operand_count;
};

#endif
