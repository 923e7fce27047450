/* SPDX-License-Identifier: GPL-2.0-only */
/* What 'vfsteer-host allow' said, kept for the next process: DIRECTORY/allowed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mac.h"
#include "host/host_taps.h"

#define NO_NAME "-"

static void path_of(const struct host *host, const char *suffix, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%.4000s/allowed%s", host->run_directory, suffix);
}

static int write_all(const struct host *host, FILE *file)
{
	for (size_t i = 0; i < host->tap_count; i++) {
		const struct host_tap *tap = host->taps[i];

		for (size_t j = 0; j < tap->allowed_count; j++) {
			char mac[MAC_TEXT_SIZE];

			mac_write(tap->allowed[j], mac);
			fprintf(file, "%d %s %s %s\n", tap->ifindex, tap->name, mac,
				tap->place->name[0] ? tap->place->name : NO_NAME);
		}
	}
	return ferror(file) || fflush(file) ? -EIO : 0;
}

static int keep(const struct host *host)
{
	char path[PATH_MAX], draft[PATH_MAX];
	FILE *file;
	int error;

	path_of(host, "", path);
	path_of(host, ".new", draft);
	file = fopen(draft, "we");
	if (!file)
		return -errno;
	error = write_all(host, file);
	fclose(file);
	return !error && rename(draft, path) ? -errno : error;
}

int host_taps_allow(struct host *host, const char *place, const char *name,
		    const uint8_t mac[ETH_ALEN], bool forbid)
{
	int error = host_taps_change_allowed(host, place, 0, name, mac, forbid);

	if (error)
		return error;
	host_taps_rescan(host);
	return keep(host);
}

void host_taps_read_allowed(struct host *host)
{
	char path[PATH_MAX], line[2 * NAME_MAX];
	FILE *file;

	path_of(host, "", path);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char name[IF_NAMESIZE], text[MAC_TEXT_SIZE], place[NAME_MAX];
		uint8_t mac[ETH_ALEN];
		int ifindex;

		if (sscanf(line, "%d %15s %17s %254s", &ifindex, name, text, place) != 4 ||
		    mac_parse(text, mac))
			continue;
		if (strcmp(place, NO_NAME) == 0)
			place[0] = '\0';
		/* The device may be gone, and another have its name. */
		host_taps_change_allowed(host, place, ifindex, name, mac, false);
	}
	if (file)
		fclose(file);
}
