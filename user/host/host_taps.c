/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_taps.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/room.h"
#include "host/host_entries.h"
#include "host/host_guests.h"
#include "host/host_listener.h"

/*
 * Taps and macvtaps belong to virtual machines. A veth may belong to anything, so it counts only if
 * the configuration or `allow` names it.
 */
static bool is_tap(const struct host *host, const struct host_place *place,
		   const struct netdev *device)
{
	if (device->hardware_type != ARPHRD_ETHER)
		return false;
	return strcmp(device->kind, "tun") == 0 || strcmp(device->kind, "macvtap") == 0 ||
	       host_rules_section(host->config, device->name, place->name, NULL);
}

struct host_tap *host_taps_find(const struct host *host, const struct host_place *place,
				int ifindex)
{
	for (size_t i = 0; i < host->tap_count; i++)
		if (host->taps[i]->place == place && host->taps[i]->ifindex == ifindex)
			return host->taps[i];
	return NULL;
}

static void close_tap(struct host_tap *tap)
{
	sd_event_source_disable_unref(tap->io);
	if (tap->fd >= 0)
		close(tap->fd);
	free(tap->allowed);
	free(tap);
}

static void remove_at(struct host *host, size_t i)
{
	host_guests_remove(host, host->taps[i]);
	close_tap(host->taps[i]);
	host->taps[i] = host->taps[--host->tap_count];
}

/* NULL: no memory. */
static struct host_tap *make(struct host *host, struct host_place *place, int ifindex)
{
	struct host_tap *tap;

	if (room_for_one(host->taps, host->tap_count, &host->tap_size))
		return NULL;
	tap = calloc(1, sizeof(*tap));
	if (!tap)
		return NULL;
	tap->place = place;
	tap->ifindex = ifindex;
	tap->fd = -1;
	host->taps[host->tap_count++] = tap;
	return tap;
}

static void update(struct host *host, struct host_tap *tap, const struct netdev *device)
{
	int error;

	memcpy(tap->name, device->name, sizeof(tap->name));
	memcpy(tap->kind, device->kind, sizeof(tap->kind));
	memcpy(tap->mac, device->mac, ETH_ALEN);
	tap->bridge = device->master;
	tap->has_carrier = device->carrier && device->flags & IFF_UP;
	if (tap->fd >= 0)
		return;
	error = host_listener_open(host, tap);
	if (error && error != tap->error)
		log_warning("%s: signals cannot be received: %s; trying again", tap->name,
			    strerror(-error));
	tap->error = error;
}

static void rescan_place(struct host *host, struct host_place *place)
{
	for (const struct host_link *link = host_links_next(place->links, NULL); link;
	     link = host_links_next(place->links, link)) {
		struct host_tap *tap = host_taps_find(host, place, link->device.ifindex);

		if (!tap && is_tap(host, place, &link->device))
			tap = make(host, place, link->device.ifindex);
		if (tap)
			update(host, tap, &link->device);
	}
}

void host_taps_rescan(struct host *host)
{
	for (size_t i = host->tap_count; i-- > 0;) {
		const struct host_tap *tap = host->taps[i];

		if (tap->place->is_gone || !host_links_by_index(tap->place->links, tap->ifindex))
			remove_at(host, i);
	}
	for (size_t i = 0; i < host->place_count; i++)
		if (!host->places[i]->is_gone)
			rescan_place(host, host->places[i]);
	host_guests_rescan(host);
	if (!host->journal)
		return;
	host_guests_decide_all(host);
	host_entries_apply_all(host);
}

void host_taps_close(struct host *host)
{
	while (host->tap_count)
		remove_at(host, host->tap_count - 1);
	free(host->taps);
	free(host->guests);
}

static struct host_place *place_by_name(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->place_count; i++)
		if (strcmp(host->places[i]->name, name) == 0)
			return host->places[i];
	return NULL;
}

int host_taps_change_allowed(struct host *host, const char *place_name, int ifindex,
			     const char *name, const uint8_t mac[ETH_ALEN], bool forbid)
{
	struct host_place *place = place_by_name(host, place_name);
	const struct host_link *link = place ? host_links_by_name(place->links, name) : NULL;
	struct host_tap *tap;

	if (!link || (ifindex && link->device.ifindex != ifindex))
		return -ENODEV;
	tap = host_taps_find(host, place, link->device.ifindex);
	for (size_t i = 0; tap && i < tap->allowed_count; i++) {
		if (memcmp(tap->allowed[i], mac, ETH_ALEN) != 0)
			continue;
		if (forbid)
			memcpy(tap->allowed[i], tap->allowed[--tap->allowed_count], ETH_ALEN);
		return 0;
	}
	if (forbid)
		return -ENOENT;
	if (!tap)
		tap = make(host, place, link->device.ifindex);
	if (!tap || room_for_one(tap->allowed, tap->allowed_count, &tap->allowed_size))
		return -ENOMEM;
	memcpy(tap->allowed[tap->allowed_count++], mac, ETH_ALEN);
	update(host, tap, &link->device);
	return 0;
}
