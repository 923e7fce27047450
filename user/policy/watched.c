/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/watched.h"

#include <string.h>

#define WATCHED_HOLDS_DEVICE_HELD true
#define WATCHED_HOLDS_LIST false
#define WATCHED_HOLDS_LIST_HELD true
#define WATCHED_HOLDS_OWNER false
#define WATCHED_HOLDS_PCI true
#define WATCHED_HOLDS_PCI_DRIVER true
#define WATCHED_HOLDS_OWN false
#define WATCHED_HOLDS_OWN_HELD true

#define WATCHED_ROW(function, since, sees, match, arguments, warned_of, steps, superseder)         \
	[WATCH_##function] = { .name = #function,                                                  \
			       .warns = warned_of,                                                 \
			       .tested = steps,                                                    \
			       .holds = WATCHED_HOLDS_##match,                                     \
			       .superseded_by = WATCH_##superseder },

const struct watched_function watched_functions[WATCH_FUNCTIONS_MAX] = {
	WATCH_FUNCTIONS(WATCHED_ROW)
};

int watched_find(const char *name)
{
	for (int i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (!strcmp(watched_functions[i].name, name))
			return i;
	return -1;
}

unsigned watched_that_warn(unsigned warns)
{
	unsigned found = 0;

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		found |= watched_functions[i].warns & warns ? WATCHED_BIT(i) : 0;
	return found;
}

unsigned watched_that_are_tested(unsigned tested)
{
	unsigned found = 0;

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		found |= watched_functions[i].tested & tested ? WATCHED_BIT(i) : 0;
	return found;
}
