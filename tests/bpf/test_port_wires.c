/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs of steer and port attached to real veths, by tc alone and with native XDP: who gets a frame that is sent by
 * a container, by the host or by the network, how often, and with which tag.
 */
#include "port_world.h"
#include "steer.skel.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ETHERTYPE 0x88b5 /* for local experiments (IEEE 802) */
#define VLAN_ID 5

enum end { HOST, FIRST, SECOND, PASSTHROUGH, PRIMARY, STANDBY, ENDS };

/* The host hears what its stack gets, all others what comes out of the wire. */
static const char *const end_devices[ENDS] = { "st0", "pa1", "pb1", "pt1", "pr1", "st1" };

static const struct {
	const char *device;
	unsigned port;
} guest_ports[] = { { "pa0", FIRST_PORT }, { "pb0", SECOND_PORT }, { "pt0", PASSTHROUGH_PORT } };

static struct {
	bool native, passthrough;
	int sockets[ENDS];
	struct steer_bpf *steer;
	struct port_bpf *pair, *ports[COUNT(guest_ports)];
	int pass_fd, links[2 * ENDS], link_count;
} stage;

static void attach_xdp(const char *device, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(program_fd, if_nametoindex(device), BPF_XDP, &options);

	assert_true(link >= 0);
	stage.links[stage.link_count++] = link;
}

static void attach_tc(const char *device, enum bpf_tc_attach_point point, unsigned priority, int program_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(device), .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = priority, .prog_fd = program_fd);
	int error;

	/* libbpf warns of a hook that is there already. */
	libbpf_set_print(NULL);
	error = bpf_tc_hook_create(&hook);
	libbpf_set_print(world_quiet);
	assert_true(!error || error == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
}

static void detach_tc(const char *device)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(device), .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	libbpf_set_print(NULL);
	bpf_tc_hook_destroy(&hook);
	libbpf_set_print(world_quiet);
}

static int program(struct bpf_program *program)
{
	return bpf_program__fd(program);
}

static struct steer_bpf *steer_load(enum vfsteer_liveness liveness)
{
	struct steer_bpf *steer = steer_bpf__open();

	assert_non_null(steer);
	steer->rodata->pair_slot = SLOT;
	steer->rodata->alive_by = liveness;
	bpf_map__reuse_fd(steer->maps.pairs, world_map(world.maps->maps.pairs));
	bpf_map__reuse_fd(steer->maps.counters, world_map(world.maps->maps.counters));
	bpf_map__reuse_fd(steer->maps.events, world_map(world.maps->maps.events));
	assert_int_equal(steer_bpf__load(steer), 0);
	return steer;
}

static int listen_at(enum end end)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(end_devices[end]) };
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	address.sll_protocol = htons(end == HOST ? ETHERTYPE : ETH_P_ALL);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	return fd;
}

static int stage_open(bool native, bool passthrough)
{
	/* r0 = XDP_PASS */
	const struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
					 { .code = BPF_JMP | BPF_EXIT } };
	struct world_load wanted = { .liveness = LIVENESS_KFUNC, .passthrough = passthrough, .from_veth = true };

	stage.native = native;
	stage.passthrough = passthrough;
	if (world_open())
		return -1;
	if (passthrough)
		world_add_port(PASSTHROUGH_PORT, SLOT, "pt0", NULL);
	stage.pair = world_load(&wanted);
	if (!stage.pair)
		return -1;
	stage.steer = steer_load(wanted.liveness);
	attach_tc("st0", BPF_TC_EGRESS, 1, program(stage.pair->progs.ports_egress));
	attach_tc("st0", BPF_TC_EGRESS, 2, program(stage.steer->progs.steer_egress));
	attach_tc("st0", BPF_TC_INGRESS, 1, program(stage.steer->progs.standby_ingress));
	attach_tc("st0", BPF_TC_INGRESS, 2, program(stage.pair->progs.ports_ingress));
	attach_tc("pr0", BPF_TC_INGRESS, 1, program(stage.steer->progs.primary_ingress));
	for (size_t i = 0; i < COUNT(guest_ports); i++) {
		wanted.port_number = guest_ports[i].port;
		stage.ports[i] = world_load(&wanted);
		assert_non_null(stage.ports[i]);
		attach_tc(guest_ports[i].device, BPF_TC_INGRESS, 1, program(stage.ports[i]->progs.port_ingress));
		if (native)
			attach_xdp(guest_ports[i].device, program(stage.ports[i]->progs.port_xdp));
		world_add_device(guest_ports[i].device);
	}
	world_add_device("st0");
	world_add_device("pr0");
	if (native) {
		stage.pass_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, COUNT(pass), NULL);
		assert_true(stage.pass_fd >= 0);
		attach_xdp("st0", program(stage.pair->progs.uplink_xdp));
		attach_xdp("pr0", program(stage.pair->progs.uplink_xdp));
		/* A veth takes XDP frames for a peer that has a program. */
		for (enum end end = FIRST; end < ENDS; end++)
			attach_xdp(end_devices[end], stage.pass_fd);
	}
	usleep(300000); /* programs take veths down and up: their link work */
	for (enum end end = HOST; end < ENDS; end++)
		stage.sockets[end] = listen_at(end);
	return 0;
}

static int stage_close(void **context)
{
	static const char *const hooked[] = { "st0", "pr0", "pa0", "pb0", "pt0", "pa1" };

	(void)context;
	for (int i = 0; i < stage.link_count; i++)
		close(stage.links[i]);
	for (size_t i = 0; i < COUNT(hooked); i++)
		detach_tc(hooked[i]);
	for (size_t i = 0; i < COUNT(guest_ports); i++)
		port_bpf__destroy(stage.ports[i]);
	port_bpf__destroy(stage.pair);
	steer_bpf__destroy(stage.steer);
	for (enum end end = HOST; end < ENDS; end++)
		if (stage.sockets[end])
			close(stage.sockets[end]);
	if (stage.pass_fd)
		close(stage.pass_fd);
	memset(&stage, 0, sizeof(stage));
	world_close();
	return 0;
}

static int open_tc(void **context)
{
	(void)context;
	return stage_open(false, false);
}

static int open_native(void **context)
{
	(void)context;
	return stage_open(true, false);
}

static int open_tc_passthrough(void **context)
{
	(void)context;
	return stage_open(false, true);
}

static int open_native_passthrough(void **context)
{
	(void)context;
	return stage_open(true, true);
}

#define FRAME_SIZE 64

struct heard {
	unsigned count[ENDS];
	unsigned tagged[ENDS];  /* of them, with VLAN_ID */
	unsigned partial[ENDS]; /* of them, with the checksum still to be computed */
};

/* What was heard of the frame whose last byte is @token, added to @heard. */
static void hear(uint8_t token, struct heard *heard)
{
	for (enum end end = HOST; end < ENDS; end++)
		for (;;) {
			uint8_t bytes[2048];
			union {
				struct cmsghdr header;
				char space[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
			} control;
			struct sockaddr_ll from;
			struct iovec part = { bytes, sizeof(bytes) };
			struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
						  .msg_iovlen = 1, .msg_control = &control,
						  .msg_controllen = sizeof(control) };
			struct tpacket_auxdata extra;
			ssize_t size = recvmsg(stage.sockets[end], &message, 0);

			if (size < 0)
				break;
			if (size < FRAME_SIZE - 4 || bytes[size - 1] != token || from.sll_pkttype == PACKET_OUTGOING)
				continue;
			memcpy(&extra, CMSG_DATA(&control.header), sizeof(extra));
			heard->count[end]++;
			heard->tagged[end] += extra.tp_status & TP_STATUS_VLAN_VALID && (extra.tp_vlan_tci & 0xfff) == VLAN_ID;
			heard->partial[end] += !!(extra.tp_status & TP_STATUS_CSUMNOTREADY);
		}
}

static void send_bytes(enum end from, const void *bytes, size_t size)
{
	assert_int_equal(send(stage.sockets[from], bytes, size, 0), (ssize_t)size);
}

/* Until what is on its way has arrived. */
static void settle(uint8_t token, struct heard *heard)
{
	for (int i = 0; i < 8; i++) {
		usleep(3000);
		hear(token, heard);
	}
}

struct expectation {
	const char *name;
	enum end from;
	uint8_t addresses[12]; /* destination and source */
	unsigned heard_by;     /* bits of enum end */
	bool by_xdp;           /* where there is XDP, nothing is left to tc */
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

			if (heard.count[end] == wanted && (!wanted || end == HOST || heard.tagged[end] == tagged))
				continue;
			print_error("%s%s: heard %u times (%u tagged) at %s, not %u\n", tagged ? "tagged, " : "", cases[i].name,
				    heard.count[end], heard.tagged[end], end_devices[end], wanted);
			failures++;
		}
		if (stage.native && cases[i].by_xdp) {
			unsigned native = 0;

			for (unsigned number = 0; number < VFSTEER_MAX_PORTS; number++)
				native += world_port_counters(number).tx_native_packets + world_port_counters(number).rx_native_packets;
			if (!native) {
				print_error("%s%s: not by XDP\n", tagged ? "tagged, " : "", cases[i].name);
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

/* The frame that finds the primary dead goes over the standby itself. */
static void test_dead_primary(void **context)
{
	static const struct expectation unicast[] = { { "port to wire", FIRST, { AFAR, FIRST_MAC }, TO(STANDBY), true } };
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
		{ "primary to all", PRIMARY, { ALL, AFAR }, TO(FIRST) | TO(SECOND) | TO(PASSTHROUGH) },
		{ "primary, link-local", STANDBY, { LLDP, AFAR }, TO(HOST) },
		{ "passthrough to wire", PASSTHROUGH, { AFAR, US }, TO(PRIMARY), true },
		{ "passthrough, any source", PASSTHROUGH, { AFAR, STRANGER }, TO(PRIMARY), true },
		{ "passthrough to port", PASSTHROUGH, { FIRST_MAC, US }, TO(FIRST), true },
		{ "passthrough to all", PASSTHROUGH, { ALL, US }, TO(FIRST) | TO(SECOND) | TO(PRIMARY) },
		{ "passthrough, link-local", PASSTHROUGH, { LLDP, US }, 0 },
		{ "port to pair", FIRST, { US, FIRST_MAC }, TO(PASSTHROUGH) },
		{ "port to all", FIRST, { ALL, FIRST_MAC }, TO(SECOND) | TO(PASSTHROUGH) | TO(PRIMARY) },
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
	} __attribute__((packed)) open = { .header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6 },
					   .frame = { AFAR, FIRST_MAC, ETHERTYPE >> 8, ETHERTYPE & 0xff } };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex("pa1") };
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct heard heard = { 0 };
	int push_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "push", "GPL", push, COUNT(push), NULL);

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

static bool address_is_known(uint16_t vlan_id, uint8_t family, const uint8_t *address, size_t size)
{
	struct vfsteer_port_address_key key = { .slot = SLOT, .vlan_id = vlan_id, .family = family };
	struct vfsteer_port_address known;

	memcpy(key.address, address, size);
	if (bpf_map_lookup_elem(world_map(world.port_maps->maps.port_addresses), &key, &known))
		return false;
	assert_int_equal(known.port, FIRST_PORT);
	assert_memory_equal(known.mac, ((uint8_t[]){ FIRST_MAC }), ETH_ALEN);
	assert_true(known.seen_boot_ns);
	return true;
}

static unsigned addresses_count(void)
{
	struct vfsteer_port_address_key key, *previous = NULL;
	unsigned count = 0;

	while (!bpf_map_get_next_key(world_map(world.port_maps->maps.port_addresses), previous, &key)) {
		previous = &key;
		count++;
	}
	return count;
}

static void send_arp(const uint8_t *sender_mac, const uint8_t *sender, bool tagged)
{
	static const uint8_t tag[] = { 0x81, 0, 0, VLAN_ID }, arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t frame[FRAME_SIZE] = { ALL, FIRST_MAC }, *at = frame + 12;

	if (tagged)
		at = mempcpy(at, tag, sizeof(tag));
	at = mempcpy(at, arp, sizeof(arp));
	at = mempcpy(at, sender_mac, ETH_ALEN);
	memcpy(at, sender, 4);
	send_bytes(FIRST, frame, sizeof(frame));
}

static void send_nd(uint8_t type, const uint8_t *source, const uint8_t *target, bool tagged)
{
	static const uint8_t tag[] = { 0x81, 0, 0, VLAN_ID }, ip[] = { 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255 };
	uint8_t frame[ETH_HLEN + 4 + 40 + 24] = { ALL, FIRST_MAC }, *at = frame + 12;

	if (tagged)
		at = mempcpy(at, tag, sizeof(tag));
	at = mempcpy(at, ip, sizeof(ip));
	at = mempcpy(at, source, 16);
	at += 16;
	at[0] = type;
	memcpy(at + 8, target, 16);
	send_bytes(FIRST, frame, sizeof(frame));
}

#define IPV6(last) { 0xfd, 1, [15] = last }

static void test_learning(void **context)
{
	static const uint8_t first_mac[] = { FIRST_MAC }, second_mac[] = { SECOND_MAC };
	static const uint8_t ours[] = { 192, 0, 2, 1 }, tagged[] = { 192, 0, 2, 2 }, claimed[] = { 192, 0, 2, 3 }, none[4],
			     group[] = { 224, 0, 0, 1 };
	static const uint8_t source[] = IPV6(1), target[] = IPV6(2), third[] = IPV6(3), in_vlan[] = IPV6(4), router[] = IPV6(5),
			     nobody[16];
	struct heard heard = { 0 };

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	world_events();
	send_arp(first_mac, ours, false);
	settle(0, &heard);
	assert_true(address_is_known(0, AF_INET, ours, 4));
	assert_int_equal(world_events(), 1);
	assert_int_equal(world.last_event.kind, EVENT_ADDRESSES);
	assert_int_equal(world.last_event.slot, SLOT);
	usleep(120000); /* longer than what lies between two events */
	send_arp(first_mac, ours, false);
	settle(0, &heard);
	assert_int_equal(world_events(), 0);

	send_arp(first_mac, tagged, true);
	send_arp(second_mac, claimed, false);
	send_arp(first_mac, none, false);
	send_arp(first_mac, group, false);
	send_nd(135, source, third, false); /* solicitation: the source */
	send_nd(136, nobody, target, false); /* advertisement: the target */
	send_nd(136, nobody, in_vlan, true);
	send_nd(135, nobody, third, false); /* duplicate address detection */
	send_nd(134, router, nobody, false);
	settle(0, &heard);
	assert_true(address_is_known(VLAN_ID, AF_INET, tagged, 4));
	assert_true(address_is_known(0, AF_INET6, source, 16));
	assert_true(address_is_known(0, AF_INET6, target, 16));
	assert_true(address_is_known(VLAN_ID, AF_INET6, in_vlan, 16));
	assert_int_equal(addresses_count(), 5);
}

#define FLOOD 300
#define SHARE 64 /* of one port */

/* A container that claims many addresses takes its own share only, and wakes the agent no oftener than ten times a second. */
static void test_flood(void **context)
{
	static const uint8_t mac[] = { FIRST_MAC };
	struct timespec begin, end;
	double seconds;

	(void)context;
	world_set_pair(PATH_PRIMARY, "pr0", true);
	world_events();
	clock_gettime(CLOCK_BOOTTIME, &begin);
	for (unsigned i = 0; i < FLOOD; i++) {
		send_arp(mac, (uint8_t[]){ 10, 0, i >> 8, i & 0xff }, false);
		usleep(1000);
	}
	settle(0, &(struct heard){ 0 });
	clock_gettime(CLOCK_BOOTTIME, &end);
	seconds = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
	assert_true(addresses_count() <= SHARE);
	assert_true(addresses_count() >= SHARE / 2);
	assert_true(address_is_known(0, AF_INET, (uint8_t[]){ 10, 0, (FLOOD - 1) >> 8, (FLOOD - 1) & 0xff }, 4));
	assert_true(world_events() <= seconds * 10 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_active_primary, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_active_standby, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_dead_primary, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_passthrough, open_tc_passthrough, stage_close),
		cmocka_unit_test_setup_teardown(test_learning, open_tc, stage_close),
		cmocka_unit_test_setup_teardown(test_flood, open_tc, stage_close),
	};
	const struct CMUnitTest native_tests[] = {
		cmocka_unit_test_setup_teardown(test_active_primary, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_active_standby, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_dead_primary, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_passthrough, open_native_passthrough, stage_close),
		cmocka_unit_test_setup_teardown(test_beside_data, open_native, stage_close),
		cmocka_unit_test_setup_teardown(test_learning, open_native, stage_close),
	};

	setbuf(stdout, NULL);
	libbpf_set_print(world_quiet);
	if (unshare(CLONE_NEWNET)) {
		printf("a network namespace could not be made (%s): root is needed\n", strerror(errno));
		return 77;
	}
	if (system(world_devices)) {
		printf("the veths could not be made\n");
		return 1;
	}
	return cmocka_run_group_tests_name("tc", tests, NULL, NULL) + cmocka_run_group_tests_name("native", native_tests, NULL, NULL) != 0;
}
