/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration: what it sets, and each mistake with its line. */
#include "cli/arguments.h"
#include "cli/config_keys.h"
#include "config_text.h"

#include <errno.h>
#include <stdio.h>

#define TEN "abcdefghij"
/* 127 characters */
#define LONGEST TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "abcdefg"

static void sets_everything(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_null(arguments_add_pair(&options, "eth8=eth9"));
	assert_int_equal(
		read_text("; a comment\n[agent]\nup_delay_ms = 20\nleaving_timeout_ms=1000\n"
			  "announce_count = 5\nannounce_interval_ms = 250\nhold_limit_ms = 0\n"
			  "egress = before\n\n[pair eth0]\negress = after\nprimary = eth1\n"
			  "[pair eth2]\nprimary = auto\n",
			  &options, message, sizeof(message)),
		0);
	assert_int_equal(options.settings.up_delay_ms, 20);
	assert_int_equal(options.settings.leaving_timeout_ms, 1000);
	assert_int_equal(options.settings.announce_count, 5);
	assert_int_equal(options.settings.announce_interval_ms, 250);
	assert_int_equal(config_default_settings().hold_limit_ms, 100);
	assert_int_equal(options.settings.hold_limit_ms, 0);
	assert_int_equal(options.settings.egress, OPTIONS_EGRESS_BEFORE);
	assert_int_equal(options.pairs[1].egress, OPTIONS_EGRESS_AFTER);
	assert_int_equal(options.pairs[2].egress, OPTIONS_EGRESS_UNSAID);
	assert_int_equal(options.pair_count, 3);
	assert_string_equal(options.pairs[1].standby, "eth0");
	assert_string_equal(options.pairs[1].primary, "eth1");
	assert_string_equal(options.pairs[2].standby, "eth2");
	assert_string_equal(options.pairs[2].primary, "");
}

static void announcements(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(
		read_text("[agent]\nannounce = macs\nannounce-again = off\n"
			  "announce-except = 192.0.2.80, 2001:db8::/64  52:54:00:12:34:56\n"
			  "announce_except = 198.51.100.0/24\n[pair eth0]\n"
			  "announce_except = 203.0.113.1\nannounce = off\nprimary = eth1\n"
			  "[pair eth2]\nprimary = auto\n",
			  &options, message, sizeof(message)),
		0);
	assert_int_equal(options.settings.announce, OPTIONS_ANNOUNCE_MACS);
	assert_int_equal(options.settings.announce_again_s, 0);
	assert_int_equal(options.pairs[0].announce, OPTIONS_ANNOUNCE_OFF);
	assert_int_equal(options.pairs[1].announce, OPTIONS_ANNOUNCE_UNSAID);
	assert_int_equal(options.announce_rule_count, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_string_equal(options.announce_rules[i].pair, i == 4 ? "eth0" : "");
	assert_int_equal(options.announce_rules[0].family, AF_INET);
	assert_int_equal(options.announce_rules[1].family, AF_INET6);
	assert_int_equal(options.announce_rules[1].prefix_length, 64);
	assert_int_equal(options.announce_rules[2].family, AF_UNSPEC);
	assert_int_equal(
		read_text("[agent]\nannounce_again = 10\n", &options, message, sizeof(message)), 0);
	assert_int_equal(options.settings.announce_again_s, 10);
}

static void path_checks(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(read_text("[agent]\npath_check = arp 192.0.2.1,192.0.2.2 192.0.2.3\n"
				   "[pair eth0]\npath-check = ns 2001:db8::1\nprimary = eth1\n"
				   "[pair eth2]\npath_check = off\n[pair eth3]\n"
				   "path_check = auto\n[pair eth4]\nprimary = auto\n",
				   &options, message, sizeof(message)),
			 0);
	assert_int_equal(options.settings.path_check, OPTIONS_PATH_NAMED);
	assert_int_equal(options.pairs[0].path_check, OPTIONS_PATH_NAMED);
	assert_int_equal(options.pairs[1].path_check, OPTIONS_PATH_OFF);
	assert_int_equal(options.pairs[2].path_check, OPTIONS_PATH_AUTO);
	assert_int_equal(options.pairs[3].path_check, OPTIONS_PATH_UNSAID);
	assert_int_equal(options.path_rule_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(options.path_rules[i].family, i == 3 ? AF_INET6 : AF_INET);
		assert_string_equal(options.path_rules[i].pair, i == 3 ? "eth0" : "");
	}
}

static void more_exceptions_than_there_may_be(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char text[64 + 32 * (OPTIONS_ANNOUNCE_RULES + 1)] = "[agent]\n", message[512];
	size_t length = strlen(text);

	(void)state;
	for (unsigned i = 0; i < OPTIONS_ANNOUNCE_RULES; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "announce_except = 192.0.2.%u\n", i % 256);
	assert_int_equal(read_text(text, &options, message, sizeof(message)), 0);
	assert_int_equal(options.announce_rule_count, OPTIONS_ANNOUNCE_RULES);
	options.announce_rule_count = 0;
	snprintf(text + length, sizeof(text) - length, "announce_except = 192.0.2.1\n");
	assert_int_equal(read_text(text, &options, message, sizeof(message)), -EINVAL);
	assert_string_equal(
		message,
		":258: announce_except = 192.0.2.1: more than 256 exceptions: name prefixes");
}

static void root_qdiscs(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(read_text("[agent]\nqdisc = keep\n[pair eth0]\nqdisc = mirror\n"
				   "primary = eth1\n[pair eth2]\nprimary = auto\n",
				   &options, message, sizeof(message)),
			 0);
	assert_int_equal(options.settings.qdisc, OPTIONS_QDISC_KEEP);
	assert_int_equal(options.pairs[0].qdisc, OPTIONS_QDISC_MIRROR);
	assert_string_equal(options.pairs[0].primary, "eth1");
	assert_int_equal(options.pairs[1].qdisc, OPTIONS_QDISC_UNSAID);
}

static void xdp_programs(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	/* A primary that is named later leaves what was said before. */
	assert_int_equal(
		read_text("[pair eth0]\nxdp = ignore\nprimary = eth1\n[pair eth2]\nxdp = mirror\n",
			  &options, message, sizeof(message)),
		0);
	assert_false(options.settings.xdp_ignored);
	assert_true(options.pairs[0].xdp_ignored);
	assert_string_equal(options.pairs[0].primary, "eth1");
	assert_false(options.pairs[1].xdp_ignored);
	assert_int_equal(read_text("[agent]\nxdp = ignore\n", &options, message, sizeof(message)),
			 0);
	assert_true(options.settings.xdp_ignored);
}

static void ports(void **state)
{
	static const uint8_t mac[] = { 0x52, 0x54, 0, 0xab, 0xcd, 1 };
	struct options options = { .settings = config_default_settings() };
	char message[512];

	(void)state;
	assert_int_equal(read_text("[port veth0]\npair = eth0\nmac = 52:54:00:AB:cd:01\n"
				   "[port tap0]\npair = eth2\npassthrough = yes\nxdp = no\n"
				   "[port veth1]\npair = eth0\npassthrough = no\nxdp = auto\n",
				   &options, message, sizeof(message)),
			 0);
	assert_int_equal(options.port_count, 3);
	assert_string_equal(options.ports[0].name, "veth0");
	assert_string_equal(options.ports[0].pair, "eth0");
	assert_true(options.ports[0].has_mac);
	assert_memory_equal(options.ports[0].mac, mac, sizeof(mac));
	assert_string_equal(options.ports[1].name, "tap0");
	assert_string_equal(options.ports[1].pair, "eth2");
	assert_true(options.ports[1].passthrough && options.ports[1].without_xdp &&
		    !options.ports[1].has_mac);
	assert_false(options.ports[2].passthrough || options.ports[2].without_xdp ||
		     options.ports[2].has_mac);
	assert_int_equal(options.pair_count, 0);
}

static void more_ports_than_there_can_be(void **state)
{
	struct options options = { .settings = config_default_settings() };
	char text[4096] = "", message[512];

	(void)state;
	for (unsigned i = 0; i <= VFSTEER_MAX_PORTS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "[port p%u]\npair = eth0\n", i);
	assert_int_equal(read_text(text, &options, message, sizeof(message)), -EINVAL);
	assert_string_equal(
		message, ":130: [port p64]: there are 64 ports already, and no more are possible");
}

static void an_empty_file_changes_nothing(void **state)
{
	struct options options = { .settings = config_default_settings() }, before = options;
	char message[512];

	(void)state;
	assert_int_equal(read_text("", &options, message, sizeof(message)), 0);
	assert_memory_equal(&options, &before, sizeof(options));
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "[agent]\nup_delay_ms = 5x\n",
		  ":2: up_delay_ms = 5x: not a number from 0 to 600000" },
		{ "[agent]\nup_delay_ms = -1\n",
		  ":2: up_delay_ms = -1: not a number from 0 to 600000" },
		{ "[agent]\nup_delay_ms =\n", ":2: up_delay_ms = : not a number from 0 to 600000" },
		{ "[agent]\nup_delay_ms = 99999999999999999999\n",
		  ":2: up_delay_ms = 99999999999999999999: not a number from 0 to 600000" },
		{ "[agent]\nleaving_timeout_ms = 999\n",
		  ":2: leaving_timeout_ms = 999: not a number from 1000 to 600000" },
		{ "[agent]\nhold_limit_ms = 101\n",
		  ":2: hold_limit_ms = 101: not a number from 0 to 100" },
		{ "[agent]\nannounce_count = 0\n",
		  ":2: announce_count = 0: not a number from 1 to 100" },
		{ "[agent]\n\ncolour = red\n",
		  ":3: colour: no such setting in [agent]: see 'vfsteer help run'" },
		{ "[agents]\nup_delay_ms = 5\n", ":1: [agents]: no such section: there are "
						 "[agent], [pair STANDBY] and [port IFACE]" },
		{ "up_delay_ms = 5\n", ":1: up_delay_ms: before any section: begin with "
				       "[agent], [pair STANDBY] or [port IFACE]" },
		{ "[agent]\nhello\n", ":2: neither a [section] nor NAME = VALUE" },
		{ "[pair eth0]\nprimary = eth0\n", ":2: [pair eth0] primary = eth0: standby and "
						   "primary are the same device; name two" },
		{ "[pair eth0]\nprimary = a/b\n",
		  ":2: [pair eth0] primary = a/b: the primary's name holds a '/', ':' or '='" },
		{ "[pair eth0]\nprimary = eth1\nprimary = eth2\n",
		  ":3: primary: twice in [pair eth0]: remove one of them" },
		{ "[pair eth0]\nsecondary = eth1\n",
		  ":2: secondary: no such setting in [pair eth0]: see 'vfsteer help run'" },
		{ "[pair eth0]\n",
		  ":1: [pair eth0]: nothing in it: write primary = auto, or primary = NAME" },
		{ "[pair eth8]\nprimary = eth1\n",
		  ":2: [pair eth8] primary = eth1: it has the primary eth9 already" },
		{ "[pair eth0]\nprimary = eth9\n", ":2: [pair eth0] primary = eth9: eth9 is in "
						   "an earlier pair already; name each device "
						   "once" },
		{ "[pair " LONGEST "x]\nprimary = auto\n",
		  ":1: [pair " LONGEST "x]: the standby's name is longer than 127 characters" },
		{ "[pair eth0]\nprimary = " LONGEST "x\n",
		  ":2: [pair eth0] primary = " LONGEST
		  "x: the primary's name is longer than 127 characters" },
		{ "[port averyverylongname]\npair = eth0\n",
		  ":1: [port averyverylongname]: the interface's name is longer than 15 "
		  "characters" },
		{ "[pair eth0=eth1]\nprimary = auto\n",
		  ":1: [pair eth0=eth1]: the standby's name holds a '/', ':' or '='" },
		{ "[pair eth0]\n[pair eth1]\nprimary = auto\n",
		  ":1: [pair eth0]: nothing in it: write primary = auto, or primary = NAME" },
		{ "[pair]\n", ":1: [pair]: no such section: there are [agent], [pair STANDBY] "
			      "and [port IFACE]" },
		{ "[pair ]\n", ":1: [pair ]: the standby's name is empty" },
		{ "[agent\n", ":1: neither a [section] nor NAME = VALUE" },
		{ "[agent]\nup_delay_ms = 1\nup_delay_ms = 1\n",
		  ":3: up_delay_ms: twice in [agent]: remove one of them" },
		{ "[pair eth0]\negress = first\n", ":2: egress = first: use after or before" },
		{ "[agent]\nhost_signal = yes\n", ":2: host_signal = yes: use on or off" },
		{ "[pair eth0]\nhost_signal = off\n",
		  ":2: host_signal: no such setting in [pair eth0]: see 'vfsteer help run'" },
		{ "[agent]\npath_check = on\n", ":2: path_check = on: use auto, off, arp and "
						"IPv4 addresses, or ns and IPv6 addresses" },
		{ "[agent]\npath_check = arp\n", ":2: path_check = arp: use auto, off, arp and "
						 "IPv4 addresses, or ns and IPv6 addresses" },
		{ "[agent]\npath_check = arp 2001:db8::1\n",
		  ":2: path_check = arp 2001:db8::1: not an IPv4 address" },
		{ "[pair eth0]\npath_check = ns 192.0.2.1\n",
		  ":2: path_check = ns 192.0.2.1: not an IPv6 address" },
		{ "[pair eth0]\npath_check = arp 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4\n",
		  ":2: path_check: more than 3 addresses: name the 3 that answer most reliably" },
		{ "[agent]\npath_check = arp 224.0.0.1\n",
		  ":2: path_check = arp 224.0.0.1: no neighbour can have this address" },
		{ "[agent]\npath_check = arp 192.0.2.1 0.0.0.0\n",
		  ":2: path_check = arp 0.0.0.0: no neighbour can have this address" },
		{ "[agent]\npath_check = ns ff02::1\n",
		  ":2: path_check = ns ff02::1: no neighbour can have this address" },
		{ "[agent]\npath_check = off\npath_check = off\n",
		  ":3: path_check: twice in [agent]: remove one of them" },
		{ "[agent]\nannounce = none\n", ":2: announce = none: use all, macs or off" },
		{ "[pair eth0]\nannounce =\n", ":2: announce = : use all, macs or off" },
		{ "[pair eth0]\nannounce = off\nannounce = all\n",
		  ":3: announce: twice in [pair eth0]: remove one of them" },
		{ "[pair eth0]\nannounce_again = 20\n",
		  ":2: announce_again: no such setting in [pair eth0]: see 'vfsteer help run'" },
		{ "[agent]\nannounce_again = 9\n",
		  ":2: announce_again = 9: not a number of seconds from 10 to 86400, nor off" },
		{ "[agent]\nannounce_again = never\n",
		  ":2: announce_again = never: not a number of seconds from 10 to 86400, nor off" },
		{ "[agent]\nannounce_again = 60\nannounce-again = 60\n",
		  ":3: announce_again: twice in [agent]: remove one of them" },
		{ "[agent]\nannounce_except = 192.0.2.1 eth0\n",
		  ":2: announce_except = eth0: not an IPv4 or IPv6 address, a prefix of one, or "
		  "a MAC" },
		{ "[pair eth0]\nannounce_except = ,\n",
		  ":2: announce_except = : nothing in it: name IPv4 or IPv6 addresses or "
		  "prefixes, or MACs" },
		{ "[port veth0]\nannounce_except = 192.0.2.1\n",
		  ":2: announce_except: no such setting in [port veth0]: see 'vfsteer help port'" },
		{ "[pair eth0]\nrx = exact\n[agent]\n[pair eth0]\nrx = exact\n",
		  ":5: rx: twice in [pair eth0]: remove one of them" },
		{ "[pair eth0]\nqdisc = copy\n", ":2: qdisc = copy: use mirror or keep" },
		{ "[port veth0]\n", ":1: [port veth0]: nothing in it: write pair = STANDBY" },
		{ "[port veth0]\nxdp = auto\n", ":2: [port veth0]: no pair: write pair = STANDBY" },
		{ "[port veth0]\npair = a/b\n",
		  ":2: pair = a/b: the standby's name holds a '/', ':' or '='" },
		{ "[port veth0]\npair = veth0\n", ":2: [port veth0]: the pair's standby cannot "
						  "be its port: name another interface" },
		{ "[port veth0]\nmac = 52:54:00\n",
		  ":2: mac = 52:54:00: not a MAC: write it as 52:54:00:12:34:56" },
		{ "[port veth0]\nmac = 01:54:00:12:34:56\n",
		  ":2: mac = 01:54:00:12:34:56: a multicast MAC: name the MAC of the station "
		  "behind the port" },
		{ "[port veth0]\npassthrough = perhaps\n",
		  ":2: passthrough = perhaps: use no or yes" },
		{ "[port veth0]\nxdp = yes\n", ":2: xdp = yes: use auto or no" },
		{ "[port veth0]\npair = eth0\npair = eth2\n",
		  ":3: pair: twice in [port veth0]: remove one of them" },
		{ "[port veth0]\npair = eth0\nmac = 52:54:00:12:34:56\npassthrough = yes\n",
		  ":4: [port veth0]: mac and passthrough: a passthrough port owns the pair's "
		  "MAC, remove one" },
		{ "[port veth0]\ncolour = red\n",
		  ":2: colour: no such setting in [port veth0]: see 'vfsteer help port'" },
		{ "[port ve/th]\npair = eth0\n",
		  ":1: [port ve/th]: the interface's name holds a '/', ':' or '='" },
		{ "[agent] rx = direct\n",
		  ":1: [agent]: 'rx = direct' follows on the line: write it on the next one" },
		{ "[agent]\nrx = exact\n[pair eth0]]\nprimary = auto\n",
		  ":3: [pair eth0]: ']' follows on the line: write it on the next one" },
		{ "[pair eth0]primary = eth1 ; all on one line\n",
		  ":1: [pair eth0]: 'primary = eth1 ; all on one line' follows on the line: "
		  "write it on the next one" },
		{ "[port veth0] # a comment\npair = eth0\n",
		  ":1: [port veth0]: '# a comment' follows on the line: write it on the next one" },
		{ "[port eth9]\npair = eth8\n", ":2: [port eth9]: it is the primary of eth8: "
						"name an interface whose other end is to be on "
						"its network" },
		{ "[port eth1]\npair = eth8\n[pair eth0]\nprimary = eth1\n",
		  ":2: [port eth1]: it is the primary of eth0: name an interface whose other "
		  "end is to be on its network" },
		{ "[port eth0]\npair = eth8\n[pair eth0]\nprimary = auto\n",
		  ":2: [port eth0]: it is the standby of a pair: name an interface whose other "
		  "end is to be on its network" },
		{ "[agent]\nrx = exact\001\n",
		  ":2: has a control character: not a text file, name another file with --config" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct options options = { .settings = config_default_settings() }, before;
		char message[512];

		assert_null(arguments_add_pair(&options, "eth8=eth9"));
		before = options;
		assert_int_equal(read_text(cases[i].text, &options, message, sizeof(message)),
				 -EINVAL);
		assert_string_equal(message, cases[i].message);
		assert_memory_equal(&options, &before, sizeof(options));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_everything),
		cmocka_unit_test(path_checks), cmocka_unit_test(announcements),
		cmocka_unit_test(more_exceptions_than_there_may_be),
		cmocka_unit_test(root_qdiscs),
		cmocka_unit_test(xdp_programs),
		cmocka_unit_test(ports),
		cmocka_unit_test(more_ports_than_there_can_be),
		cmocka_unit_test(an_empty_file_changes_nothing),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
