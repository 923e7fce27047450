/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/watch_test.h"
#include "../../bpf/watch_test.h"
#include "base/clock.h"
#include "base/crash_point.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_US 1000

/* Locally administered, and of no pair. */
static const struct link_end ends[] = {
	{ WATCH_TEST_DEVICE, { 0x02, 0x76, 0x66, 0x73, 0x74, 0x00 } },
	{ WATCH_TEST_PEER, { 0x02, 0x76, 0x66, 0x73, 0x74, 0x01 } },
};

bool watch_test_fires(const struct watch_test_result *result, enum watch_function function)
{
	for (unsigned step = 0; step < WATCH_TEST_STEPS; step++)
		if (watched_functions[function].tested & 1U << step &&
		    !(result->fired[step] & 1U << function))
			return false;
	return true;
}

bool watch_test_complete(const struct watch_test_result *result)
{
	/* Each of these runs before the driver stops. */
	unsigned closing = watched_that_are_tested(CLOSES),
		 needed = watched_that_are_tested(NEEDED);

	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		if (needed & 1U << i && !watch_test_fires(result, i))
			return false;
	return result->fired[WATCH_TEST_DOWN] & closing &&
	       result->fired[WATCH_TEST_DELETE] & closing;
}

int watch_test_map(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "watch_tests", sizeof(__u32),
				sizeof(struct watch_test), 1, NULL);

	return fd < 0 ? -errno : fd;
}

/*
 * Returns a mask of the functions noted since the last call. @ifindex: the device to note from now
 * on.
 */
static unsigned take_fired(int map_fd, int ifindex)
{
	struct watch_test seen = { 0 }, fresh = { .ifindex = (__u32)ifindex };
	unsigned fired = 0;

	bpf_map_lookup_elem(map_fd, &(__u32){ 0 }, &seen);
	bpf_map_update_elem(map_fd, &(__u32){ 0 }, &fresh, BPF_ANY);
	for (unsigned i = 0; i < WATCH_FUNCTIONS_MAX; i++)
		fired |= (seen.fired[i] ? 1U : 0U) << i;
	return fired;
}

static int set_up(struct link_requests *requests, int ifindex, bool up)
{
	return link_set_flags(requests, ifindex, up ? IFF_UP : 0, IFF_UP);
}

/* No IPv6 on it, if the kernel has IPv6: it would send from the device. */
static int silence_ends(struct link_requests *requests)
{
	int error = 0;

	for (unsigned i = 0; i < 2 && !error; i++) {
		error = link_set_addr_gen_mode(requests, (int)if_nametoindex(ends[i].name),
					       IN6_ADDR_GEN_MODE_NONE);
		if (error == -EAFNOSUPPORT)
			error = 0;
	}
	return error;
}

static int go_through(struct link_requests *requests, int map_fd, struct watch_test_result *result)
{
	int device = (int)if_nametoindex(WATCH_TEST_DEVICE), error = silence_ends(requests);

	take_fired(map_fd, device);
	error = error ?: set_up(requests, (int)if_nametoindex(WATCH_TEST_PEER), true);
	error = error ?: set_up(requests, device, true);
	crash_point("watch-test-device-up");
	result->fired[WATCH_TEST_UP] = take_fired(map_fd, device);
	error = error ?: set_up(requests, device, false);
	result->fired[WATCH_TEST_DOWN] = take_fired(map_fd, device);
	error = error ?: set_up(requests, device, true);
	take_fired(map_fd, device);
	error = error ?: link_delete(requests, device);
	result->fired[WATCH_TEST_DELETE] = take_fired(map_fd, 0);
	return error;
}

int watch_test_clean(struct link_requests *requests)
{
	int left = (int)if_nametoindex(WATCH_TEST_DEVICE);

	return left ? link_delete(requests, left) : 0;
}

int watch_test_run(int map_fd, struct watch_test_result *ret)
{
	uint64_t begin_ns = clock_now_ns(CLOCK_MONOTONIC);
	struct watch_test_result result = { 0 };
	struct link_requests *requests;
	int error = link_requests_new(&requests);

	if (error)
		return error;
	error = watch_test_clean(requests);
	error = error ?: link_add_veth(requests, ends);
	crash_point("watch-test-device-made");
	if (!error) {
		error = go_through(requests, map_fd, &result);
		watch_test_clean(requests);
	}
	link_requests_free(requests);
	if (error)
		return error;
	result.took_us = (unsigned)((clock_now_ns(CLOCK_MONOTONIC) - begin_ns) / NS_PER_US);
	*ret = result;
	return 0;
}
