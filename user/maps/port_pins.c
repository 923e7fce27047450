/* SPDX-License-Identifier: GPL-2.0-only */
#include "maps/port_pins.h"
#include "base/crash_point.h"
#include "maps/percpu.h"
#include "maps/pin.h"
#include "port_maps.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct vfsteer_port) % 8 == 0, "stride of the ports map");

/* struct port_share of bpf/port_maps.h: a lock, two numbers, and the keys. */
#define PORT_PINS_SHARE_SIZE (16 + VFSTEER_PORT_SHARE * sizeof(struct vfsteer_port_address_key))

#define PORT_PINS_COUNTERS 1 /* among the layouts */

/* In the order of pinning, which is reversed for unpinning. */
static const struct pin_layout layouts[PORT_PINS_MAPS] = {
	{ "ports", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vfsteer_port), BPF_F_MMAPABLE,
	  VFSTEER_MAX_PORTS, false },
	{ "port_counters", BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct vfsteer_port_counters), 0,
	  VFSTEER_MAX_PORTS, true },
	{ "port_members", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vfsteer_members), 0,
	  VFSTEER_MAX_PAIRS, false },
	{ "port_stations", BPF_MAP_TYPE_HASH, sizeof(struct vfsteer_station_key),
	  sizeof(struct vfsteer_station), 0, 0, false },
	{ "port_devices", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 0, 0, false },
	{ "port_addresses", BPF_MAP_TYPE_LRU_HASH, sizeof(struct vfsteer_port_address_key),
	  sizeof(struct vfsteer_port_address), 0, 0, false },
	{ "port_shares", BPF_MAP_TYPE_ARRAY, 4, PORT_PINS_SHARE_SIZE, 0, VFSTEER_MAX_PORTS, false },
};

static void port_pins_init(struct port_pins *pins)
{
	*pins = (struct port_pins){
		.ports_fd = -1,
		.counters_fd = -1,
		.members_fd = -1,
		.stations_fd = -1,
		.devices_fd = -1,
		.addresses_fd = -1,
		.shares_fd = -1,
	};
}

/* The descriptors in the order of the layouts. */
static void port_pins_list(struct port_pins *pins, int *fds[PORT_PINS_MAPS])
{
	int *const all[PORT_PINS_MAPS] = { &pins->ports_fd,   &pins->counters_fd,
					   &pins->members_fd, &pins->stations_fd,
					   &pins->devices_fd, &pins->addresses_fd,
					   &pins->shares_fd };

	memcpy(fds, all, sizeof(all));
}

void port_pins_close(struct port_pins *pins)
{
	int *fds[PORT_PINS_MAPS];

	if (!pins->ports)
		return;
	munmap(pins->ports, pins->mapping_size);
	port_pins_list(pins, fds);
	for (unsigned i = 0; i < PORT_PINS_MAPS; i++)
		close(*fds[i]);
	port_pins_init(pins);
}

static int port_pins_map(struct port_pins *pins, bool writable)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *mapping;

	pins->mapping_size =
		(VFSTEER_MAX_PORTS * sizeof(struct vfsteer_port) + page - 1) & ~(page - 1);
	mapping = mmap(NULL, pins->mapping_size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
		       MAP_SHARED, pins->ports_fd, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	pins->ports = mapping;
	return 0;
}

enum pins_error port_pins_open(const struct pins *pins, bool writable, struct port_pins *ret,
			       char *message, size_t size)
{
	enum pins_error result = PINS_OK;
	struct port_pins opened;
	unsigned present = 0;
	int *fds[PORT_PINS_MAPS];

	port_pins_init(&opened);
	port_pins_list(&opened, fds);
	for (unsigned i = 0; i < PORT_PINS_MAPS && (result == PINS_OK || result == PINS_ABSENT);
	     i++) {
		/* Reading needs a mapping, which needs write permission (pins.h). */
		result = pin_open(pins->directory, &layouts[i], writable || !i, fds[i], message,
				  size);
		present += result == PINS_OK;
	}
	if (result == PINS_OK && present < PORT_PINS_MAPS)
		result = PINS_ABSENT;
	if (result == PINS_ABSENT && present)
		result = pin_fail(
			message, size, PINS_UNREADABLE,
			"%s: some of the ports' pins are missing; 'vfsteer run' creates them again",
			pins->directory);
	for (unsigned i = 0; i < PORT_PINS_MAPS && result == PINS_OK; i++)
		result = pin_check(pins->directory, &layouts[i], *fds[i], message, size);
	if (result == PINS_OK && port_pins_map(&opened, writable))
		result = pin_fail(message, size, pin_is_denied(errno) ? PINS_DENIED : PINS_SYSTEM,
				  "%s/ports: mapping it: %m", pins->directory);
	if (result == PINS_OK) {
		*ret = opened;
		return PINS_OK;
	}
	for (unsigned i = 0; i < PORT_PINS_MAPS; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	return result;
}

/* pins_grow_counters, for the counters of the ports. */
static int port_pins_grow_counters(const struct pins *pins, struct port_pins *ports)
{
	int size = percpu_entry_size(ports->counters_fd), error;
	struct port_maps_bpf *maps;
	struct bpf_map *map;

	if (size < 0 || (size_t)size >= sizeof(struct vfsteer_port_counters))
		return size < 0 ? size : 0;
	maps = port_maps_bpf__open();
	if (!maps)
		return -errno;
	bpf_object__for_each_map(map, maps->obj)
		bpf_map__set_autocreate(map, map == maps->maps.port_counters);
	error = port_maps_bpf__load(maps);
	if (!error)
		error = pin_widen(pins->directory, &layouts[PORT_PINS_COUNTERS],
				  &ports->counters_fd, bpf_map__fd(maps->maps.port_counters));
	port_maps_bpf__destroy(maps);
	return error;
}

enum pins_error port_pins_adopt(const struct pins *pins, struct port_pins *ret, char *message,
				size_t size)
{
	enum pins_error result = port_pins_open(pins, true, ret, message, size);
	int error = result == PINS_OK ? port_pins_grow_counters(pins, ret) : 0;

	if (!error)
		return result;
	port_pins_close(ret);
	return pin_fail(message, size, PINS_SYSTEM,
			"%s/port_counters: %s: the map could not be replaced with a larger one",
			pins->directory, strerror(-error));
}

int port_pins_unpin(const char *directory)
{
	char path[PINS_PATH_SIZE];
	int error = 0;

	for (unsigned i = PORT_PINS_MAPS; i-- > 0;) {
		snprintf(path, sizeof(path), "%.200s/%s", directory, layouts[i].name);
		if (unlink(path) && errno != ENOENT && !error)
			error = -errno;
		crash_point("port-pins-map-unpinned");
	}
	snprintf(path, sizeof(path), "%.200s/" PIN_NEW_PREFIX "port_counters", directory);
	unlink(path);
	return error;
}

void port_pins_remove(const struct pins *pins, struct port_pins *ports)
{
	port_pins_close(ports);
	port_pins_unpin(pins->directory);
}

int port_pins_make(const struct pins *pins, struct port_pins *ret)
{
	struct port_maps_bpf *maps = port_maps_bpf__open();
	char path[PINS_PATH_SIZE], message[512];
	struct bpf_map *all[PORT_PINS_MAPS];
	int error;

	if (!maps)
		return -errno;
	all[0] = maps->maps.ports;
	all[1] = maps->maps.port_counters;
	all[2] = maps->maps.port_members;
	all[3] = maps->maps.port_stations;
	all[4] = maps->maps.port_devices;
	all[5] = maps->maps.port_addresses;
	all[6] = maps->maps.port_shares;
	error = port_maps_bpf__load(maps);
	if (!error)
		error = port_pins_unpin(pins->directory);
	for (unsigned i = 0; i < PORT_PINS_MAPS && !error; i++) {
		snprintf(path, sizeof(path), "%.200s/%s", pins->directory, layouts[i].name);
		if (bpf_obj_pin(bpf_map__fd(all[i]), path))
			error = -errno;
		crash_point("port-pins-map-pinned");
	}
	port_maps_bpf__destroy(maps);
	if (!error && port_pins_open(pins, true, ret, message, sizeof(message)) != PINS_OK)
		error = -EIO;
	return error;
}

int port_pins_find(const struct port_pins *pins, const char *name)
{
	for (unsigned i = 0; pins->ports && *name && i < VFSTEER_MAX_PORTS; i++)
		if (!strncmp(pins->ports[i].name, name, VFSTEER_NAME_SIZE))
			return (int)i;
	return -1;
}

int port_pins_find_free(const struct port_pins *pins)
{
	for (unsigned i = 0; i < VFSTEER_MAX_PORTS; i++)
		if (!pins->ports[i].name[0])
			return (int)i;
	return -1;
}

int port_pins_members(const struct port_pins *pins, unsigned slot, struct vfsteer_members *ret)
{
	return bpf_map_lookup_elem(pins->members_fd, &slot, ret) ? -errno : 0;
}

int port_pins_set_members(const struct port_pins *pins, unsigned slot,
			  const struct vfsteer_members *members)
{
	return bpf_map_update_elem(pins->members_fd, &slot, members, BPF_EXIST) ? -errno : 0;
}

static struct vfsteer_station_key station_key(unsigned slot, const __u8 mac[6])
{
	struct vfsteer_station_key key = { .slot = slot };

	memcpy(key.mac, mac, sizeof(key.mac));
	return key;
}

int port_pins_add_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6],
			  __u32 ifindex, __u32 number)
{
	struct vfsteer_station_key key = station_key(slot, mac);
	struct vfsteer_station station = { .ifindex = ifindex, .port = number };

	return bpf_map_update_elem(pins->stations_fd, &key, &station, BPF_ANY) ? -errno : 0;
}

static int port_pins_delete(int map_fd, const void *key)
{
	return bpf_map_delete_elem(map_fd, key) && errno != ENOENT ? -errno : 0;
}

int port_pins_remove_station(const struct port_pins *pins, unsigned slot, const __u8 mac[6])
{
	struct vfsteer_station_key key = station_key(slot, mac);

	return port_pins_delete(pins->stations_fd, &key);
}

int port_pins_add_device(const struct port_pins *pins, __u32 ifindex)
{
	return bpf_map_update_elem(pins->devices_fd, &ifindex, &ifindex, BPF_ANY) ? -errno : 0;
}

int port_pins_remove_device(const struct port_pins *pins, __u32 ifindex)
{
	return port_pins_delete(pins->devices_fd, &ifindex);
}

void port_pins_forget_addresses(const struct port_pins *pins, unsigned number)
{
	static const __u8 none[PORT_PINS_SHARE_SIZE];
	struct vfsteer_port_address_key key, next;
	struct vfsteer_port_address address;
	bool more = !bpf_map_get_next_key(pins->addresses_fd, NULL, &next);

	/*
	 * The next key is read before this one is deleted. Programs may add entries during this,
	 * hence the limit.
	 */
	for (unsigned i = 0; more && i < 2 * VFSTEER_MAX_PORT_ADDRESSES; i++) {
		key = next;
		more = !bpf_map_get_next_key(pins->addresses_fd, &key, &next);
		if (!bpf_map_lookup_elem(pins->addresses_fd, &key, &address) &&
		    address.port == number)
			bpf_map_delete_elem(pins->addresses_fd, &key);
	}
	bpf_map_update_elem(pins->shares_fd, &number, none, BPF_ANY);
}

int port_pins_counters(const struct port_pins *pins, unsigned number,
		       struct vfsteer_port_counters *ret)
{
	return percpu_sum(pins->counters_fd, number, ret, sizeof(*ret));
}

int port_pins_clear_counters(const struct port_pins *pins, unsigned number)
{
	return percpu_clear(pins->counters_fd, number);
}
