/* SPDX-License-Identifier: GPL-2.0-only */
/* What the agent takes for a request, and what not. */
#include "control/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void requests(void **state)
{
	struct request request = request_parse("switch abcdefghijklmno standby");

	(void)state;
	assert_int_equal(request.kind, REQUEST_SWITCH);
	assert_string_equal(request.standby, "abcdefghijklmno");
	assert_int_equal(request.requested, ADMIN_STANDBY);
	assert_int_equal(request_parse("switch eth0 primary").requested, ADMIN_PRIMARY);
	assert_int_equal(request_parse("switch eth0 auto").kind, REQUEST_SWITCH);
	request = request_parse("drain abcdefghijklmno 86400");
	assert_int_equal(request.kind, REQUEST_DRAIN);
	assert_string_equal(request.standby, "abcdefghijklmno");
	assert_int_equal(request.drain_for_s, 86400);
	assert_int_equal(request_parse("drain eth0 0").drain_for_s, 0);
	assert_int_equal(request_parse("unload").kind, REQUEST_UNLOAD);
}

static void ports(void **state)
{
	static const uint8_t mac[] = { 0x52, 0x54, 0, 0xab, 0xcd, 1 };
	const struct options_port wishes[] = {
		{ .name = "abcdefghijklmno", .pair = "eth0" },
		{ .name = "ve0",
		  .pair = "ponmlkjihgfedcb",
		  .has_mac = true,
		  .mac = { 0x52, 0x54, 0, 0xab, 0xcd, 1 },
		  .without_xdp = true },
		{ .name = "ve0", .pair = "eth0", .passthrough = true },
	};
	struct request request = request_parse("port add ve0 eth0 52:54:00:ab:cd:01 no");

	(void)state;
	assert_int_equal(request.kind, REQUEST_PORT_ADD);
	assert_memory_equal(request.port.mac, mac, sizeof(mac));
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		char text[256];

		request_write_port(&wishes[i], text, sizeof(text));
		request = request_parse(text);
		assert_int_equal(request.kind, REQUEST_PORT_ADD);
		assert_string_equal(request.port.name, wishes[i].name);
		assert_string_equal(request.port.pair, wishes[i].pair);
		assert_int_equal(request.port.has_mac, wishes[i].has_mac);
		assert_memory_equal(request.port.mac, wishes[i].mac, sizeof(wishes[i].mac));
		assert_int_equal(request.port.passthrough, wishes[i].passthrough);
		assert_int_equal(request.port.without_xdp, wishes[i].without_xdp);
	}
	request = request_parse("port del ve0");
	assert_int_equal(request.kind, REQUEST_PORT_DELETE);
	assert_string_equal(request.port.name, "ve0");
}

static void others(void **state)
{
	static const char *const texts[] = { "",
					     "unload ",
					     "unloading",
					     "switch",
					     "switch ",
					     "switch eth0",
					     "switch eth0 ",
					     "switch  auto",
					     "switch eth0 sideways",
					     "switch eth0  auto",
					     "switch eth0 auto now",
					     "switch abcdefghijklmnop auto",
					     "Switch eth0 auto",
					     "drain",
					     "drain eth0",
					     "drain eth0 ",
					     "drain  5",
					     "drain eth0 05",
					     "drain eth0 -5",
					     "drain eth0 5s",
					     "drain eth0 5 6",
					     "drain eth0 86401",
					     "drain abcdefghijklmnop 5",
					     "port",
					     "port add",
					     "port add ve0",
					     "port add ve0 eth0",
					     "port add ve0 eth0 peer",
					     "port add ve0 eth0 peer auto ",
					     "port add ve0 eth0 peer auto more",
					     "port add ve0 eth0 peer yes",
					     "port add ve0 eth0 01:54:00:ab:cd:01 auto",
					     "port add ve0 eth0 52:54:00:ab:cd auto",
					     "port add  eth0 peer auto",
					     "port add abcdefghijklmnop eth0 peer auto",
					     "port add a/b eth0 peer auto",
					     "port del",
					     "port del ",
					     "port del ve0 now",
					     "port list" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(request_parse(texts[i]).kind, REQUEST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(ports),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
