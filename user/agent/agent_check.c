/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/agent_check.h"
#include "base/kernel.h"
#include "base/log.h"
#include "policy/candidates.h"
#include "policy/pairing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define AGENT_CHECK_DEVICES 4096

int agent_check_kernel(void)
{
	const char *missing = NULL;
	struct utsname system;
	int error = kernel_check(&missing);

	if (error == -EPERM) {
		log_error("run: no privilege to load BPF programs: run as root, or with CAP_BPF, "
			  "CAP_NET_ADMIN, CAP_NET_RAW and CAP_PERFMON");
		return error;
	}
	if (error) {
		uname(&system);
		log_error("run: this kernel (%s) is too old: it lacks %s; boot a newer one",
			  system.release, missing);
	}
	return error;
}

static size_t agent_check_list(const struct netdev_table *table,
			       const struct netdev *devices[AGENT_CHECK_DEVICES])
{
	const struct netdev *device = NULL;
	size_t count = 0;

	while (count < AGENT_CHECK_DEVICES && (device = netdev_next(table, device)))
		devices[count++] = device;
	return count;
}

/* A named device is a slave of net_failover, but not the slave of that role. */
static void agent_check_log_net_failover(const struct options_pair *wanted,
					 const struct netdev *standby, const struct netdev *primary,
					 const struct netdev *const *devices, size_t count)
{
	const struct netdev *master = candidates_net_failover(standby, devices, count),
			    *slave = standby;

	if (!master && primary) {
		master = candidates_net_failover(primary, devices, count);
		slave = primary;
	}
	log_error("run: --pair %s%s%s: the kernel's net_failover device %s owns %s: name the pair "
		  "by %s alone",
		  wanted->standby, wanted->primary[0] ? "=" : "", wanted->primary,
		  master ? master->name : "", slave->name, master ? master->name : "");
}

static int agent_check_pair(const struct netdev_table *table, const struct options_pair *wanted,
			    const struct netdev *const *devices, size_t count)
{
	const struct netdev *standby = netdev_by_name(table, wanted->standby);
	const struct netdev *primary = netdev_by_name(table, wanted->primary);
	bool named = wanted->primary[0];

	if (standby)
		standby = pairing_standby_of(standby, devices, count) ?: standby;

	if (!standby) {
		log_error("run: --pair %s: no such interface: 'ip link' lists those there are",
			  wanted->standby);
		return -ENODEV;
	}
	switch (pairing_judge(standby, primary, named, devices, count)) {
	case PAIRING_OK:
		break;
	case PAIRING_NOT_ETHERNET:
		log_error("run: --pair %s%s%s: not Ethernet: a pair needs two Ethernet devices",
			  wanted->standby, named ? "=" : "", wanted->primary);
		return -EINVAL;
	case PAIRING_NET_FAILOVER:
		agent_check_log_net_failover(wanted, standby, primary, devices, count);
		return -EBUSY;
	case PAIRING_SAME_DEVICE:
		log_error("run: --pair %s=%s: both are one device: name the VF after the '='",
			  wanted->standby, wanted->primary);
		return -EINVAL;
	case PAIRING_STACKED:
		log_error("run: --pair %s=%s: one of the two is stacked on the other, so frames "
			  "would loop between them: name the VF after the '='",
			  wanted->standby, wanted->primary);
		return -EINVAL;
	case PAIRING_NO_MAC:
		log_error("run: --pair %s: it has no permanent MAC to find its primary by: name "
			  "the primary with --pair %s=PRIMARY",
			  wanted->standby, wanted->standby);
		return -EINVAL;
	}
	if (named && !primary)
		log_info("%s: no interface %s yet: waiting for it", wanted->standby,
			 wanted->primary);
	return 0;
}

/* Two names may be the same device: each device is in one pair only. */
static int agent_check_names(const struct netdev_table *table, const struct options *options)
{
	for (unsigned i = 0; i < 2 * options->pair_count; i++) {
		const char *name =
			i % 2 ? options->pairs[i / 2].primary : options->pairs[i / 2].standby;
		const struct netdev *device = *name ? netdev_by_name(table, name) : NULL;

		for (unsigned j = 0; device && j < 2 * (i / 2); j++) {
			const char *other = j % 2 ? options->pairs[j / 2].primary
						  : options->pairs[j / 2].standby;

			if (!netdev_is_called(device, other))
				continue;
			log_error("run: --pair %s: it is %s, which is in an earlier pair already; "
				  "name each device once",
				  name, other);
			return -EINVAL;
		}
	}
	return 0;
}

int agent_check_pairs(const struct netdev_table *table, const struct options *options)
{
	const struct netdev *devices[AGENT_CHECK_DEVICES];
	size_t count = agent_check_list(table, devices);
	int error = agent_check_names(table, options);

	for (unsigned i = 0; i < options->pair_count && !error; i++)
		error = agent_check_pair(table, &options->pairs[i], devices, count);
	return error;
}
