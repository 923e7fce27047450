/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the port programs learn of the addresses behind a port, on real veths, and how much of it a
 * hostile container may claim.
 */
#include "port_stage.h"

#include <time.h>

static bool address_is_known(uint16_t vlan_id, uint8_t family, const uint8_t *address, size_t size)
{
	struct vfsteer_port_address_key key = { .slot = SLOT,
						.vlan_id = vlan_id,
						.family = family };
	struct vfsteer_port_address known;

	memcpy(key.address, address, size);
	if (bpf_map_lookup_elem(world_map(world.port_maps->maps.port_addresses), &key, &known))
		return false;
	assert_int_equal(known.port, FIRST_PORT);
	assert_memory_equal(known.mac, ((uint8_t[]){ FIRST_MAC }), ETH_ALEN);
	assert_true(known.seen_boot_ns);
	return true;
}

static unsigned addresses_count(void)
{
	struct vfsteer_port_address_key key, *previous = NULL;
	unsigned count = 0;

	while (!bpf_map_get_next_key(world_map(world.port_maps->maps.port_addresses), previous,
				     &key)) {
		previous = &key;
		count++;
	}
	return count;
}

static void send_arp(const uint8_t *sender_mac, const uint8_t *sender, bool tagged)
{
	static const uint8_t tag[] = { 0x81, 0, 0, VLAN_ID },
			     arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t frame[FRAME_SIZE] = { ALL, FIRST_MAC }, *at = frame + 12;

	if (tagged)
		at = mempcpy(at, tag, sizeof(tag));
	at = mempcpy(at, arp, sizeof(arp));
	at = mempcpy(at, sender_mac, ETH_ALEN);
	memcpy(at, sender, 4);
	send_bytes(FIRST, frame, sizeof(frame));
}

static void send_nd(uint8_t type, const uint8_t *source, const uint8_t *target, bool tagged)
{
	static const uint8_t tag[] = { 0x81, 0, 0, VLAN_ID },
			     ip[] = { 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255 };
	uint8_t frame[ETH_HLEN + 4 + 40 + 24] = { ALL, FIRST_MAC }, *at = frame + 12;

	if (tagged)
		at = mempcpy(at, tag, sizeof(tag));
	at = mempcpy(at, ip, sizeof(ip));
	at = mempcpy(at, source, 16);
	at += 16;
	at[0] = type;
	memcpy(at + 8, target, 16);
	send_bytes(FIRST, frame, sizeof(frame));
}

#define IPV6(last)                                                                                 \
	{                                                                                          \
		0xfd, 1, [15] = last                                                               \
	}

static void test_learning(void **context)
{
	static const uint8_t first_mac[] = { FIRST_MAC }, second_mac[] = { SECOND_MAC };
	static const uint8_t ours[] = { 192, 0, 2, 1 }, tagged[] = { 192, 0, 2, 2 },
			     claimed[] = { 192, 0, 2, 3 }, none[4], group[] = { 224, 0, 0, 1 };
	static const uint8_t source[] = IPV6(1), target[] = IPV6(2), third[] = IPV6(3),
			     in_vlan[] = IPV6(4), router[] = IPV6(5), nobody[16];
	struct heard heard = { 0 };

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	world_events();
	send_arp(first_mac, ours, false);
	settle(0, &heard);
	assert_true(address_is_known(0, AF_INET, ours, 4));
	assert_int_equal(world_events(), 1);
	assert_int_equal(world.last_event.kind, EVENT_ADDRESSES);
	assert_int_equal(world.last_event.slot, SLOT);
	usleep(120000); /* longer than what lies between two events */
	send_arp(first_mac, ours, false);
	settle(0, &heard);
	assert_int_equal(world_events(), 0);

	send_arp(first_mac, tagged, true);
	send_arp(second_mac, claimed, false);
	send_arp(first_mac, none, false);
	send_arp(first_mac, group, false);
	send_nd(135, source, third, false);  /* solicitation: the source */
	send_nd(136, nobody, target, false); /* advertisement: the target */
	send_nd(136, nobody, in_vlan, true);
	send_nd(135, nobody, third, false); /* duplicate address detection */
	send_nd(134, router, nobody, false);
	settle(0, &heard);
	assert_true(address_is_known(VLAN_ID, AF_INET, tagged, 4));
	assert_true(address_is_known(0, AF_INET6, source, 16));
	assert_true(address_is_known(0, AF_INET6, target, 16));
	assert_true(address_is_known(VLAN_ID, AF_INET6, in_vlan, 16));
	assert_int_equal(addresses_count(), 5);
}

#define FLOOD 300
#define SHARE 64 /* of one port */

/*
 * A container that claims many addresses takes its own share only, and wakes the agent no oftener
 * than ten times a second.
 */
static void test_flood(void **context)
{
	static const uint8_t mac[] = { FIRST_MAC };
	struct timespec begin, end;
	double seconds;

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	world_events();
	clock_gettime(CLOCK_BOOTTIME, &begin);
	for (unsigned i = 0; i < FLOOD; i++) {
		send_arp(mac, (uint8_t[]){ 10, 0, i >> 8, i & 0xff }, false);
		usleep(1000);
	}
	settle(0, &(struct heard){ 0 });
	clock_gettime(CLOCK_BOOTTIME, &end);
	seconds = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
	assert_true(addresses_count() <= SHARE);
	assert_true(addresses_count() >= SHARE / 2);
	assert_true(address_is_known(
		0, AF_INET, (uint8_t[]){ 10, 0, (FLOOD - 1) >> 8, (FLOOD - 1) & 0xff }, 4));
	assert_true(world_events() <= seconds * 10 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_learning, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_learning, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_flood, open_tc, stage_close),
	};
	int error = world_enter();

	return error ?: cmocka_run_group_tests(tests, NULL, NULL);
}
