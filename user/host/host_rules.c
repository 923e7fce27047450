/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_rules.h"

#include <fnmatch.h>
#include <string.h>

#define LIBVIRT_FIRST 0xfe
#define LIBVIRT_FIRST_TAKEN 0xfa /* of a guest whose MAC begins with fe */

static const char *const words[HOST_PERMISSION_MAX] = {
	[HOST_NO_RULE] = "no rule permits this tap to speak for the MAC",
	[HOST_OTHER_MAC] = "this tap may speak for other MACs only",
	[HOST_AMBIGUOUS] = "MACs on this host differ in their first byte only",
	[HOST_BY_CONFIG] = "configuration",
	[HOST_BY_ALLOW] = "allow",
	[HOST_BY_MACVTAP] = "macvtap",
	[HOST_BY_LIBVIRT] = "libvirt's rule",
};

const char *host_rules_words(enum host_permission permission)
{
	return permission < HOST_PERMISSION_MAX ? words[permission] : "unknown";
}

bool host_rules_libvirt_fits(const uint8_t tap_mac[ETH_ALEN], const uint8_t mac[ETH_ALEN])
{
	uint8_t first = mac[0] == LIBVIRT_FIRST ? LIBVIRT_FIRST_TAKEN : LIBVIRT_FIRST;

	return tap_mac[0] == first && memcmp(tap_mac + 1, mac + 1, ETH_ALEN - 1) == 0;
}

static bool lists(const struct host_config_tap *section, const uint8_t *mac)
{
	for (size_t i = 0; i < section->mac_count; i++)
		if (memcmp(section->macs[i], mac, ETH_ALEN) == 0)
			return true;
	return false;
}

const struct host_config_tap *host_rules_section(const struct host_config *config, const char *tap,
						 const char *netns, const uint8_t *mac)
{
	for (size_t i = 0; i < config->tap_count; i++) {
		const struct host_config_tap *section = &config->taps[i];

		/* An empty pattern matches an empty name only. */
		if (fnmatch(section->name, tap, 0) == 0 && fnmatch(section->netns, netns, 0) == 0 &&
		    (!mac || lists(section, mac)))
			return section;
	}
	return NULL;
}

enum host_permission host_rules_permit(const struct host_config *config,
				       const struct host_claim *claim)
{
	bool is_tap = strcmp(claim->kind, "tun") == 0;
	bool has_libvirt_mac =
		is_tap && config->libvirt_rule &&
		(claim->tap_mac[0] == LIBVIRT_FIRST || claim->tap_mac[0] == LIBVIRT_FIRST_TAKEN);

	if (host_rules_section(config, claim->tap, claim->netns, claim->mac))
		return HOST_BY_CONFIG;
	if (claim->is_allowed)
		return HOST_BY_ALLOW;
	/* What is said of a tap by name is all that it may. */
	if (host_rules_section(config, claim->tap, claim->netns, NULL))
		return HOST_OTHER_MAC;
	if (strcmp(claim->kind, "macvtap") == 0)
		return memcmp(claim->tap_mac, claim->mac, ETH_ALEN) == 0 ? HOST_BY_MACVTAP
									 : HOST_OTHER_MAC;
	if (!has_libvirt_mac)
		return HOST_NO_RULE;
	if (!host_rules_libvirt_fits(claim->tap_mac, claim->mac))
		return HOST_OTHER_MAC;
	return claim->is_ambiguous ? HOST_AMBIGUOUS : HOST_BY_LIBVIRT;
}
