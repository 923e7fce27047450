/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links that no kernel sends: attributes of a wrong size, messages cut short, each byte replaced.
 */
#include "../netdev_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_hostile_links(void **state)
{
	static const char long_name[] = "a-name-that-fits-nowhere";
	static const char unterminated[] = { 'e', 't', 'h', '0' };
	struct netdev device, untouched;
	struct nl_msg *message;

	(void)state;
	memset(&device, 0xa5, sizeof(device));
	memcpy(&untouched, &device, sizeof(device));

	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, long_name);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, 3);
	nla_put(message, IFLA_IFNAME, sizeof(unterminated), unterminated);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, -1);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	nla_put_u8(message, IFLA_MTU, 1);
	assert_int_equal(parse_link(message, &device), -EBADMSG);

	/* A kind longer than any is cut, not refused. */
	message = link_new(AF_UNSPEC, 3);
	nla_put_string(message, IFLA_IFNAME, "eth0");
	put_info(message, long_name, 1, 0);
	assert_memory_equal(&device, &untouched, sizeof(device));
	assert_int_equal(parse_link(message, &device), 0);
	assert_string_equal(device.kind, "a-name-that-fit");
}

/* A copy of exactly @length bytes, so that the sanitizers and valgrind see a read beyond. */
static void *copy_exactly(const void *bytes, size_t length)
{
	void *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	return copy;
}

static void test_truncated_link(void **state)
{
	struct nl_msg *message = full_link();
	size_t whole = nlmsg_hdr(message)->nlmsg_len;
	struct netdev device;

	(void)state;
	for (size_t length = 0; length < whole; length++) {
		struct nlmsghdr *copy = copy_exactly(nlmsg_hdr(message), length);

		/* The header promises more than there is. */
		assert_int_equal(netdev_parse_link(copy, length, &device), -EBADMSG);
		/*
		 * The header is content with what there is: what is whole counts, and nothing
		 * behind it is read.
		 */
		if (length >= sizeof(*copy)) {
			copy->nlmsg_len = (uint32_t)length;
			netdev_parse_link(copy, length, &device);
		}
		free(copy);
	}
	nlmsg_free(message);
}

static void test_flipped_bytes(void **state)
{
	struct nl_msg *message = full_link();
	size_t length = nlmsg_hdr(message)->nlmsg_len;
	struct netdev_address address;
	struct netdev device;

	(void)state;
	for (size_t place = 0; place < length; place++) {
		for (int value = 0; value < 256; value++) {
			uint8_t *copy = copy_exactly(nlmsg_hdr(message), length);

			copy[place] = (uint8_t)value;
			if (netdev_parse_link(copy, length, &device) == 0) {
				assert_true(strlen(device.name) < sizeof(device.name));
				assert_true(strlen(device.kind) < sizeof(device.kind));
				assert_true(device.ifindex > 0);
			}
			netdev_parse_address(copy, length, &address);
			free(copy);
		}
	}
	nlmsg_free(message);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_links),
		cmocka_unit_test(test_truncated_link),
		cmocka_unit_test(test_flipped_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
