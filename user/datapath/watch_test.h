/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_test: do the attached watch programs run? A compiler that inlines a function into one
 * caller leaves a copy for the others, which can be traced and may never be called. Tracing that is
 * switched off, or patched away, looks the same. So a device of our own goes through the end of a
 * primary, and each program notes that it ran.
 */
#ifndef DATAPATH_WATCH_TEST_H
#define DATAPATH_WATCH_TEST_H

#include "netdev/link.h"
#include "policy/watched.h"
#include <stdbool.h>

/*
 * The two ends of the veth, which exist for some 10 ms, with a MAC that udev's policies leave
 * alone. A veth, because loading its module creates no device, and because its carrier follows its
 * other end.
 */
#define WATCH_TEST_DEVICE "vfsteer-test0"
#define WATCH_TEST_PEER "vfsteer-test1"

/* In the order of the bits STEP_... (policy/watched.h). */
enum watch_test_step {
	WATCH_TEST_UP,	   /* set up, and gets carrier */
	WATCH_TEST_DOWN,   /* set down by netlink, and loses carrier */
	WATCH_TEST_DELETE, /* deleted while it is up: the other way to close it */
	WATCH_TEST_STEPS,
};

struct watch_test_result {
	unsigned fired[WATCH_TEST_STEPS]; /* masks of enum watch_function */
	unsigned took_us;
};

/* Creates a map for the notes of watch programs. Returns its descriptor or -errno. */
int watch_test_map(void);

/*
 * Creates the device, takes it through the steps and deletes it, also one that a killed agent has
 * left. Returns 0; or -errno, with *ret untouched: -EOPNOTSUPP on a kernel without veth, others as
 * link.h. Afterwards the device does not exist.
 */
int watch_test_run(int map_fd, struct watch_test_result *ret);

/* Deletes the device of an agent that was killed during the test. Returns 0 or -errno. */
int watch_test_clean(struct link_requests *requests);

/*
 * Did its program run in each step that requires it? True as well for a function that the device
 * does not pass.
 */
bool watch_test_fires(const struct watch_test_result *result, enum watch_function function);

/*
 * Did the programs see each way to close the device, its loss of carrier and its end? Then the
 * state word can be trusted.
 */
bool watch_test_complete(const struct watch_test_result *result);

#endif
