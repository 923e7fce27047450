/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/find_pair.h"
#include "base/log.h"
#include "maps/slot.h"
#include "netdev/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Returns 0, or -errno if no device has the name. */
static int names_ask(const char *name, char ret[IF_NAMESIZE])
{
	struct link_requests *requests;
	int error = link_requests_new(&requests);

	if (error)
		return error;
	error = link_find_name(requests, name, ret);
	link_requests_free(requests);
	return error;
}

int names_find_pair(const struct pins *pins, const char *name)
{
	int slot = pins_find(pins, name);
	char ifname[IF_NAMESIZE];

	return slot >= 0 || names_ask(name, ifname) ? slot : pins_find(pins, ifname);
}

int names_open_pair(const char *command, const char *bpffs, const char *name,
		    struct named_pair *ret)
{
	char message[512];
	int slot;

	if (pins_open(bpffs, true, &ret->pins, message, sizeof(message)) != PINS_OK) {
		log_error("%s: %s", command, message);
		return 1;
	}
	slot = names_find_pair(&ret->pins, name);
	if (slot_explain_foreign(&ret->pins, message, sizeof(message))) {
		log_error("%s: %s", command, message);
	} else if (slot < 0) {
		log_error("%s: %s: no such pair: 'vfsteer status' lists those there are", command,
			  name);
	} else {
		ret->slot = (unsigned)slot;
		snprintf(ret->owner, sizeof(ret->owner), "%.*s", (int)sizeof(ret->owner) - 1,
			 ret->pins.pairs[slot].owner);
		return 0;
	}
	pins_close(&ret->pins);
	return 1;
}

int names_resolve(const char *name, char ret[IF_NAMESIZE])
{
	if (!names_ask(name, ret))
		return 0;
	if (strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	strcpy(ret, name);
	return 0;
}
