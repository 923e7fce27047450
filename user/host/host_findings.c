/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mac.h"
#include "base/room.h"
#include "host/host_rules.h"

void host_findings_add(struct host_findings *findings, bool is_fault, const char *subject,
		       const char *format, ...)
{
	struct host_finding *finding;
	va_list arguments;

	if (room_for_one(findings->list, findings->count, &findings->size)) {
		findings->no_memory = true;
		return;
	}
	finding = &findings->list[findings->count++];
	*finding = (struct host_finding){ .is_fault = is_fault };
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

void host_findings_free(struct host_findings *findings)
{
	free(findings->list);
	*findings = (struct host_findings){ 0 };
}

static bool is_tap(const struct host_config *config, const struct netdev *device)
{
	return strcmp(device->kind, "tun") == 0 || strcmp(device->kind, "macvtap") == 0 ||
	       host_rules_section(config, device->name, "", NULL);
}

static bool may_speak(const struct host_config *config, const struct netdev *tap,
		      const uint8_t *mac)
{
	struct host_claim claim = {
		.tap = tap->name,
		.netns = "",
		.kind = tap->kind,
		.tap_mac = tap->mac,
		.mac = mac,
	};

	return host_rules_is_permitted(host_rules_permit(config, &claim));
}

static const struct netdev *tap_of(const struct host_links *links, const struct host_config *config,
				   const uint8_t *mac)
{
	for (const struct host_link *link = host_links_next(links, NULL); link;
	     link = host_links_next(links, link))
		if (is_tap(config, &link->device) && may_speak(config, &link->device, mac))
			return &link->device;
	return NULL;
}

static bool is_known_vf(const struct host_links *links, const struct host_config *config,
			const struct netdev *tap)
{
	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf))
		for (size_t i = 0; i < pf->vf_count; i++)
			if (may_speak(config, tap, pf->vfs[i].mac))
				return true;
	return false;
}

static void look_at_tap(const struct host_links *links, const struct host_config *config,
			const struct netdev *tap, struct host_findings *findings)
{
	if (is_known_vf(links, config, tap))
		host_findings_add(findings, false, tap->name,
				  "may speak for the MAC of a VF of this host");
	else if (host_rules_section(config, tap->name, "", NULL))
		host_findings_add(findings, false, tap->name,
				  "may speak for the MACs of its section; no VF has one of them");
	else if (tap->mac[0] != 0xfe && tap->mac[0] != 0xfa)
		host_findings_add(
			findings, true, tap->name,
			"its MAC does not name its guest's as libvirt's does: 'vfsteer-host "
			"allow %s MAC', or a section [tap %s], lets it speak",
			tap->name, tap->name);
	else
		host_findings_add(findings, false, tap->name,
				  "may speak for the MAC that ends like its own; no VF has it");
}

void host_findings_of_taps(const struct host_links *links, const struct host_config *config,
			   struct host_findings *findings)
{
	for (const struct host_link *link = host_links_next(links, NULL); link;
	     link = host_links_next(links, link))
		if (is_tap(config, &link->device))
			look_at_tap(links, config, &link->device, findings);
	for (const struct host_link *pf = host_links_next(links, NULL); pf;
	     pf = host_links_next(links, pf)) {
		for (size_t i = 0; i < pf->vf_count; i++) {
			static const uint8_t none[ETH_ALEN];
			char subject[64], mac[MAC_TEXT_SIZE];

			if (!memcmp(pf->vfs[i].mac, none, ETH_ALEN) ||
			    tap_of(links, config, pf->vfs[i].mac))
				continue;
			mac_write(pf->vfs[i].mac, mac);
			snprintf(subject, sizeof(subject), "%s vf %u", pf->device.name,
				 pf->vfs[i].number);
			host_findings_add(findings, false, subject,
					  "no tap of this namespace may speak for %s", mac);
		}
	}
}
