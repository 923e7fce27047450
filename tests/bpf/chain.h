/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chain: devices in one chain of the kernel's hash of devices by ifindex, where the youngest comes
 * first.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdio.h>

#define CHAINS 256    /* NETDEV_HASHENTRIES */
#define CHAIN_LOOK 64 /* devices in one of them that a program looks at: bpf/alive.h */

/*
 * Puts @count devices before those that are in the chain of ifindex @first. Returns 0 when they are
 * there.
 */
static inline int chain_lengthen(unsigned first, unsigned count)
{
	FILE *batch = popen("ip -batch -", "w");

	if (!batch)
		return -1;
	for (unsigned i = 0; i < count; i++)
		fprintf(batch, "link add c%u index %u type bridge\n", first + i * CHAINS,
			first + (i + 2) * CHAINS);
	return pclose(batch);
}

#endif
