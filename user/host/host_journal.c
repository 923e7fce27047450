/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mac.h"
#include "base/room.h"

#define HEADER "vfsteer-host 1 %" PRIu64 "\n"
#define LINE_SIZE (2 * NAME_MAX)
#define NO_NAME "-" /* of the namespace of vfsteer-host */
#define REWRITE_BYTES (256 * 1024)

struct host_journal {
	int fd;
	char path[PATH_MAX], draft[PATH_MAX];
	uint64_t inode;
	struct host_journal_line *lines; /* what the file says */
	size_t count, size, bytes;
};

static struct host_journal_line *find(struct host_journal_line *lines, size_t count, int pf,
				      const uint8_t *mac)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].pf == pf && memcmp(lines[i].mac, mac, ETH_ALEN) == 0)
			return &lines[i];
	return NULL;
}

/* "+ PF PFNAME MAC TAP TAPNAME PLACE" or "- PF MAC". Returns '+', '-', or 0: malformed. */
static char parse_line(const char *text, struct host_journal_line *ret)
{
	struct host_journal_line line = { 0 };
	char mac[MAC_TEXT_SIZE], place[NAME_MAX];

	if (sscanf(text, "+ %d %15s %17s %d %15s %254s", &line.pf, line.pf_name, mac, &line.tap,
		   line.tap_name, place) == 6 &&
	    !mac_parse(mac, line.mac)) {
		if (strcmp(place, NO_NAME) != 0)
			snprintf(line.place, sizeof(line.place), "%s", place);
		*ret = line;
		return '+';
	}
	if (sscanf(text, "- %d %17s", &line.pf, mac) == 2 && !mac_parse(mac, line.mac)) {
		*ret = line;
		return '-';
	}
	return 0;
}

int host_journal_replay(const char *text, uint64_t namespace_inode,
			struct host_journal_line **ret_lines, size_t *ret_count)
{
	struct host_journal_line *lines = NULL, line, *known;
	size_t count = 0, size = 0;
	uint64_t inode = 0;

	*ret_lines = NULL;
	*ret_count = 0;
	if (sscanf(text, HEADER, &inode) != 1 || inode != namespace_inode)
		return 0;
	for (text = strchr(text, '\n'); text && text[1]; text = strchr(text + 1, '\n')) {
		char kind = parse_line(text + 1, &line);

		/* A line without its end was not written whole: the entry was not added. */
		if (!kind || !strchr(text + 1, '\n'))
			continue;
		known = count ? find(lines, count, line.pf, line.mac) : NULL;
		if (kind == '-' && known) {
			*known = lines[--count];
		} else if (kind == '+' && !known) {
			if (room_for_one(lines, count, &size)) {
				free(lines);
				return -ENOMEM;
			}
			lines[count++] = line;
		}
	}
	*ret_lines = lines;
	*ret_count = count;
	return 0;
}

static int write_whole(int fd, const char *text, size_t length)
{
	ssize_t written = write(fd, text, length);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -ENOSPC;
}

static size_t format_line(const struct host_journal_line *line, char text[LINE_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	mac_write(line->mac, mac);
	return (size_t)snprintf(text, LINE_SIZE, "+ %d %s %s %d %s %s\n", line->pf, line->pf_name,
				mac, line->tap, line->tap_name,
				line->place[0] ? line->place : NO_NAME);
}

/* Replaces the file by one with nothing but what is true. Returns 0 or -errno. */
static int rewrite(struct host_journal *journal)
{
	char text[LINE_SIZE];
	int fd = open(journal->draft, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	size_t length = (size_t)snprintf(text, sizeof(text), HEADER, journal->inode),
	       bytes = length;
	int error;

	if (fd < 0)
		return -errno;
	error = write_whole(fd, text, length);
	for (size_t i = 0; i < journal->count && !error; i++) {
		length = format_line(&journal->lines[i], text);
		error = write_whole(fd, text, length);
		bytes += length;
	}
	if (!error && rename(journal->draft, journal->path))
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = fd;
	journal->bytes = bytes;
	return 0;
}

/* Returns the whole file, an empty text if there is none, or NULL with *ret_error = -errno. */
static char *load_file(const char *path, int *ret_error)
{
	struct stat status = { 0 };
	ssize_t got = 0;
	char *text;

	if (stat(path, &status) && errno != ENOENT) {
		*ret_error = -errno;
		return NULL;
	}
	text = calloc(1, (size_t)status.st_size + 1);
	if (text && status.st_size)
		got = file_read(path, text, (size_t)status.st_size);
	if (text && got >= 0)
		return text;
	*ret_error = text ? (int)got : -ENOMEM;
	free(text);
	return NULL;
}

int host_journal_open(const char *directory, uint64_t namespace_inode, struct host_journal **ret,
		      struct host_journal_line **ret_lines, size_t *ret_count)
{
	struct host_journal *journal = calloc(1, sizeof(*journal));
	struct host_journal_line *copy;
	int error = 0;
	char *text;

	if (!journal)
		return -ENOMEM;
	journal->fd = -1;
	journal->inode = namespace_inode;
	snprintf(journal->path, sizeof(journal->path), "%.4000s/entries", directory);
	snprintf(journal->draft, sizeof(journal->draft), "%.4000s/entries.new", directory);
	text = load_file(journal->path, &error);
	if (text) {
		error = host_journal_replay(text, namespace_inode, &journal->lines,
					    &journal->count);
		free(text);
	}
	journal->size = journal->count;
	if (!error)
		error = rewrite(journal);
	copy = calloc(journal->count + 1, sizeof(*copy));
	if (!error && !copy)
		error = -ENOMEM;
	if (error) {
		free(copy);
		host_journal_close(journal);
		return error;
	}
	if (journal->count)
		memcpy(copy, journal->lines, journal->count * sizeof(*copy));
	*ret_lines = copy;
	*ret_count = journal->count;
	*ret = journal;
	return 0;
}

void host_journal_close(struct host_journal *journal)
{
	if (!journal)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->lines);
	free(journal);
}

static int append(struct host_journal *journal, const char *text, size_t length)
{
	if (journal->bytes > REWRITE_BYTES)
		return rewrite(journal);
	journal->bytes += length;
	return write_whole(journal->fd, text, length);
}

int host_journal_add(struct host_journal *journal, const struct host_journal_line *line)
{
	char text[LINE_SIZE];

	if (!find(journal->lines, journal->count, line->pf, line->mac)) {
		if (room_for_one(journal->lines, journal->count, &journal->size))
			return -ENOMEM;
		journal->lines[journal->count++] = *line;
	}
	return append(journal, text, format_line(line, text));
}

int host_journal_remove(struct host_journal *journal, int pf, const uint8_t mac[ETH_ALEN])
{
	struct host_journal_line *known = find(journal->lines, journal->count, pf, mac);
	char text[LINE_SIZE], mac_text[MAC_TEXT_SIZE];

	if (!known)
		return 0;
	*known = journal->lines[--journal->count];
	mac_write(mac, mac_text);
	return append(journal, text,
		      (size_t)snprintf(text, sizeof(text), "- %d %s\n", pf, mac_text));
}
