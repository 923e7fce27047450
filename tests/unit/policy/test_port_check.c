/* SPDX-License-Identifier: GPL-2.0-only */
/* Which interface may be a port of which pair, and what is said of the others. */
#include "policy/port_check.h"

#include <errno.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STANDBY 2
#define PRIMARY 3
#define PORT 4
#define OTHER 5

#define OWN_MAC                                                                                    \
	{                                                                                          \
		2, 0, 0, 0, 0, 4                                                                   \
	}

/* What a case starts from: nothing is wrong. */
struct world {
	struct options_port requested;
	struct netdev device, standby;
	struct vfsteer_pair pairs[2];
	struct vfsteer_port ports[VFSTEER_MAX_PORTS];
	uint8_t mac[ETH_ALEN];
	struct port_check check;
};

static struct world well(void)
{
	return (struct world){
		.requested = { .name = "ve0", .pair = "eth0" },
		.device = { .ifindex = PORT,
			    .name = "ve0",
			    .hardware_type = ARPHRD_ETHER,
			    .kind = "veth" },
		.standby = { .ifindex = STANDBY,
			     .name = "eth0",
			     .hardware_type = ARPHRD_ETHER,
			     .mac = { 2, 0, 0, 0, 0, 1 } },
		.pairs = { [1] = { .standby = "eth0",
				   .standby_ifindex = STANDBY,
				   .primary_ifindex = PRIMARY } },
		.mac = OWN_MAC,
		.check = { .pair_count = 2, .number = -1 },
	};
}

static void other_port(struct world *world, unsigned number, const char *name, const char *pair,
		       bool passthrough)
{
	struct vfsteer_port *port = &world->ports[number];

	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->pair, sizeof(port->pair), "%s", pair);
	snprintf(port->mac, sizeof(port->mac), "02:00:00:00:00:04");
	memcpy(port->mac_address, (uint8_t[])OWN_MAC, ETH_ALEN);
	port->passthrough = passthrough;
	port->ifindex = OTHER + number;
}

static void no_device(struct world *world)
{
	world->check.device = NULL;
}
static void no_pair(struct world *world)
{
	world->check.standby = NULL;
}
static void loopback(struct world *world)
{
	world->device.hardware_type = ARPHRD_LOOPBACK;
}
static void tunnel(struct world *world)
{
	world->device.hardware_type = ARPHRD_NONE;
}
static void standby(struct world *world)
{
	world->device.ifindex = STANDBY;
}
static void primary(struct world *world)
{
	world->check.primary_of = "eth0";
}
static void enslaved(struct world *world)
{
	world->check.master = "br0";
}
static void standby_enslaved(struct world *world)
{
	world->check.standby_master = "br0";
}
static void no_mac(struct world *world)
{
	world->check.mac = NULL;
}
static void pairs_mac(struct world *world)
{
	world->mac[5] = 1;
}
static void same_mac(struct world *world)
{
	other_port(world, 7, "ve7", "eth0", false);
}
static void same_name(struct world *world)
{
	other_port(world, 7, "ve0", "eth9", false);
}

static void vlan_of_standby(struct world *world)
{
	world->device.link = STANDBY;
	strcpy(world->device.kind, "vlan");
}

static void same_device(struct world *world)
{
	other_port(world, 7, "ve7", "eth9", false);
	world->ports[7].ifindex = PORT;
}

static void second_passthrough(struct world *world)
{
	other_port(world, 7, "ve7", "eth0", true);
	world->requested.passthrough = true;
}

static void no_room(struct world *world)
{
	char name[16];

	for (unsigned i = 0; i < VFSTEER_MAX_PORTS; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		other_port(world, i, name, "eth9", false);
	}
}

static int judge(void (*change)(struct world *world), char *text, size_t size)
{
	struct world world = well();

	world.check.requested = &world.requested;
	world.check.device = &world.device;
	world.check.standby = &world.standby;
	world.check.pairs = world.pairs;
	world.check.ports = world.ports;
	world.check.mac = world.mac;
	change(&world);
	return port_check(&world.check, text, size);
}

static void refusals(void **state)
{
	static const struct {
		void (*change)(struct world *world);
		int error;
		const char *text;
	} cases[] = {
		{ no_device, -ENODEV, "ve0: no such interface: 'ip link' lists those there are" },
		{ no_pair, -ENODEV, "ve0: no pair eth0: 'vfsteer status' lists those there are" },
		{ loopback, -EINVAL, "ve0: not Ethernet: name an interface with a MAC" },
		{ tunnel, -EINVAL, "ve0: not Ethernet: name an interface with a MAC" },
		{ standby, -EBUSY,
		  "ve0: the standby of a pair: name an interface whose other end is to be on its "
		  "network" },
		{ primary, -EBUSY,
		  "ve0: the primary of eth0: name an interface whose other end is to be on its "
		  "network" },
		{ vlan_of_standby, -EINVAL,
		  "ve0: it is on the pair eth0 itself, and so on its network already" },
		{ enslaved, -EBUSY,
		  "ve0: enslaved to br0: detach it first: ip link set ve0 nomaster" },
		{ standby_enslaved, -EBUSY,
		  "ve0: eth0 is enslaved to br0: attach it there instead: ip link set ve0 master "
		  "br0" },
		{ no_mac, -EINVAL,
		  "ve0: the MAC behind it is not known: use --mac MAC or --passthrough" },
		{ pairs_mac, -EEXIST,
		  "ve0: 02:00:00:00:00:01 is the MAC of eth0 itself: use --passthrough if it is to "
		  "own that MAC, or give its other end another one" },
		{ same_mac, -EEXIST,
		  "ve0: 02:00:00:00:00:04 is the MAC of the port ve7: give its other end another "
		  "one" },
		{ same_name, -EEXIST, "ve0: a port already: 'vfsteer port del ve0' first" },
		{ same_device, -EEXIST, "ve0: a port already: 'vfsteer port del ve0' first" },
		{ second_passthrough, -EEXIST,
		  "ve0: eth0 has the passthrough port ve7 already: 'vfsteer port del ve7' first" },
		{ no_room, -ENOSPC,
		  "ve0: no room: there are 64 ports, and no more are possible: 'vfsteer port del' "
		  "one first" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[224] = "";

		assert_int_equal(judge(cases[i].change, text, sizeof(text)), cases[i].error);
		assert_string_equal(text, cases[i].text);
	}
}

static void of_another_pair(struct world *world)
{
	other_port(world, 7, "ve7", "eth9", false);
}
static void nothing(struct world *world)
{
	(void)world;
}
static void no_ports_yet(struct world *world)
{
	world->check.ports = NULL;
}

static void passthrough_beside_others(struct world *world)
{
	other_port(world, 7, "ve7", "eth0", false);
	world->requested.passthrough = true;
	world->check.mac = NULL;
}

static void itself(struct world *world)
{
	no_room(world);
	other_port(world, 7, "ve0", "eth0", false);
	world->ports[7].ifindex = PORT;
	world->check.number = 7;
}

static void acceptances(void **state)
{
	void (*const changes[])(struct world * world) = { nothing, no_ports_yet, of_another_pair,
							  passthrough_beside_others, itself };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char text[224] = "";

		assert_int_equal(judge(changes[i], text, sizeof(text)), 0);
		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(acceptances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
