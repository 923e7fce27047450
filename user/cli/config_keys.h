/* SPDX-License-Identifier: GPL-2.0-only */
/* config_keys: the table of configuration keys. */
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
	CONFIG_NUMBER, /* an unsigned, from `least` to `most`; with `off`, the word off means 0 */
	CONFIG_CHOICE, /* one of `words`: the value `first`, then `first` + 1 ... */
	CONFIG_OWN,    /* `read` parses it */
};

#define CONFIG_CHOICES_MAX 4

/* A key of one or two sections. */
struct config_key {
	const char *name;
	unsigned sections;    /* mask of 1 << enum config_section */
	const char *fallback; /* the default as text; NULL: none */
	const char *example;  /* for help, if there is no default */
	/*
	 * the text after the value in 'vfsteer help'; lines separated by newlines; NULL: not listed
	 */
	const char *help;
	enum config_kind kind;
	/*
	 * Offset of the value in struct options_settings, options_pair or options_port, by section.
	 * Not used with CONFIG_OWN.
	 */
	size_t offsets[CONFIG_SECTIONS], size;
	unsigned long least, most;
	/* of a number, " of seconds", for messages; NULL: the name has it */
	const char *unit;
	bool off;
	bool repeats; /* it may be repeated: each value is added */
	const char *words[CONFIG_CHOICES_MAX];
	unsigned first;
	/*
	 * @of: the struct options_settings, options_pair or options_port of the section. Returns 1,
	 * or 0 after config_mistake.
	 */
	int (*read)(struct config_reading *reading, void *of, const char *value);
};

#define CONFIG_KEYS_MAX 32

/* The table. Its last row has no name. vfsteer.conf(5) lists the same keys. */
extern const struct config_key config_keys[CONFIG_KEYS_MAX];

/* Returns the key @name of @section; NULL: none. */
const struct config_key *config_find_key(enum config_section section, const char *name);

/*
 * Reads @value of the present section into @of: see struct config_key. Returns 1, or 0 after
 * config_mistake.
 */
int config_read_key(struct config_reading *reading, const struct config_key *key, void *of,
		    const char *value);

/* Returns the settings of an empty file. */
struct options_settings config_default_settings(void);

/* Writes the keys of @section that no earlier section has, a line each, after @indent. */
void config_write_help(enum config_section section, const char *indent, FILE *stream);

#endif
