/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host part reads: the first byte chooses its configuration (0), its list of entries (1),
 * or the kernel's message about a PF (others).
 */
#include "base/ini_text.c"
#include "host/host_config.c"
#include "host/host_config_keys.c"
#include "host/host_journal.c"
#include "host/host_vfs.c"

#include "fuzz.h"

static void fuzz_configuration(const char *text, size_t size)
{
	struct host_config *config = host_config_new();
	char message[1024] = "";
	int error = host_config_parse("f", text, size, config, message, sizeof(message));

	FUZZ_EXPECT(!error == !message[0] && !strchr(message, '\n'));
	for (size_t i = 0; !error && i < config->tap_count; i++) {
		const struct host_config_tap *tap = &config->taps[i];

		FUZZ_EXPECT(!ifname_flaw(tap->name) && tap->mac_count);
		FUZZ_EXPECT(!tap->pf[0] || !ifname_flaw(tap->pf));
		for (size_t j = 0; j < tap->mac_count; j++)
			FUZZ_EXPECT(!(tap->macs[j][0] & 1));
	}
	FUZZ_EXPECT(config->silence_s >= SILENCE_LEAST_S && config->silence_s <= SILENCE_MOST_S);
	host_config_free(config);
}

static void fuzz_journal(const char *bytes, size_t size)
{
	char *text = calloc(1, size + 1);
	struct host_journal_line *lines;
	size_t count;

	memcpy(text, bytes, size);
	FUZZ_EXPECT(host_journal_replay(text, 77, &lines, &count) == 0);
	for (size_t i = 0; i < count; i++) {
		char line[LINE_SIZE];

		FUZZ_EXPECT(strnlen(lines[i].pf_name, IF_NAMESIZE) < IF_NAMESIZE);
		FUZZ_EXPECT(format_line(&lines[i], line) < LINE_SIZE);
		for (size_t j = 0; j < i; j++)
			FUZZ_EXPECT(lines[i].pf != lines[j].pf ||
				    memcmp(lines[i].mac, lines[j].mac, ETH_ALEN));
	}
	free(lines);
	free(text);
}

static void fuzz_message(const uint8_t *bytes, size_t size)
{
	/* Aligned, and no byte more than there is. */
	void *message = malloc(size);
	struct host_vf *vfs;
	size_t count;

	memcpy(message, bytes, size);
	if (host_vfs_parse(message, size, &vfs, &count) == 0) {
		FUZZ_EXPECT(!count == !vfs);
		free(vfs);
	}
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] == 0)
		fuzz_configuration((const char *)data + 1, size - 1);
	else if (data[0] == 1)
		fuzz_journal((const char *)data + 1, size - 1);
	else
		fuzz_message(data + 1, size - 1);
	return 0;
}
