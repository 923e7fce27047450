/* SPDX-License-Identifier: GPL-2.0-only */
/* options: what the command line says, checked for form only; whether devices exist is for the agent to find. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "vfsteer.h"
#include "announce/announce_filter.h"
#include "announce/path_targets.h"
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_DEFAULT_BPFFS "/sys/fs/bpf"

#define OPTIONS_NAME_SIZE 128 /* of an ifname or altname: ALTIFNAMSIZ of <linux/if.h> */

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
_Static_assert(OPTIONS_NAME_SIZE == ANNOUNCE_PAIR_SIZE && OPTIONS_NAME_SIZE == PATH_PAIR_SIZE, "a rule names a standby as options do");

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
};

#define OPTIONS_DEFAULT_SETTINGS                                                                                     \
	{                                                                                                            \
		.up_delay_ms = 0, .leaving_timeout_ms = 15000, .announce_count = 3, .announce_interval_ms = 100,     \
		.announce_again_s = 150,                                                                             \
	}

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

/* Which options a subcommand takes. */
enum options_accepted {
	OPTIONS_PAIR = 1 << 0,  /* --pair STANDBY[=PRIMARY], repeatable */
	OPTIONS_BPFFS = 1 << 1, /* --bpffs DIR */
	OPTIONS_JSON = 1 << 2,  /* --json */
	OPTIONS_CONFIG = 1 << 3, /* --config FILE */
	OPTIONS_PORT = 1 << 4,   /* --pair STANDBY, --mac MAC, --passthrough, --no-xdp */
};

/*
 * One line to the user about a mistake in a call of @command, with where to read on. What it quotes is the user's, so it is masked: a line
 * stays a line, and a terminal as it is. Returns the exit status, 2, for the caller to pass on.
 */
__attribute__((format(printf, 2, 3))) int options_mistake(const char *command, const char *format, ...);

/* Why @name cannot be a device's ifname or altname, by the kernel's own rules and, for '=', those of --pair ("is empty", a static string); NULL when it can. */
const char *options_name_flaw(const char *name);

/* The same for what has to be an ifname, of 15 characters at most. */
const char *options_ifname_flaw(const char *name);

/* The same for a PAIR given to @command: returns 0, or 2 after one line on stderr. */
int options_check_name(const char *command, const char *name);

/*
 * Adds the pair that @value ("STANDBY" or "STANDBY=PRIMARY") names. Returns NULL, or what is wrong with it: a text that is good
 * until the next call, with @options as before. The mistakes are those of --pair, below.
 */
const char *options_add_pair(struct options *options, const char *value);

/*
 * Parses argv[1..] of a subcommand (argv[0] is its name). Prints one line to stderr on a mistake, in the form
 * `vfsteer: what: why` with what to do. Returns 0, or 2 (the exit status for usage). Outputs untouched on failure.
 * Mistakes: unknown option, missing value, empty or too long interface name (also with '/' or white space), standby equal to
 * primary, a standby or a primary named twice, more than VFSTEER_MAX_PAIRS pairs, more operands than @max_operands or fewer than @min_operands.
 */
int options_parse(int argc, char **argv, unsigned accepted, unsigned min_operands, unsigned max_operands, struct options *ret);

#endif
