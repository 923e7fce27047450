/* SPDX-License-Identifier: GPL-2.0-only */
/* The key path_check = auto|off|arp ADDRESS...|ns ADDRESS... */
#include "announce/path_targets.h"
#include "cli/config_reading.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS " \t,"

/* Unspecified, broadcast, multicast or loopback. */
static bool is_no_neighbour(const struct path_rule *rule)
{
	uint32_t v4 = ntohl(rule->v4.s_addr);

	if (rule->family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&rule->v6) || IN6_IS_ADDR_LOOPBACK(&rule->v6) ||
		       IN6_IS_ADDR_MULTICAST(&rule->v6);
	return !v4 || v4 >> 24 == IN_LOOPBACKNET || v4 >= INADDR_UNSPEC_GROUP;
}

/* Adds one address of @value, of @family. Returns where it ends, NULL after a mistake. */
static const char *config_add_target(struct config_reading *reading, int family, const char *value)
{
	const char *pair = reading->section; /* of [agent]: empty */
	struct options *options = &reading->options;
	struct path_rule rule = { .family = family };
	size_t length = strcspn(value, SEPARATORS);
	char text[INET6_ADDRSTRLEN];
	unsigned of_pair = 0;

	snprintf(text, sizeof(text), "%.*s", (int)length, value);
	if (length >= sizeof(text) || inet_pton(family, text, &rule.v6) != 1) {
		config_mistake(reading, "path_check = %s %s: not an %s address",
			       family == AF_INET ? "arp" : "ns", text,
			       family == AF_INET ? "IPv4" : "IPv6");
		return NULL;
	}
	if (is_no_neighbour(&rule)) {
		config_mistake(reading, "path_check = %s %s: no neighbour can have this address",
			       family == AF_INET ? "arp" : "ns", text);
		return NULL;
	}
	snprintf(rule.pair, sizeof(rule.pair), "%s", pair);
	for (unsigned i = 0; i < options->path_rule_count; i++)
		of_pair += !strcmp(options->path_rules[i].pair, pair);
	if (of_pair == PATH_TARGETS_MAX || options->path_rule_count == OPTIONS_PATH_RULES) {
		config_mistake(
			reading,
			"path_check: more than %d addresses: name the %d that answer most reliably",
			PATH_TARGETS_MAX, PATH_TARGETS_MAX);
		return NULL;
	}
	options->path_rules[options->path_rule_count++] = rule;
	return value + length;
}

int config_set_path_check(struct config_reading *reading, void *of, const char *value)
{
	enum options_path *path_check = reading->kind == CONFIG_PAIR
						? &((struct options_pair *)of)->path_check
						: &((struct options_settings *)of)->path_check;
	size_t length = strcspn(value, SEPARATORS);
	int family = !strncmp(value, "arp", length) && length == 3  ? AF_INET :
		     !strncmp(value, "ns", length) && length == 2 ? AF_INET6 :
								    AF_UNSPEC;
	const char *rest = value + length + strspn(value + length, SEPARATORS);

	if (!strcmp(value, "auto") || !strcmp(value, "off")) {
		*path_check = !strcmp(value, "off") ? OPTIONS_PATH_OFF : OPTIONS_PATH_AUTO;
		return 1;
	}
	if (family == AF_UNSPEC || !*rest)
		return config_mistake(reading,
				      "path_check = %s: use auto, off, arp and IPv4 addresses, or "
				      "ns and IPv6 addresses",
				      value);
	*path_check = OPTIONS_PATH_NAMED;
	for (; *rest; rest += strspn(rest, SEPARATORS)) {
		rest = config_add_target(reading, family, rest);
		if (!rest)
			return 0;
	}
	return 1;
}
