/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/spoken.h"
#include "base/room.h"

#include <stdlib.h>

static struct spoken_device *spoken_find(struct spoken *spoken, int ifindex)
{
	for (size_t i = 0; i < spoken->count; i++)
		if (spoken->list[i].ifindex == ifindex)
			return &spoken->list[i];
	return NULL;
}

static struct spoken_device *spoken_add(struct spoken *spoken, int ifindex)
{
	if (room_for_one(spoken->list, spoken->count, &spoken->size))
		return NULL;
	spoken->list[spoken->count] = (struct spoken_device){ .ifindex = ifindex };
	return &spoken->list[spoken->count++];
}

bool spoken_recently(struct spoken *spoken, int ifindex, uint64_t tx_packets, uint64_t now_ns)
{
	struct spoken_device *device = spoken_find(spoken, ifindex);

	if (!device)
		device = spoken_add(spoken, ifindex);
	if (!device)
		return tx_packets;
	/* A counter that fell belongs to another device, which has the ifindex now. */
	if (tx_packets > device->tx_packets || (tx_packets && tx_packets < device->tx_packets))
		device->grown_ns = now_ns;
	device->tx_packets = tx_packets;
	device->asked = true;
	return tx_packets && device->grown_ns && now_ns - device->grown_ns < SPOKEN_RECENT_NS;
}

void spoken_sweep(struct spoken *spoken)
{
	size_t kept = 0;

	for (size_t i = 0; i < spoken->count; i++) {
		if (!spoken->list[i].asked)
			continue;
		spoken->list[kept] = spoken->list[i];
		spoken->list[kept++].asked = false;
	}
	spoken->count = kept;
}

void spoken_free(struct spoken *spoken)
{
	free(spoken->list);
	*spoken = (struct spoken){ 0 };
}
