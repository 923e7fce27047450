/* SPDX-License-Identifier: GPL-2.0-only */
/* watched: the table of watched kernel functions (bpf/watch_functions.h) as user space reads it. */
#ifndef POLICY_WATCHED_H
#define POLICY_WATCHED_H

#include "../../bpf/watch_functions.h"
#include <stdbool.h>

/* The ends of a primary that a function warns of, and what is polled if it does not run. */
enum watched_warns {
	WARNS_REQUEST = 1 << 0,  /* of the hypervisor: attention button, ACPI eject */
	WARNS_REMOVAL = 1 << 1,  /* of the PCI device or the netdev */
	WARNS_UNBIND = 1 << 2,   /* of its driver */
	WARNS_SET_DOWN = 1 << 3,
	WARNS_CARRIER = 1 << 4,  /* its loss, without a delay of up to a second */
	POLLED = 1 << 5,
	POLLED_IF_THERE = 1 << 6,
};

/* The steps of the self-test (datapath/watch_test.h) in which a function must run. */
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
	bool holds;      /* it delays its caller until the switchover is announced */
	enum watch_function superseded_by; /* WATCH_none: by no function */
};

extern const struct watched_function watched_functions[WATCH_FUNCTIONS_MAX];

#define WATCHED_BIT(function) (1U << (function))

/* Returns the row of the kernel function @name, or -1. */
int watched_find(const char *name);

/* Returns a mask of the rows of which @warns or @tested has one of these bits. */
unsigned watched_that_warn(unsigned warns);
unsigned watched_that_are_tested(unsigned tested);

#endif
