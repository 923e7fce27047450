/* SPDX-License-Identifier: GPL-2.0-only */
/* config_reading: the state that the files behind config.h share. */
#ifndef CLI_CONFIG_READING_H
#define CLI_CONFIG_READING_H

#include "base/ini_text.h"
#include "cli/arguments.h"
#include "cli/config_keys.h"

#define CONFIG_NAME_SIZE 32 /* of a key */
#define CONFIG_SETTINGS_MAX (CONFIG_KEYS_MAX * (1 + VFSTEER_MAX_PAIRS + VFSTEER_MAX_PORTS))

struct config_setting {
	enum config_section kind;
	char section[OPTIONS_NAME_SIZE]; /* the name in it; empty: [agent] */
	char name[CONFIG_NAME_SIZE];
};

struct config_reading {
	struct options options;
	struct ini_text text;
	enum config_section kind;	 /* of the present section */
	char section[OPTIONS_NAME_SIZE]; /* of the present section: its name */
	int section_line;		 /* of the present section, while it is empty; else 0 */
	unsigned setting_count;
	struct config_setting settings[CONFIG_SETTINGS_MAX];
	int port_lines[VFSTEER_MAX_PORTS]; /* line of the first setting of each of options.ports */
};

/* As ini_text_mistake. */
#define config_mistake(reading, ...) ini_text_mistake(&(reading)->text, __VA_ARGS__)

/* Keys with a parser of their own: struct config_key.read. */
int config_add_announce_except(struct config_reading *reading, void *of, const char *value);
int config_set_path_check(struct config_reading *reading, void *of, const char *value);
int config_set_primary(struct config_reading *reading, void *of, const char *value);
int config_set_port_pair(struct config_reading *reading, void *of, const char *value);
int config_set_port_mac(struct config_reading *reading, void *of, const char *value);

/* Returns the pair or port of the present section, created if it is new; NULL after a mistake. */
struct options_pair *config_pair_of_section(struct config_reading *reading);
struct options_port *config_port_of_section(struct config_reading *reading);

/* Do the settings of [port @port] exclude each other? Returns 1, or 0 after a mistake. */
int config_check_port(struct config_reading *reading, const struct options_port *port);

/* Has every port its required settings? Returns 1, or 0 after a mistake. */
int config_check_ports(struct config_reading *reading);

#endif
