/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/watch.h"
#include "base/crash_point.h"
#include "base/kernel.h"
#include "datapath/variant.h"
#include "datapath/watch_test.h"
#include "maps/pins_make.h"
#include "policy/watched.h"
#include "watch.skel.h"
#include "watch_without_cas.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

VARIANT_DEFINE_OPEN(watch)

#define WATCH_NOT_PERMITTED_MAX 2
#define WATCH_PIN "watch-"
#define WATCH_NEW_PIN "new-" WATCH_PIN /* until it replaces an earlier one */
#define WATCH_SILENT_PIN "silent-"     /* of a program that does not run here */

#define WATCH_HOLD_SETTLE_NS 5000000ULL /* how long a removal is held after the announcement */
#define WATCH_NS_PER_MS 1000000ULL

/* How the programs of one agent are loaded. */
struct watch_loading {
	const struct pins *pins;
	int test_fd;
	uint64_t hold_limit_ns; /* 0: removals are not held */
};

/* Spinning is useful only if another CPU can run the agent. */
static uint64_t watch_hold_limit_ns(unsigned limit_ms)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? limit_ms * WATCH_NS_PER_MS : 0;
}

/* Opens the object for the programs in @wanted, a mask of indices, and loads no others. */
static struct watch_bpf *watch_select(const struct watch_loading *loading, unsigned wanted)
{
	struct watch_bpf *programs =
		watch_open(kernel_has_compare_and_swap() ? watch_bpf__elf_bytes
							 : watch_without_cas_bpf__elf_bytes);

	if (!programs)
		return NULL;
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(programs->obj, watched_functions[i].name),
			wanted & 1U << i);
	programs->rodata->hold_limit_ns = loading->hold_limit_ns;
	programs->rodata->hold_settle_ns = WATCH_HOLD_SETTLE_NS;
	if (bpf_map__reuse_fd(programs->maps.pairs, loading->pins->pairs_fd) ||
	    bpf_map__reuse_fd(programs->maps.counters, loading->pins->counters_fd) ||
	    bpf_map__reuse_fd(programs->maps.events, loading->pins->events_fd) ||
	    bpf_map__reuse_fd(programs->maps.watch_tests, loading->test_fd)) {
		watch_bpf__destroy(programs);
		return NULL;
	}
	return programs;
}

/*
 * The new link is pinned first, and then replaces the old one by rename, which bpffs supports
 * (simple_rename). So both programs run for a moment, in which the second finds nothing to do, and
 * one always runs.
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
	/* The pin holds it now. Without a pin it ends with its descriptor. */
	bpf_link__destroy(link);
	return error;
}

/*
 * Loads and attaches the programs of @wanted, and adds those that succeeded to *@attached. Returns
 * 0 or the kernel's refusal.
 */
static int watch_try(const struct watch_loading *loading, unsigned wanted, unsigned *attached)
{
	struct watch_bpf *programs = watch_select(loading, wanted);
	int error;

	if (!programs)
		return -ENOMEM;
	error = watch_bpf__load(programs);
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX && !error; i++) {
		int attach_error;

		if (!(wanted & 1U << i))
			continue;
		attach_error = watch_pin(
			loading->pins,
			bpf_object__find_program_by_name(programs->obj, watched_functions[i].name));
		if (!attach_error)
			*attached |= 1U << i;
		else
			error = attach_error;
	}
	watch_bpf__destroy(programs);
	return error;
}

/*
 * A program that this kernel refuses now, but accepted from an earlier agent, still works. The
 * program of an unknown function is removed.
 */
static bool watch_keep(const char *function, void *argument)
{
	(void)argument;
	return watched_find(function) >= 0;
}

/*
 * Attaches the programs of @wanted as far as the kernel allows: *@attached and *@refusal. Returns 0
 * or -ENOMEM. One refused program makes the others fail, so the rest is tried one by one. If the
 * kernel does not permit WATCH_NOT_PERMITTED_MAX of them, it permits none: each attempt costs some
 * 20 ms, because libbpf reads the kernel's types again.
 */
static int watch_attach_wanted(const struct watch_loading *loading, unsigned wanted,
			       unsigned *attached, int *refusal)
{
	int error = wanted ? watch_try(loading, wanted, attached) : 0;
	unsigned not_permitted = 0;

	if (error == -ENOMEM)
		return error;
	for (unsigned i = 0;
	     i < WATCH_FUNCTIONS_MAX && error && not_permitted < WATCH_NOT_PERMITTED_MAX; i++) {
		int refused =
			wanted & ~*attached & 1U << i ? watch_try(loading, 1U << i, attached) : 0;

		if (refused)
			*refusal = error;
		not_permitted += refused == -EPERM && !*attached;
	}
	return 0;
}

/* A wrapper is useful only if the function that it wraps is missing or does not run. */
static bool watch_is_superseded(unsigned function)
{
	enum watch_function by = watched_functions[function].superseded_by;

	return by != WATCH_none && kernel_has_function(watched_functions[by].name);
}

static unsigned watch_functions_there(void)
{
	unsigned there = 0;

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (kernel_has_function(watched_functions[i].name) && !watch_is_superseded(i))
			there |= 1U << i;
	return there;
}

/*
 * What the functions in @silent supersede: a function that is inlined leaves its callers to be
 * watched.
 */
static unsigned watch_find_wrappers(unsigned silent)
{
	unsigned wrappers = 0;

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (watched_functions[i].superseded_by != WATCH_none &&
		    silent & 1U << watched_functions[i].superseded_by &&
		    kernel_has_function(watched_functions[i].name))
			wrappers |= 1U << i;
	return wrappers;
}

/* Returns which of @attached do not run. */
static unsigned watch_find_silent(unsigned attached, const struct watch_test_result *test)
{
	unsigned silent = 0;

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (attached & 1U << i && !watch_test_fires(test, i))
			silent |= 1U << i;
	return silent;
}

/* They stay attached: a function that is inlined in some callers is called by others. */
static bool watch_keep_silent(const char *function, void *argument)
{
	int found = watched_find(function);

	return found >= 0 && *(unsigned *)argument & 1U << found;
}

static void watch_pin_silent(const struct pins *pins, unsigned silent)
{
	char from[PINS_PATH_SIZE], to[PINS_PATH_SIZE], pin[64];

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++) {
		if (!(silent & 1U << i))
			continue;
		snprintf(pin, sizeof(pin), WATCH_PIN "%s", watched_functions[i].name);
		pins_link_path(pins, pin, 0, from, sizeof(from));
		snprintf(pin, sizeof(pin), WATCH_SILENT_PIN "%s", watched_functions[i].name);
		pins_link_path(pins, pin, 0, to, sizeof(to));
		rename(from, to);
	}
	pins_sweep_links(pins, WATCH_SILENT_PIN, watch_keep_silent, &silent);
}

/*
 * Attaches all functions that the kernel has, and tests them. *@silent: attached, but does not run.
 * Returns 0 or -ENOMEM.
 */
static int watch_attach_tested(const struct watch_loading *loading, unsigned *attached,
			       unsigned *silent, struct watch_result *result)
{
	int error =
		watch_attach_wanted(loading, watch_functions_there(), attached, &result->refusal);
	struct watch_test_result test = { 0 };
	unsigned wrappers;

	*silent = 0;
	if (error || !*attached || !kernel_runs_tracing())
		return error;
	result->test_error = watch_test_run(loading->test_fd, &test);
	if (!result->test_error)
		*silent = watch_find_silent(*attached, &test);
	wrappers = watch_find_wrappers(*silent);
	if (wrappers) {
		error = watch_attach_wanted(loading, wrappers, attached, &result->refusal);
		if (!error)
			result->test_error = watch_test_run(loading->test_fd, &test);
		if (!error && !result->test_error)
			*silent = watch_find_silent(*attached, &test);
	}
	result->test_us = test.took_us;
	result->complete = !result->test_error && watch_test_complete(&test);
	return error;
}

static bool watch_holds_removals(unsigned running)
{
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (running & 1U << i && watched_functions[i].holds &&
		    watched_functions[i].warns & WARNS_REMOVAL)
			return true;
	return false;
}

/* Does the agent have to poll for what one of these functions would report? */
static bool watch_is_polled(unsigned running)
{
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (!(running & 1U << i) && (watched_functions[i].warns & POLLED ||
					     (watched_functions[i].warns & POLLED_IF_THERE &&
					      kernel_has_function(watched_functions[i].name))))
			return true;
	return false;
}

int watch_attach(const struct pins *pins, unsigned hold_limit_ms, struct watch_result *ret)
{
	struct watch_loading loading = {
		.pins = pins,
		.test_fd = watch_test_map(),
		.hold_limit_ns = watch_hold_limit_ns(hold_limit_ms),
	};
	struct watch_result result = { 0 };
	unsigned attached = 0, silent = 0;
	int error;

	if (loading.test_fd < 0)
		return loading.test_fd;
	error = watch_attach_tested(&loading, &attached, &silent, &result);
	close(loading.test_fd);
	if (error)
		return error;
	result.silenced = !kernel_runs_tracing();
	if (result.silenced)
		/* refused or not: tracing is what is missing */
		attached = silent = result.refusal = 0;
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++) {
		if (silent & 1U << i)
			result.silent[result.silent_count++] = watched_functions[i].name;
		else if (attached & 1U << i)
			result.attached[result.attached_count++] = watched_functions[i].name;
		else if (!watch_is_superseded(i))
			result.missing[result.missing_count++] = watched_functions[i].name;
	}
	attached &= ~silent;
	result.complete = result.complete && attached;
	result.removals_held = loading.hold_limit_ns && watch_holds_removals(attached);
	result.polled = watch_is_polled(attached);
	watch_pin_silent(pins, silent);
	pins_sweep_links(pins, WATCH_PIN, watch_keep, NULL);
	pins_sweep_links(pins, WATCH_NEW_PIN, NULL, NULL);
	*ret = result;
	return 0;
}
