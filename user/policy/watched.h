/* SPDX-License-Identifier: GPL-2.0-only */
/* watched: the table of watched kernel functions (bpf/watch_functions.h) as user space reads it. */
#ifndef POLICY_WATCHED_H
#define POLICY_WATCHED_H

#include "../../bpf/watch_functions.h"
#include <stdbool.h>

/*
 * Which end of a primary is known before it comes, and what is looked at instead where a function
 * does not run.
 */
enum watched_warns {
	WARNS_REQUEST = 1 << 0,  /* the hypervisor's: attention button, ACPI eject */
	WARNS_REMOVAL = 1 << 1,  /* of the PCI device or the netdev */
	WARNS_UNBIND = 1 << 2,   /* of its driver */
	WARNS_SET_DOWN = 1 << 3,
	WARNS_CARRIER = 1 << 4,  /* its loss, at once instead of up to a second later */
	POLLED = 1 << 5,
	POLLED_IF_THERE = 1 << 6,
};

/* The steps of the self-test (datapath/watch_test.h), and what a function counts for in it. */
enum watched_tested {
	STEP_UP = 1 << 0,
	STEP_DOWN = 1 << 1,
	STEP_DELETE = 1 << 2,
	CLOSES = 1 << 3,
	NEEDED = 1 << 4,
};

struct watched_function {
	const char *name;
	unsigned warns;  /* of enum watched_warns */
	unsigned tested; /* of enum watched_tested */
	bool holds;      /* its caller, until the switchover is announced */
	enum watch_function superseded_by; /* WATCH_none: by none */
};

extern const struct watched_function watched_functions[WATCH_FUNCTIONS_MAX];

#define WATCHED_BIT(function) (1U << (function))

/* The row of the kernel function @name, or -1. */
int watched_find(const char *name);

/* A mask of the rows for which @warns or @tested have one of these bits. */
unsigned watched_that_warn(unsigned warns);
unsigned watched_that_are_tested(unsigned tested);

#endif
