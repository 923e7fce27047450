/* SPDX-License-Identifier: GPL-2.0-only */
/* config_reading: what the files behind config.h share. */
#ifndef CLI_CONFIG_READING_H
#define CLI_CONFIG_READING_H

#include "cli/arguments.h"

#define CONFIG_NAME_SIZE 32 /* of a setting */
#define CONFIG_SETTINGS_MAX (8 * VFSTEER_MAX_PAIRS + 4 * VFSTEER_MAX_PORTS + 9)

enum config_section {
	CONFIG_AGENT,
	CONFIG_PAIR,
	CONFIG_PORT,
};

struct config_setting {
	enum config_section kind;
	char section[OPTIONS_NAME_SIZE]; /* the name in it; empty: [agent] */
	char name[CONFIG_NAME_SIZE];
};

struct config_reading {
	struct options options;
	const char *next, *end;	   /* what has not been read of the text */
	int line;		   /* the one read last */
	enum config_section kind;  /* of the section under way */
	char section[OPTIONS_NAME_SIZE]; /* likewise: the name in it */
	int section_line;	   /* likewise, if nothing has stood in it so far; else 0 */
	unsigned setting_count;
	struct config_setting settings[CONFIG_SETTINGS_MAX];
	int port_lines[VFSTEER_MAX_PORTS]; /* where the first setting of each of options.ports stands */
	int mistake_line;
	char mistake[512]; /* the first one */
};

/* Notes the first mistake, at the line read last. Returns 0, what a handler of libinih returns then. */
__attribute__((format(printf, 2, 3))) int config_mistake(struct config_reading *reading, const char *format, ...);

/* Each one setting of [agent], or of [pair @pair]. They return 1, or 0 after a mistake. */
int config_set_announce(struct config_reading *reading, enum options_announce *announce, const char *value);
int config_add_announce_except(struct config_reading *reading, const char *pair, const char *value); /* @pair empty: for all pairs */
int config_set_announce_again(struct config_reading *reading, const char *value);
int config_set_path_check(struct config_reading *reading, enum options_path *path_check, const char *pair, const char *value); /* @pair: likewise */

/* One setting of [port @name]. Returns 1, or 0 after a mistake. */
int config_port(struct config_reading *reading, const char *port, const char *name, const char *value);

/* Has every port what it cannot do without? Returns 1, or 0 after a mistake. */
int config_check_ports(struct config_reading *reading);

#endif
