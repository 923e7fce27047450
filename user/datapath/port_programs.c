/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/port_programs.h"
#include "base/kernel.h"
#include "datapath/filters.h"
#include "datapath/steer.h"
#include "datapath/variant.h"
#include "maps/pins_make.h"
#include "port.skel.h"
#include "port_without_btf.skel.h"
#include "port_without_cas.skel.h"
#include "port_without_kfuncs.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <unistd.h>

VARIANT_DEFINE_OPEN(port)

/* Each has fewer features than the one before (Makefile). */
static variant_elf_t port_programs_variant(enum vfsteer_liveness liveness)
{
	if (!kernel_has_btf())
		return port_without_btf_bpf__elf_bytes;
	if (!kernel_has_compare_and_swap())
		return port_without_cas_bpf__elf_bytes;
	return liveness == LIVENESS_KFUNC ? port_bpf__elf_bytes
					  : port_without_kfuncs_bpf__elf_bytes;
}

static int port_programs_reuse(struct port_bpf *port, const struct pins *pins,
			       const struct port_pins *ports)
{
	const struct {
		struct bpf_map *map;
		int fd;
	} maps[] = {
		{ port->maps.pairs, pins->pairs_fd },
		{ port->maps.counters, pins->counters_fd },
		{ port->maps.events, pins->events_fd },
		{ port->maps.ports, ports->ports_fd },
		{ port->maps.port_counters, ports->counters_fd },
		{ port->maps.port_members, ports->members_fd },
		{ port->maps.port_stations, ports->stations_fd },
		{ port->maps.port_devices, ports->devices_fd },
		{ port->maps.port_addresses, ports->addresses_fd },
		{ port->maps.port_shares, ports->shares_fd },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps) && !error; i++)
		error = bpf_map__reuse_fd(maps[i].map, maps[i].fd);
	return error;
}

/*
 * Opens it with its constants; none of its programs is selected for loading yet. NULL: see errno.
 */
static struct port_bpf *port_programs_open(const struct pins *pins, const struct port_pins *ports,
					   const struct port_constants *constants)
{
	enum vfsteer_liveness liveness = pins->pairs[constants->slot].liveness;
	struct port_bpf *port = port_open(port_programs_variant(liveness));
	struct bpf_program *program;
	int error;

	if (!port)
		return NULL;
	port->rodata->pair_slot = constants->slot;
	port->rodata->port_number = constants->port;
	port->rodata->passthrough_port = constants->passthrough_port;
	port->rodata->alive_by = liveness;
	port->rodata->comes_from_veth = constants->comes_from_veth;
	port->rodata->uplinks_take_fragments = constants->uplinks_take_fragments;
	bpf_object__for_each_program(program, port->obj) bpf_program__set_autoload(program, false);
	error = port_programs_reuse(port, pins, ports);
	if (!error)
		return port;
	port_bpf__destroy(port);
	errno = -error;
	return NULL;
}

/*
 * XDP needs a kernel that reports a device's features (Linux 6.3); all of these have frames of
 * several buffers (5.18).
 */
static void port_programs_want_xdp(struct bpf_program *program)
{
	bpf_program__set_autoload(program, true);
	bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
}

/* A descriptor that stays open after the object is closed; -1 for a program that was not loaded. */
static int port_programs_keep(const struct bpf_program *program, int *ret_fd)
{
	if (!bpf_program__autoload(program))
		return 0;
	*ret_fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -errno : 0;
}

int port_programs_load(const struct pins *pins, const struct port_pins *ports,
		       const struct port_constants *constants, bool xdp, struct port_programs *ret)
{
	struct port_bpf *port = port_programs_open(pins, ports, constants);
	struct port_programs programs = PORT_PROGRAMS_NONE;
	struct bpf_program *egress, *ingress, *native;
	int error;

	if (!port)
		return -errno;
	egress = constants->is_port ? NULL : port->progs.ports_egress;
	ingress = constants->is_port ? port->progs.port_ingress : port->progs.ports_ingress;
	native = constants->is_port ? port->progs.port_xdp : port->progs.uplink_xdp;
	if (egress)
		bpf_program__set_autoload(egress, true);
	bpf_program__set_autoload(ingress, true);
	if (xdp)
		port_programs_want_xdp(native);
	error = port_bpf__load(port);
	if (egress)
		error = error ?: port_programs_keep(egress, &programs.egress_fd);
	error = error ?: port_programs_keep(ingress, &programs.ingress_fd);
	error = error ?: port_programs_keep(native, &programs.xdp_fd);
	port_bpf__destroy(port);
	if (!error)
		*ret = programs;
	else
		port_programs_close(&programs);
	return error;
}

void port_programs_close(struct port_programs *programs)
{
	if (programs->egress_fd >= 0)
		close(programs->egress_fd);
	if (programs->ingress_fd >= 0)
		close(programs->ingress_fd);
	if (programs->xdp_fd >= 0)
		close(programs->xdp_fd);
	*programs = PORT_PROGRAMS_NONE;
}

static struct hook port_programs_hook(const struct pins *pins, int ifindex, const char *name,
				      enum hook_direction direction, enum hook_place place)
{
	struct hook hook = { .ifindex = ifindex,
			     .direction = direction,
			     .place = place,
			     .handle = FILTERS_PORTS_HANDLE };

	pins_link_path(pins, name, ifindex, hook.pin, sizeof(hook.pin));
	return hook;
}

/*
 * Frames from ports are delivered before foreign filters, which concern the host's own traffic, see
 * them.
 */
struct hook port_programs_standby_egress(const struct pins *pins, int ifindex)
{
	return port_programs_hook(pins, ifindex, "standby-ports-egress", HOOK_EGRESS, HOOK_FIRST);
}

struct hook port_programs_standby_ingress(const struct pins *pins, int ifindex)
{
	struct hook hook = port_programs_hook(pins, ifindex, "standby-ports-ingress", HOOK_INGRESS,
					      HOOK_SECOND);

	hook.other_handle = FILTERS_OUR_HANDLE;
	steer_ingress_pin(pins, ifindex, hook.other_pin, sizeof(hook.other_pin));
	return hook;
}

/*
 * If a foreign program passes a frame with TC_ACT_OK before ours has seen it, the frame goes to
 * this host's stack, not to the pair.
 */
struct hook port_programs_port_ingress(const struct pins *pins, int ifindex)
{
	return port_programs_hook(pins, ifindex, "port-ingress", HOOK_INGRESS, HOOK_FIRST);
}

static struct xdp port_programs_xdp(const struct pins *pins, int ifindex, const char *name)
{
	struct xdp xdp = { .ifindex = ifindex };

	pins_link_path(pins, name, ifindex, xdp.pin, sizeof(xdp.pin));
	return xdp;
}

struct xdp port_programs_standby_xdp(const struct pins *pins, int ifindex)
{
	return port_programs_xdp(pins, ifindex, "standby-xdp");
}

struct xdp port_programs_primary_xdp(const struct pins *pins, int ifindex)
{
	return port_programs_xdp(pins, ifindex, "primary-xdp");
}

struct xdp port_programs_port_xdp(const struct pins *pins, int ifindex)
{
	return port_programs_xdp(pins, ifindex, "port-xdp");
}
