/* SPDX-License-Identifier: GPL-2.0-only */
/* The key announce_except. */
#include "announce/announce_filter.h"
#include "cli/config_reading.h"

#include <stdio.h>
#include <string.h>

int config_add_announce_except(struct config_reading *reading, void *of, const char *value)
{
	struct options *options = &reading->options;
	char text[64];
	size_t length;

	(void)of;
	value += strspn(value, " \t,");
	if (!*value)
		return config_mistake(reading, "announce_except = : nothing in it: name IPv4 or "
					       "IPv6 addresses or prefixes, or MACs");
	for (; *value; value += strspn(value, " \t,")) {
		struct announce_rule *rule = &options->announce_rules[options->announce_rule_count];

		length = strcspn(value, " \t,");
		snprintf(text, sizeof(text), "%.*s", (int)length, value);
		if (options->announce_rule_count == OPTIONS_ANNOUNCE_RULES)
			return config_mistake(
				reading,
				"announce_except = %s: more than %d exceptions: name prefixes",
				text, OPTIONS_ANNOUNCE_RULES);
		memset(rule, 0, sizeof(*rule));
		/* of [agent]: empty */
		snprintf(rule->pair, sizeof(rule->pair), "%s", reading->section);
		if (length >= sizeof(text) || !announce_rule_parse(text, rule))
			return config_mistake(reading,
					      "announce_except = %s: not an IPv4 or IPv6 address, "
					      "a prefix of one, or a MAC",
					      text);
		options->announce_rule_count++;
		value += length;
	}
	return 1;
}
