/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/netdev_place.h"
#include "base/file.h"
#include "base/mac.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PCI_DEVICES "/sys/bus/pci/devices"

/* The mounted sysfs may show another namespace's devices: compare index and MAC. */
static bool sysfs_knows(const struct netdev *device)
{
	char path[PATH_MAX], expected[MAC_TEXT_SIZE], found[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", device->name);
	if (!file_read_line(path, found, sizeof(found)) || atoi(found) != device->ifindex)
		return false;
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", device->name);
	mac_write(device->mac, expected);
	return file_read_line(path, found, sizeof(found)) && strcmp(found, expected) == 0;
}

static void copy_name(char ret[16], char *path)
{
	const char *name = basename(path);

	if (strlen(name) < 16)
		strcpy(ret, name);
}

/* The bus of the device at @device_path in sysfs; "": unknown. */
static void read_bus(const char *device_path, char ret[16])
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	ret[0] = '\0';
	if ((size_t)snprintf(path, sizeof(path), "%s/subsystem", device_path) >= sizeof(path))
		return;
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	copy_name(ret, target);
}

/*
 * @path: the netdev's parent device in sysfs, without symbolic links. It is shortened on the way
 * up.
 */
static void read_place(char *path, struct netdev *device)
{
	char *function, bus[16];

	read_bus(path, device->bus);
	/*
	 * Only a direct parent counts: a USB NIC is below a PCI host controller, but is not
	 * unplugged with it.
	 */
	if (!strcmp(device->bus, "virtio"))
		path = dirname(path);
	read_bus(path, bus);
	if (strcmp(bus, "pci"))
		return;
	copy_name(device->pci_address, path);
	strcpy(device->pci_slot, device->pci_address);
	function = strrchr(device->pci_slot, '.');
	if (function)
		*function = '\0';
	path = dirname(path);
	read_bus(path, bus);
	if (!strcmp(bus, "pci"))
		copy_name(device->pci_port, path);
}

static bool is_pci_address(const char *text)
{
	unsigned domain, bus, slot, function;
	int end = 0;

	return sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	       text[end] == '\0';
}

void netdev_place(int fd, struct netdev *device)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { 0 };
	char link[PATH_MAX], path[PATH_MAX];

	device->driver[0] = device->bus[0] = device->pci_address[0] = device->pci_slot[0] =
		device->pci_port[0] = '\0';
	if (device->hardware_type != ARPHRD_ETHER)
		return;
	/* A message may be older than a rename: the name may belong to another device now. */
	strcpy(request.ifr_name, device->name);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0 || request.ifr_ifindex != device->ifindex)
		return;
	request.ifr_data = (char *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0) {
		info.driver[sizeof(info.driver) - 1] = '\0';
		info.bus_info[sizeof(info.bus_info) - 1] = '\0';
		snprintf(device->driver, sizeof(device->driver), "%s", info.driver);
	}

	if (sysfs_knows(device))
		snprintf(link, sizeof(link), "/sys/class/net/%s/device", device->name);
	else if (is_pci_address(info.bus_info)) /* also of a virtio device: its PCI function */
		snprintf(link, sizeof(link), PCI_DEVICES "/%s", info.bus_info);
	else
		return;
	if (realpath(link, path))
		read_place(path, device);
}
