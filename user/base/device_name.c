/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/device_name.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

const char *device_name_flaw_in(const char *name, size_t length)
{
	if (!length)
		return "is empty";
	if (length >= DEVICE_NAME_SIZE)
		return "is longer than 127 characters";
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return "is not allowed";
	for (size_t i = 0; i < length; i++) {
		if (strchr("/:=", name[i]))
			return "holds a '/', ':' or '='";
		if (isspace((unsigned char)name[i]))
			return "holds white space";
	}
	return NULL;
}

const char *device_name_flaw(const char *name)
{
	return device_name_flaw_in(name, strlen(name));
}

const char *ifname_flaw(const char *name)
{
	const char *flaw = device_name_flaw(name);

	return flaw || strlen(name) < IF_NAMESIZE ? flaw : "is longer than 15 characters";
}
