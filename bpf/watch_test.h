/* SPDX-License-Identifier: GPL-2.0-only */
/* watch_test: where the watch programs note that they have run for the device of the self-test (user/datapath/watch_test.h). */
#ifndef BPF_WATCH_TEST_H
#define BPF_WATCH_TEST_H

#include <linux/types.h>

/* The functions that a device made for the purpose passes. The others want a PCI device, or a driver that detaches its netdev. */
enum watch_test_function {
	WATCH_TEST_UNREGISTER,
	WATCH_TEST_CLOSE,
	WATCH_TEST_DEV_CLOSE,
	WATCH_TEST_NETIF_CLOSE,
	WATCH_TEST_DEACTIVATE,
	WATCH_TEST_CARRIER_OFF,
	WATCH_TEST_CARRIER_ON,
	WATCH_TEST_RX_MODE,
	WATCH_TEST_FUNCTIONS,
};

struct watch_test {
	__u32 ifindex;	/* 0: there is no test */
	__u8 fired[12]; /* by enum watch_test_function; a byte each, so that a store is enough */
};

#endif
