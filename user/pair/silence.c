/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/silence.h"
#include "base/crash_point.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IPV4_CONF "/proc/sys/net/ipv4/conf"
#define IPV6_CONF "/proc/sys/net/ipv6/conf"
#define SILENCE_ARP_IGNORE "8" /* answer for no address */

/*
 * The device, and the first error: all steps are tried, since each one alone keeps some frames in.
 */
struct target {
	int ifindex;
	char name[IF_NAMESIZE];
	int error;
};

static void note(struct target *target, int error)
{
	if (error && !target->error)
		target->error = error;
}

/* udev renames hotplugged devices at this moment: the caller's name may be old. */
static bool update_name(struct target *target)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname((unsigned)target->ifindex, name) || strcmp(name, target->name) == 0)
		return false;
	memcpy(target->name, name, sizeof(name));
	return true;
}

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static int write_conf(struct target *target, const char *directory, const char *key,
		      const char *value)
{
	char path[128];
	int error;

	do {
		snprintf(path, sizeof(path), "%s/%s/%s", directory, target->name, key);
		error = write_file(path, value);
	} while (error == -ENOENT && update_name(target));
	return error;
}

static void read_conf(const char *directory, const char *ifname, const char *key,
		      const char *fallback, char *ret, size_t size)
{
	char path[128];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, ifname, key);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, ret, size - 1);
		close(fd);
	}
	if (length > 0)
		ret[length] = '\0';
	else
		snprintf(ret, size, "%s", fallback);
}

/* Returns the value of a new device. */
static void read_default(const char *directory, const char *key, const char *fallback, char *ret,
			 size_t size)
{
	read_conf(directory, "default", key, fallback, ret, size);
}

static void write_default(struct target *target, const char *directory, const char *key,
			  const char *fallback)
{
	char value[32];

	read_default(directory, key, fallback, value, sizeof(value));
	note(target, write_conf(target, directory, key, value));
}

static struct target target_of(const char *ifname, int ifindex)
{
	struct target target = { .ifindex = ifindex };

	snprintf(target.name, sizeof(target.name), "%s", ifname);
	update_name(&target);
	return target;
}

/* False as well for a device without IPv6: one with an MTU below 1280. */
static bool set_addr_gen_mode(struct target *target, struct link_requests *requests, uint8_t mode)
{
	int error = link_set_addr_gen_mode(requests, target->ifindex, mode);

	if (error == -EAFNOSUPPORT)
		return false;
	note(target, error);
	return true;
}

int silence_primary(struct link_requests *requests, const char *ifname, int ifindex)
{
	struct target target = target_of(ifname, ifindex);

	note(&target, link_set_flags(requests, ifindex, IFF_NOARP, IFF_NOARP));
	crash_point("silence-arp-off");
	/*
	 * Before IPv6 is switched off, so that a program that switches it on gets no link-local
	 * address, and no DAD.
	 */
	if (set_addr_gen_mode(&target, requests, IN6_ADDR_GEN_MODE_NONE)) {
		crash_point("silence-addresses-off");
		note(&target, write_conf(&target, IPV6_CONF, "accept_ra", "0"));
		note(&target, write_conf(&target, IPV6_CONF, "autoconf", "0"));
		note(&target, write_conf(&target, IPV6_CONF, "disable_ipv6", "1"));
		crash_point("silence-ipv6-off");
	}
	note(&target, write_conf(&target, IPV4_CONF, "arp_ignore", SILENCE_ARP_IGNORE));
	note(&target, write_conf(&target, IPV4_CONF, "arp_notify", "0"));
	return target.error;
}

int silence_lift(struct link_requests *requests, const char *ifname, int ifindex)
{
	struct target target = target_of(ifname, ifindex);
	char mode[32];

	note(&target, link_set_flags(requests, ifindex, 0, IFF_NOARP));
	crash_point("silence-arp-on");
	write_default(&target, IPV4_CONF, "arp_ignore", "0");
	write_default(&target, IPV4_CONF, "arp_notify", "0");
	read_default(IPV6_CONF, "addr_gen_mode", "0", mode, sizeof(mode));
	/* IPv6 comes last: it starts at once, with the settings that the others made. */
	if (set_addr_gen_mode(&target, requests, (uint8_t)atoi(mode))) {
		crash_point("silence-addresses-on");
		write_default(&target, IPV6_CONF, "accept_ra", "1");
		write_default(&target, IPV6_CONF, "autoconf", "1");
		write_default(&target, IPV6_CONF, "disable_ipv6", "0");
	}
	return target.error;
}

static bool is_set(const char *directory, const char *ifname, const char *key, const char *wanted)
{
	char value[32];

	/* There is no IPv6, or none on this device. */
	read_conf(directory, ifname, key, wanted, value, sizeof(value));
	value[strcspn(value, "\n")] = '\0';
	return !strcmp(value, wanted);
}

bool silence_was_made(const char *ifname)
{
	char value[32];

	read_conf(IPV4_CONF, ifname, "arp_ignore", "", value, sizeof(value));
	return !strncmp(value, SILENCE_ARP_IGNORE "\n", sizeof(SILENCE_ARP_IGNORE));
}

const char *silence_broken(const char *ifname, uint32_t flags, bool with_ipv6)
{
	if (!(flags & IFF_NOARP) || !is_set(IPV4_CONF, ifname, "arp_ignore", SILENCE_ARP_IGNORE) ||
	    !is_set(IPV4_CONF, ifname, "arp_notify", "0"))
		return "ARP";
	if ((!with_ipv6 && !is_set(IPV6_CONF, ifname, "disable_ipv6", "1")) ||
	    !is_set(IPV6_CONF, ifname, "addr_gen_mode", "1"))
		return "IPv6";
	if (!is_set(IPV6_CONF, ifname, "accept_ra", "0") ||
	    !is_set(IPV6_CONF, ifname, "autoconf", "0"))
		return "IPv6 autoconfiguration";
	return NULL;
}
