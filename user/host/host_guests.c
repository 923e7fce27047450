/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_guests.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mac.h"
#include "base/room.h"
#include "host/host_entries.h"
#include "host/host_taps.h"
#include "netdev/link.h"

#define SILENT_INTERVALS 3 /* two frames in a row may be lost in a full queue */
#define INTERVAL_LEAST_MS 100
#define INTERVAL_MOST_MS 60000 /* no guest keeps its word for longer */
#define STALE_NS 1000000000ULL /* docs/reference/host-signal.md: order */

unsigned host_guests_interval_ms(const struct host_guest *guest)
{
	unsigned interval_ms = guest->signal.interval_ms;

	if (interval_ms < INTERVAL_LEAST_MS)
		return INTERVAL_LEAST_MS;
	return interval_ms > INTERVAL_MOST_MS ? INTERVAL_MOST_MS : interval_ms;
}

bool host_guests_is_silent(const struct host_guest *guest)
{
	uint64_t limit_ns = SILENT_INTERVALS * 1000000ULL * host_guests_interval_ms(guest);

	return guest->has_spoken && (guest->signal.flags & HOST_SIGNAL_ENDS ||
				     host_now_ns() - guest->signal_ns > limit_ns);
}

/* A rule may make a guest before it arrives by migration. It is here once it has sent a frame. */
static bool is_here(const struct host_guest *guest)
{
	return guest->has_spoken || guest->has_sent;
}

void host_guests_targets(const struct host *host, const struct host_guest *guest,
			 struct host_targets *ret)
{
	struct host_sought sought = {
		.mac = guest->mac,
		.bridge = guest->tap->place == host->places[0] ? guest->tap->bridge : 0,
		.pf = guest->pf,
		/* A VF may get the MAC at any moment, and from then on has the guest's frames. */
		.ahead = host->config->ahead && is_here(guest),
	};

	host_targets_find(host->places[0]->links, &sought, ret);
}

bool host_guests_any(const struct host *host, const uint8_t mac[ETH_ALEN])
{
	for (size_t i = 0; i < host->guest_count; i++)
		if (memcmp(host->guests[i]->mac, mac, ETH_ALEN) == 0)
			return true;
	return false;
}

static struct host_view view_of(const struct host *host, const struct host_guest *guest)
{
	uint64_t now_ns = host_now_ns(), silence_ns = host->config->silence_s * 1000000000ULL;

	return (struct host_view){
		.has_carrier = guest->tap->has_carrier,
		.has_spoken = guest->has_spoken,
		.is_silent = host_guests_is_silent(guest),
		.active = guest->signal.active,
		.primary = guest->signal.primary,
		.flags = guest->signal.flags,
		.is_new = now_ns - guest->made_ns < silence_ns,
		.has_sent = guest->has_sent,
		.sends = guest->traffic_ns && now_ns - guest->traffic_ns < silence_ns,
		.learned = guest->learned,
	};
}

void host_guests_decide(struct host *host, struct host_guest *guest)
{
	struct host_view view = view_of(host, guest);
	bool was_shared = guest->shared, was_here = guest->was_here;
	char mac[MAC_TEXT_SIZE];

	guest->shared = host_sharing_decide(&view, &guest->reason);
	guest->was_here = is_here(guest);
	/* Shared as before, but ahead of the VF from now on. */
	if (guest->shared && was_shared && guest->was_here && !was_here)
		host_entries_apply(host, guest->mac);
	if (guest->shared != was_shared || !guest->decided_ns) {
		guest->decided_ns = host_now_ns();
		host_entries_apply(host, guest->mac);
		mac_write(guest->mac, mac);
		log_info("%s: %s: %s: %s", guest->tap->name, mac,
			 guest->shared ? "shared" : "not shared",
			 host_sharing_words(guest->reason));
	}
}

void host_guests_decide_all(struct host *host)
{
	for (size_t i = 0; i < host->guest_count; i++)
		host_guests_decide(host, host->guests[i]);
}

bool host_guests_take_signal(struct host_guest *guest, const struct host_signal *signal)
{
	uint64_t now_ns = host_now_ns();
	int32_t newer = (int32_t)(signal->sequence - guest->signal.sequence);

	if (guest->has_spoken && signal->instance == guest->signal.instance && newer <= 0 &&
	    now_ns - guest->signal_ns < STALE_NS)
		return false;
	guest->has_spoken = true;
	guest->signal = *signal;
	guest->signal_ns = now_ns;
	guest->signals++;
	/* Newer than anything a bridge has learned, or a counter has shown. */
	guest->learned = HOST_LEARNED_NOWHERE;
	guest->has_tap_packets = false;
	guest->has_sent = true;
	guest->traffic_ns = signal->active == PATH_STANDBY ? now_ns : 0;
	return true;
}

static void note_learned(struct host *host, struct host_guest *guest,
			 const struct host_station *station)
{
	bool is_here = station->port_ifindex == guest->tap->ifindex;
	const struct host_link *port =
		host_links_by_index(guest->tap->place->links, station->port_ifindex);

	if (!is_here && (!port || port->device.master != guest->tap->bridge))
		return;
	if (station->is_gone && is_here && guest->learned == HOST_LEARNED_TAP) {
		guest->learned = HOST_LEARNED_NOWHERE;
	} else if (!station->is_gone) {
		guest->learned = is_here ? HOST_LEARNED_TAP : HOST_LEARNED_OTHER;
		guest->has_sent = guest->has_sent || is_here;
		if (is_here)
			guest->traffic_ns = host_now_ns();
	}
	host_guests_decide(host, guest);
}

void host_guests_take_station(struct host *host, struct host_place *place,
			      const struct host_station *station)
{
	struct host_tap *tap = host_taps_find(host, place, station->port_ifindex);
	enum host_permission permission;
	struct host_guest *made;
	bool is_known = false;

	if (station->is_own_list || !host->config->learning)
		return;
	for (size_t i = 0; i < host->guest_count; i++) {
		struct host_guest *guest = host->guests[i];

		if (guest->tap->place != place || !guest->tap->bridge ||
		    memcmp(guest->mac, station->mac, ETH_ALEN) != 0)
			continue;
		is_known = is_known || guest->tap == tap;
		note_learned(host, guest, station);
	}
	/* A tap that a pattern of the configuration permits to have many MACs. */
	if (!tap || is_known || station->is_gone || !station->is_learned ||
	    !host_rules_section(host->config, tap->name, place->name, station->mac))
		return;
	made = host_guests_get(host, tap, station->mac, &permission);
	if (made)
		note_learned(host, made, station);
}

static int read_counter(const struct host_tap *tap, uint64_t *ret)
{
	struct link_requests *requests = host_links_requests(tap->place->links);
	uint64_t bytes;

	/* What the guest sends, a macvtap transmits. */
	if (strcmp(tap->kind, "macvtap") == 0)
		return link_get_sent(requests, tap->ifindex, ret);
	return link_get_received(requests, tap->ifindex, ret, &bytes);
}

void host_guests_look(struct host *host)
{
	for (size_t i = 0; i < host->guest_count; i++) {
		struct host_guest *guest = host->guests[i];
		uint64_t packets;

		if ((guest->has_spoken && !host_guests_is_silent(guest)) ||
		    read_counter(guest->tap, &packets))
			continue;
		if (guest->has_tap_packets && packets != guest->tap_packets)
			guest->traffic_ns = host_now_ns();
		guest->has_sent = guest->has_sent || packets;
		guest->tap_packets = packets;
		guest->has_tap_packets = true;
	}
}

void host_guests_adopt(struct host *host, const char *place, int tap_ifindex, const char *tap_name,
		       const uint8_t mac[ETH_ALEN])
{
	for (size_t i = 0; i < host->tap_count; i++) {
		struct host_tap *tap = host->taps[i];
		enum host_permission permission;
		struct host_guest *guest;

		if (tap->ifindex != tap_ifindex || strcmp(tap->name, tap_name) != 0 ||
		    strcmp(tap->place->name, place) != 0)
			continue;
		guest = host_guests_get(host, tap, mac, &permission);
		if (!guest)
			continue;
		guest->traffic_ns = host_now_ns();
		guest->has_sent = true;
	}
}
