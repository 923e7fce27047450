/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_test: where the watch programs note that they ran for the device of the self-test
 * (user/datapath/watch_test.h).
 */
#ifndef BPF_WATCH_TEST_H
#define BPF_WATCH_TEST_H

#include "watch_functions.h"
#include <linux/types.h>

struct watch_test {
	__u32 ifindex;	/* 0: no test is running */
	/* index: enum watch_function; a byte each, so that a plain store is enough */
	__u8 fired[32];
};

_Static_assert(WATCH_FUNCTIONS_MAX <= sizeof(((struct watch_test *)0)->fired), "a byte for each");

#endif
