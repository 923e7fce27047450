/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/mac.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *mac_parse(const char *text, uint8_t ret[ETH_ALEN])
{
	static const uint8_t none[ETH_ALEN];
	uint8_t mac[ETH_ALEN];

	if (strlen(text) != MAC_TEXT_SIZE - 1)
		return "not a MAC: write it as 52:54:00:12:34:56";
	for (unsigned i = 0; i < ETH_ALEN; i++) {
		const char *digits = text + 3 * i;

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
		    digits[2] != (i + 1 < ETH_ALEN ? ':' : '\0'))
			return "not a MAC: write it as 52:54:00:12:34:56";
		mac[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	if (mac[0] & 1)
		return "a multicast MAC: name the MAC of the station behind the port";
	if (!memcmp(mac, none, ETH_ALEN))
		return "all zero: name the MAC of the station behind the port";
	memcpy(ret, mac, ETH_ALEN);
	return NULL;
}

void mac_write(const uint8_t mac[ETH_ALEN], char text[MAC_TEXT_SIZE])
{
	snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
}
