/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a device is not the primary, and the remedy: candidates.h. */
#include "base/mac.h"
#include "policy/candidates.h"

#include <stdio.h>
#include <string.h>

const char *candidates_word(enum candidate_verdict verdict)
{
	static const char *const words[] = {
		[CANDIDATE_UNLIKE] = "unlike",
		[CANDIDATE_FIT] = "fit",
		[CANDIDATE_LATER] = "another is in use",
		[CANDIDATE_VIRTIO] = "a virtio device",
		[CANDIDATE_HIGHER_ADDRESS] = "higher PCI address",
		[CANDIDATE_NOT_NAMED] = "another is named",
		[CANDIDATE_TAKEN] = "in another pair",
		[CANDIDATE_NET_FAILOVER] = "owned by net_failover",
		[CANDIDATE_SOFTWARE] = "not hardware",
		[CANDIDATE_NOT_ON_PCI] = "not on PCI",
		[CANDIDATE_MAC_SET] = "MAC only set",
		[CANDIDATE_NO_MAC] = "no permanent MAC",
		[CANDIDATE_OTHER_MAC] = "another MAC",
		[CANDIDATE_HAS_MASTER] = "has a master",
		[CANDIDATE_HAS_ADDRESSES] = "has addresses",
		[CANDIDATE_CONTESTED] = "contested",
		[CANDIDATE_OTHER_IDENTITY] = "another device of its name",
		[CANDIDATE_HAS_UPPER] = "has a device on it",
		[CANDIDATE_STACKED] = "stacked",
	};

	return words[verdict];
}

static void candidates_explain_master(const struct candidates_view *view,
				      const struct netdev *device, const struct netdev *standby,
				      char ret[CANDIDATES_TEXT_SIZE])
{
	const char *master = "another device";

	for (size_t i = 0; i < view->count; i++)
		if (view->devices[i]->ifindex == device->master)
			master = view->devices[i]->name;
	if (standby->master == device->master)
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "both it and %s are ports of %s: detach it: ip link set %s nomaster",
			 standby->name, master, device->name);
	else
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "a port of %s: detach it if it is to carry the traffic of %s: ip link set "
			 "%s nomaster",
			 master, standby->name, device->name);
}

static void candidates_explain_address(const struct candidates_view *view,
				       const struct netdev *device, const struct netdev *standby,
				       char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev_address *address =
		owners_find(&view->addresses, device, standby, OWNERS_FOREIGN);
	char text[OWNERS_ADDRESS_SIZE] = "";

	if (address)
		owners_write(address, text);
	snprintf(ret, CANDIDATES_TEXT_SIZE,
		 "it has the address %s, which %s lacks: move the address there: ip address del %s "
		 "dev %s; ip address add %s dev %s",
		 text, standby->name, text, device->name, text, standby->name);
}

static void candidates_explain_upper(const struct candidates_view *view,
				     const struct netdev *device, const struct netdev *standby,
				     char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev *upper = owners_find_upper(view->devices, view->count, device);
	const char *name = upper ? upper->name : "another device";

	snprintf(ret, CANDIDATES_TEXT_SIZE,
		 "the %s %s on it would receive nothing: create that on %s instead: ip link delete "
		 "%s",
		 upper ? upper->kind : "device", name, standby->name, name);
}

void candidates_explain(const struct candidates_view *view, const struct candidate *other,
			const struct netdev *standby, const struct netdev *primary,
			char ret[CANDIDATES_TEXT_SIZE])
{
	const struct netdev *device = other->device;
	const char *chosen = primary ? primary->name : "another";
	char remedy[96], host_remedy[192], permanent[MAC_TEXT_SIZE],
		pinned[IDENTITY_TEXT_SIZE] = "";

	mac_write(device->permanent_mac, permanent);
	snprintf(remedy, sizeof(remedy), "name it if it is meant: --pair %s=%s", standby->name,
		 device->name);
	snprintf(host_remedy, sizeof(host_remedy),
		 "if it is the VF, give it the standby's MAC on the host, or use --pair %s=%s",
		 standby->name, device->name);
	switch (other->verdict) {
	case CANDIDATE_UNLIKE:
	case CANDIDATE_FIT:
		*ret = '\0';
		break;
	case CANDIDATE_LATER:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same permanent MAC, but %s is in use and stays", chosen);
		break;
	case CANDIDATE_VIRTIO:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same permanent MAC, but a virtio device, which %s is not", chosen);
		break;
	case CANDIDATE_HIGHER_ADDRESS:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same permanent MAC, but %s has the lower PCI address", chosen);
		break;
	case CANDIDATE_NOT_NAMED:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same permanent MAC, but %s is named by the configuration", chosen);
		break;
	case CANDIDATE_TAKEN:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same permanent MAC, but part of another pair");
		break;
	case CANDIDATE_NET_FAILOVER:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same MAC, but the kernel's net_failover owns it");
		break;
	case CANDIDATE_SOFTWARE:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "of the same MAC, but software (%s); %s", device->kind, remedy);
		break;
	case CANDIDATE_NOT_ON_PCI:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "of the same MAC, but %s%s, not on PCI; %s",
			 device->bus[0] ? "on the bus " : "on no bus", device->bus, remedy);
		break;
	case CANDIDATE_MAC_SET:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "its MAC was only set, its permanent one is %s; %s", permanent,
			 host_remedy);
		break;
	case CANDIDATE_NO_MAC:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "it has no permanent MAC; %s", host_remedy);
		break;
	case CANDIDATE_OTHER_MAC:
		snprintf(ret, CANDIDATES_TEXT_SIZE, "its permanent MAC is %s; %s", permanent,
			 host_remedy);
		break;
	case CANDIDATE_HAS_MASTER:
		candidates_explain_master(view, device, standby, ret);
		break;
	case CANDIDATE_HAS_ADDRESSES:
		candidates_explain_address(view, device, standby, ret);
		break;
	case CANDIDATE_CONTESTED:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "another program kept changing what vfsteer sets on it (addresses, ARP, "
			 "IPv6): exclude it from the network manager (Unmanaged=yes), then restart "
			 "vfsteer");
		break;
	case CANDIDATE_OTHER_IDENTITY:
		if (other->identity)
			identity_describe(other->identity, pinned);
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "it has only the primary's name: the primary is the device with the %s; "
			 "to use this one: 'vfsteer unload', then start vfsteer again",
			 pinned);
		break;
	case CANDIDATE_HAS_UPPER:
		candidates_explain_upper(view, device, standby, ret);
		break;
	case CANDIDATE_STACKED:
		snprintf(ret, CANDIDATES_TEXT_SIZE,
			 "one of it and %s is made on the other, so what one sends the other would "
			 "send again: name the VF after the '='",
			 standby->name);
		break;
	}
}
