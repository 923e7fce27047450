/* SPDX-License-Identifier: GPL-2.0-only */
/* Which devices belong together, in guests of every kind. */
#include "policy/candidates.h"
#include "policy/pairing.h"

#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What a case does not say is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEVICES_MAX 8
#define MAC_A 0xa
#define MAC_B 0xb
#define NO_MAC 0

/* A MAC is given by its last byte. */
#define ETHERNET_OF(index, name_, mac_, permanent_mac_)                                            \
	.ifindex = (index), .name = name_, .hardware_type = ARPHRD_ETHER,                          \
	.mac = { 0x52, 0x54, 0, 0, 0, mac_ },                                                      \
	.permanent_mac = {                                                                         \
		permanent_mac_ ? 0x52 : 0, permanent_mac_ ? 0x54 : 0, 0, 0, 0, permanent_mac_      \
	}
#define ETHERNET(index, name, mac) ETHERNET_OF(index, name, mac, mac)
#define VIRTIO(index, name, mac)                                                                   \
	{                                                                                          \
		ETHERNET(index, name, mac), .driver = "virtio_net", .pci_address = "0000:00:03.0"  \
	}
#define VF(index, name, mac)                                                                       \
	{                                                                                          \
		ETHERNET(index, name, mac), .driver = "iavf", .pci_address = "0000:01:00.0"        \
	}
#define FAILOVER(index, name, mac)                                                                 \
	{                                                                                          \
		ETHERNET(index, name, mac), .driver = "net_failover",                              \
					    .pci_address = "0000:00:03.0"                          \
	}
#define SLAVE(index, name, mac, driver_, address)                                                  \
	{                                                                                          \
		ETHERNET(index, name, mac), .driver = driver_, .pci_address = address, .master = 2 \
	}
#define NAMED(standby_, primary_) { .standby = standby_, .primary = primary_ }

static const struct guest {
	const char *name;
	struct netdev devices[DEVICES_MAX];
	struct options_pair requested[3];
	int current[3];
	struct pairing expected[3];
} guests[] = {
	{ "nothing", .expected = { { 0 } } },
	{ "zero configuration",
	  { VIRTIO(2, "eth0", MAC_A), VF(3, "eth1", MAC_A) },
	  .expected = { { 2, 3, .named = false } } },
	{ "the VF was there first",
	  { VF(2, "eth0", MAC_A), VIRTIO(3, "eth1", MAC_A) },
	  .expected = { { 3, 2, .named = false } } },
	{ "no VF yet", { VIRTIO(2, "eth0", MAC_A) }, .expected = { { 2, 0, .named = false } } },
	{ "a VF of another MAC",
	  { VIRTIO(2, "eth0", MAC_A), VF(3, "eth1", MAC_B) },
	  .expected = { { 2, 0, .named = false } } },
	{ "two pairs",
	  { VIRTIO(2, "eth0", MAC_A), VIRTIO(3, "eth1", MAC_B), VF(4, "eth2", MAC_B),
	    VF(5, "eth3", MAC_A) },
	  .expected = { { 2, 5, .named = false }, { 3, 4, .named = false } } },
	{ "two virtio-net devices of one MAC",
	  { VIRTIO(2, "eth0", MAC_A), VIRTIO(3, "eth1", MAC_A) },
	  .expected = { { 2, 3, .named = false } } },
	{ "two VFs: the first",
	  { VIRTIO(2, "eth0", MAC_A), VF(3, "eth1", MAC_A), VF(4, "eth2", MAC_A) },
	  .expected = { { 2, 3, .named = false } } },
	{ "two VFs: the one in use",
	  { VIRTIO(2, "eth0", MAC_A), VF(3, "eth1", MAC_A), VF(4, "eth2", MAC_A) },
	  .current = { 4 },
	  .expected = { { 2, 4, .named = false } } },
	{ "the permanent MAC counts, not the present one",
	  { VIRTIO(2, "eth0", MAC_A),
	    { ETHERNET_OF(3, "eth1", MAC_B, MAC_A), .driver = "iavf",
	      .pci_address = "0000:01:00.0" } },
	  .expected = { { 2, 3, .named = false } } },
	{ "a MAC that was only set is no kinship",
	  { VIRTIO(2, "eth0", MAC_A),
	    { ETHERNET_OF(3, "eth1", MAC_A, MAC_B), .driver = "iavf",
	      .pci_address = "0000:01:00.0" } },
	  .expected = { { 2, 0, .named = false } } },
	{ "devices made of software are no VFs",
	  { VIRTIO(2, "eth0", MAC_A),
	    { ETHERNET(3, "eth0.5", MAC_A), .kind = "vlan" },
	    { ETHERNET(4, "mv0", MAC_A), .kind = "macvlan", .pci_address = "0000:00:03.0" },
	    { ETHERNET(5, "br0", MAC_A), .kind = "bridge" } },
	  .expected = { { 2, 0, .named = false } } },
	{ "InfiniBand is no Ethernet",
	  { VIRTIO(2, "eth0", MAC_A),
	    { .ifindex = 3,
	      .name = "ib0",
	      .hardware_type = ARPHRD_INFINIBAND,
	      .permanent_mac = { 0x52, 0x54, 0, 0, 0, MAC_A },
	      .driver = "mlx5_core",
	      .pci_address = "0000:01:00.0" } },
	  .expected = { { 2, 0, .named = false } } },
	{ "a virtio-net device without a permanent MAC",
	  { { ETHERNET_OF(2, "eth0", MAC_A, NO_MAC), .driver = "virtio_net",
	      .pci_address = "0000:00:03.0" } },
	  .expected = { { 0 } } },
	{ "net_failover owns it",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0"),
	    SLAVE(4, "eth1", MAC_A, "iavf", "0000:01:00.0") },
	  .expected = { { 3, 4, 2, KIND_NET_FAILOVER } } },
	{ "net_failover owns it, and the VF is not here yet",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0") },
	  .expected = { { 3, 0, 2, KIND_NET_FAILOVER } } },
	{ "net_failover owns it: a virtio-net VF that came first is the primary",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth1", MAC_A, "virtio_net", "0000:01:00.0"),
	    SLAVE(4, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0") },
	  .expected = { { 4, 3, 2, KIND_NET_FAILOVER } } },
	{ "net_failover's master alone",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(4, "eth1", MAC_A, "iavf", "0000:01:00.0") },
	  .expected = { { 0 } } },
	{ "one is net_failover's, the other plain",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0"),
	    VIRTIO(4, "eth1", MAC_B), VF(5, "eth2", MAC_B) },
	  .expected = { { 3, 0, 2, KIND_NET_FAILOVER }, { 4, 5, .named = false } } },
	{ "named: net_failover's, by its master",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0"),
	    SLAVE(4, "eth1", MAC_A, "iavf", "0000:01:00.0") },
	  { NAMED("eth0", "") },
	  .expected = { { 3, 4, 2, KIND_NET_FAILOVER } } },
	{ "named: net_failover's, by its standby and its primary",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0"),
	    SLAVE(4, "eth1", MAC_A, "iavf", "0000:01:00.0") },
	  { NAMED("eth0nsby", "eth1") },
	  .expected = { { 3, 4, 2, KIND_NET_FAILOVER, .named = true } } },
	{ "named: net_failover's VF is no standby",
	  { FAILOVER(2, "eth0", MAC_A), SLAVE(3, "eth0nsby", MAC_A, "virtio_net", "0000:00:03.0"),
	    SLAVE(4, "eth1", MAC_A, "iavf", "0000:01:00.0") },
	  { NAMED("eth1", "") },
	  .expected = { { 0 } } },
	{ "a bridge port is a standby like any other",
	  { { ETHERNET(2, "eth0", MAC_A), .driver = "virtio_net", .pci_address = "0000:00:03.0",
	      .master = 4, .slave_kind = "bridge" },
	    VF(3, "eth1", MAC_A),
	    { ETHERNET(4, "br0", MAC_A), .kind = "bridge", .driver = "bridge" } },
	  .expected = { { 2, 3, .named = false } } },
	{ "named: any two",
	  { VIRTIO(2, "eth0", MAC_A), VF(3, "eth1", MAC_B), VF(4, "eth2", MAC_A) },
	  { NAMED("eth0", "eth1") },
	  .expected = { { 2, 3, .named = true } } },
	{ "named: the primary is to come",
	  { VIRTIO(2, "eth0", MAC_A), VF(4, "eth2", MAC_A) },
	  { NAMED("eth0", "eth1") },
	  .expected = { { 2, 0, .named = true } } },
	{ "named: only these",
	  { VIRTIO(2, "eth0", MAC_A), VIRTIO(3, "eth1", MAC_B), VF(4, "eth2", MAC_B) },
	  { NAMED("eth1", "") },
	  .expected = { { 3, 4, .named = false } } },
	{ "named: the standby is not there",
	  { VF(3, "eth1", MAC_A) },
	  { NAMED("eth0", "eth1") },
	  .expected = { { 0 } } },
	{ "named: not virtio-net",
	  { VF(2, "eth0", MAC_A), VF(3, "eth1", MAC_A) },
	  { NAMED("eth0", "") },
	  .expected = { { 2, 3, .named = false } } },
	{ "named: an unfit primary costs only the primary",
	  { VIRTIO(2, "eth0", MAC_A),
	    { .ifindex = 1, .name = "lo", .hardware_type = ARPHRD_LOOPBACK } },
	  { NAMED("eth0", "lo") },
	  .expected = { { 2, 0, .named = true } } },
	{ "named: what is named is not found by another's MAC",
	  { VIRTIO(2, "a0", MAC_A), VIRTIO(3, "b0", MAC_B), VF(4, "a1", MAC_A) },
	  { NAMED("a0", ""), NAMED("b0", "a1") },
	  .expected = { { 2, 0, .named = false }, { 3, 4, .named = true } } },
	{ "named: a standby is no other's primary",
	  { VIRTIO(2, "a0", MAC_A), VIRTIO(3, "b0", MAC_A) },
	  { NAMED("a0", ""), NAMED("b0", "") },
	  .expected = { { 2, 0, .named = false }, { 3, 0, .named = false } } },
	{ "named: one primary is not two pairs'",
	  { VIRTIO(2, "a0", MAC_A), VIRTIO(3, "b0", MAC_A), VF(4, "a1", MAC_A) },
	  { NAMED("a0", ""), NAMED("b0", "") },
	  .expected = { { 2, 4, .named = false }, { 3, 0, .named = false } } },
	{ "named: by altnames",
	  { { ETHERNET(2, "a0", MAC_A), .driver = "virtio_net", .altnames = "x\0enp1s0\0" },
	    { ETHERNET(3, "a1", MAC_A), .altnames = "enp2s0\0" } },
	  { NAMED("enp1s0", "enp2s0") },
	  .expected = { { 2, 3, .named = true } } },
	{ "named: two names of one device",
	  { { ETHERNET(2, "a0", MAC_A), .driver = "virtio_net", .altnames = "enp1s0\0" },
	    VF(3, "a1", MAC_A),
	    VF(4, "b1", MAC_B) },
	  { NAMED("a0", "a1"), NAMED("enp1s0", "b1") },
	  .expected = { { 2, 3, .named = true } } },
	{ "named: a bond's",
	  { VIRTIO(2, "a0", MAC_A),
	    { ETHERNET(3, "a1", MAC_A), .pci_address = "0000:01:00.0", .master = 4 },
	    { ETHERNET(4, "bond0", MAC_A), .kind = "bond" } },
	  { NAMED("a0", "a1") },
	  .expected = { { 2, 0, .named = true } } },
	{ "a bond's",
	  { VIRTIO(2, "a0", MAC_A),
	    { ETHERNET(3, "a1", MAC_A), .driver = "iavf", .pci_address = "0000:01:00.0",
	      .master = 4 },
	    { ETHERNET(4, "bond0", MAC_A), .kind = "bond" } },
	  .expected = { { 2, 0, .named = false } } },
	{ "named: the standby's own macvlan",
	  { VIRTIO(2, "a0", MAC_A), { ETHERNET(3, "mv0", MAC_B), .kind = "macvlan", .link = 2 } },
	  { NAMED("a0", "mv0") },
	  .expected = { { 2, 0, .named = true } } },
	{ "named: with a foreign macvlan on it",
	  { VIRTIO(2, "a0", MAC_A),
	    VF(3, "a1", MAC_A),
	    { ETHERNET(4, "mv0", MAC_B), .kind = "macvlan", .link = 3 } },
	  { NAMED("a0", "a1") },
	  .expected = { { 2, 0, .named = true } } },
	{ "named: several",
	  { VIRTIO(2, "a0", MAC_A), VIRTIO(3, "b0", MAC_B), VF(4, "a1", MAC_A),
	    VF(5, "b1", MAC_B) },
	  { NAMED("b0", "b1"), NAMED("a0", "a1") },
	  .expected = { { 3, 5, .named = true }, { 2, 4, .named = true } } },
};

static size_t list(const struct netdev *devices, const struct netdev *list[DEVICES_MAX])
{
	size_t count = 0;

	while (count < DEVICES_MAX && devices[count].ifindex) {
		list[count] = &devices[count];
		count++;
	}
	return count;
}

static void test_guests(void **context)
{
	unsigned failures = 0;

	(void)context;
	for (size_t i = 0; i < COUNT(guests); i++) {
		const struct guest *guest = &guests[i];
		const struct netdev *devices[DEVICES_MAX];
		struct candidates_view view = { .devices = devices,
						.in_use =
							guest->current[0] ? guest->current : NULL };
		struct pairing pairings[DEVICES_MAX] = { 0 };
		size_t count = list(guest->devices, devices), requested = 0, expected = 0, found;
		bool right;

		while (requested < COUNT(guest->requested) &&
		       guest->requested[requested].standby[0])
			requested++;
		while (expected < COUNT(guest->expected) && guest->expected[expected].standby)
			expected++;
		view.count = count;
		found = pairing_find(&view, guest->requested, requested, NULL, pairings,
				     DEVICES_MAX);
		right = found == expected;
		for (size_t j = 0; j < found && j < expected; j++)
			right = right && pairings[j].standby == guest->expected[j].standby &&
				(pairings[j].owner == guest->expected[j].owner ||
				 (!guest->expected[j].owner &&
				  pairings[j].owner == pairings[j].standby)) &&
				pairings[j].kind == guest->expected[j].kind &&
				pairings[j].primary == guest->expected[j].primary &&
				pairings[j].named == guest->expected[j].named;
		if (right)
			continue;
		print_error("%s: %zu pairs, the first %d=%d\n", guest->name, found,
			    pairings[0].standby, pairings[0].primary);
		failures++;
	}
	assert_int_equal(failures, 0);
}

/*
 * A request's devices are what they were at their first use, whichever devices bear their names
 * now.
 */
static void test_pinned(void **context)
{
	const struct netdev standby = VIRTIO(2, "eth0", MAC_A), vf = VF(3, "eth1", MAC_A),
			    renamed = VF(4, "eth5", MAC_A);
	const struct netdev stranger = VF(5, "eth1", MAC_B),
			    strange_standby = VIRTIO(6, "eth0", MAC_B);
	const struct options_pair requested = NAMED("eth0", "eth1"), moved = NAMED("eth5", "eth1");
	const struct pairing_pinned pinned = { identity_of(&standby), identity_of(&vf) };
	const struct {
		const struct netdev *devices[4];
		const struct options_pair *requested;
		int standby, primary;
	} cases[] = {
		{ { &standby, &vf }, &requested, 2, 3 },
		{ { &standby, &stranger }, &requested, 2, 0 },
		{ { &standby, &stranger, &renamed }, &requested, 2, 4 },
		{ { &standby, &renamed }, &requested, 2, 4 },
		{ { &vf, &strange_standby }, &requested, 0, 0 },
		/* The VF has the standby's permanent MAC, and is it by no name but its own. */
		{ { &vf, &renamed }, &requested, 0, 0 },
		{ { &standby }, &moved, 0, 0 },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct candidates_view view = { .devices = cases[i].devices };
		struct pairing pairing = { 0 };
		size_t found;

		while (view.count < 4 && cases[i].devices[view.count])
			view.count++;
		found = pairing_find(&view, cases[i].requested, 1, &pinned, &pairing, 1);
		if (found != !!cases[i].standby || pairing.standby != cases[i].standby ||
		    pairing.primary != cases[i].primary)
			fail_msg("case %zu: %zu pairs, %d=%d", i, found, pairing.standby,
				 pairing.primary);
	}
}

/* No more is written than there is room for. */
static void test_room(void **context)
{
	const struct netdev devices[] = { VIRTIO(2, "a", MAC_A), VIRTIO(3, "b", MAC_B) };
	const struct netdev *all[] = { &devices[0], &devices[1] };
	const struct candidates_view view = { .devices = all, .count = 2 };
	const struct options_pair requested[] = { NAMED("a", "x"), NAMED("b", "y") };
	struct pairing pairings[2] = { 0 };

	(void)context;
	assert_int_equal(pairing_find(&view, NULL, 0, NULL, pairings, 1), 1);
	assert_int_equal(pairings[1].standby, 0);
	assert_int_equal(pairing_find(&view, requested, 2, NULL, pairings, 1), 1);
	assert_int_equal(pairings[1].standby, 0);
	assert_int_equal(pairing_find(&view, NULL, 0, NULL, pairings, 0), 0);
}

static void test_refusals(void **context)
{
	const struct netdev devices[] = {
		VIRTIO(2, "eth0", MAC_A),
		VF(3, "eth1", MAC_A),
		{ .ifindex = 1,
		  .name = "lo",
		  .hardware_type = ARPHRD_LOOPBACK,
		  .flags = IFF_LOOPBACK },
		{ .ifindex = 4, .name = "tun0", .hardware_type = 0xfffe },
		{ ETHERNET(5, "fo0", MAC_B), .driver = "net_failover" },
		{ ETHERNET(6, "fo0nsby", MAC_B), .driver = "virtio_net", .master = 5 },
		{ ETHERNET(8, "fo1", MAC_B), .driver = "iavf", .pci_address = "0000:01:00.0",
		  .master = 5 },
		{ ETHERNET_OF(7, "veth0", MAC_A, NO_MAC), .kind = "veth" },
	};
	const struct netdev *const eth0 = &devices[0], *const eth1 = &devices[1],
				   *const lo = &devices[2], *const tun0 = &devices[3],
				   *const fo0 = &devices[4], *const fo0nsby = &devices[5],
				   *const fo1 = &devices[6], *const veth0 = &devices[7];
	const struct {
		const struct netdev *standby, *primary;
		bool named;
		enum pairing_refusal refusal;
	} cases[] = {
		{ eth0, eth1, true, PAIRING_OK },
		{ eth0, NULL, true, PAIRING_OK },
		{ eth0, NULL, false, PAIRING_OK },
		{ veth0, eth1, true, PAIRING_OK },
		{ veth0, NULL, true, PAIRING_OK },
		{ veth0, NULL, false, PAIRING_NO_MAC },
		{ lo, eth1, true, PAIRING_NOT_ETHERNET },
		{ tun0, eth1, true, PAIRING_NOT_ETHERNET },
		{ eth0, lo, true, PAIRING_NOT_ETHERNET },
		{ eth0, tun0, true, PAIRING_NOT_ETHERNET },
		{ eth0, eth0, true, PAIRING_SAME_DEVICE },
		{ fo0nsby, NULL, false, PAIRING_OK },
		{ fo0nsby, eth1, true, PAIRING_NET_FAILOVER },
		{ eth0, fo0nsby, true, PAIRING_NET_FAILOVER },
		{ fo0nsby, fo1, true, PAIRING_OK },
		{ fo1, NULL, true, PAIRING_NET_FAILOVER },
	};
	const struct netdev *all[COUNT(devices)];

	(void)context;
	for (size_t i = 0; i < COUNT(devices); i++)
		all[i] = &devices[i];
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum pairing_refusal refusal = pairing_judge(cases[i].standby, cases[i].primary,
							     cases[i].named, all, COUNT(all));

		if (refusal != cases[i].refusal)
			print_error("%s=%s: %d, not %d\n", cases[i].standby->name,
				    cases[i].primary ? cases[i].primary->name : "", refusal,
				    cases[i].refusal);
		assert_int_equal(refusal, cases[i].refusal);
	}
	assert_ptr_equal(candidates_net_failover(fo0nsby, all, COUNT(all)), fo0);
	assert_null(candidates_net_failover(eth0, all, COUNT(all)));
	assert_ptr_equal(candidates_standby_of(fo0, all, COUNT(all)), fo0nsby);
	assert_null(candidates_standby_of(eth0, all, COUNT(all)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
