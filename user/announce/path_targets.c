/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/path_targets.h"
#include "announce/answers.h"
#include "announce/arp_rules.h"
#include "announce/speakers.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

/* of neighbours that have a MAC, if one without is included as well */
#define KNOWN_MAX (PATH_TARGETS_MAX - 1)
#define SOUGHT_MS 5000

struct finding {
	const struct netdev_table *table;
	const struct announce_filter *filter;
	const struct mac_list *ours;
	struct speakers speakers;
	struct link_neighbour *neighbours;
	size_t neighbour_count;
	bool arp_is_filtered;
};

static bool is_in_prefix(const struct netdev_address *address, struct in_addr v4)
{
	uint32_t mask =
		address->prefix_length ? htonl(UINT32_MAX << (32 - address->prefix_length)) : 0;

	return !((address->network.s_addr ^ v4.s_addr) & mask);
}

/*
 * How well @address suits as source for a question to @target; 0: not at all. The kernel takes an
 * address on the target's network, or else any (inet_select_addr); in IPv6 the link-local address
 * after DAD, or else any.
 */
static unsigned suits(const struct finding *finding, const struct netdev *device,
		      const struct netdev_address *address, const struct path_target *target)
{
	if (address->family != target->asker.family)
		return 0;
	if (address->family == AF_INET6)
		return address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)
			       ? 0
			       : 1 + IN6_IS_ADDR_LINKLOCAL(&address->v6);
	if (!answers_for(finding->table, device, address, answers_arp_ignore(device->name)))
		return 0;
	return 1 + is_in_prefix(address, target->v4);
}

/*
 * Completes @target, which has its address and the asker's family. False: it cannot be asked.
 * @must_be_near: the speaker needs an IPv4 address on the target's network.
 */
static bool find_asker(const struct finding *finding, const struct speaker *speaker,
		       bool must_be_near, struct path_target *target)
{
	const struct netdev_address *address =
		netdev_address_first(finding->table, speaker->device->ifindex);
	const struct announce_filter exceptions = { .rules = finding->filter->rules,
						    .count = finding->filter->count,
						    .pair = finding->filter->pair };
	int family = target->asker.family;
	unsigned best = 0;
	bool is_near = false;

	target->ifindex = speaker->device->ifindex;
	target->asker = speakers_address(speaker, speaker->device->mac);
	target->asker.family = family;
	for (; address && address->ifindex == speaker->device->ifindex;
	     address = netdev_address_next(finding->table, address)) {
		struct announce_address asker = target->asker;
		unsigned suitable = suits(finding, speaker->device, address, target);

		is_near |= suitable > 1;
		if (family == AF_INET && finding->arp_is_filtered)
			continue;
		memcpy(&asker.v6, &address->v6,
		       family == AF_INET ? sizeof(asker.v4) : sizeof(asker.v6));
		if (suitable <= best || !announce_filter_passes(&exceptions, &asker))
			continue;
		best = suitable;
		target->asker = asker;
	}
	return family == AF_INET ? is_near || !must_be_near : best;
}

/* Do its frames leave by the standby, from the standby's MAC? */
static bool can_ask(const struct finding *finding, const struct speaker *speaker)
{
	return !speaker->is_silent &&
	       !memcmp(speaker->device->mac, finding->speakers.list[0].device->mac, ETH_ALEN);
}

/* NULL: the device does not belong to the pair, or cannot ask for it. */
static const struct speaker *speaker_of(const struct finding *finding, int ifindex)
{
	const struct speaker *speakers = finding->speakers.list;

	for (size_t i = 0; i < finding->speakers.count; i++)
		if (speakers[i].device->ifindex == ifindex)
			return can_ask(finding, &speakers[i]) ? &speakers[i] : NULL;
	return NULL;
}

static size_t address_size(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static const struct link_neighbour *neighbour_called(const struct finding *finding, int ifindex,
						     const struct path_target *target)
{
	for (size_t i = 0; i < finding->neighbour_count; i++) {
		const struct link_neighbour *neighbour = &finding->neighbours[i];

		if (neighbour->ifindex == ifindex && neighbour->family == target->asker.family &&
		    !memcmp(&neighbour->v6, &target->v6, address_size(neighbour->family)))
			return neighbour;
	}
	return NULL;
}

static void add_target(struct path_targets *targets, const struct path_target *target)
{
	if (targets->count < PATH_TARGETS_MAX)
		targets->list[targets->count++] = *target;
}

/* By the first device on the target's network; without one, an ARP probe over the standby. */
static void add_named(const struct finding *finding, const struct path_rule *rule,
		      struct path_targets *targets)
{
	const struct speaker *speakers = finding->speakers.list;
	const struct link_neighbour *neighbour;
	struct path_target target;

	for (size_t i = 0; i <= finding->speakers.count; i++) {
		const struct speaker *speaker = &speakers[i < finding->speakers.count ? i : 0];

		if (!can_ask(finding, speaker))
			continue;
		target = (struct path_target){ .asker.family = rule->family };
		memcpy(&target.v6, &rule->v6, address_size(rule->family));
		if (!find_asker(finding, speaker, i < finding->speakers.count, &target))
			continue;
		neighbour = neighbour_called(finding, speaker->device->ifindex, &target);
		if (neighbour && neighbour->has_mac) {
			target.has_mac = true;
			memcpy(target.mac, neighbour->mac, ETH_ALEN);
		}
		add_target(targets, &target);
		return;
	}
}

/*
 * IPv4 first; then those with a MAC, the most recently confirmed first; then the unanswered, the
 * most recent first.
 */
static int neighbours_compare(const void *a, const void *b)
{
	const struct link_neighbour *one = a, *other = b;
	uint64_t one_ms = one->is_sought ? one->used_ms : one->confirmed_ms,
		 other_ms = other->is_sought ? other->used_ms : other->confirmed_ms;

	if (one->family != other->family)
		return one->family == AF_INET ? -1 : 1;
	if (one->is_sought != other->is_sought)
		return one->is_sought ? 1 : -1;
	return one_ms < other_ms ? -1 : one_ms > other_ms;
}

static void add_neighbours(struct finding *finding, struct path_targets *targets)
{
	unsigned known = 0, sought = 0;

	if (finding->neighbour_count)
		qsort(finding->neighbours, finding->neighbour_count, sizeof(*finding->neighbours),
		      neighbours_compare);
	for (size_t i = 0; i < finding->neighbour_count; i++) {
		const struct link_neighbour *neighbour = &finding->neighbours[i];
		struct path_target target = { .asker.family = neighbour->family,
					      .has_mac = neighbour->has_mac };
		const struct speaker *speaker;

		if (neighbour->is_sought ? sought || neighbour->used_ms > SOUGHT_MS
					 : known == KNOWN_MAX || !neighbour->has_mac)
			continue;
		speaker = speaker_of(finding, neighbour->ifindex);
		if (!speaker || (neighbour->has_mac && mac_list_has(finding->ours, neighbour->mac)))
			continue;
		memcpy(&target.v6, &neighbour->v6, address_size(neighbour->family));
		memcpy(target.mac, neighbour->mac, ETH_ALEN);
		if (!find_asker(finding, speaker, false, &target))
			continue;
		if (neighbour->is_sought)
			sought++;
		else
			known++;
		add_target(targets, &target);
	}
}

static void find_targets(struct finding *finding, const struct path_requested *requested,
			 struct path_targets *ret)
{
	if (!requested->pair) {
		add_neighbours(finding, ret);
		return;
	}
	for (size_t i = 0; i < requested->count; i++)
		if (!strcmp(requested->rules[i].pair, requested->pair))
			add_named(finding, &requested->rules[i], ret);
}

int path_targets_find(const struct netdev_table *table, struct link_requests *requests,
		      struct bridges *bridges, const struct netdev *standby,
		      const struct announce_filter *filter, const struct path_requested *requested,
		      const struct mac_list *ours, struct path_targets *ret)
{
	struct finding finding = {
		.table = table, .filter = filter, .ours = ours, .arp_is_filtered = arp_rules_exist()
	};
	int error = speakers_find(table, bridges, NULL, standby, &finding.speakers);

	*ret = (struct path_targets){ 0 };
	if (!error)
		error = link_list_neighbours(requests, &finding.neighbours,
					     &finding.neighbour_count);
	if (!error)
		find_targets(&finding, requested, ret);
	free(finding.neighbours);
	speakers_free(&finding.speakers);
	return error;
}
