/* SPDX-License-Identifier: GPL-2.0-only */
#include "watch.h"
#include "crash_point.h"
#include "kernel.h"
#include "pins_make.h"
#include "watch.skel.h"
#include "watch_without_cas.skel.h"
#include "variant.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

VARIANT_DEFINE_OPEN(watch)

/* The kernel functions watched; each program bears the name of its function. */
static const char *const watch_functions[] = {
	"pciehp_handle_button_press",
	"acpiphp_disable_and_eject_slot",
	"pci_stop_bus_device",
	"pci_stop_and_remove_bus_device",
	"pci_device_remove",
	"unregister_netdevice_queue",
	"__dev_close_many",
	"dev_close_many",
	"netif_close_many",
	"dev_deactivate_many",
	"netif_device_detach",
	"netif_device_attach",
	"netif_carrier_off",
	"netif_carrier_on",
	"__dev_set_rx_mode",
	"bpf_mprog_attach",
};
#define WATCH_FUNCTIONS (sizeof(watch_functions) / sizeof(*watch_functions))
_Static_assert(WATCH_FUNCTIONS <= WATCH_MAX, "room for every function in a result");

/* A wrapper is of use only where the function it wraps is not there. */
static bool watch_is_superseded(const char *name)
{
	return (!strcmp(name, "dev_close_many") || !strcmp(name, "netif_close_many")) &&
	       kernel_has_function("__dev_close_many");
}

#define WATCH_PIN "watch-"
#define WATCH_NEW_PIN "new-" WATCH_PIN /* until it takes the place of an earlier one */

/* How long a removal may be kept waiting for the announcement, and after it. */
#define WATCH_HOLD_LIMIT_NS 100000000ULL
#define WATCH_HOLD_SETTLE_NS 5000000ULL

/* Spinning is of use only where another CPU can run the agent. */
static bool watch_can_hold(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

/* Opens the object with the programs in @wanted, a mask of indices, and no others to be loaded. */
static struct watch_bpf *watch_select(const struct pins *pins, unsigned wanted)
{
	struct watch_bpf *programs = watch_open(kernel_has_compare_and_swap() ? watch_bpf__elf_bytes :
									  watch_without_cas_bpf__elf_bytes);

	if (!programs)
		return NULL;
	for (unsigned i = 0; i < WATCH_FUNCTIONS; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(programs->obj, watch_functions[i]),
					  wanted & 1U << i);
	if (watch_can_hold()) {
		programs->rodata->hold_limit_ns = WATCH_HOLD_LIMIT_NS;
		programs->rodata->hold_settle_ns = WATCH_HOLD_SETTLE_NS;
	}
	if (bpf_map__reuse_fd(programs->maps.pairs, pins->pairs_fd) ||
	    bpf_map__reuse_fd(programs->maps.counters, pins->counters_fd) ||
	    bpf_map__reuse_fd(programs->maps.events, pins->events_fd)) {
		watch_bpf__destroy(programs);
		return NULL;
	}
	return programs;
}

/*
 * The new link is pinned before the old one goes, whose place it then takes by rename, which bpffs can (simple_rename, as on other file systems in
 * memory): for a moment both programs run, and the second finds nothing to do; at none is there no program.
 */
static int watch_pin(const struct pins *pins, struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach(program);
	char path[PINS_PATH_SIZE], new_path[PINS_PATH_SIZE], pin[64];
	int error;

	if (!link)
		return -errno;
	crash_point("watch-link-attached");
	snprintf(pin, sizeof(pin), WATCH_PIN "%s", bpf_program__name(program));
	pins_link_path(pins, pin, 0, path, sizeof(path));
	snprintf(pin, sizeof(pin), WATCH_NEW_PIN "%s", bpf_program__name(program));
	pins_link_path(pins, pin, 0, new_path, sizeof(new_path));
	unlink(new_path);
	error = bpf_link__pin(link, new_path);
	crash_point("watch-link-pinned");
	if (!error && rename(new_path, path))
		error = -errno;
	crash_point("watch-link-renamed");
	/* The pin holds it now; unpinned, it ends with its descriptor. */
	bpf_link__destroy(link);
	return error;
}

/* Loads and attaches the programs of @wanted and adds those that took to *@attached. Returns 0 or the kernel's refusal. */
static int watch_try(const struct pins *pins, unsigned wanted, unsigned *attached)
{
	struct watch_bpf *programs = watch_select(pins, wanted);
	int error;

	if (!programs)
		return -ENOMEM;
	error = watch_bpf__load(programs);
	for (unsigned i = 0; i < WATCH_FUNCTIONS && !error; i++) {
		int attach_error;

		if (!(wanted & 1U << i))
			continue;
		attach_error = watch_pin(pins, bpf_object__find_program_by_name(programs->obj, watch_functions[i]));
		if (!attach_error)
			*attached |= 1U << i;
		else
			error = attach_error;
	}
	watch_bpf__destroy(programs);
	return error;
}

static bool watch_has(unsigned mask, const char *name)
{
	for (unsigned i = 0; i < WATCH_FUNCTIONS; i++)
		if (!strcmp(watch_functions[i], name))
			return mask & 1U << i;
	return false;
}

/* A program that this kernel refuses now, but took from an earlier agent, still does its work; one of a function that this version does
 * not know is nobody's. */
static bool watch_keep(const char *function, void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < WATCH_FUNCTIONS; i++)
		if (!strcmp(watch_functions[i], function))
			return true;
	return false;
}

int watch_attach(const struct pins *pins, struct watch_result *ret)
{
	struct watch_result result = { 0 };
	unsigned wanted = 0, attached = 0;
	int error;

	for (unsigned i = 0; i < WATCH_FUNCTIONS; i++)
		if (kernel_has_function(watch_functions[i]) && !watch_is_superseded(watch_functions[i]))
			wanted |= 1U << i;
	error = wanted ? watch_try(pins, wanted, &attached) : 0;
	if (error == -ENOMEM)
		return error;
	/* One refused program takes the others down with it: try those that are left one by one. */
	for (unsigned i = 0; i < WATCH_FUNCTIONS && error; i++)
		if (wanted & ~attached & 1U << i && watch_try(pins, 1U << i, &attached))
			result.refusal = error;
	result.silenced = !kernel_runs_tracing();
	if (result.silenced)
		attached = result.refusal = 0; /* whatever was refused: that is not what is missing */
	for (unsigned i = 0; i < WATCH_FUNCTIONS; i++) {
		if (attached & 1U << i)
			result.attached[result.attached_count++] = watch_functions[i];
		else if (!watch_is_superseded(watch_functions[i]))
			result.missing[result.missing_count++] = watch_functions[i];
	}
	result.removals_held = watch_can_hold() && (watch_has(attached, "unregister_netdevice_queue") ||
						    watch_has(attached, "pci_device_remove"));
	result.complete = watch_has(attached, "netif_carrier_off") && watch_has(attached, "unregister_netdevice_queue") &&
			  (watch_has(attached, "__dev_close_many") || watch_has(attached, "dev_close_many") ||
			   watch_has(attached, "netif_close_many"));
	pins_sweep_links(pins, WATCH_PIN, watch_keep, NULL);
	pins_sweep_links(pins, WATCH_NEW_PIN, NULL, NULL);
	*ret = result;
	return 0;
}
