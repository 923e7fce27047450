/* SPDX-License-Identifier: GPL-2.0-only */
/* Which tap may speak for which MAC. */
#include "host/host_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAC_OF(first, last)                                                                        \
	{                                                                                          \
		first, 0x54, 0x00, 0x12, 0x34, last                                                \
	}

static const uint8_t mac[ETH_ALEN] = MAC_OF(0x52, 0x56);

static const char text[] = "[host]\n"
			   "[tap vnet7]\n"
			   "mac = 52:54:00:12:34:56\n"
			   "[tap veth*]\n"
			   "mac = 52:54:00:12:34:57\n"
			   "[tap tap0]\n"
			   "netns = cni-*\n"
			   "mac = 52:54:00:12:34:58\n";

static const struct row {
	const char *name, *tap, *netns, *kind;
	uint8_t tap_mac[ETH_ALEN], mac[ETH_ALEN];
	bool is_allowed, is_ambiguous;
	enum host_permission permission;
} rows[] = {
	{ "libvirt", "vnet0", "", "tun", MAC_OF(0xfe, 0x56), MAC_OF(0x52, 0x56), false, false,
	  HOST_BY_LIBVIRT },
	{ "libvirt, of nova", "tapabc", "", "tun", MAC_OF(0xfe, 0x56), MAC_OF(0xfa, 0x56), false,
	  false, HOST_BY_LIBVIRT },
	{ "libvirt, fe taken", "vnet0", "", "tun", MAC_OF(0xfa, 0x56), MAC_OF(0xfe, 0x56), false,
	  false, HOST_BY_LIBVIRT },
	{ "fe for fe", "vnet0", "", "tun", MAC_OF(0xfe, 0x56), MAC_OF(0xfe, 0x56), false, false,
	  HOST_OTHER_MAC },
	{ "another's", "vnet0", "", "tun", MAC_OF(0xfe, 0x56), MAC_OF(0x52, 0x57), false, false,
	  HOST_OTHER_MAC },
	{ "two differ in the first byte", "vnet0", "", "tun", MAC_OF(0xfe, 0x56),
	  MAC_OF(0x52, 0x56), false, true, HOST_AMBIGUOUS },
	{ "the same, but allowed", "vnet0", "", "tun", MAC_OF(0xfe, 0x56), MAC_OF(0x52, 0x56), true,
	  true, HOST_BY_ALLOW },
	{ "a tap of another's", "tap0", "", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x56), false,
	  false, HOST_NO_RULE },
	{ "the same, allowed", "tap0", "", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x56), true,
	  false, HOST_BY_ALLOW },
	{ "a veth with libvirt's MAC", "v0", "", "veth", MAC_OF(0xfe, 0x56), MAC_OF(0x52, 0x56),
	  false, false, HOST_NO_RULE },
	{ "macvtap", "macvtap0", "", "macvtap", MAC_OF(0x52, 0x56), MAC_OF(0x52, 0x56), false,
	  false, HOST_BY_MACVTAP },
	{ "macvtap, another's", "macvtap0", "", "macvtap", MAC_OF(0x52, 0x56), MAC_OF(0x52, 0x57),
	  false, false, HOST_OTHER_MAC },
	{ "configured", "vnet7", "", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x56), false, false,
	  HOST_BY_CONFIG },
	{ "configured for another", "vnet7", "", "tun", MAC_OF(0xfe, 0x59), MAC_OF(0x52, 0x59),
	  false, false, HOST_OTHER_MAC },
	{ "by a pattern", "veth5", "", "veth", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x57), false, false,
	  HOST_BY_CONFIG },
	{ "in a namespace", "tap0", "cni-1234", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x58),
	  false, false, HOST_BY_CONFIG },
	{ "not in that namespace", "tap0", "other", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x58),
	  false, false, HOST_NO_RULE },
	{ "not in the own one", "tap0", "", "tun", MAC_OF(0x02, 0x99), MAC_OF(0x52, 0x58), false,
	  false, HOST_NO_RULE },
	{ "of the own one, in another", "vnet7", "cni-1", "tun", MAC_OF(0x02, 0x99),
	  MAC_OF(0x52, 0x56), false, false, HOST_NO_RULE },
};

static struct host_config *configuration(const char *of)
{
	struct host_config *config = host_config_new();
	char message[512] = "";

	assert_non_null(config);
	if (host_config_parse("f", of, strlen(of), config, message, sizeof(message)))
		fail_msg("%s", message);
	return config;
}

static void each_row(void **state)
{
	struct host_config *config = configuration(text);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct host_claim claim = { row->tap,	      row->netns, row->kind,
					    row->tap_mac,     row->mac,	  row->is_allowed,
					    row->is_ambiguous };
		enum host_permission permission = host_rules_permit(config, &claim);

		if (permission != row->permission)
			fail_msg("%s: '%s' instead of '%s'", row->name,
				 host_rules_words(permission), host_rules_words(row->permission));
	}
	host_config_free(config);
}

static void libvirt_rule_can_be_off(void **state)
{
	struct host_config *config = configuration("[host]\nlibvirt-rule = no\n");
	const uint8_t tap_mac[ETH_ALEN] = MAC_OF(0xfe, 0x56);
	struct host_claim claim = { "vnet0", "", "tun", tap_mac, mac, false, false };

	(void)state;
	assert_int_equal(host_rules_permit(config, &claim), HOST_NO_RULE);
	host_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(libvirt_rule_can_be_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
