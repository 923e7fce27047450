/* SPDX-License-Identifier: GPL-2.0-only */
#include "port/port_unload.h"
#include "base/crash_point.h"
#include "port/port.h"
#include "port/uplinks.h"

void port_unload(const struct pins *pins, struct netdev_table *table,
		 struct link_requests *requests)
{
	struct port_pins port_pins = { 0 };
	char message[512];

	switch (port_pins_open(pins, true, &port_pins, message, sizeof(message))) {
	case PINS_OK:
		break;
	case PINS_ABSENT:
		return;
	default:
		port_unload_unreadable(pins, table);
		return;
	}
	for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
		if (port_pins.ports[number].name[0] && port_pins.ports[number].ifindex)
			port_take_away(pins, &port_pins, requests, number);
	crash_point("port-unload-ports-unbound");
	for (unsigned slot = 0; slot < VFSTEER_MAX_PAIRS; slot++)
		if (pins->pairs[slot].standby[0])
			uplinks_take_away(pins, &port_pins, requests, slot);
	port_pins_close(&port_pins);
}

void port_unload_unreadable(const struct pins *pins, const struct netdev_table *table)
{
	for (const struct netdev *device = netdev_next(table, NULL); device;
	     device = netdev_next(table, device)) {
		struct hook egress = port_programs_standby_egress(pins, device->ifindex);
		struct hook ingress = port_programs_standby_ingress(pins, device->ifindex);
		struct hook port = port_programs_port_ingress(pins, device->ifindex);
		struct xdp standby_xdp = port_programs_standby_xdp(pins, device->ifindex);
		struct xdp primary_xdp = port_programs_primary_xdp(pins, device->ifindex);
		struct xdp port_xdp = port_programs_port_xdp(pins, device->ifindex);

		if (hook_is_attached(&egress))
			hook_detach(&egress, false);
		if (hook_is_attached(&ingress))
			hook_detach(&ingress, true);
		if (hook_is_attached(&port))
			hook_detach(&port, true);
		xdp_detach(&standby_xdp);
		xdp_detach(&primary_xdp);
		xdp_detach(&port_xdp);
	}
}
