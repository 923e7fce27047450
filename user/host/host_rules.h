/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_rules: which tap may speak for which MAC. The guest's word is not enough: it could attract
 * the frames of another. Pure.
 */
#ifndef HOST_HOST_RULES_H
#define HOST_HOST_RULES_H

#include "host/host_config.h"

struct host_claim {
	const char *tap;   /* ifname */
	const char *netns; /* name of its namespace; "": that of vfsteer-host */
	const char *kind;  /* "tun", "macvtap", "veth" */
	const uint8_t *tap_mac;
	const uint8_t *mac; /* the MAC that the tap speaks for */
	bool is_allowed;    /* by 'vfsteer-host allow' */
	/* a tap or VF of this host has a MAC with other first, but the same five last bytes */
	bool is_ambiguous;
};

enum host_permission {
	/* refused */
	HOST_NO_RULE,
	HOST_OTHER_MAC, /* the configuration names other MACs for the tap, or libvirt's rule does */
	HOST_AMBIGUOUS,
	/* permitted */
	HOST_BY_CONFIG,
	HOST_BY_ALLOW,
	HOST_BY_MACVTAP, /* its MAC is the guest's */
	HOST_BY_LIBVIRT,
	HOST_PERMISSION_MAX,
};

enum host_permission host_rules_permit(const struct host_config *config,
				       const struct host_claim *claim);
static inline bool host_rules_is_permitted(enum host_permission permission)
{
	return permission >= HOST_BY_CONFIG;
}

/* A sentence of a few words; a static string. */
const char *host_rules_words(enum host_permission permission);

/*
 * The section of the tap @tap in the namespace @netns that lists @mac (NULL: the first section of
 * this tap); NULL: none.
 */
const struct host_config_tap *host_rules_section(const struct host_config *config, const char *tap,
						 const char *netns, const uint8_t *mac);

/*
 * libvirt gives a tap the MAC of the guest with fe as its first byte, or fa if the guest's is fe
 * (virNetDevTapCreateInBridgePort). Does @tap_mac fit @mac by this rule?
 */
bool host_rules_libvirt_fits(const uint8_t tap_mac[ETH_ALEN], const uint8_t mac[ETH_ALEN]);

#endif
