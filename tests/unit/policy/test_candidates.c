/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may be the primary of eth0, whose permanent MAC ends in 0a: every kind of device that has
 * that MAC, or says so, and two at once.
 */
#include "candidates_devices.h"

#define DEVICES_MAX 5

/* A name that none of these devices has: they have none. */
static const struct candidates_named unnamed, named = { .name_hash = 1 };

/* One device beside the standby: may it, and if not, why. */
static const struct single {
	const char *name;
	struct netdev device;
	enum candidate_verdict verdict; /* CANDIDATE_FIT: it is the primary */
	int master_of_standby;          /* ifindex */
} singles[] = {
	{ "VF", { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0") }, CANDIDATE_FIT, 0 },
	{ "VF in a bond",
	  { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0"), .master = 9 },
	  CANDIDATE_HAS_MASTER, 0 },
	{ "VF in a bond, as the standby is",
	  { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0"), .master = 9 },
	  CANDIDATE_HAS_MASTER, 9 },
	{ "VF of another MAC at present",
	  { DEVICE(3, B, A), ON_PCI("iavf", "0000:02:00.0") },
	  CANDIDATE_FIT, 0 },
	{ "VF under Hyper-V",
	  { DEVICE(3, A, A), ON_PCI("mlx5_core", "1a2b3:00:02.0") },
	  CANDIDATE_FIT, 0 },
	{ "virtio device of the host's making",
	  { DEVICE(3, A, A), ON_VIRTIO("0000:03:00.0") },
	  CANDIDATE_FIT, 0 },
	{ "VF, random MAC",
	  { DEVICE(3, B, NONE), ON_PCI("igbvf", "0000:02:00.0") },
	  CANDIDATE_NO_MAC, 0 },
	{ "VF, random MAC, given the standby's",
	  { DEVICE(3, A, NONE), ON_PCI("igbvf", "0000:02:00.0") },
	  CANDIDATE_NO_MAC, 0 },
	{ "VF, MAC only set",
	  { DEVICE(3, A, B), ON_PCI("iavf", "0000:02:00.0") },
	  CANDIDATE_MAC_SET, 0 },
	{ "VF of another MAC",
	  { DEVICE(3, B, B), ON_PCI("iavf", "0000:02:00.0") },
	  CANDIDATE_OTHER_MAC, 0 },
	{ "virtio, MAC only set",
	  { DEVICE(3, A, B), ON_VIRTIO("0000:03:00.0") },
	  CANDIDATE_MAC_SET, 0 },
	{ "virtio of another MAC",
	  { DEVICE(3, B, B), ON_VIRTIO("0000:03:00.0") },
	  CANDIDATE_UNLIKE, 0 },
	{ "virtio without PCI",
	  { DEVICE(3, A, A), .driver = "virtio_net", .bus = "virtio" },
	  CANDIDATE_NOT_ON_PCI, 0 },
	{ "USB",
	  { DEVICE(3, A, A), .driver = "cdc_ether", .bus = "usb" },
	  CANDIDATE_NOT_ON_PCI, 0 },
	{ "USB of another MAC",
	  { DEVICE(3, B, B), .driver = "cdc_ether", .bus = "usb" },
	  CANDIDATE_UNLIKE, 0 },
	{ "Hyper-V's own",
	  { DEVICE(3, A, A), .driver = "hv_netvsc", .bus = "vmbus" },
	  CANDIDATE_NOT_ON_PCI, 0 },
	{ "subfunction",
	  { DEVICE(3, A, A), .driver = "mlx5_core", .bus = "auxiliary" },
	  CANDIDATE_NOT_ON_PCI, 0 },
	{ "on no bus", { DEVICE(3, A, A) }, CANDIDATE_NOT_ON_PCI, 0 },
	{ "veth", { DEVICE(3, A, NONE), SOFTWARE("veth"), .link = 9 }, CANDIDATE_SOFTWARE, 0 },
	{ "veth of another MAC", { DEVICE(3, B, NONE), SOFTWARE("veth") }, CANDIDATE_UNLIKE, 0 },
	{ "tap", { DEVICE(3, A, NONE), SOFTWARE("tun") }, CANDIDATE_SOFTWARE, 0 },
	{ "dummy", { DEVICE(3, A, NONE), SOFTWARE("dummy") }, CANDIDATE_SOFTWARE, 0 },
	{ "bond", { DEVICE(3, A, NONE), SOFTWARE("bond") }, CANDIDATE_SOFTWARE, 0 },
	{ "bridge", { DEVICE(3, A, NONE), SOFTWARE("bridge") }, CANDIDATE_SOFTWARE, 0 },
	{ "VLAN", { DEVICE(3, A, NONE), SOFTWARE("vlan"), .link = 9 }, CANDIDATE_SOFTWARE, 0 },
	{ "macvlan",
	  { DEVICE(3, A, NONE), SOFTWARE("macvlan"), .link = 9 },
	  CANDIDATE_SOFTWARE, 0 },
	{ "macvlan that inherits the permanent MAC",
	  { DEVICE(3, A, A), SOFTWARE("macvlan"), .link = 9 },
	  CANDIDATE_SOFTWARE, 0 },
	{ "ipvlan", { DEVICE(3, A, A), SOFTWARE("ipvlan"), .link = 9 }, CANDIDATE_SOFTWARE, 0 },
	{ "software that names a PCI device",
	  { DEVICE(3, A, A), .kind = "macvlan", ON_PCI("x", "0000:02:00.0") },
	  CANDIDATE_SOFTWARE, 0 },
	{ "ipvlan of the standby's",
	  { DEVICE(3, A, A), SOFTWARE("ipvlan"), .link = STANDBY },
	  CANDIDATE_UNLIKE, 0 },
	{ "VLAN of the standby's",
	  { DEVICE(3, A, NONE), SOFTWARE("vlan"), .link = STANDBY },
	  CANDIDATE_UNLIKE, 0 },
	{ "the standby's bridge", { DEVICE(3, A, NONE), SOFTWARE("bridge") }, CANDIDATE_UNLIKE, 3 },
	{ "internal port of the standby's Open vSwitch",
	  { DEVICE(3, A, NONE), SOFTWARE("openvswitch") },
	  CANDIDATE_UNLIKE, 9 },
	{ "internal port of another Open vSwitch",
	  { DEVICE(3, A, NONE), SOFTWARE("openvswitch") },
	  CANDIDATE_SOFTWARE, 0 },
	{ "InfiniBand",
	  { .ifindex = 3,
	    .hardware_type = ARPHRD_INFINIBAND,
	    .permanent_mac = { 0x52, 0x54, 0, 0, 0, A },
	    ON_PCI("mlx5_core", "0000:02:00.0") },
	  CANDIDATE_UNLIKE, 0 },
	{ "net_failover",
	  { DEVICE(3, A, A), .driver = "net_failover" },
	  CANDIDATE_NET_FAILOVER, 0 },
};

/* Several beside the standby. */
static const struct several {
	const char *name;
	struct netdev devices[DEVICES_MAX];
	int in_use[2], taken[2];
	bool named;
	int primary; /* ifindex that is chosen, or named when @named; 0: none */
	struct {
		int ifindex;
		enum candidate_verdict verdict;
	} others[DEVICES_MAX];
} severals[] = {
	{ "two VFs: the lower address, whatever the ifindex",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:03:00.0") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") } },
	  .primary = 4,
	  .others = { { 3, CANDIDATE_HIGHER_ADDRESS } } },
	{ "two VFs: the one in use stays",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:03:00.0") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") } },
	  .in_use = { 3 },
	  .primary = 3,
	  .others = { { 4, CANDIDATE_LATER } } },
	{ "domains are numbers",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "10000:01:00.0") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "2000:01:00.0") } },
	  .primary = 4,
	  .others = { { 3, CANDIDATE_HIGHER_ADDRESS } } },
	{ "functions count, too",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.1") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") } },
	  .primary = 4,
	  .others = { { 3, CANDIDATE_HIGHER_ADDRESS } } },
	{ "a VF before a virtio device of a lower address",
	  { { DEVICE(3, A, A), ON_VIRTIO("0000:02:00.0") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:04:00.0") } },
	  .primary = 4,
	  .others = { { 3, CANDIDATE_VIRTIO } } },
	{ "a virtio device in use before a VF that comes later",
	  { { DEVICE(3, A, A), ON_VIRTIO("0000:03:00.0") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") } },
	  .in_use = { 3 },
	  .primary = 3,
	  .others = { { 4, CANDIDATE_LATER } } },
	{ "three",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:04:00.0") },
	    { DEVICE(4, A, A), ON_VIRTIO("0000:01:00.0") },
	    { DEVICE(5, A, A), ON_PCI("iavf", "0000:03:00.0") } },
	  .primary = 5,
	  .others = { { 3, CANDIDATE_HIGHER_ADDRESS }, { 4, CANDIDATE_VIRTIO } } },
	{ "beside a primary only what is as good is worth a word",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0") },
	    { DEVICE(4, A, NONE), SOFTWARE("veth") },
	    { DEVICE(5, B, B), ON_PCI("iavf", "0000:03:00.0") },
	    { DEVICE(6, A, B), ON_PCI("iavf", "0000:04:00.0") } },
	  .primary = 3 },
	{ "another pair's",
	  { { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0") },
	    { DEVICE(4, B, B), ON_PCI("iavf", "0000:03:00.0") } },
	  .taken = { 3 },
	  .primary = 0,
	  .others = { { 3, CANDIDATE_TAKEN }, { 4, CANDIDATE_OTHER_MAC } } },
	{ "another's in use, by name",
	  { { DEVICE(3, B, B), ON_PCI("iavf", "0000:02:00.0") } },
	  .in_use = { 3 },
	  .primary = 0 },
	{ "the VF of another virtio-net device",
	  { { DEVICE(3, B, B), ON_VIRTIO("0000:03:00.0") },
	    { DEVICE(4, B, B), ON_PCI("iavf", "0000:02:00.0") } },
	  .primary = 0 },
	{ "a virtio-net device without a MAC speaks for no VF without one",
	  { { DEVICE(3, B, NONE), ON_VIRTIO("0000:03:00.0") },
	    { DEVICE(4, B, NONE), ON_PCI("iavf", "0000:02:00.0") } },
	  .primary = 0,
	  .others = { { 4, CANDIDATE_NO_MAC } } },
	{ "net_failover's",
	  { { DEVICE(3, A, A), .driver = "net_failover" },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0"), .master = 3 } },
	  .primary = 0,
	  .others = { { 3, CANDIDATE_NET_FAILOVER }, { 4, CANDIDATE_NET_FAILOVER } } },
	{ "named and there",
	  { { DEVICE(3, B, NONE), SOFTWARE("veth") },
	    { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") },
	    { DEVICE(5, A, NONE), SOFTWARE("tun") } },
	  .named = true,
	  .primary = 3,
	  .others = { { 4, CANDIDATE_NOT_NAMED } } },
	{ "named and not there",
	  { { DEVICE(4, A, A), ON_PCI("iavf", "0000:02:00.0") },
	    { DEVICE(5, B, B), ON_PCI("iavf", "0000:03:00.0") } },
	  .named = true,
	  .primary = 0,
	  .others = { { 4, CANDIDATE_NOT_NAMED } } },
	{ "stacked on the standby",
	  { { DEVICE(3, A, NONE), SOFTWARE("vlan"), .link = STANDBY, .master = 4 },
	    { DEVICE(4, A, NONE), SOFTWARE("bridge") },
	    { DEVICE(5, A, NONE), SOFTWARE("macvlan"), .link = 4 } },
	  .primary = 0 },
	{ "two veths in a circle",
	  { { DEVICE(3, A, NONE), SOFTWARE("veth"), .link = 4 },
	    { DEVICE(4, B, NONE), SOFTWARE("veth"), .link = 3 } },
	  .primary = 0,
	  .others = { { 3, CANDIDATE_SOFTWARE } } },
};

static void test_singles(void **context)
{
	unsigned failures = 0;

	(void)context;
	for (size_t i = 0; i < COUNT(singles); i++) {
		struct netdev standby = eth0;
		const struct netdev *devices[] = { &standby, &singles[i].device };
		const struct candidates_view view = { .devices = devices, .count = 2 };
		struct candidate other = { NULL, CANDIDATE_UNLIKE, NULL };
		const struct netdev *primary;
		bool fit = singles[i].verdict == CANDIDATE_FIT,
		     none = fit || singles[i].verdict == CANDIDATE_UNLIKE;
		size_t count;

		standby.master = singles[i].master_of_standby;
		if (standby.master)
			snprintf(standby.slave_kind, sizeof(standby.slave_kind), "%s",
				 singles[i].device.kind);
		primary = candidates_choose(&view, &standby);
		count = candidates_others(&view, &standby, primary, &unnamed, &other, 1);
		if (primary == (fit ? devices[1] : NULL) && count == !none &&
		    (none || other.verdict == singles[i].verdict))
			continue;
		print_error("%s: %s, %zu others, %s\n", singles[i].name,
			    primary ? "chosen" : "not chosen", count,
			    candidates_word(other.verdict));
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void test_severals(void **context)
{
	unsigned failures = 0;

	(void)context;
	for (size_t i = 0; i < COUNT(severals); i++) {
		const struct several *several = &severals[i];
		const struct netdev *devices[DEVICES_MAX + 1] = { &eth0 }, *primary = NULL;
		struct candidates_view view = { .devices = devices,
						.count = 1,
						.in_use = several->in_use,
						.taken = several->taken };
		struct candidate others[DEVICES_MAX];
		size_t count, expected = 0;
		bool right;

		for (; several->devices[view.count - 1].ifindex; view.count++) {
			devices[view.count] = &several->devices[view.count - 1];
			if (several->named && devices[view.count]->ifindex == several->primary)
				primary = devices[view.count];
		}
		while (several->others[expected].ifindex)
			expected++;
		if (!several->named)
			primary = candidates_choose(&view, &eth0);
		count = candidates_others(&view, &eth0, primary, several->named ? &named : &unnamed,
					  others, DEVICES_MAX);
		right = (primary ? primary->ifindex : 0) == several->primary && count == expected;
		for (size_t j = 0; right && j < count; j++)
			right = others[j].device->ifindex == several->others[j].ifindex &&
				others[j].verdict == several->others[j].verdict;
		if (right)
			continue;
		print_error("%s: primary %d, %zu others, the first: %s\n", several->name,
			    primary ? primary->ifindex : 0, count,
			    count ? candidates_word(others[0].verdict) : "");
		failures++;
	}
	assert_int_equal(failures, 0);
}

/*
 * A device of the named primary's name, or of its identity: rejected or about to be used, and which
 * of them has a line.
 */
static void test_named(void **context)
{
	const struct netdev vf = { DEVICE(3, A, A), ON_PCI("iavf", "0000:02:00.0"),
				   .name = "eth1" };
	const struct netdev stranger = { DEVICE(4, B, B), ON_PCI("iavf", "0000:03:00.0"),
					 .name = "eth1" };
	const struct netdev busy = { DEVICE(5, A, A), ON_PCI("iavf", "0000:04:00.0"),
				     .name = "eth5", .master = 9 };
	const struct candidates_named first = { .name_hash = identity_hash_name("eth1") };
	const struct candidates_named pinned = { .name_hash = first.name_hash,
						 .identity = identity_of(&vf) };
	const struct {
		const struct netdev *device;
		const struct candidates_named *named;
		enum candidate_verdict verdict; /* CANDIDATE_UNLIKE: no line */
	} cases[] = {
		{ &vf, &first, CANDIDATE_UNLIKE },
		{ &vf, &pinned, CANDIDATE_UNLIKE },
		{ &stranger, &first, CANDIDATE_UNLIKE },
		{ &stranger, &pinned, CANDIDATE_OTHER_IDENTITY },
		{ &busy, &pinned, CANDIDATE_HAS_MASTER },
		{ &busy, &first, CANDIDATE_UNLIKE },
	};

	(void)context;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct netdev *devices[] = { &eth0, cases[i].device };
		const struct candidates_view view = { .devices = devices, .count = 2 };
		struct candidate other = { NULL, CANDIDATE_UNLIKE, NULL };

		candidates_others(&view, &eth0, NULL, cases[i].named, &other, 1);
		if (other.verdict != cases[i].verdict)
			fail_msg("case %zu: %s", i, candidates_word(other.verdict));
	}
}

/* What there is no room for is counted, not written. */
static void test_room(void **context)
{
	const struct netdev first = { DEVICE(3, A, NONE), SOFTWARE("veth") },
			    second = { DEVICE(4, A, NONE), SOFTWARE("veth") };
	const struct netdev *devices[] = { &eth0, &first, &second };
	const struct candidates_view view = { .devices = devices, .count = COUNT(devices) };
	struct candidate others[2] = { { NULL, CANDIDATE_UNLIKE, NULL },
				       { NULL, CANDIDATE_UNLIKE, NULL } };

	(void)context;
	assert_int_equal(candidates_others(&view, &eth0, NULL, &unnamed, others, 1), 2);
	assert_ptr_equal(others[0].device, &first);
	assert_null(others[1].device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_singles),
		cmocka_unit_test(test_severals),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
