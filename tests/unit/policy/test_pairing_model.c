/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests at random, with every kind of device there is, asked for or found: what must hold of any
 * pairing.
 */
#include "policy/candidates.h"
#include "policy/pairing.h"
#include "../seed.h"

#include <linux/if.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define GUESTS 1000000
#define DEVICES_MAX 8
#define MACS 3

struct guest {
	struct netdev devices[DEVICES_MAX];
	const struct netdev *list[DEVICES_MAX];
	size_t count;
	struct options_pair requested[DEVICES_MAX];
	size_t requested_count;
};

static bool chance(unsigned one_in)
{
	return rand() % one_in == 0;
}

static void make_device(struct netdev *device, int ifindex)
{
	static const char *const drivers[] = {"virtio_net",   "virtio_net", "iavf", "mlx5_core",
					      "net_failover", "veth",	    ""};
	static const char *const kinds[] = {"", "", "", "veth", "macvlan", "vlan"};

	memset(device, 0, sizeof(*device));
	device->ifindex = ifindex;
	snprintf(device->name, sizeof(device->name), "eth%d", ifindex);
	device->hardware_type = chance(10) ? ARPHRD_INFINIBAND : ARPHRD_ETHER;
	device->mac[5] = device->permanent_mac[5] = chance(8) ? 0 : 1 + rand() % MACS;
	if (chance(6))
		device->mac[5] = 1 + rand() % MACS;
	strcpy(device->driver, drivers[rand() % 7]);
	strcpy(device->kind, kinds[rand() % 6]);
	if (!device->kind[0] && !chance(5))
		snprintf(device->pci_address, sizeof(device->pci_address), "0000:00:%02x.0",
			 ifindex);
	device->master = chance(5) ? 2 + rand() % DEVICES_MAX : 0;
	device->flags = chance(20) ? IFF_LOOPBACK : 0;
}

/* Every device is named once at most, as arguments_add_pair sees to. */
static void make_requests(struct guest *guest)
{
	bool taken[DEVICES_MAX] = {false};

	for (size_t i = 0; i < guest->count && chance(2); i++) {
		struct options_pair *pair = &guest->requested[guest->requested_count];
		size_t standby = rand() % guest->count, primary = rand() % guest->count;

		if (taken[standby] || taken[primary] || standby == primary)
			continue;
		memset(pair, 0, sizeof(*pair));
		taken[standby] = true;
		strcpy(pair->standby, guest->devices[standby].name);
		if (chance(2)) {
			taken[primary] = true;
			strcpy(pair->primary, chance(6) ? "absent0" : guest->devices[primary].name);
		}
		guest->requested_count++;
	}
}

static void make_guest(struct guest *guest)
{
	guest->count = rand() % (DEVICES_MAX + 1);
	guest->requested_count = 0;
	for (size_t i = 0; i < guest->count; i++) {
		make_device(&guest->devices[i], 2 + (int)i);
		guest->list[i] = &guest->devices[i];
	}
	if (guest->count && chance(2))
		make_requests(guest);
}

static const struct netdev *by_index(const struct guest *guest, int ifindex)
{
	assert_in_range(ifindex, 2, 2 + guest->count - 1);
	return &guest->devices[ifindex - 2];
}

static void check_pairing(const struct guest *guest, const struct pairing *pairing)
{
	const struct netdev *standby = by_index(guest, pairing->standby), *primary;

	assert_int_equal(pairing_judge(standby, NULL, pairing->named, guest->list, guest->count),
			 PAIRING_OK);
	if (!pairing->primary)
		return;
	primary = by_index(guest, pairing->primary);
	assert_ptr_not_equal(primary, standby);
	assert_true(primary->hardware_type == ARPHRD_ETHER &&
		    !(primary->flags & IFF_LOOPBACK && pairing->named));
	assert_int_equal(pairing->kind == KIND_NET_FAILOVER,
			 candidates_net_failover(standby, guest->list, guest->count) != NULL);
	if (pairing->kind == KIND_NET_FAILOVER) {
		assert_int_equal(pairing->owner, standby->master);
		assert_int_equal(primary->master, standby->master);
		return;
	}
	assert_int_equal(pairing->owner, pairing->standby);
	assert_null(candidates_net_failover(primary, guest->list, guest->count));
	assert_int_equal(primary->master, 0);
	if (pairing->named)
		return;
	/* It was found, not asked for: then it is hardware, and its permanent MAC says so. */
	assert_memory_equal(primary->permanent_mac, standby->permanent_mac, ETH_ALEN);
	assert_true(primary->permanent_mac[5] && primary->pci_address[0] && !primary->kind[0]);
}

static void test_guests(void **context)
{
	static struct guest guest;
	unsigned pairs = 0;

	(void)context;
	for (unsigned i = 0; i < GUESTS; i++) {
		struct pairing found[DEVICES_MAX] = {0}, again[DEVICES_MAX] = {0};
		int current[DEVICES_MAX + 1] = {0};
		unsigned uses[DEVICES_MAX] = {0}, in_use = 0;
		struct candidates_view view = { .devices = guest.list };
		size_t count;

		make_guest(&guest);
		view.count = guest.count;
		count = pairing_find(&view, guest.requested, guest.requested_count, NULL, found,
				     DEVICES_MAX);
		assert_in_range(count, 0, guest.count);
		for (size_t j = 0; j < count; j++) {
			check_pairing(&guest, &found[j]);
			uses[found[j].standby - 2]++;
			if (found[j].primary) {
				uses[found[j].primary - 2]++;
				current[in_use++] = found[j].primary;
			}
		}
		/* A device has one part in one pair. */
		for (size_t j = 0; j < guest.count; j++)
			assert_in_range(uses[j], 0, 1);
		/* What is in use stays in use. */
		view.in_use = current;
		assert_int_equal(pairing_find(&view, guest.requested, guest.requested_count, NULL,
					      again, DEVICES_MAX),
				 count);
		for (size_t j = 0; j < count; j++)
			assert_true(again[j].standby == found[j].standby &&
				    again[j].primary == found[j].primary);
		pairs += count;
	}
	print_message("%u pairs in %u guests\n", pairs, GUESTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guests),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
