/* SPDX-License-Identifier: GPL-2.0-only */
#include "agent/state.h"
#include "base/kernel.h"
#include "base/log.h"
#include "policy/protection.h"

#include <stdio.h>
#include <string.h>

/* Logs one line: what is watched, what has no warning, and why. */
static void log_watched(const struct watch_result *watch)
{
	struct protection_warnings warnings = { 0 };
	char missing[128];

	for (unsigned i = 0; i < watch->attached_count; i++)
		protection_add(&warnings, watch->attached[i]);
	protection_missing_warnings(&warnings, missing, sizeof(missing));
	if (!missing[0])
		log_info("watching %u kernel functions for a primary's end", watch->attached_count);
	else
		log_warning("watching %u kernel functions for a primary's end: no warning of %s: "
			    "%s%s%s%s",
			    watch->attached_count, missing,
			    watch->silenced ? PROTECTION_TRACING_OFF
			    : !kernel_has_btf()
				    ? "this kernel has no type information (CONFIG_DEBUG_INFO_BTF)"
			    : watch->refusal
				    ? watch->attached_count
					      ? "this kernel refuses to trace the functions for it"
					      : "this kernel refuses tracing"
				    : "this kernel has no such functions to watch",
			    watch->refusal ? " (" : "",
			    watch->refusal ? strerror(-watch->refusal) : "",
			    watch->refusal ? ")" : "");
}

/* Logs the result of the test of the watch programs: see watch_test.h. */
static void log_test(const struct watch_result *watch)
{
	char names[256] = "";
	size_t length = 0;

	for (unsigned i = 0; i < watch->silent_count && length < sizeof(names); i++)
		length += snprintf(names + length, sizeof(names) - length, "%s%s",
				   length ? ", " : "", watch->silent[i]);
	if (watch->silent_count)
		log_warning("watch: attached, but does not run on this kernel: %s: not relied on",
			    names);
	if (watch->test_error)
		log_warning("watch: %s: the programs could not be tried on a veth of their own, "
			    "and are not relied on alone: load the module veth",
			    strerror(-watch->test_error));
	else if (watch->test_us)
		log_info("watch: programs tried on a veth of their own in %u ms; untested: those "
			 "for PCI, and for drivers that detach",
			 (watch->test_us + 500) / 1000);
}

void agent_log_watch(const struct watch_result *watch)
{
	log_watched(watch);
	log_test(watch);
}
