/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/protection.h"
#include "policy/watched.h"

#include <stdio.h>

void protection_add(struct protection_warnings *warnings, const char *name)
{
	int function = watched_find(name);

	if (function >= 0)
		warnings->known |= watched_functions[function].warns;
}

void protection_missing_warnings(const struct protection_warnings *warnings, char *text,
				 size_t size)
{
	static const struct {
		unsigned warns;
		const char *end;
	} ends[] = {
		{ WARNS_REQUEST, "an unplug request" },   { WARNS_REMOVAL, "a removal" },
		{ WARNS_UNBIND, "a driver's unbinding" }, { WARNS_SET_DOWN, "being set down" },
		{ WARNS_CARRIER, "loss of carrier" },
	};
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends) && length < size; i++)
		if (!(warnings->known & ends[i].warns))
			length += snprintf(text + length, size - length, "%s%s", length ? ", " : "",
					   ends[i].end);
}

const char *protection_missing_liveness(enum vfsteer_liveness liveness)
{
	if (liveness != LIVENESS_NETLINK)
		return NULL;
	return "no liveness check for each packet: packets sent to a primary that is gone are lost "
	       "until netlink reports that";
}
