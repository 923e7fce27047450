/* SPDX-License-Identifier: GPL-2.0-only */
/* host_vfs: the VFs of a PF, from the kernel's message about the PF. Pure. */
#ifndef HOST_HOST_VFS_H
#define HOST_HOST_VFS_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_vf {
	unsigned number;       /* "vf N" of ip link */
	uint8_t mac[ETH_ALEN]; /* all zero: none */
	uint16_t vlan_id;      /* "vlan V"; 0: none */
	uint8_t link_state;    /* IFLA_VF_LINK_STATE_* */
	bool spoofchk, trust;
};

/*
 * Reads IFLA_VFINFO_LIST of the RTM_NEWLINK message at @bytes (from its struct nlmsghdr on, 4-byte
 * aligned, @length bytes). Returns 0: *ret (the caller frees it; NULL without VFs) and *ret_count
 * are set. Returns -EBADMSG for a malformed message, or -ENOMEM.
 */
int host_vfs_parse(const void *bytes, size_t length, struct host_vf **ret, size_t *ret_count);

#endif
