/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of steer and port attached to real veths, by tc alone and with native XDP: who gets
 * a frame that is sent by a container, by the host or by the network, how often, and with which
 * tag.
 */
#include "port_stage.h"

struct expectation {
	const char *name;
	enum end from;
	uint8_t addresses[12]; /* destination and source */
	unsigned heard_by;     /* bits of enum end */
	bool by_xdp;	       /* where there is XDP, nothing is left to tc */
};

#define TO(end) (1u << (end))

static void expect_tagged(const struct expectation *cases, size_t count, bool tagged)
{
	static uint8_t token;
	unsigned failures = 0;

	for (size_t i = 0; i < count; i++) {
		struct heard heard = { 0 };
		uint8_t frame[FRAME_SIZE] = { 0 }, *type = frame + 12;

		token = token % 200 + 1;
		memcpy(frame, cases[i].addresses, 12);
		if (tagged) {
			memcpy(type, (uint8_t[]){ 0x81, 0, 0, VLAN_ID }, 4);
			type += 4;
		}
		memcpy(type, (uint8_t[]){ ETHERTYPE >> 8, ETHERTYPE & 0xff }, 2);
		frame[FRAME_SIZE - 1] = token;
		hear(0, &(struct heard){ 0 });
		world_clear_counters();
		send_bytes(cases[i].from, frame, sizeof(frame));
		settle(token, &heard);
		for (enum end end = HOST; end < ENDS; end++) {
			unsigned wanted = !!(cases[i].heard_by & TO(end));

			if (heard.count[end] == wanted &&
			    (!wanted || end == HOST || heard.tagged[end] == tagged))
				continue;
			print_error("%s%s: received %u times (%u tagged) at %s, not %u\n",
				    tagged ? "tagged, " : "", cases[i].name, heard.count[end],
				    heard.tagged[end], end_devices[end], wanted);
			failures++;
		}
		if (stage.native && stage.sees_beside_data && cases[i].by_xdp) {
			unsigned native = 0;

			for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
				native += world_port_counters(number).tx_native_packets +
					  world_port_counters(number).rx_native_packets;
			if (!native) {
				print_error("%s%s: not by XDP\n", tagged ? "tagged, " : "",
					    cases[i].name);
				failures++;
			}
		}
	}
	assert_int_equal(failures, 0);
}

static void expect(const struct expectation *cases, size_t count)
{
	expect_tagged(cases, count, false);
	expect_tagged(cases, count, true);
}

#define LLDP 1, 0x80, 0xc2, 0, 0, 0xe
#define AFAR 2, 0, 0, 0, 0, 0xaa

static void test_active_primary(void **context)
{
	static const struct expectation cases[] = {
		{ "port to wire", FIRST, { AFAR, FIRST_MAC }, TO(PRIMARY), true },
		{ "port to host", FIRST, { US, FIRST_MAC }, TO(HOST) },
		{ "port to port", FIRST, { SECOND_MAC, FIRST_MAC }, TO(SECOND), true },
		{ "port to itself", FIRST, { FIRST_MAC, FIRST_MAC }, 0 },
		{ "port to another pair's", FIRST, { FOREIGN_MAC, FIRST_MAC }, TO(PRIMARY), true },
		{ "port to all", FIRST, { ALL, FIRST_MAC }, TO(SECOND) | TO(HOST) | TO(PRIMARY) },
		{ "port, link-local", FIRST, { LLDP, FIRST_MAC }, 0 },
		{ "port, foreign source", FIRST, { AFAR, STRANGER }, 0 },
		{ "port, foreign source to all", FIRST, { ALL, STRANGER }, 0 },
		{ "port, the pair's source", FIRST, { AFAR, US }, 0 },
		{ "port, another port's source", FIRST, { ALL, SECOND_MAC }, 0 },
		{ "host to port", HOST, { FIRST_MAC, US }, TO(FIRST) },
		{ "host to wire", HOST, { AFAR, US }, TO(PRIMARY) },
		{ "host to all", HOST, { ALL, US }, TO(FIRST) | TO(SECOND) | TO(PRIMARY) },
		{ "host, link-local", HOST, { LLDP, US }, TO(STANDBY) },
		{ "primary to port", PRIMARY, { FIRST_MAC, AFAR }, TO(FIRST), true },
		{ "standby to port", STANDBY, { SECOND_MAC, AFAR }, TO(SECOND), true },
		{ "primary to host", PRIMARY, { US, AFAR }, TO(HOST) },
		{ "standby to host", STANDBY, { US, AFAR }, TO(HOST) },
		{ "primary to another pair's", PRIMARY, { FOREIGN_MAC, AFAR }, TO(HOST) },
		{ "primary to all", PRIMARY, { ALL, AFAR }, TO(FIRST) | TO(SECOND) | TO(HOST) },
		{ "standby to all", STANDBY, { ALL, AFAR }, 0 },
		{ "a port's echo", PRIMARY, { ALL, FIRST_MAC }, 0 },
		{ "the pair's echo", PRIMARY, { ALL, US }, 0 },
	};

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	expect(cases, COUNT(cases));
}

static void test_active_standby(void **context)
{
	static const struct expectation cases[] = {
		{ "port to wire", FIRST, { AFAR, FIRST_MAC }, TO(STANDBY), true },
		{ "port to host", FIRST, { US, FIRST_MAC }, TO(HOST) },
		{ "port to port", SECOND, { FIRST_MAC, SECOND_MAC }, TO(FIRST), true },
		{ "port to all", SECOND, { ALL, SECOND_MAC }, TO(FIRST) | TO(HOST) | TO(STANDBY) },
		{ "host to all", HOST, { ALL, US }, TO(FIRST) | TO(SECOND) | TO(STANDBY) },
		{ "primary to port", PRIMARY, { FIRST_MAC, AFAR }, TO(FIRST), true },
		{ "standby to port", STANDBY, { FIRST_MAC, AFAR }, TO(FIRST), true },
		{ "standby to all", STANDBY, { ALL, AFAR }, TO(FIRST) | TO(SECOND) | TO(HOST) },
		{ "primary to all", PRIMARY, { ALL, AFAR }, 0 },
		{ "standby, link-local", STANDBY, { LLDP, AFAR }, TO(HOST) },
		{ "a port's echo", STANDBY, { ALL, SECOND_MAC }, 0 },
	};

	(void)context;
	world_set_pair(PATH_STANDBY, "pr0", true);
	expect(cases, COUNT(cases));
}

/* The frame that finds the primary unable to send goes over the standby itself. */
static void test_primary_that_cannot_send(void **context)
{
	static const struct expectation unicast[] = {
		{ "port to wire", FIRST, { AFAR, FIRST_MAC }, TO(STANDBY), true }
	};
	static const struct expectation group[] = {
		{ "port to all", FIRST, { ALL, FIRST_MAC }, TO(SECOND) | TO(HOST) | TO(STANDBY) }
	};

	(void)context;
	world_set_pair(PATH_PRIMARY, "down0", true);
	expect_tagged(unicast, 1, false);
	assert_int_equal(world_pair().state.active, PATH_STANDBY);
	assert_int_equal(world_pair().state.cause, CAUSE_CANNOT_SEND);
	assert_int_equal(world_events(), 1);
	world_set_pair(PATH_PRIMARY, "missing", true);
	expect_tagged(group, 1, true);
	assert_int_equal(world_events(), 1);
}

static void test_passthrough(void **context)
{
	static const struct expectation cases[] = {
		{ "primary to pair", PRIMARY, { US, AFAR }, TO(PASSTHROUGH), true },
		{ "standby to pair", STANDBY, { US, AFAR }, TO(PASSTHROUGH), true },
		{ "primary to a stranger", PRIMARY, { STRANGER, AFAR }, TO(PASSTHROUGH), true },
		{ "primary to port", PRIMARY, { FIRST_MAC, AFAR }, TO(FIRST), true },
		{ "primary to all",
		  PRIMARY,
		  { ALL, AFAR },
		  TO(FIRST) | TO(SECOND) | TO(PASSTHROUGH) },
		{ "primary, link-local", STANDBY, { LLDP, AFAR }, TO(HOST) },
		{ "passthrough to wire", PASSTHROUGH, { AFAR, US }, TO(PRIMARY), true },
		{ "passthrough, any source", PASSTHROUGH, { AFAR, STRANGER }, TO(PRIMARY), true },
		{ "passthrough to port", PASSTHROUGH, { FIRST_MAC, US }, TO(FIRST), true },
		{ "passthrough to all",
		  PASSTHROUGH,
		  { ALL, US },
		  TO(FIRST) | TO(SECOND) | TO(PRIMARY) },
		{ "passthrough, link-local", PASSTHROUGH, { LLDP, US }, 0 },
		{ "port to pair", FIRST, { US, FIRST_MAC }, TO(PASSTHROUGH) },
		{ "port to all",
		  FIRST,
		  { ALL, FIRST_MAC },
		  TO(SECOND) | TO(PASSTHROUGH) | TO(PRIMARY) },
		{ "host to all", HOST, { ALL, US }, TO(FIRST) | TO(SECOND) | TO(PRIMARY) },
		{ "passthrough to itself", PASSTHROUGH, { US, AFAR }, 0 },
	};

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	expect(cases, COUNT(cases));
}

/* What an sk_buff keeps beside its data does not get lost where a veth makes an XDP frame of it. */
static void test_beside_data(void **context)
{
	/* r2 = ETH_P_8021Q in network order, r3 = VLAN_ID, bpf_skb_vlan_push, r0 = TC_ACT_UNSPEC */
	const struct bpf_insn push[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = htons(ETH_P_8021Q) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = VLAN_ID },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct {
		struct virtio_net_hdr header;
		uint8_t frame[FRAME_SIZE];
	} __attribute__((packed))
	open = { .header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			     .csum_start = 34,
			     .csum_offset = 6 },
		 .frame = { AFAR, FIRST_MAC, ETHERTYPE >> 8, ETHERTYPE & 0xff } };
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = if_nametoindex("pa1") };
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct heard heard = { 0 };
	int push_fd =
		bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "push", "GPL", push, COUNT(push), NULL);

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	open.frame[FRAME_SIZE - 1] = 201;
	assert_int_equal(send(fd, &open, sizeof(open), 0), sizeof(open));
	settle(201, &heard);
	assert_int_equal(heard.count[PRIMARY], 1);
	assert_int_equal(heard.partial[PRIMARY], 1);

	assert_true(push_fd >= 0);
	attach_tc("pa1", BPF_TC_EGRESS, 1, push_fd);
	open.frame[FRAME_SIZE - 1] = 202;
	open.header = (struct virtio_net_hdr){ 0 };
	memset(&heard, 0, sizeof(heard));
	assert_int_equal(send(fd, &open, sizeof(open), 0), sizeof(open));
	settle(202, &heard);
	assert_int_equal(heard.count[PRIMARY], 1);
	assert_int_equal(heard.tagged[PRIMARY], 1);
	close(push_fd);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_active_primary, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_active_standby, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_primary_that_cannot_send, open_tc,
						stage_close),
		cmocka_unit_test_setup_teardown(test_passthrough, open_tc_passthrough, stage_close),
	};
	const struct CMUnitTest native_tests[] = {
		cmocka_unit_test_setup_teardown(test_active_primary, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_active_standby, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_primary_that_cannot_send, open_native,
						stage_close),
		cmocka_unit_test_setup_teardown(test_passthrough, open_native_passthrough,
						stage_close),
		cmocka_unit_test_setup_teardown(test_beside_data, open_native, stage_close),
	};

	int error = world_enter();

	if (error)
		return error;
	return cmocka_run_group_tests_name("tc", tests, NULL, NULL) +
		       cmocka_run_group_tests_name("native", native_tests, NULL, NULL) !=
	       0;
}
