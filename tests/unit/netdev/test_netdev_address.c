/* SPDX-License-Identifier: GPL-2.0-only */
/* What an address message says. */
#include "../netdev_message.h"

#include <errno.h>
#include <linux/if_addr.h>

static struct nl_msg *address_new(uint8_t family, unsigned ifindex)
{
	struct ifaddrmsg header = { .ifa_family = family,
				    .ifa_prefixlen = 24,
				    .ifa_flags = 0x80,
				    .ifa_scope = RT_SCOPE_LINK,
				    .ifa_index = ifindex };

	return message_new(RTM_NEWADDR, &header, sizeof(header));
}

static int parse_address(struct nl_msg *message, struct netdev_address *ret)
{
	int result = netdev_parse_address(nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len, ret);

	nlmsg_free(message);
	return result;
}

static void test_ipv4_local_not_peer(void **state)
{
	struct nl_msg *message = address_new(AF_INET, 5);
	struct netdev_address address;

	(void)state;
	nla_put_u32(message, IFA_ADDRESS, htonl(0x0a000002));
	nla_put_u32(message, IFA_LOCAL, htonl(0x0a000001));
	assert_int_equal(parse_address(message, &address), 0);
	assert_int_equal(address.ifindex, 5);
	assert_int_equal(address.family, AF_INET);
	assert_int_equal(ntohl(address.v4.s_addr), 0x0a000001);
	assert_int_equal(ntohl(address.network.s_addr), 0x0a000002);
	assert_int_equal(address.scope, RT_SCOPE_LINK);
	assert_int_equal(address.prefix_length, 24);
	assert_int_equal(address.flags, 0x80);
}

static void test_ipv6_and_wide_flags(void **state)
{
	struct nl_msg *message = address_new(AF_INET6, 5);
	struct in6_addr v6 = { .s6_addr = { 0xfe, 0x80, [15] = 1 } };
	struct netdev_address address;

	(void)state;
	nla_put(message, IFA_ADDRESS, sizeof(v6), &v6);
	nla_put_u32(message, IFA_FLAGS, IFA_F_STABLE_PRIVACY | IFA_F_PERMANENT);
	nla_put_u8(message, 11, 3); /* IFA_PROTO, IFAPROT_KERNEL_LL: Linux 5.18 */
	assert_int_equal(parse_address(message, &address), 0);
	assert_memory_equal(&address.v6, &v6, sizeof(v6));
	assert_int_equal(address.flags, IFA_F_STABLE_PRIVACY | IFA_F_PERMANENT);
	assert_int_equal(address.protocol, 3);
}

static void test_hostile_addresses(void **state)
{
	struct netdev_address address;
	struct nl_msg *message;

	(void)state;
	assert_int_equal(parse_address(address_new(AF_INET, 5), &address), -EBADMSG);
	assert_int_equal(parse_address(address_new(AF_DECnet, 5), &address), -ENOMSG);

	message = address_new(AF_INET6, 5); /* four bytes where sixteen belong */
	nla_put_u32(message, IFA_ADDRESS, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	message = address_new(AF_INET, 0);
	nla_put_u32(message, IFA_LOCAL, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	message = address_new(AF_INET, 0x80000000);
	nla_put_u32(message, IFA_LOCAL, 1);
	assert_int_equal(parse_address(message, &address), -EBADMSG);

	assert_int_equal(netdev_parse_address("", 0, &address), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_local_not_peer),
		cmocka_unit_test(test_ipv6_and_wide_flags),
		cmocka_unit_test(test_hostile_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
