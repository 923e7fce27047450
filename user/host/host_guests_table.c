/* SPDX-License-Identifier: GPL-2.0-only */
/* Which guests there are: made and removed by the rules. */
#include <stdlib.h>
#include <string.h>

#include "base/room.h"
#include "host/host_guests.h"
#include "netdev/link.h"

static bool is_other_first(const uint8_t *one, const uint8_t *other)
{
	return one[0] != other[0] && memcmp(one + 1, other + 1, ETH_ALEN - 1) == 0;
}

/* See host_claim.is_ambiguous. */
static bool is_ambiguous(const struct host *host, const struct host_tap *tap, const uint8_t *mac)
{
	const struct host_links *links = host->places[0]->links;

	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf))
		for (size_t i = 0; i < pf->vf_count; i++)
			if (is_other_first(pf->vfs[i].mac, mac))
				return true;
	for (size_t i = 0; i < host->tap_count; i++)
		if (host->taps[i] != tap && strcmp(host->taps[i]->kind, "tun") == 0 &&
		    host_rules_libvirt_fits(host->taps[i]->mac, mac))
			return true;
	return false;
}

static bool is_allowed(const struct host_tap *tap, const uint8_t *mac)
{
	for (size_t i = 0; i < tap->allowed_count; i++)
		if (memcmp(tap->allowed[i], mac, ETH_ALEN) == 0)
			return true;
	return false;
}

static enum host_permission permit(const struct host *host, const struct host_tap *tap,
				   const uint8_t *mac)
{
	struct host_claim claim = {
		.tap = tap->name,
		.netns = tap->place->name,
		.kind = tap->kind,
		.tap_mac = tap->mac,
		.mac = mac,
		.is_allowed = is_allowed(tap, mac),
		.is_ambiguous = is_ambiguous(host, tap, mac),
	};

	return host_rules_permit(host->config, &claim);
}

static size_t count_of(const struct host *host, const struct host_tap *tap)
{
	size_t count = 0;

	for (size_t i = 0; i < host->guest_count; i++)
		count += host->guests[i]->tap == tap;
	return count;
}

static void set_rule(const struct host *host, struct host_guest *guest,
		     enum host_permission permission)
{
	const struct host_config_tap *section = host_rules_section(
		host->config, guest->tap->name, guest->tap->place->name, guest->mac);

	guest->permission = permission;
	memset(guest->pf, 0, sizeof(guest->pf));
	if (section)
		memcpy(guest->pf, section->pf, sizeof(guest->pf));
}

struct host_guest *host_guests_get(struct host *host, struct host_tap *tap,
				   const uint8_t mac[ETH_ALEN], enum host_permission *ret)
{
	enum host_permission permission;
	struct host_guest *guest;

	for (size_t i = 0; i < host->guest_count; i++)
		if (host->guests[i]->tap == tap && !memcmp(host->guests[i]->mac, mac, ETH_ALEN))
			return host->guests[i];
	permission = permit(host, tap, mac);
	*ret = host_rules_is_permitted(permission) ? HOST_PERMISSION_MAX : permission;
	if (!host_rules_is_permitted(permission))
		return NULL;
	if (count_of(host, tap) >= HOST_GUESTS_OF_TAP_MAX ||
	    room_for_one(host->guests, host->guest_count, &host->guest_size))
		return NULL;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return NULL;
	guest->tap = tap;
	guest->made_ns = host_now_ns();
	memcpy(guest->mac, mac, ETH_ALEN);
	set_rule(host, guest, permission);
	host->guests[host->guest_count++] = guest;
	return guest;
}

static void remove_at(struct host *host, size_t i)
{
	free(host->guests[i]);
	host->guests[i] = host->guests[--host->guest_count];
}

void host_guests_remove(struct host *host, const struct host_tap *tap)
{
	for (size_t i = host->guest_count; i-- > 0;)
		if (host->guests[i]->tap == tap)
			remove_at(host, i);
}

/* The MACs that this tap is named for, without a pattern and without the guest's word. */
static void expect(struct host *host, struct host_tap *tap)
{
	const struct host_links *links = host->places[0]->links;
	const struct host_config *config = host->config;
	enum host_permission permission;

	for (size_t i = 0; i < tap->allowed_count; i++)
		host_guests_get(host, tap, tap->allowed[i], &permission);
	for (size_t i = 0; i < config->tap_count; i++) {
		const struct host_config_tap *section = &config->taps[i];

		if (strcmp(section->name, tap->name) != 0 ||
		    strcmp(section->netns, tap->place->name) != 0)
			continue;
		for (size_t j = 0; j < section->mac_count; j++)
			host_guests_get(host, tap, section->macs[j], &permission);
	}
	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf))
		for (size_t i = 0; i < pf->vf_count; i++)
			if (host_rules_libvirt_fits(tap->mac, pf->vfs[i].mac) ||
			    memcmp(tap->mac, pf->vfs[i].mac, ETH_ALEN) == 0)
				host_guests_get(host, tap, pf->vfs[i].mac, &permission);
}

void host_guests_rescan(struct host *host)
{
	for (size_t i = host->guest_count; i-- > 0;) {
		struct host_guest *guest = host->guests[i];
		enum host_permission permission = permit(host, guest->tap, guest->mac);

		if (host_rules_is_permitted(permission))
			set_rule(host, guest, permission);
		else
			remove_at(host, i);
	}
	for (size_t i = 0; i < host->tap_count; i++)
		expect(host, host->taps[i]);
}
