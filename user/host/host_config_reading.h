/* SPDX-License-Identifier: GPL-2.0-only */
/* host_config_reading: shared by the files behind host_config.h. */
#ifndef HOST_HOST_CONFIG_READING_H
#define HOST_HOST_CONFIG_READING_H

#include "base/room.h"
#include "host/host_config.h"

#define HOST_CONFIG_LINE_SIZE 512

struct host_config_reading {
	struct host_config *config;
	struct host_config_tap *tap; /* of the current section; NULL: [host] */
	const char *next, *end;	     /* the part of the text that was not read */
	int line;		     /* the last one read */
	unsigned seen;		     /* keys of the current section, by their place in the table */
	unsigned seen_of_host;	     /* the same of all [host] sections */
	int mistake_line;
	char mistake[HOST_CONFIG_LINE_SIZE + 256]; /* the first one */
};

/* Notes the first mistake, at the line read last. Returns 0, which stops libinih. */
__attribute__((format(printf, 2, 3))) int host_config_mistake(struct host_config_reading *reading,
							      const char *format, ...);

/* Sets a key of the current section. Returns 1, or 0 after host_config_mistake. */
int host_config_set(struct host_config_reading *reading, const char *name, const char *value);

/* Checks that every section is complete; notes a mistake. */
void host_config_check(struct host_config_reading *reading);

#endif
