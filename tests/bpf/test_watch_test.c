/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device on which watch programs are tried, in a network namespace of its own: it comes and
 * goes, also after an agent that was killed.
 */
#include "datapath/watch_test.h"
#include "namespace.h"
#include "../../bpf/watch_test.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int map_fd;

static void leaves_nothing(void)
{
	assert_int_equal(if_nametoindex(WATCH_TEST_DEVICE), 0);
	assert_int_equal(if_nametoindex(WATCH_TEST_PEER), 0);
}

/* Here no program notes anything: nothing is complete. */
static void test_comes_and_goes(void **context)
{
	struct watch_test_result result;
	struct watch_test seen = { .ifindex = 1 };

	(void)context;
	assert_int_equal(watch_test_run(map_fd, &result), 0);
	leaves_nothing();
	assert_false(watch_test_complete(&result));
	assert_true(result.took_us);
	print_message("# the test takes %u ms\n", result.took_us / 1000);
	assert_int_equal(bpf_map_lookup_elem(map_fd, &(__u32){ 0 }, &seen), 0);
	assert_int_equal(seen.ifindex, 0);
}

static void test_after_a_killed_agent(void **context)
{
	struct watch_test_result result;
	struct link_requests *requests;

	(void)context;
	assert_int_equal(
		system("ip link add " WATCH_TEST_DEVICE " up type veth peer " WATCH_TEST_PEER), 0);
	assert_int_equal(watch_test_run(map_fd, &result), 0);
	leaves_nothing();
	assert_int_equal(
		system("ip link add " WATCH_TEST_DEVICE " up type veth peer " WATCH_TEST_PEER), 0);
	assert_int_equal(link_requests_new(&requests), 0);
	assert_int_equal(watch_test_clean(requests), 0);
	leaves_nothing();
	assert_int_equal(watch_test_clean(requests), 0);
	link_requests_free(requests);
}

/* It sends nothing: no address of its own, no router solicitation. */
static void test_is_silent(void **context)
{
	struct watch_test_result result;
	FILE *monitor;
	char line[256];

	(void)context;
	monitor = popen("timeout 2 sh -c 'ip monitor address & sleep 0.5; echo ready; wait'", "r");
	assert_non_null(monitor);
	do
		assert_non_null(fgets(line, sizeof(line), monitor));
	while (strcmp(line, "ready\n"));
	assert_int_equal(watch_test_run(map_fd, &result), 0);
	while (fgets(line, sizeof(line), monitor))
		if (strstr(line, "vfsteer-test"))
			fail_msg("an address: %s", line);
	pclose(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_and_goes),
		cmocka_unit_test(test_after_a_killed_agent),
		cmocka_unit_test(test_is_silent),
	};

	if (!namespace_enter())
		return 77;
	map_fd = watch_test_map();
	if (map_fd < 0) {
		printf("no map: %s\n", strerror(-map_fd));
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
