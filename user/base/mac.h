/* SPDX-License-Identifier: GPL-2.0-only */
/* mac: an Ethernet address as users write it. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include <linux/if_ether.h>
#include <stdint.h>

#define MAC_TEXT_SIZE 18

/* Reads "52:54:00:12:34:56", of either case. Returns NULL, or why @text is no station's address (a static string), *ret untouched. */
const char *mac_parse(const char *text, uint8_t ret[ETH_ALEN]);

void mac_write(const uint8_t mac[ETH_ALEN], char text[MAC_TEXT_SIZE]);

#endif
