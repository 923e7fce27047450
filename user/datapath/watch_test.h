/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_test: do the watch programs run, and not only hang there? A compiler that inlines a function into one of its callers leaves a copy for the
 * others, which can be traced and is not passed; tracing that is switched off, or patched away, looks the same. So a device of our own goes
 * through what a primary goes through, and each program notes that it has seen that.
 */
#ifndef DATAPATH_WATCH_TEST_H
#define DATAPATH_WATCH_TEST_H

#include "netdev/link.h"
#include "policy/watched.h"
#include <stdbool.h>

/* The two ends of the veth, for some ten milliseconds: with a MAC of its own, which udev's policies leave alone. Veth, because loading its module makes no
 * device, and because its carrier follows its other end. */
#define WATCH_TEST_DEVICE "vfsteer-test0"
#define WATCH_TEST_PEER "vfsteer-test1"

/* In the order of the bits STEP_... (policy/watched.h). */
enum watch_test_step {
	WATCH_TEST_UP,	   /* set up, and gets carrier */
	WATCH_TEST_DOWN,   /* set down by netlink, and loses it */
	WATCH_TEST_DELETE, /* deleted while it is up: the other way to be closed */
	WATCH_TEST_STEPS,
};

struct watch_test_result {
	unsigned fired[WATCH_TEST_STEPS]; /* masks of enum watch_function */
	unsigned took_us;
};

/* A map for watch programs to note in. Returns its descriptor or -errno. */
int watch_test_map(void);

/*
 * Makes the device, takes it through the steps and away again, also one that a killed agent has left. Returns 0, or -errno, *ret untouched: -EOPNOTSUPP on a
 * kernel without veth, others as link.h. Afterwards there is no device.
 */
int watch_test_run(int map_fd, struct watch_test_result *ret);

/* Takes away the device of an agent that was killed meanwhile. Returns 0 or -errno. */
int watch_test_clean(struct link_requests *requests);

/* Did its program run wherever it had to? True as well for a function that the device does not pass. */
bool watch_test_fires(const struct watch_test_result *result, enum watch_function function);

/* Was the device's closing seen in each of the ways to close it, its loss of carrier and its end: may the pair's word be believed? */
bool watch_test_complete(const struct watch_test_result *result);

#endif
