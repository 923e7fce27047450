/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host_journal: which entries this program has added, in a file below /run, so that the next
 * process recognises those of a killed one. A line is written before an entry is added and after
 * it was removed.
 */
#ifndef HOST_HOST_JOURNAL_H
#define HOST_HOST_JOURNAL_H

#include <limits.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

struct host_journal_line {
	int pf; /* ifindex */
	char pf_name[IF_NAMESIZE];
	uint8_t mac[ETH_ALEN];
	int tap; /* ifindex of a tap that wanted it */
	char tap_name[IF_NAMESIZE];
	char place[NAME_MAX]; /* the name of the tap's namespace; empty: that of vfsteer-host */
};

struct host_journal;

/*
 * Opens DIRECTORY/entries. @namespace_inode: of the PFs' network namespace; the lines of another
 * one are ignored. *ret_lines (the caller frees it; NULL: none) has the entries that were not
 * removed. Returns 0 or -errno.
 */
int host_journal_open(const char *directory, uint64_t namespace_inode, struct host_journal **ret,
		      struct host_journal_line **ret_lines, size_t *ret_count);
void host_journal_close(struct host_journal *journal); /* takes NULL */

/* Each appends one line with one write(2). Returns 0 or -errno. */
int host_journal_add(struct host_journal *journal, const struct host_journal_line *line);
int host_journal_remove(struct host_journal *journal, int pf, const uint8_t mac[ETH_ALEN]);

/*
 * Replays the @length bytes of @text, NUL-terminated. Malformed lines are ignored. Returns 0 and
 * sets *ret_lines and *ret_count as above, or -ENOMEM. Pure.
 */
int host_journal_replay(const char *text, uint64_t namespace_inode,
			struct host_journal_line **ret_lines, size_t *ret_count);

#endif
