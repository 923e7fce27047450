/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of host.conf, and reading the file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/device_name.h"
#include "base/file.h"
#include "base/mac.h"
#include "host/host_config_reading.h"

#define SILENCE_LEAST_S 1
#define SILENCE_MOST_S 86400

static int read_yes(struct host_config_reading *reading, const char *name, const char *value,
		    bool *ret)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return host_config_mistake(reading, "%s = %s: say yes or no", name, value);
	*ret = value[0] == 'y';
	return 1;
}

static int set_libvirt_rule(struct host_config_reading *reading, const char *value)
{
	return read_yes(reading, "libvirt_rule", value, &reading->config->libvirt_rule);
}

static int set_learning(struct host_config_reading *reading, const char *value)
{
	return read_yes(reading, "learning", value, &reading->config->learning);
}

static int set_ahead(struct host_config_reading *reading, const char *value)
{
	return read_yes(reading, "ahead", value, &reading->config->ahead);
}

static int set_silence(struct host_config_reading *reading, const char *value)
{
	char *end;
	unsigned long seconds = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || seconds < SILENCE_LEAST_S ||
	    seconds > SILENCE_MOST_S)
		return host_config_mistake(reading,
					   "silence = %s: not a number of seconds from %d to %d",
					   value, SILENCE_LEAST_S, SILENCE_MOST_S);
	reading->config->silence_s = (unsigned)seconds;
	return 1;
}

static int set_netns(struct host_config_reading *reading, const char *value)
{
	struct host_config *config = reading->config;

	if (!value[0])
		return host_config_mistake(reading,
					   "netns = : say a path, or a name below /run/netns");
	if (config->netns_count == HOST_CONFIG_NETNS_MAX)
		return host_config_mistake(reading,
					   "netns = %s: there are %d already: use a pattern", value,
					   HOST_CONFIG_NETNS_MAX);
	snprintf(config->netns[config->netns_count++], PATH_MAX, "%s%s",
		 value[0] == '/' ? "" : "/run/netns/", value);
	return 1;
}

static int set_tap_mac(struct host_config_reading *reading, const char *value)
{
	struct host_config_tap *tap = reading->tap;
	const char *flaw;
	uint8_t mac[ETH_ALEN];

	flaw = mac_parse(value, mac);
	if (flaw)
		return host_config_mistake(reading, "mac = %s: %s", value, flaw);
	if (room_for_one(tap->macs, tap->mac_count, &tap->mac_size))
		return host_config_mistake(reading, "mac = %s: %s", value, strerror(ENOMEM));
	memcpy(tap->macs[tap->mac_count++], mac, ETH_ALEN);
	return 1;
}

static int set_tap_netns(struct host_config_reading *reading, const char *value)
{
	if (!value[0] || strchr(value, '/') || strlen(value) >= NAME_MAX)
		return host_config_mistake(reading,
					   "netns = %s: say the name of a namespace, "
					   "the last part of its path",
					   value);
	snprintf(reading->tap->netns, sizeof(reading->tap->netns), "%s", value);
	return 1;
}

static int set_tap_pf(struct host_config_reading *reading, const char *value)
{
	const char *flaw = ifname_flaw(value);

	if (flaw)
		return host_config_mistake(reading, "pf = %s: the PF's name %s", value, flaw);
	snprintf(reading->tap->pf, sizeof(reading->tap->pf), "%s", value);
	return 1;
}

static const struct key {
	const char *name;
	bool is_of_tap, repeats;
	int (*set)(struct host_config_reading *reading, const char *value);
	const char *example, *help;
} keys[] = {
	{ "libvirt_rule", false, false, set_libvirt_rule, "yes",
	  "a tap whose MAC begins with fe speaks for the MAC that ends alike" },
	{ "learning", false, false, set_learning, "yes",
	  "what a bridge learns counts for guests that send no signal" },
	{ "ahead", false, false, set_ahead, "yes",
	  "share before a VF has the MAC, with the PF of the tap's bridge" },
	{ "silence", false, false, set_silence, "300",
	  "seconds without a frame from a silent guest, then sharing ends" },
	{ "netns", false, true, set_netns, "cni-*",
	  "namespaces with taps, by path or name below /run/netns; repeatable" },
	{ "mac", true, true, set_tap_mac, "52:54:00:12:34:56",
	  "a MAC that this tap may speak for; repeatable" },
	{ "netns", true, false, set_tap_netns, "cni-*",
	  "the tap is in a namespace of this name (default: in that of vfsteer-host)" },
	{ "pf", true, false, set_tap_pf, "enp3s0f0",
	  "share with this PF (default: with those that have a VF of the MAC)" },
};
#define KEYS (sizeof(keys) / sizeof(*keys))

int host_config_set(struct host_config_reading *reading, const char *name, const char *value)
{
	unsigned *seen = reading->tap ? &reading->seen : &reading->seen_of_host;

	for (unsigned i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].name, name) != 0 || keys[i].is_of_tap != !!reading->tap)
			continue;
		if (*seen & 1U << i && !keys[i].repeats)
			return host_config_mistake(reading,
						   "%s: stands twice in [%s%s]: leave one of "
						   "them",
						   name, reading->tap ? "tap " : "host",
						   reading->tap ? reading->tap->name : "");
		*seen |= 1U << i;
		return keys[i].set(reading, value);
	}
	return host_config_mistake(
		reading, "%s: no such setting in [%s%s]: see 'vfsteer-host help run'", name,
		reading->tap ? "tap " : "host", reading->tap ? reading->tap->name : "");
}

void host_config_check(struct host_config_reading *reading)
{
	struct host_config *config = reading->config;

	for (size_t i = 0; i < config->tap_count; i++) {
		if (config->taps[i].mac_count)
			continue;
		reading->text.line = config->taps[i].line;
		host_config_mistake(reading, "[tap %s]: no mac: say mac = MAC",
				    config->taps[i].name);
	}
}

void host_config_write_help(FILE *stream)
{
	for (unsigned i = 0; i < KEYS; i++) {
		if (!i || keys[i].is_of_tap != keys[i - 1].is_of_tap)
			fprintf(stream, "  [%s]\n", keys[i].is_of_tap ? "tap vnet0" : "host");
		fprintf(stream, "    %s = %-*s%s\n", keys[i].name, (int)(24 - strlen(keys[i].name)),
			keys[i].example, keys[i].help);
	}
}

struct host_config *host_config_new(void)
{
	struct host_config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->libvirt_rule = config->learning = config->ahead = true;
	config->silence_s = HOST_CONFIG_SILENCE_S;
	return config;
}

void host_config_free(struct host_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->tap_count; i++)
		free(config->taps[i].macs);
	free(config->taps);
	free(config);
}

static int read_file(const char *path, bool is_named, struct host_config *config, char *message,
		     size_t size)
{
	char *text = malloc(HOST_CONFIG_FILE_SIZE + 1);
	ssize_t length = text ? file_read(path, text, HOST_CONFIG_FILE_SIZE + 1) : -ENOMEM;
	int error = length < 0 ? (int)length : 0;

	if (error == -ENOENT && !is_named) {
		error = 0;
	} else if (error == -EINVAL) {
		snprintf(message, size, "%s: not a regular file: name one with --config", path);
	} else if (error) {
		snprintf(message, size, "%s: %s: name a readable file with --config", path,
			 strerror(-error));
	} else if (length > HOST_CONFIG_FILE_SIZE) {
		error = -EFBIG;
		snprintf(message, size,
			 "%s: larger than %d KiB: this is no configuration, name "
			 "another file with --config",
			 path, HOST_CONFIG_FILE_SIZE / 1024);
	} else {
		error = host_config_parse(path, text, (size_t)length, config, message, size);
	}
	free(text);
	return error;
}

struct host_config *host_config_read(const char *named, char *message, size_t size)
{
	struct host_config *config = host_config_new();

	if (!config) {
		snprintf(message, size, "out of memory");
		return NULL;
	}
	if (!read_file(named ? named : HOST_CONFIG_FILE, named != NULL, config, message, size))
		return config;
	host_config_free(config);
	return NULL;
}
