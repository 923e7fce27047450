/* SPDX-License-Identifier: GPL-2.0-only */
/* The settings of announcements: announce, announce_except, announce_again. */
#include "announce/announce_filter.h"
#include "cli/config_reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_AGAIN_LEAST_S 10
#define CONFIG_AGAIN_MOST_S 86400

int config_set_announce(struct config_reading *reading, enum options_announce *announce, const char *value)
{
	if (!strcmp(value, "all"))
		*announce = OPTIONS_ANNOUNCE_ALL;
	else if (!strcmp(value, "macs"))
		*announce = OPTIONS_ANNOUNCE_MACS;
	else if (!strcmp(value, "off"))
		*announce = OPTIONS_ANNOUNCE_OFF;
	else
		return config_mistake(reading, "announce = %s: say all, macs or off", value);
	return 1;
}

int config_add_announce_except(struct config_reading *reading, const char *pair, const char *value)
{
	struct options *options = &reading->options;
	char text[64];
	size_t length;

	value += strspn(value, " \t,");
	if (!*value)
		return config_mistake(reading, "announce_except = : nothing in it: name IPv4 or IPv6 addresses or prefixes, or MACs");
	for (; *value; value += strspn(value, " \t,")) {
		struct announce_rule *rule = &options->announce_rules[options->announce_rule_count];

		length = strcspn(value, " \t,");
		snprintf(text, sizeof(text), "%.*s", (int)length, value);
		if (options->announce_rule_count == OPTIONS_ANNOUNCE_RULES)
			return config_mistake(reading, "announce_except = %s: more than %d exceptions: name prefixes", text, OPTIONS_ANNOUNCE_RULES);
		memset(rule, 0, sizeof(*rule));
		snprintf(rule->pair, sizeof(rule->pair), "%s", pair);
		if (length >= sizeof(text) || !announce_rule_parse(text, rule))
			return config_mistake(reading, "announce_except = %s: not an IPv4 or IPv6 address, a prefix of one, or a MAC", text);
		options->announce_rule_count++;
		value += length;
	}
	return 1;
}

int config_set_announce_again(struct config_reading *reading, const char *value)
{
	unsigned long parsed;
	char *end;

	if (!strcmp(value, "off")) {
		reading->options.settings.announce_again_s = 0;
		return 1;
	}
	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || parsed < CONFIG_AGAIN_LEAST_S || parsed > CONFIG_AGAIN_MOST_S)
		return config_mistake(reading, "announce_again = %s: not a number of seconds from %d to %d, nor off", value, CONFIG_AGAIN_LEAST_S,
				      CONFIG_AGAIN_MOST_S);
	reading->options.settings.announce_again_s = (unsigned)parsed;
	return 1;
}
