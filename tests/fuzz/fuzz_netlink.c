/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams of rtnetlink notifications: the table of devices and addresses stays in order, whatever
 * they hold.
 */
#include "netdev/netdev.c"
#include "netdev/netdev_parse.c"
#include "netdev/netdev_table.c"

#include "fuzz.h"

static void expect_order(const struct netdev_table *table)
{
	const struct netdev *device = NULL, *before = NULL;
	const struct netdev_address *address = NULL;
	unsigned counted = 0, there = 0;

	while ((device = netdev_next(table, device))) {
		FUZZ_EXPECT(device->ifindex > 0 && (!before || before->ifindex < device->ifindex));
		FUZZ_EXPECT(memchr(device->name, '\0', sizeof(device->name)));
		FUZZ_EXPECT(memchr(device->kind, '\0', sizeof(device->kind)));
		FUZZ_EXPECT(memchr(device->slave_kind, '\0', sizeof(device->slave_kind)));
		FUZZ_EXPECT(netdev_by_index(table, device->ifindex) == device);
		FUZZ_EXPECT(!device->altnames[sizeof(device->altnames) - 1] &&
			    !device->altnames[sizeof(device->altnames) - 2]);
		for (const char *name = device->name; name; name = netdev_next_name(device, name))
			FUZZ_EXPECT(strlen(name) < NETDEV_NAME_SIZE);
		counted += device->address_count;
		before = device;
	}
	while ((address = netdev_address_next(table, address))) {
		FUZZ_EXPECT(address->ifindex > 0 &&
			    (address->family == AF_INET || address->family == AF_INET6));
		there += netdev_by_index(table, address->ifindex) != NULL;
	}
	FUZZ_EXPECT(counted == there);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netdev_table *table;
	int changed = 0, error;

	if (size > NETDEV_MESSAGE_SIZE)
		return 0;
	if (!table) {
		table = calloc(1, sizeof(*table));
		/* not connected: no driver is asked for what it is */
		table->requests = nl_socket_alloc();
	}
	memcpy(table->buffer, data, size);
	error = take_datagram(table, size, &changed);
	FUZZ_EXPECT(error == 0 || error == -ENOBUFS);
	expect_order(table);
	/* The sweep after a dump that named none of them. */
	table->mark++;
	netdev_sweep(table);
	FUZZ_EXPECT(!netdev_next(table, NULL) && !netdev_address_next(table, NULL));
	return 0;
}
