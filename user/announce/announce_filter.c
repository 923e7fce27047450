/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/announce_filter.h"
#include "announce/announce.h"
#include "base/mac.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Reads "/24" or an empty text. Returns the number, @most for an empty text, or -1. */
static int announce_rule_prefix(const char *slash, int most)
{
	unsigned long length;
	char *end;

	if (!slash)
		return most;
	if (slash[1] < '0' || slash[1] > '9')
		return -1;
	length = strtoul(slash + 1, &end, 10);
	return *end || length > (unsigned long)most ? -1 : (int)length;
}

bool announce_rule_parse(const char *text, struct announce_rule *ret)
{
	struct announce_rule rule = { .family = AF_UNSPEC, .prefix_length = 8 * ETH_ALEN };
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	int prefix;

	if (!mac_parse(text, rule.bytes))
		goto out;
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, rule.bytes) == 1)
		rule.family = AF_INET;
	else if (inet_pton(AF_INET6, address, rule.bytes) == 1)
		rule.family = AF_INET6;
	else
		return false;
	prefix = announce_rule_prefix(slash, rule.family == AF_INET ? 32 : 128);
	if (prefix < 0)
		return false;
	rule.prefix_length = (uint8_t)prefix;
out:
	memcpy(rule.pair, ret->pair, sizeof(rule.pair));
	*ret = rule;
	return true;
}

static bool announce_rule_is_of(const struct announce_rule *rule, const char *pair)
{
	return !rule->pair[0] || (pair && !strcmp(rule->pair, pair));
}

static bool announce_rule_matches(const struct announce_rule *rule,
				  const struct announce_address *address)
{
	const uint8_t *bytes =
		rule->family == AF_UNSPEC ? address->mac : (const uint8_t *)&address->v6;
	unsigned whole = rule->prefix_length / 8, rest = rule->prefix_length % 8;

	if (rule->family != AF_UNSPEC && rule->family != address->family)
		return false;
	return !memcmp(bytes, rule->bytes, whole) &&
	       (!rest || !((bytes[whole] ^ rule->bytes[whole]) >> (8 - rest)));
}

bool announce_filter_passes(const struct announce_filter *filter,
			    const struct announce_address *address)
{
	if (filter->what == ANNOUNCE_OFF ||
	    (filter->what == ANNOUNCE_MACS && address->family != AF_UNSPEC))
		return false;
	for (size_t i = 0; i < filter->count; i++)
		if (announce_rule_is_of(&filter->rules[i], filter->pair) &&
		    announce_rule_matches(&filter->rules[i], address))
			return false;
	return true;
}

size_t announce_filter_count(const struct announce_filter *filter)
{
	size_t count = 0;

	for (size_t i = 0; i < filter->count; i++)
		count += announce_rule_is_of(&filter->rules[i], filter->pair);
	return count;
}
