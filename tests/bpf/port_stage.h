/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_stage: the programs of steer and port attached to the real veths of port_world, by tc alone
 * or with native XDP, and a packet socket at each of their ends.
 */
#ifndef PORT_STAGE_H
#define PORT_STAGE_H

#include "port_world.h"
#include "steer.skel.h"
#include "steer_without_cas.skel.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETHERTYPE 0x88b5 /* for local experiments (IEEE 802) */
#define VLAN_ID 5

enum end { HOST, FIRST, SECOND, PASSTHROUGH, PRIMARY, STANDBY, ENDS };

/* The host's socket sees what its stack gets, all others what comes out of the wire. */
static const char *const end_devices[ENDS] = { "st0", "pa1", "pb1", "pt1", "pr1", "st1" };

static const struct {
	const char *device;
	unsigned port;
} guest_ports[] = { { "pa0", FIRST_PORT }, { "pb0", SECOND_PORT }, { "pt0", PASSTHROUGH_PORT } };

static struct {
	bool native, passthrough, sees_beside_data;
	int sockets[ENDS];
	struct steer_bpf *steer;
	struct port_bpf *pair, *ports[COUNT(guest_ports)];
	int pass_fd, links[2 * ENDS], link_count;
} stage;

static inline void attach_xdp(const char *device, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(program_fd, if_nametoindex(device), BPF_XDP, &options);

	assert_true(link >= 0);
	stage.links[stage.link_count++] = link;
}

static inline void attach_tc(const char *device, enum bpf_tc_attach_point point, unsigned priority,
			     int program_fd)
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

static inline void detach_tc(const char *device)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(device),
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	libbpf_set_print(NULL);
	bpf_tc_hook_destroy(&hook);
	libbpf_set_print(world_quiet);
}

static inline int program(struct bpf_program *program)
{
	return bpf_program__fd(program);
}

VARIANT_DEFINE_OPEN(steer)

static inline struct steer_bpf *steer_load(variant_elf_t elf, enum vfsteer_liveness liveness)
{
	struct steer_bpf *steer = steer_open(elf);

	assert_non_null(steer);
	steer->rodata->pair_slot = SLOT;
	steer->rodata->alive_by = liveness;
	bpf_map__reuse_fd(steer->maps.pairs, world_map(world.maps->maps.pairs));
	bpf_map__reuse_fd(steer->maps.counters, world_map(world.maps->maps.counters));
	bpf_map__reuse_fd(steer->maps.events, world_map(world.maps->maps.events));
	if (!steer_bpf__load(steer))
		return steer;
	steer_bpf__destroy(steer);
	return NULL;
}

/*
 * The best that the kernel takes: kfuncs from Linux 6.2 on, frames of several buffers from 5.18.
 * Puts the rest into @wanted.
 */
static inline struct steer_bpf *steer_load_best(struct world_load *wanted)
{
	struct steer_bpf *steer;

	libbpf_set_print(NULL);
	wanted->liveness = LIVENESS_KFUNC;
	steer = steer_load(steer_bpf__elf_bytes, wanted->liveness);
	libbpf_set_print(world_quiet);
	if (steer)
		return steer;
	wanted->elf = port_without_cas_bpf__elf_bytes;
	wanted->liveness = LIVENESS_PROBE;
	wanted->one_buffer = true;
	return steer_load(steer_without_cas_bpf__elf_bytes, wanted->liveness);
}

static inline int listen_at(enum end end)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = if_nametoindex(end_devices[end]) };
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	address.sll_protocol = htons(end == HOST ? ETHERTYPE : ETH_P_ALL);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	return fd;
}

static inline int stage_open(bool native, bool passthrough)
{
	/* r0 = XDP_PASS */
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT }
	};
	struct world_load wanted = { .passthrough = passthrough, .from_veth = true };

	stage.native = native;
	stage.passthrough = passthrough;
	if (world_open())
		return -1;
	if (passthrough)
		world_add_port(PASSTHROUGH_PORT, SLOT, "pt0", NULL);
	stage.steer = steer_load_best(&wanted);
	stage.pair = stage.steer ? world_load(&wanted) : NULL;
	if (!stage.pair)
		return -1;
	/*
	 * What lies beside the data of a veth's frame is seen from Linux 6.3 on; before that all of
	 * them go by tc.
	 */
	stage.sees_beside_data = wanted.liveness == LIVENESS_KFUNC;
	attach_tc("st0", BPF_TC_EGRESS, 1, program(stage.pair->progs.ports_egress));
	attach_tc("st0", BPF_TC_EGRESS, 2, program(stage.steer->progs.steer_egress));
	attach_tc("st0", BPF_TC_INGRESS, 1, program(stage.steer->progs.standby_ingress));
	attach_tc("st0", BPF_TC_INGRESS, 2, program(stage.pair->progs.ports_ingress));
	attach_tc("pr0", BPF_TC_INGRESS, 1, program(stage.steer->progs.primary_ingress));
	for (size_t i = 0; i < COUNT(guest_ports); i++) {
		wanted.port_number = guest_ports[i].port;
		stage.ports[i] = world_load(&wanted);
		assert_non_null(stage.ports[i]);
		attach_tc(guest_ports[i].device, BPF_TC_INGRESS, 1,
			  program(stage.ports[i]->progs.port_ingress));
		if (native)
			attach_xdp(guest_ports[i].device, program(stage.ports[i]->progs.port_xdp));
		world_add_device(guest_ports[i].device);
	}
	world_add_device("st0");
	world_add_device("pr0");
	if (native) {
		stage.pass_fd =
			bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, COUNT(pass), NULL);
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

static inline int stage_close(void **context)
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

static inline int open_tc(void **context)
{
	(void)context;
	return stage_open(false, false);
}

static inline int open_native(void **context)
{
	(void)context;
	return stage_open(true, false);
}

static inline int open_tc_passthrough(void **context)
{
	(void)context;
	return stage_open(false, true);
}

static inline int open_native_passthrough(void **context)
{
	(void)context;
	return stage_open(true, true);
}

#define FRAME_SIZE 64

struct heard {
	unsigned count[ENDS];
	unsigned tagged[ENDS];	/* of them, with VLAN_ID */
	unsigned partial[ENDS]; /* of them, with the checksum still to be computed */
};

/* What was received of the frame whose last byte is @token, added to @heard. */
static inline void hear(uint8_t token, struct heard *heard)
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
			struct msghdr message = { .msg_name = &from,
						  .msg_namelen = sizeof(from),
						  .msg_iov = &part,
						  .msg_iovlen = 1,
						  .msg_control = &control,
						  .msg_controllen = sizeof(control) };
			struct tpacket_auxdata extra;
			ssize_t size = recvmsg(stage.sockets[end], &message, 0);

			if (size < 0)
				break;
			if (size < FRAME_SIZE - 4 || bytes[size - 1] != token ||
			    from.sll_pkttype == PACKET_OUTGOING)
				continue;
			memcpy(&extra, CMSG_DATA(&control.header), sizeof(extra));
			heard->count[end]++;
			heard->tagged[end] += extra.tp_status & TP_STATUS_VLAN_VALID &&
					      (extra.tp_vlan_tci & 0xfff) == VLAN_ID;
			heard->partial[end] += !!(extra.tp_status & TP_STATUS_CSUMNOTREADY);
		}
}

static inline void send_bytes(enum end from, const void *bytes, size_t size)
{
	assert_int_equal(send(stage.sockets[from], bytes, size, 0), (ssize_t)size);
}

/* Until what is on its way has arrived. */
static inline void settle(uint8_t token, struct heard *heard)
{
	for (int i = 0; i < 8; i++) {
		usleep(3000);
		hear(token, heard);
	}
}

#endif
