/* SPDX-License-Identifier: GPL-2.0-only */
/* host_config: the configuration of vfsteer-host, and its file. */
#ifndef HOST_HOST_CONFIG_H
#define HOST_HOST_CONFIG_H

#include <limits.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HOST_CONFIG_FILE "/etc/vfsteer/host.conf"
#define HOST_CONFIG_FILE_SIZE (1024 * 1024)
#define HOST_CONFIG_NETNS_MAX 64
#define HOST_CONFIG_SILENCE_S 300

/* [tap NAME]: MACs that the taps of this name may speak for. */
struct host_config_tap {
	char name[IF_NAMESIZE]; /* a pattern of fnmatch(3) */
	char netns[NAME_MAX];	/* likewise; empty: the namespace of vfsteer-host */
	char pf[IF_NAMESIZE];	/* the PF to share with; empty: found by its VFs */
	uint8_t (*macs)[ETH_ALEN];
	size_t mac_count, mac_size;
	int line; /* of the section */
};

struct host_config {
	bool libvirt_rule;  /* fe:XX speaks for the MAC that ends in XX */
	bool learning;	    /* what bridges learn counts */
	bool ahead;	    /* share before a VF has the MAC */
	unsigned silence_s; /* without a frame of the guest, sharing ends after this time */
	char netns[HOST_CONFIG_NETNS_MAX][PATH_MAX]; /* paths or patterns of paths */
	size_t netns_count;
	struct host_config_tap *taps;
	size_t tap_count, tap_size;
};

/* Returns the configuration of an empty file; NULL: no memory. */
struct host_config *host_config_new(void);
void host_config_free(struct host_config *config); /* takes NULL */

/*
 * Reads the file @named; NULL: HOST_CONFIG_FILE, which is an empty one if it does not exist. NULL:
 * failed, with a message of one line: "PATH:LINE: what: why".
 */
struct host_config *host_config_read(const char *named, char *message, size_t size);

/*
 * Reads the @length bytes of @text into @config; @path is for the message. Returns 0, or -errno
 * with a message; @config is then not to be used.
 */
int host_config_parse(const char *path, const char *text, size_t length, struct host_config *config,
		      char *message, size_t size);

/* Writes the keys of each section with their defaults, a line each. */
void host_config_write_help(FILE *stream);

#endif
