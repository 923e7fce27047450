/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/hints.h"
#include "base/log.h"

#include <stdio.h>

#define HINTS_LINKDOWN "ignore_routes_with_linkdown"

/*
 * virtio_net has no ndo_change_carrier: the guest cannot give the standby carrier while the
 * hypervisor has its link down. The kernel tests the carrier itself (RTNH_F_LINKDOWN), not the
 * operational state, which a user may set.
 */
static void hints_add_linkdown(const struct hints_view *view, const char *family,
			       const char *of_all, struct hint *ret)
{
	*ret = (struct hint){ .is_now = !view->has_carrier };
	snprintf(ret->what, sizeof(ret->what),
		 "net.%s.conf " HINTS_LINKDOWN " is set: %s over %s, even if the primary works",
		 family,
		 view->has_carrier ? "without carrier no route leads"
				   : "it has no carrier, and no route leads",
		 view->standby);
	snprintf(ret->remedy, sizeof(ret->remedy),
		 "set net.%s.conf.%s." HINTS_LINKDOWN
		 "=0%s; its manager has to keep the addresses as well: ConfigureWithoutCarrier=yes "
		 "and IgnoreCarrierLoss=yes (systemd-networkd), ignore-carrier (NetworkManager)",
		 family, view->standby, of_all);
}

/* The documentation of net_failover sets this link down while the VF is present. */
static void hints_add_no_wire(const struct hints_view *view, struct hint *ret)
{
	*ret = (struct hint){ .is_now = true };
	snprintf(ret->what, sizeof(ret->what),
		 "%s has no carrier: without the primary there is no wire to send over",
		 view->standby);
	snprintf(ret->remedy, sizeof(ret->remedy),
		 "set its link up on the hypervisor, and leave it so: virsh domif-setlink DOMAIN "
		 "MAC up; set_link (QEMU)");
}

size_t hints_check(const struct hints_view *view, struct hint hints[HINTS_MAX])
{
	size_t count = 0;

	if (view->kind == KIND_NET_FAILOVER) {
		if (!view->has_carrier)
			hints_add_no_wire(view, &hints[count++]);
		return count;
	}
	if (view->ipv4_ignores_linkdown)
		hints_add_linkdown(view, "ipv4", " and that of conf.all", &hints[count++]);
	if (view->ipv6_ignores_linkdown)
		hints_add_linkdown(view, "ipv6", "", &hints[count++]);
	return count;
}

static bool hints_is_set(const char *family, const char *device)
{
	char path[128];
	FILE *file;
	int value;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/" HINTS_LINKDOWN, family, device);
	file = fopen(path, "re");
	if (!file)
		return false;
	value = fgetc(file);
	fclose(file);
	return value != EOF && value != '0';
}

struct hints_view hints_read(enum vfsteer_kind kind, const char *standby, bool has_carrier)
{
	return (struct hints_view){
		.kind = kind,
		.standby = standby,
		.has_carrier = has_carrier,
		.ipv4_ignores_linkdown =
			hints_is_set("ipv4", "all") || hints_is_set("ipv4", standby),
		/* IPv6 copies `all` to every device, and only the device's own value counts. */
		.ipv6_ignores_linkdown = hints_is_set("ipv6", standby),
	};
}

void hints_log(const struct vfsteer_pair *slot, bool has_carrier)
{
	const struct hints_view view = hints_read(slot->kind, slot->standby, has_carrier);
	struct hint hints[HINTS_MAX];
	size_t count = hints_check(&view, hints);

	for (size_t i = 0; i < count; i++)
		log_warning("%s: %s: %s", slot->owner, hints[i].what, hints[i].remedy);
}
