/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arp_rules: does the guest filter ARP itself? Rules of nft or arptables may hide an address from
 * the network, as those of an LVS real server do. They apply to what the kernel sends, not to the
 * frames of a packet socket (arp_xmit in net/ipv4/arp.c, Linux 5.10 to 6.18).
 */
#ifndef ANNOUNCE_ARP_RULES_H
#define ANNOUNCE_ARP_RULES_H

#include <stdbool.h>

/*
 * Is there an ARP table of nft (Linux 3.13, CONFIG_NF_TABLES_ARP), a chain of nft that sees what
 * devices send (netdev egress, Linux 5.16), or a table of arptables (/proc/net/arp_tables_names) in
 * this network namespace, whatever its rules? Loads no kernel module. A table that cannot be read
 * counts as none (nft: CAP_NET_ADMIN).
 */
bool arp_rules_exist(void);

#endif
