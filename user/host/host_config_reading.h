/* SPDX-License-Identifier: GPL-2.0-only */
/* host_config_reading: shared by the files behind host_config.h. */
#ifndef HOST_HOST_CONFIG_READING_H
#define HOST_HOST_CONFIG_READING_H

#include "base/ini_text.h"
#include "base/room.h"
#include "host/host_config.h"

#define HOST_CONFIG_LINE_SIZE 512

struct host_config_reading {
	struct host_config *config;
	struct host_config_tap *tap; /* of the current section; NULL: [host] */
	struct ini_text text;
	unsigned seen;	       /* keys of the current section, by their place in the table */
	unsigned seen_of_host; /* the same of all [host] sections */
};

/* As ini_text_mistake. */
#define host_config_mistake(reading, ...) ini_text_mistake(&(reading)->text, __VA_ARGS__)

/* Sets a key of the current section. Returns 1, or 0 after host_config_mistake. */
int host_config_set(struct host_config_reading *reading, const char *name, const char *value);

/* Checks that every section is complete; notes a mistake. */
void host_config_check(struct host_config_reading *reading);

#endif
