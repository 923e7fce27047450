/* SPDX-License-Identifier: GPL-2.0-only */
/* config_reading: what the files behind config.h share. */
#ifndef CLI_CONFIG_READING_H
#define CLI_CONFIG_READING_H

#include "cli/arguments.h"
#include "cli/config_keys.h"

#define CONFIG_NAME_SIZE 32 /* of a setting */
#define CONFIG_SETTINGS_MAX (CONFIG_KEYS_MAX * (1 + VFSTEER_MAX_PAIRS + VFSTEER_MAX_PORTS))

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

/* The keys that are read each in a way of its own: struct config_key.read. */
int config_add_announce_except(struct config_reading *reading, void *of, const char *value);
int config_set_path_check(struct config_reading *reading, void *of, const char *value);
int config_set_primary(struct config_reading *reading, void *of, const char *value);
int config_set_port_pair(struct config_reading *reading, void *of, const char *value);
int config_set_port_mac(struct config_reading *reading, void *of, const char *value);

/* The pair or port of the section under way, made if it is new; NULL after a mistake. */
struct options_pair *config_pair_of_section(struct config_reading *reading);
struct options_port *config_port_of_section(struct config_reading *reading);

/* What has been set of [port @port]: does one thing exclude another? Returns 1, or 0 after a mistake. */
int config_check_port(struct config_reading *reading, const struct options_port *port);

/* Has every port what it cannot do without? Returns 1, or 0 after a mistake. */
int config_check_ports(struct config_reading *reading);

#endif
