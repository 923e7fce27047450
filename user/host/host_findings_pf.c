/* SPDX-License-Identifier: GPL-2.0-only */
/* What a PF, its driver, its bridge and its VFs allow. */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mac.h"
#include "host/host_findings.h"
#include "host/host_targets.h"
#include "netdev/link.h"
#include "netdev/netdev_place.h"

#define LLDP_GROUP_BIT (1 << 14) /* of group_fwd_mask: 01:80:c2:00:00:0e */

/* Reads a line of /sys/class/net/NAME/FILE. False: there is none. */
static bool read_attribute(const char *name, const char *file, char *ret, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	return file_read_line(path, ret, size);
}

/* The bridge that the PF's frames reach, of any VLAN; NULL: none. */
static const struct netdev *bridge_of(const struct host_links *links, int pf, uint16_t vlan_id)
{
	for (const struct host_link *link = host_links_next(links, NULL); link;
	     link = host_links_next(links, link)) {
		const struct netdev *device = &link->device;

		if ((strcmp(device->kind, "bridge") == 0 ||
		     strcmp(device->kind, "openvswitch") == 0) &&
		    host_targets_reaches(links, pf, vlan_id, device->ifindex))
			return device;
	}
	return NULL;
}

static void look_at_bridge(const struct host_links *links, const struct netdev *pf,
			   struct host_findings *findings)
{
	const struct netdev *bridge = bridge_of(links, pf->ifindex, 0);
	char text[32];
	unsigned mask;

	if (!bridge) {
		host_findings_add(findings, true, pf->name,
				  "is no port of a bridge, nor is a bond or VLAN above it: frames "
				  "for a shared MAC do not reach a tap; make it a port, unless the "
				  "taps are macvtaps of it");
		return;
	}
	host_findings_add(findings, false, pf->name, "leads to the bridge %s", bridge->name);
	if (read_attribute(bridge->name, "bridge/group_fwd_mask", text, sizeof(text)) &&
	    sscanf(text, "%i", (int *)&mask) == 1 && mask & LLDP_GROUP_BIT)
		host_findings_add(findings, true, bridge->name,
				  "group_fwd_mask %s forwards the guests' signals to other hosts, "
				  "and the bridge learns from them: clear bit 14",
				  text);
}

static void probe_list(const struct host_links *links, const struct netdev *pf,
		       struct host_findings *findings)
{
	struct link_requests *requests = host_links_requests(links);
	uint8_t mac[ETH_ALEN];
	int error;

	if (getrandom(mac, sizeof(mac), 0) != sizeof(mac))
		return;
	mac[0] = 0x02;
	error = link_add_new_filter(requests, pf->ifindex, mac);
	if (!error)
		error = link_del_filter(requests, pf->ifindex, mac);
	if (error)
		host_findings_add(findings, true, pf->name,
				  "does not take a MAC on its receive list: %s%s", strerror(-error),
				  error == -EPERM
					  ? ": run this as root"
					  : ": this driver cannot share; clear the VF's MAC "
					    "when it leaves the guest");
	else
		host_findings_add(findings, false, pf->name,
				  "takes a MAC on its receive list (tried)");
}

static const struct host_vf *twin_of(const struct host_links *links, const struct host_vf *vf)
{
	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf))
		for (size_t i = 0; i < pf->vf_count; i++)
			if (&pf->vfs[i] != vf && !memcmp(pf->vfs[i].mac, vf->mac, ETH_ALEN) &&
			    pf->vfs[i].vlan_id == vf->vlan_id)
				return &pf->vfs[i];
	return NULL;
}

static const char *link_state(const struct host_vf *vf)
{
	return vf->link_state == IFLA_VF_LINK_STATE_ENABLE    ? "enable"
	       : vf->link_state == IFLA_VF_LINK_STATE_DISABLE ? "disable"
							      : "auto";
}

static void look_at_vf(const struct host_links *links, const struct netdev *pf,
		       const struct host_vf *vf, struct host_findings *findings)
{
	static const uint8_t none[ETH_ALEN];
	char subject[64], mac[MAC_TEXT_SIZE], vlan[24] = "";

	snprintf(subject, sizeof(subject), "%s vf %u", pf->name, vf->number);
	mac_write(vf->mac, mac);
	if (vf->vlan_id)
		snprintf(vlan, sizeof(vlan), "vlan %u, ", vf->vlan_id);
	host_findings_add(findings, false, subject,
			  "%s, %s"
			  "trust %s, spoofchk %s, link-state %s",
			  mac, vlan, vf->trust ? "on" : "off", vf->spoofchk ? "on" : "off",
			  link_state(vf));
	if (vf->link_state == IFLA_VF_LINK_STATE_DISABLE)
		host_findings_add(findings, true, subject,
				  "link-state disable: the guest never uses it: ip link set %s vf "
				  "%u state auto",
				  pf->name, vf->number);
	if (memcmp(vf->mac, none, ETH_ALEN) == 0)
		return;
	if (twin_of(links, vf))
		host_findings_add(
			findings, true, subject,
			"another VF has the MAC %s: frames go to either; give it to one VF", mac);
	if (vf->vlan_id && !bridge_of(links, pf->ifindex, vf->vlan_id))
		host_findings_add(
			findings, true, subject,
			"VLAN %u of %s leads to no bridge: add %s.%u, or the bridge's VLAN, "
			"so that the tap is in the VLAN of the VF",
			vf->vlan_id, pf->name, pf->name, vf->vlan_id);
}

static void look_at_pf(const struct host_links *links, const struct host_link *link, bool probe,
		       struct host_findings *findings)
{
	/* Any socket: for the ioctls that name the driver. */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct netdev pf = link->device;
	char text[64];

	netdev_place(fd, &pf);
	close(fd);
	host_findings_add(findings, false, pf.name, "driver %s, %zu VFs",
			  pf.driver[0] ? pf.driver : "unknown", link->vf_count);
	if (!(pf.flags & IFF_UP))
		host_findings_add(findings, true, pf.name, "is down: ip link set %s up", pf.name);
	else if (!pf.carrier)
		host_findings_add(findings, true, pf.name, "has no carrier: look at its cable");
	if (read_attribute(pf.name, "phys_switch_id", text, sizeof(text)))
		host_findings_add(findings, true, pf.name,
				  "has a switch id: if its eswitch is in switchdev mode, flows on "
				  "the representors decide, not the receive list: 'devlink dev "
				  "eswitch show' says so");
	look_at_bridge(links, &pf, findings);
	if (probe)
		probe_list(links, &pf, findings);
	for (size_t i = 0; i < link->vf_count; i++)
		look_at_vf(links, &pf, &link->vfs[i], findings);
}

void host_findings_of_pfs(const struct host_links *links, bool probe,
			  struct host_findings *findings)
{
	size_t count = 0;

	for (const struct host_link *link = host_links_next(links, NULL); link;
	     link = host_links_next(links, link)) {
		if (!link->vf_count)
			continue;
		count++;
		look_at_pf(links, link, probe, findings);
	}
	if (!count)
		host_findings_add(findings, true, "this host",
				  "no device of this namespace has VFs: echo N "
				  ">/sys/class/net/PF/device/sriov_numvfs");
}
