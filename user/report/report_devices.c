/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/report_devices.h"
#include "base/mac.h"

#include "base/text.h"
#include "maps/slot.h"
#include "netdev/netdev.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_RECEIVE_BUFFER 65536 /* for notifications, which are not read */

static void read_candidate(const struct candidates_view *view, const struct candidate *other,
			   const struct netdev *standby, const struct netdev *primary,
			   struct report_candidate *ret)
{
	snprintf(ret->name, sizeof(ret->name), "%s", other->device->name);
	snprintf(ret->pci_address, sizeof(ret->pci_address), "%s", other->device->pci_address);
	if (candidates_has_permanent_mac(other->device))
		mac_write(other->device->permanent_mac, ret->permanent_mac);
	ret->verdict = other->verdict;
	candidates_explain(view, other, standby, primary, ret->text);
	text_mask(ret->name);
	text_mask(ret->text);
}

/* The texts have the devices' names. */
static void read_bypasses(const struct bypass_reader *reader, const struct pins *pins,
			  const struct netdev_table *table, bool agent, struct report_pair *pair)
{
	struct bypass_facts facts;

	bypass_read(reader, pins, pair->slot, table, agent, &facts);
	if (pair->qdisc.kind[0] && !pair->qdisc.mirrored) {
		facts.qdisc = pair->qdisc.kind;
		facts.qdisc_why = pair->qdisc.why;
	}
	pair->xdp_program = facts.xdp_program;
	pair->bypass_count = bypass_judge(&facts, pair->bypasses);
	for (unsigned i = 0; i < pair->bypass_count; i++)
		text_mask(pair->bypasses[i].text);
}

static void read_pair(const struct netdev_table *table, const struct candidates_view *view,
		      const struct vfsteer_pair *slot, struct report_pair *pair)
{
	const struct netdev *standby = netdev_by_index(table, slot->standby_ifindex);
	const struct netdev *primary = netdev_by_index(table, slot->primary_ifindex);
	const struct candidates_named named = slot_read_named(slot);
	struct candidate others[REPORT_CANDIDATES_MAX];

	if (!standby)
		return;
	pair->candidate_count =
		candidates_others(view, standby, primary, &named, others, REPORT_CANDIDATES_MAX);
	for (unsigned i = 0; i < pair->candidate_count && i < REPORT_CANDIDATES_MAX; i++)
		read_candidate(view, &others[i], standby, primary, &pair->candidates[i]);
}

int report_devices_read(const struct pins *pins, struct report *report)
{
	int paired[2 * VFSTEER_MAX_PAIRS + 1] = {0}, contested[VFSTEER_MAX_PAIRS + 1] = {0};
	struct candidates_view view = {.taken = paired, .contested = contested};
	struct netdev_table *table;
	struct bypass_reader *reader = NULL;
	unsigned paired_count = 0, contested_count = 0;
	bool any = false;
	int error;

	for (unsigned i = 0; i < report->pair_count; i++)
		any |= report->pairs[i].is_here;
	if (!any)
		return 0;
	error = netdev_table_new(&table, REPORT_RECEIVE_BUFFER);
	if (error)
		return error;
	view.devices = netdev_list(table, &view.count);
	if (!view.devices || bypass_reader_new(&reader))
		error = -ENOMEM;
	view.addresses.list = netdev_addresses(table, &view.addresses.count);
	for (unsigned i = 0; i < VFSTEER_MAX_PAIRS; i++) {
		/*
		 * Also those of other namespaces: at worst a device is reported as part of another
		 * pair.
		 */
		if (pins->pairs[i].standby_ifindex)
			paired[paired_count++] = pins->pairs[i].standby_ifindex;
		if (pins->pairs[i].primary_ifindex)
			paired[paired_count++] = pins->pairs[i].primary_ifindex;
		if (pins->pairs[i].contested_ifindex)
			contested[contested_count++] = pins->pairs[i].contested_ifindex;
	}
	for (unsigned i = 0; !error && i < report->pair_count; i++) {
		if (!report->pairs[i].is_here)
			continue;
		read_pair(table, &view, &pins->pairs[report->pairs[i].slot], &report->pairs[i]);
		read_bypasses(reader, pins, table, report->agent, &report->pairs[i]);
	}
	bypass_reader_free(reader);
	free((void *)view.devices);
	netdev_table_free(table);
	return error;
}
