/* SPDX-License-Identifier: GPL-2.0-only */
/* options: what the user asks for, by arguments or configuration, checked for form only; whether devices exist is for the agent to find. */
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

/* Our place beside other people's programs on the standby's egress. */
enum options_egress {
	OPTIONS_EGRESS_UNSAID, /* of a pair: as [agent] says; there: after */
	OPTIONS_EGRESS_AFTER,
	OPTIONS_EGRESS_BEFORE,
};

/* A setting of a pair that the one for all pairs stands in for. */
enum options_qdisc {
	OPTIONS_QDISC_UNSAID,
	OPTIONS_QDISC_MIRROR,
	OPTIONS_QDISC_KEEP,
};

/* What is announced of a pair; likewise. */
enum options_announce {
	OPTIONS_ANNOUNCE_UNSAID,
	OPTIONS_ANNOUNCE_ALL,
	OPTIONS_ANNOUNCE_MACS,
	OPTIONS_ANNOUNCE_OFF,
};

/* Whether a primary that leads nowhere is found: see path_targets.h; likewise. */
enum options_path {
	OPTIONS_PATH_UNSAID,
	OPTIONS_PATH_AUTO,
	OPTIONS_PATH_OFF,
	OPTIONS_PATH_NAMED, /* by the addresses of path_rules */
};

#define OPTIONS_PATH_RULES 256 /* of all pairs together */
#define OPTIONS_ANNOUNCE_RULES 256 /* of all pairs together */

/* One exception of announce_except: see announce_filter.h. */
struct announce_rule {
	char pair[OPTIONS_NAME_SIZE]; /* its standby, as the configuration names it; empty: for all pairs */
	int family;                    /* AF_INET, AF_INET6, or AF_UNSPEC: a MAC */
	uint8_t prefix_length;         /* in bits; of a MAC 48 */
	uint8_t bytes[16];             /* as on the wire */
};

/* Zero-initialised it lets everything pass. The rules are somebody else's, and live longer. */
struct announce_filter {
	enum vfsteer_announce what;
	const struct announce_rule *rules;
	size_t count;
	const char *pair; /* NULL: only the rules for all pairs count */
};

/* One address that the configuration names for path_check: see path_targets.h. */
struct path_rule {
	char pair[OPTIONS_NAME_SIZE]; /* its standby, as the configuration names it; empty: for all pairs that name none */
	int family;		   /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/* What the configuration says for one pair. The rules are somebody else's, and live longer. */
struct path_wish {
	bool is_off;
	const struct path_rule *rules;
	size_t count;
	const char *pair; /* the rules of this one count; NULL: auto */
};

struct options_pair {
	char standby[OPTIONS_NAME_SIZE]; /* ifname or altname, as the next */
	char primary[OPTIONS_NAME_SIZE]; /* empty: found by permanent MAC */
	bool rx_direct;            /* see direct.h; the configuration may say so for all pairs, too */
	enum options_egress egress;
	enum options_qdisc qdisc;  /* see pair_qdisc.h */
	bool xdp_ignored;          /* see pairing.h; likewise */
	enum options_announce announce;
	enum options_path path_check;
};

/* A port as it is asked for: see port.h. */
struct options_port {
	char name[IF_NAMESIZE];
	char pair[OPTIONS_NAME_SIZE]; /* its standby, by ifname or altname */
	bool has_mac;           /* else that of a veth's other end */
	uint8_t mac[ETH_ALEN];
	bool passthrough; /* the pair's own MAC, and all that comes for it */
	bool without_xdp;
};

/* What a configuration may change; see config.h. */
struct options_settings {
	bool rx_direct, xdp_ignored;
	enum options_egress egress;
	enum options_qdisc qdisc; /* unsaid: mirror */
	enum options_announce announce; /* unsaid: all */
	enum options_path path_check;   /* unsaid: auto */
	unsigned up_delay_ms, leaving_timeout_ms, announce_count, announce_interval_ms;
	unsigned announce_again_s; /* 0: off */
	unsigned hold_limit_ms;    /* see bpf/hold.h; 0: no removal is held */
};

struct options {
	const char *bpffs;  /* points into argv */
	const char *config; /* likewise; NULL: none */
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
	bool json;
	const char *operands[2]; /* what remains, in order; NULL where there is none */
	unsigned operand_count;
};

#endif
