/* SPDX-License-Identifier: GPL-2.0-only */
/* config_keys: the table of the keys of the configuration. */
#ifndef CLI_CONFIG_KEYS_H
#define CLI_CONFIG_KEYS_H

#include "policy/options.h"

#include <stdio.h>

struct config_reading;

enum config_section {
	CONFIG_AGENT,
	CONFIG_PAIR,
	CONFIG_PORT,
	CONFIG_SECTIONS,
};

enum config_kind {
	CONFIG_NUMBER, /* an unsigned, from `least` to `most`; with `off`, the word off for 0 */
	CONFIG_CHOICE, /* one of `words`; the first is `first`, the others follow */
	CONFIG_OWN,    /* `read` reads it */
};

#define CONFIG_CHOICES_MAX 4

/* One key of one or two sections. */
struct config_key {
	const char *name;
	unsigned sections;    /* mask of 1 << enum config_section */
	const char *fallback; /* the default, as it would be written; NULL: none */
	const char *example;  /* in help, where there is no default */
	/* behind the value, in 'vfsteer help'; lines separated by newlines; NULL: not there */
	const char *help;
	enum config_kind kind;
	/*
	 * Where the value goes: in struct options_settings, options_pair or options_port, by
	 * section. Of no meaning with CONFIG_OWN.
	 */
	size_t offsets[CONFIG_SECTIONS], size;
	unsigned long least, most;
	/* of a number, " of seconds", in what is said of a mistake; NULL: its name has it */
	const char *unit;
	bool off;
	bool repeats; /* it may stand several times: each adds to those before */
	const char *words[CONFIG_CHOICES_MAX];
	unsigned first;
	/*
	 * @of: the struct options_settings, options_pair or options_port of the section. Returns 1,
	 * or 0 after config_mistake.
	 */
	int (*read)(struct config_reading *reading, void *of, const char *value);
};

#define CONFIG_KEYS_MAX 32

/* The table; its last row has no name. vfsteer.conf(5) lists the same. */
extern const struct config_key config_keys[CONFIG_KEYS_MAX];

/* The key @name of @section; NULL: there is none. */
const struct config_key *config_find_key(enum config_section section, const char *name);

/*
 * Reads @value of the section under way into @of: see struct config_key. Returns 1, or 0 after
 * config_mistake.
 */
int config_read_key(struct config_reading *reading, const struct config_key *key, void *of,
		    const char *value);

/* The settings of an empty file. */
struct options_settings config_default_settings(void);

/* The keys that stand in @section and in none before it, a line each behind @indent. */
void config_write_help(enum config_section section, const char *indent, FILE *stream);

#endif
