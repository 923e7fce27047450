/* SPDX-License-Identifier: GPL-2.0-only */
#include "join.h"
#include "silence.h"

#include <linux/if.h>
#include <stdio.h>
#include <string.h>

/* The watch programs compare all bytes of a field: what follows the text has to be zero. */
static void join_write_text(char field[VFSTEER_NAME_SIZE], const char *text)
{
	size_t length = strnlen(text, VFSTEER_NAME_SIZE - 1);

	memcpy(field, text, length);
	memset(field + length, 0, VFSTEER_NAME_SIZE - length);
}

/* The ifindex last: it is what makes the rest count. */
static void join_write_primary(struct vfsteer_pair *slot, const struct netdev *primary)
{
	join_write_text(slot->primary, primary->name);
	join_write_text(slot->primary_pci_address, primary->pci_address);
	join_write_text(slot->primary_pci_slot, primary->pci_slot);
	join_write_text(slot->primary_pci_port, primary->pci_port);
	__atomic_store_n(&slot->primary_ifindex, primary->ifindex, __ATOMIC_RELEASE);
}

int join_primary(struct pair_world *world, struct pair *pair, const struct netdev *primary, const char **ret_what)
{
	struct vfsteer_pair *slot = &world->pins.pairs[pair->slot];
	struct vfsteer_state state = pins_state(&world->pins, pair->slot), wanted;
	bool stay_down = pair->adopted && state.primary == PRIMARY_DOWN && !(primary->flags & IFF_UP);
	int error;

	if (!pair->adopted)
		do {
			wanted = state;
			wanted.primary = PRIMARY_JOINING;
		} while (!pins_state_change(&world->pins, pair->slot, &state, wanted));
	join_write_primary(slot, primary);
	error = silence_primary(world->requests, primary->name, primary->ifindex);
	if (error) {
		*ret_what = "cannot be kept silent, so it is not used";
		return error;
	}
	error = steer_attach_primary(pair->steer, primary->ifindex);
	if (error) {
		*ret_what = "cannot have a program on its ingress, so it is not used";
		return error;
	}
	if (stay_down || primary->flags & IFF_UP)
		return 0;
	error = link_set_flags(world->requests, primary->ifindex, IFF_UP, IFF_UP);
	if (error)
		*ret_what = "cannot be set up";
	return error;
}
