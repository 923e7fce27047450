/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/protection.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *function;
	struct protection_warnings warns_of;
} functions[] = {
	{ "pciehp_handle_button_press", { .request = true } },
	{ "acpiphp_disable_and_eject_slot", { .request = true } },
	{ "pci_stop_bus_device", { .removal = true } },
	{ "pci_stop_and_remove_bus_device", { .removal = true } },
	{ "pci_device_remove", { .removal = true, .unbind = true } },
	{ "unregister_netdevice_queue", { .removal = true } },
	{ "__dev_close_many", { .set_down = true } },
	{ "dev_close_many", { .set_down = true } },
	{ "netif_close_many", { .set_down = true } },
	{ "netif_carrier_off", { .carrier = true } },
};

void protection_add(struct protection_warnings *warnings, const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		if (strcmp(functions[i].function, name))
			continue;
		warnings->request |= functions[i].warns_of.request;
		warnings->removal |= functions[i].warns_of.removal;
		warnings->unbind |= functions[i].warns_of.unbind;
		warnings->set_down |= functions[i].warns_of.set_down;
		warnings->carrier |= functions[i].warns_of.carrier;
	}
}

void protection_missing_warnings(const struct protection_warnings *warnings, char *text, size_t size)
{
	const struct {
		bool known;
		const char *end;
	} ends[] = {
		{ warnings->request, "an unplug request" },   { warnings->removal, "a removal" },
		{ warnings->unbind, "a driver's unbinding" }, { warnings->set_down, "being set down" },
		{ warnings->carrier, "loss of carrier" },
	};
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends) && length < size; i++)
		if (!ends[i].known)
			length += snprintf(text + length, size - length, "%s%s", length ? ", " : "", ends[i].end);
}

const char *protection_missing_liveness(enum vfsteer_liveness liveness)
{
	if (liveness != LIVENESS_NETLINK)
		return NULL;
	return "the primary is not looked at for each packet: what is sent to one that is gone is lost until the agent "
	       "has heard of it";
}
