/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/memberships.h"
#include "base/room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_BYTES 4096 /* the kernel fills a page per read */

/* A source that sockets include in a group, or exclude from it. */
struct source {
	struct membership of; /* family, ifindex and group */
	union membership_address address;
	unsigned long include, exclude; /* sockets */
};

struct source_list {
	struct source *list;
	size_t count, size;
};

/* The element after the last one, zeroed; NULL: no memory. */
static struct membership *memberships_append(struct memberships *memberships)
{
	if (room_for_one(memberships->list, memberships->count, &memberships->size))
		return NULL;
	/* All bytes of the union, which are compared. */
	return memset(&memberships->list[memberships->count++], 0, sizeof(*memberships->list));
}

static struct source *source_append(struct source_list *sources)
{
	if (room_for_one(sources->list, sources->count, &sources->size))
		return NULL;
	return memset(&sources->list[sources->count++], 0, sizeof(*sources->list));
}

static int hex_digit(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
					      : -1;
}

/* 32 hexadecimal digits, as %pi6 writes them. */
static bool parse_ipv6(const char *text, struct in6_addr *ret)
{
	for (size_t i = 0; i < sizeof(ret->s6_addr); i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		ret->s6_addr[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Calls @take with each line. Returns 0, -ENOMEM, or the -errno of reading. */
static int each_line(FILE *file, int (*take)(const char *line, void *context), void *context)
{
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (!file)
		return 0;
	errno = 0;
	while (!error && getline(&line, &size, file) >= 0)
		error = take(line, context);
	if (!error && !feof(file))
		error = errno ? -errno : -EIO;
	free(line);
	return error;
}

struct igmp_reading {
	struct memberships *memberships;
	int ifindex;
	uint8_t version;
};

/* "4\teth0      :     2      V3". "NONE" instead of a version: the kernel has no IGMP. */
static void take_igmp_device(const char *line, struct igmp_reading *reading)
{
	unsigned version;

	if (sscanf(line, "%d %*[^:]: %*d V%u", &reading->ifindex, &version) == 2 && version >= 1 &&
	    version <= 3)
		reading->version = (uint8_t)version;
	else
		reading->ifindex = 0;
}

/* Below its device: "\t\t\t\t010000E0     1 0:00000000\t\t0", the group in host byte order. */
static int take_igmp(const char *line, void *context)
{
	struct igmp_reading *reading = context;
	struct membership *membership;
	unsigned group, users;

	if (line[0] != '\t')
		take_igmp_device(line, reading);
	if (line[0] != '\t' || !reading->ifindex || sscanf(line, " %8x %u", &group, &users) != 2)
		return 0;
	membership = memberships_append(reading->memberships);
	if (!membership)
		return -ENOMEM;
	membership->family = AF_INET;
	membership->ifindex = reading->ifindex;
	membership->group.v4.s_addr = group;
	membership->users = users;
	membership->igmp_version = reading->version;
	return 0;
}

/* "4    eth0            ff0200000000000000000001ff000002     1 00000004 0" */
static int take_igmp6(const char *line, void *context)
{
	struct membership parsed = { .family = AF_INET6 }, *membership;
	char group[33];

	if (sscanf(line, "%d %*s %32[0-9a-f] %u", &parsed.ifindex, group, &parsed.users) != 3 ||
	    !parse_ipv6(group, &parsed.group.v6))
		return 0;
	membership = memberships_append(context);
	if (!membership)
		return -ENOMEM;
	*membership = parsed;
	return 0;
}

static int source_add(struct source_list *sources, const struct source *parsed)
{
	struct source *source = source_append(sources);

	if (!source)
		return -ENOMEM;
	*source = *parsed;
	return 0;
}

/* "  3     d0 0xe8010101 0x0a000009      1      0" */
static int take_mcfilter(const char *line, void *context)
{
	struct source source = { .of.family = AF_INET };
	unsigned group, address;

	if (sscanf(line, "%d %*s 0x%x 0x%x %lu %lu", &source.of.ifindex, &group, &address,
		   &source.include, &source.exclude) != 5)
		return 0;
	source.of.group.v4.s_addr = htonl(group);
	source.address.v4.s_addr = htonl(address);
	return source_add(context, &source);
}

static int take_mcfilter6(const char *line, void *context)
{
	struct source source = { .of.family = AF_INET6 };
	char group[33], address[33];

	if (sscanf(line, "%d %*s %32[0-9a-f] %32[0-9a-f] %lu %lu", &source.of.ifindex, group,
		   address, &source.include, &source.exclude) != 5 ||
	    !parse_ipv6(group, &source.of.group.v6) || !parse_ipv6(address, &source.address.v6))
		return 0;
	return source_add(context, &source);
}

int membership_compare(const void *a, const void *b)
{
	const struct membership *one = a, *other = b;

	if (one->family != other->family)
		return one->family < other->family ? -1 : 1;
	if (one->ifindex != other->ifindex)
		return one->ifindex < other->ifindex ? -1 : 1;
	return memcmp(&one->group, &other->group, sizeof(one->group));
}

static int source_compare(const void *a, const void *b)
{
	const struct source *one = a, *other = b;
	int order = membership_compare(&one->of, &other->of);

	return order ? order : memcmp(&one->address, &other->address, sizeof(one->address));
}

/* 232.0.0.0/8 and ff3x::/32 (RFC 4607). Routers ignore a membership without sources (RFC 4604). */
static bool is_source_specific(const struct membership *membership)
{
	if (membership->family == AF_INET)
		return ntohl(membership->group.v4.s_addr) >> 24 == 232;
	return membership->group.v6.s6_addr[0] == 0xff &&
	       membership->group.v6.s6_addr[1] >> 4 == 3 && !membership->group.v6.s6_addr[2] &&
	       !membership->group.v6.s6_addr[3];
}

/*
 * Do all sockets of the group name sources? The kernel counts the sockets of a group, and for each
 * source the sockets that include it. If one source is included by all sockets, the answer is yes.
 */
static bool is_known_by_sources(const struct membership *membership, const struct source *sources,
				size_t count)
{
	unsigned long most = 0;

	for (size_t i = 0; i < count; i++) {
		if (sources[i].exclude)
			return false;
		if (sources[i].include > most)
			most = sources[i].include;
	}
	return most && (most >= membership->users || is_source_specific(membership));
}

/* Both lists are in order. */
static int memberships_give_sources(struct memberships *memberships,
				    const struct source_list *sources)
{
	size_t at = 0, used = 0;

	if (!sources->count)
		return 0;
	memberships->sources = calloc(sources->count, sizeof(*memberships->sources));
	if (!memberships->sources)
		return -ENOMEM;
	for (size_t i = 0; i < memberships->count; i++) {
		struct membership *membership = &memberships->list[i];
		size_t first;

		while (at < sources->count &&
		       membership_compare(&sources->list[at].of, membership) < 0)
			at++;
		for (first = at; at < sources->count &&
				 membership_compare(&sources->list[at].of, membership) == 0;)
			at++;
		if (!is_known_by_sources(membership, sources->list + first, at - first))
			continue;
		membership->sources = memberships->sources + used;
		for (; first < at; first++)
			memberships->sources[used++] = sources->list[first].address;
		membership->source_count =
			(size_t)(memberships->sources + used - membership->sources);
	}
	return 0;
}

/* A join during the reading may make the kernel list a group twice. */
static void memberships_sort(struct memberships *memberships)
{
	size_t kept = 0;

	if (memberships->count)
		qsort(memberships->list, memberships->count, sizeof(*memberships->list),
		      membership_compare);
	for (size_t i = 0; i < memberships->count; i++)
		if (!kept ||
		    membership_compare(&memberships->list[kept - 1], &memberships->list[i]))
			memberships->list[kept++] = memberships->list[i];
	memberships->count = kept;
}

int memberships_parse(FILE *igmp, FILE *mcfilter, FILE *igmp6, FILE *mcfilter6,
		      struct memberships *ret)
{
	struct igmp_reading reading = { .memberships = ret };
	struct source_list sources = { 0 };
	int error = each_line(igmp, take_igmp, &reading);

	if (!error)
		error = each_line(igmp6, take_igmp6, ret);
	if (!error)
		error = each_line(mcfilter, take_mcfilter, &sources);
	if (!error)
		error = each_line(mcfilter6, take_mcfilter6, &sources);
	if (!error) {
		memberships_sort(ret);
		if (sources.count)
			qsort(sources.list, sources.count, sizeof(*sources.list), source_compare);
		error = memberships_give_sources(ret, &sources);
	}
	free(sources.list);
	ret->is_read = !error;
	return error;
}

int memberships_read(struct memberships *ret)
{
	static const char *const paths[] = { "/proc/net/igmp", "/proc/net/mcfilter",
					     "/proc/net/igmp6", "/proc/net/mcfilter6" };
	struct memberships read = { 0 };
	char buffers[4][READ_BYTES];
	FILE *files[4] = { NULL };
	int error = 0;

	for (size_t i = 0; i < 4 && !error; i++) {
		files[i] = fopen(paths[i], "re");
		if (!files[i] && errno != ENOENT)
			error = -errno;
		/*
		 * There may be thousands of lines, and stdio's default reads only 1,024 bytes of
		 * these files at a time.
		 */
		if (files[i])
			setvbuf(files[i], buffers[i], _IOFBF, READ_BYTES);
	}
	if (!error)
		error = memberships_parse(files[0], files[1], files[2], files[3], &read);
	for (size_t i = 0; i < 4; i++)
		if (files[i])
			fclose(files[i]);
	if (error) {
		memberships_free(&read);
		return error;
	}
	memberships_free(ret);
	*ret = read;
	return 0;
}
