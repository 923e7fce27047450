/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/find_pair.h"
#include "netdev/link.h"

#include <errno.h>
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

int names_resolve(const char *name, char ret[IF_NAMESIZE])
{
	if (!names_ask(name, ret))
		return 0;
	if (strlen(name) >= IF_NAMESIZE)
		return -ENODEV;
	strcpy(ret, name);
	return 0;
}
