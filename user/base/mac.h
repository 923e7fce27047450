/* SPDX-License-Identifier: GPL-2.0-only */
/* mac: an Ethernet address as text. */
#ifndef BASE_MAC_H
#define BASE_MAC_H

#include <linux/if_ether.h>
#include <stdint.h>

#define MAC_TEXT_SIZE 18

/*
 * Reads "52:54:00:12:34:56", in either case. Returns NULL, or why @text is no station's MAC (a
 * static string); then *ret is untouched.
 */
const char *mac_parse(const char *text, uint8_t ret[ETH_ALEN]);

/* Writes @mac in lower case, with its NUL. */
void mac_write(const uint8_t mac[ETH_ALEN], char text[MAC_TEXT_SIZE]);

#endif
