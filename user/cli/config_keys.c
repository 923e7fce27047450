/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/config_keys.h"
#include "cli/config_reading.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define IN_AGENT (1U << CONFIG_AGENT)
#define IN_PAIR (1U << CONFIG_PAIR)
#define IN_PORT (1U << CONFIG_PORT)

#define SIZE_OF(type, field) sizeof(((struct type *)0)->field)

#define SETTING(field)                                                                             \
	.offsets[CONFIG_AGENT] = offsetof(struct options_settings, field),                         \
	.size = SIZE_OF(options_settings, field)
/* A setting that a pair may override, in a field of the same name. */
#define SETTING_OR_PAIR(field)                                                                     \
	SETTING(field), .offsets[CONFIG_PAIR] = offsetof(struct options_pair, field)
#define OF_PORT(field)                                                                             \
	.offsets[CONFIG_PORT] = offsetof(struct options_port, field),                              \
	.size = SIZE_OF(options_port, field)

#define NUMBER(from, to) .kind = CONFIG_NUMBER, .least = (from), .most = (to)
#define SECONDS_OR_OFF(from, to) NUMBER(from, to), .unit = " of seconds", .off = true
#define CHOICE(value, ...) .kind = CONFIG_CHOICE, .first = (value), .words = { __VA_ARGS__ }
#define OWN(function) .kind = CONFIG_OWN, .read = (function)

/* Name, sections, default; tests/build/test_documented.py compares these with vfsteer.conf(5). */
const struct config_key config_keys[CONFIG_KEYS_MAX] = {
	{ "up_delay_ms", IN_AGENT, "0", .help = "time with carrier before a primary is used",
	  SETTING(up_delay_ms), NUMBER(0, 600000) },
	{ "leaving_timeout_ms", IN_AGENT, "15000",
	  .help = "a primary whose removal does not come returns", SETTING(leaving_timeout_ms),
	  NUMBER(1000, 600000) },
	{ "announce_count", IN_AGENT, "3", .help = "announcements of each switchover",
	  SETTING(announce_count), NUMBER(1, 100) },
	{ "announce_interval_ms", IN_AGENT, "100", .help = "between them",
	  SETTING(announce_interval_ms), NUMBER(10, 60000) },
	{ "hold_limit_ms", IN_AGENT, "100",
	  .help = "longest delay of a removal, until announced; 0: none",
	  SETTING(hold_limit_ms), NUMBER(0, 100) },
	{ "rx", IN_AGENT | IN_PAIR, "exact", .help = "or direct, see vfsteer.conf(5)",
	  SETTING_OR_PAIR(rx_direct), CHOICE(false, "exact", "direct") },
	{ "egress", IN_AGENT | IN_PAIR, "after",
	  .help = "or before the programs of others on the egress",
	  SETTING_OR_PAIR(egress), CHOICE(OPTIONS_EGRESS_AFTER, "after", "before") },
	{ "qdisc", IN_AGENT | IN_PAIR, "mirror",
	  .help = "or keep: the standby's root qdisc on the primary", SETTING_OR_PAIR(qdisc),
	  CHOICE(OPTIONS_QDISC_MIRROR, "mirror", "keep") },
	{ "xdp", IN_AGENT | IN_PAIR, "mirror",
	  .help = "a primary without the standby's XDP program\n"
		  "is not used; or ignore: it is used",
	  SETTING_OR_PAIR(xdp_ignored), CHOICE(false, "mirror", "ignore") },
	{ "announce", IN_AGENT | IN_PAIR, "all", .help = "or macs: no addresses, or off: nothing",
	  SETTING_OR_PAIR(announce), CHOICE(OPTIONS_ANNOUNCE_ALL, "all", "macs", "off") },
	{ "announce_except", IN_AGENT | IN_PAIR, NULL, "192.0.2.80",
	  .help = "addresses, prefixes and MACs that are not announced",
	  OWN(config_add_announce_except), .repeats = true },
	{ "announce_again", IN_AGENT, "150",
	  .help = "or off: announce a pair that is silent for so long",
	  SETTING(announce_again_s), SECONDS_OR_OFF(10, 86400) },
	{ "host_signal", IN_AGENT, "on",
	  .help = "or off: a frame on the standby's wire reports the pair to the host",
	  SETTING(host_signal_off), CHOICE(false, "on", "off") },
	{ "path_check", IN_AGENT | IN_PAIR, "auto",
	  .help = "or off, or arp ADDRESS..., or ns ADDRESS...:\n"
		  "the neighbours that answer if there is a path",
	  OWN(config_set_path_check) },
	{ "primary", IN_PAIR, "auto", .help = "as --pair eth0; or = eth1, as --pair eth0=eth1",
	  OWN(config_set_primary) },
	{ "pair", IN_PORT, NULL, "eth0", .help = "the pair's standby", OWN(config_set_port_pair) },
	{ "mac", IN_PORT, NULL, "52:54:00:12:34:56",
	  .help = "or passthrough = yes; default: veth's other end", OWN(config_set_port_mac) },
	{ "passthrough", IN_PORT, "no", .help = "or yes: it owns the MAC of the pair",
	  OF_PORT(passthrough), CHOICE(false, "no", "yes") },
	{ "xdp", IN_PORT, "auto", .help = "or no", OF_PORT(without_xdp),
	  CHOICE(false, "auto", "no") },
	{ .name = NULL },
};

const struct config_key *config_find_key(enum config_section section, const char *name)
{
	for (const struct config_key *key = config_keys; key->name; key++)
		if (key->sections & 1U << section && !strcmp(key->name, name))
			return key;
	return NULL;
}

/* False: not a number in the range. */
static bool parse_number(const struct config_key *key, const char *value, unsigned *ret)
{
	unsigned long parsed;
	char *end;

	if (key->off && !strcmp(value, "off")) {
		*ret = 0;
		return true;
	}
	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || parsed < key->least ||
	    parsed > key->most)
		return false;
	*ret = (unsigned)parsed;
	return true;
}

/* False: not one of the words. */
static bool parse_choice(const struct config_key *key, const char *value, unsigned *ret)
{
	for (unsigned i = 0; i < CONFIG_CHOICES_MAX && key->words[i]; i++)
		if (!strcmp(key->words[i], value)) {
			*ret = key->first + i;
			return true;
		}
	return false;
}

static void store(const struct config_key *key, enum config_section section, void *of,
		  unsigned value)
{
	char *field = (char *)of + key->offsets[section];

	if (key->size == sizeof(bool))
		*(bool *)field = value;
	else
		*(unsigned *)field = value;
}

static int complain_choice(struct config_reading *reading, const struct config_key *key,
			   const char *value)
{
	char words[128] = "";
	size_t length = 0;

	for (unsigned i = 0; i < CONFIG_CHOICES_MAX && key->words[i]; i++) {
		bool is_last = i + 1 == CONFIG_CHOICES_MAX || !key->words[i + 1];

		length += (size_t)snprintf(words + length, sizeof(words) - length, "%s%s",
					   !i ? "" : is_last ? " or " : ", ",
					   key->words[i]);
	}
	return config_mistake(reading, "%s = %s: use %s", key->name, value, words);
}

int config_read_key(struct config_reading *reading, const struct config_key *key, void *of,
		    const char *value)
{
	unsigned parsed = 0;

	if (key->kind == CONFIG_OWN)
		return key->read(reading, of, value);
	if (key->kind == CONFIG_NUMBER && !parse_number(key, value, &parsed))
		return config_mistake(reading, "%s = %s: not a number%s from %lu to %lu%s",
				      key->name, value, key->unit ? key->unit : "", key->least,
				      key->most, key->off ? ", nor off" : "");
	if (key->kind == CONFIG_CHOICE && !parse_choice(key, value, &parsed))
		return complain_choice(reading, key, value);
	store(key, reading->kind, of, parsed);
	return 1;
}

struct options_settings config_default_settings(void)
{
	struct options_settings settings = { 0 };

	/* The default of a key with a parser of its own is all zeros. */
	for (const struct config_key *key = config_keys; key->name; key++) {
		unsigned value;

		if (key->sections & IN_AGENT && key->kind != CONFIG_OWN &&
		    (key->kind == CONFIG_NUMBER ? parse_number : parse_choice)(key, key->fallback,
									       &value))
			store(key, CONFIG_AGENT, &settings, value);
	}
	return settings;
}

/* The width of NAME = VALUE. */
#define HELP_COLUMN 28

void config_write_help(enum config_section section, const char *indent, FILE *stream)
{
	for (const struct config_key *key = config_keys; key->name; key++) {
		const char *help = key->help, *end;
		int width;

		if (!help || !(key->sections & 1U << section) ||
		    key->sections & ((1U << section) - 1))
			continue;
		width = fprintf(stream, "%s%s = %s", indent, key->name,
				key->fallback ? key->fallback : key->example) -
			(int)strlen(indent);
		for (width = width < HELP_COLUMN - 1 ? HELP_COLUMN - width : 2; help;
		     help = end ? end + 1 : NULL) {
			end = strchr(help, '\n');
			fprintf(stream, "%*s%.*s\n", width, "",
				end ? (int)(end - help) : (int)strlen(help), help);
			width = (int)strlen(indent) + HELP_COLUMN;
		}
	}
}
