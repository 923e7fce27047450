/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_run: the XDP programs of ports, run frame by frame (BPF_PROG_TEST_RUN). A run does not show
 * where a frame was redirected to. But a device that is not in port_devices cannot be: each case is
 * run with its target as the only one there, and with all others.
 */
#ifndef PORT_RUN_H
#define PORT_RUN_H

#include "port_world.h"

#include <linux/bpf.h>
#include <unistd.h>

static const char *const uplinks_and_ports[] = { "st0", "pr0", "pa0", "pb0", "pt0" };

static struct {
	struct world_load load;
	struct port_bpf *programs;
} under_test;

#define FRAME_MAX 9000
#define BUFFER_MAX 3000 /* of one page, with what the kernel wants around it */

struct frame {
	const char *name;
	uint8_t bytes[64];
	unsigned size;
};

/* Returns the verdict, or -errno. */
static inline int run_from(struct bpf_program *program, const char *on, const uint8_t *bytes,
		    unsigned size, unsigned metadata)
{
	struct xdp_md context = { .data = metadata,
				  .data_end = size,
				  .ingress_ifindex = if_nametoindex(on) };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = size,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int error = bpf_prog_test_run_opts(bpf_program__fd(program), &options);

	return error ?: (int)options.retval;
}

static inline int run(struct bpf_program *program, const char *on, const struct frame *frame)
{
	static uint8_t bytes[FRAME_MAX];
	int verdict;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, frame->bytes, sizeof(frame->bytes));
	verdict = run_from(program, on, bytes, frame->size, 0);
	if (verdict < 0)
		print_error("%s could not be run: %s\n", frame->name, strerror(-verdict));
	assert_true(verdict >= 0);
	return verdict;
}

static inline void only_device(const char *name)
{
	for (size_t i = 0; i < COUNT(uplinks_and_ports); i++)
		if (!strcmp(uplinks_and_ports[i], name))
			world_add_device(uplinks_and_ports[i]);
		else
			world_remove_device(uplinks_and_ports[i]);
}

static inline void all_devices_but(const char *name)
{
	for (size_t i = 0; i < COUNT(uplinks_and_ports); i++)
		if (name && !strcmp(uplinks_and_ports[i], name))
			world_remove_device(uplinks_and_ports[i]);
		else
			world_add_device(uplinks_and_ports[i]);
}

/* @target: NULL: nowhere, whatever there is. */
static inline void expect(struct bpf_program *program, const char *on, const struct frame *frame,
		   const char *target, int otherwise)
{
	int verdict;

	if (under_test.load.one_buffer && frame->size > BUFFER_MAX)
		return;
	if (target) {
		only_device(target);
		verdict = run(program, on, frame);
		if (verdict != XDP_REDIRECT)
			print_error("%s: verdict %d, not redirected to %s\n", frame->name, verdict,
				    target);
		assert_int_equal(verdict, XDP_REDIRECT);
	}
	all_devices_but(target);
	verdict = run(program, on, frame);
	if (verdict != otherwise)
		print_error("%s: verdict %d, not %d, without %s\n", frame->name, verdict, otherwise,
			    target ?: "a target");
	assert_int_equal(verdict, otherwise);
	all_devices_but(NULL);
}

#define IPV4 8, 0, 0x45
#define IPV6_TCP 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64
#define TAG 0x81, 0, 0, 5
/* An IPv6 header with ICMPv6 next; its addresses; the type. */
#define IPV6_ICMP(type)                                                                            \
	0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 58, 255, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
		0, 1, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, type

static const struct frame ordinary = { "unicast", { STRANGER, FIRST_MAC, IPV4 }, 64 };

static inline int teardown(void **context)
{
	(void)context;
	port_bpf__destroy(under_test.programs);
	under_test.programs = NULL;
	world_close();
	return 0;
}

static inline int setup(void **context)
{
	(void)context;
	if (world_open())
		return -1;
	all_devices_but(NULL);
	under_test.programs = world_load(&under_test.load);
	return under_test.programs ? 0 : -1;
}

/* A variant that this kernel does not have is no failure, as long as another does. */
static inline bool can_load(void)
{
	bool loaded;

	libbpf_set_print(NULL);
	loaded = !setup(NULL);
	teardown(NULL);
	libbpf_set_print(world_quiet);
	return loaded;
}

/* @tests with each way to know whether a device can send. Returns main's exit status. */
static inline int run_ports(const struct CMUnitTest *tests, size_t count)
{
	static const struct {
		const char *name;
		struct world_load load;
	} methods[] = {
		{ "word", { port_bpf__elf_bytes, LIVENESS_WORD, FIRST_PORT } },
		{ "kfunc", { port_bpf__elf_bytes, LIVENESS_KFUNC, FIRST_PORT } },
		{ "probe, without kfuncs",
		  { port_without_kfuncs_bpf__elf_bytes, LIVENESS_PROBE, FIRST_PORT } },
		{ "probe, without compare-and-swap",
		  { port_without_cas_bpf__elf_bytes, LIVENESS_PROBE, FIRST_PORT } },
		{ "netlink, without BTF",
		  { port_without_btf_bpf__elf_bytes, LIVENESS_NETLINK, FIRST_PORT,
		    .one_buffer = true } },
	};
	int failures = 0, error = world_enter();

	if (error)
		return error;
	usleep(200000); /* the link work of the veths */
	for (size_t i = 0; i < COUNT(methods); i++) {
		under_test.load = methods[i].load;
		/* Linux before 5.18 knows frames of one buffer alone. */
		if (!can_load())
			under_test.load.one_buffer = true;
		if (!can_load())
			printf("ok 0 - %s # SKIP this kernel does not load it\n", methods[i].name);
		else
			failures += _cmocka_run_group_tests(methods[i].name, tests, count, NULL,
							    NULL);
	}
	return failures != 0;
}

#endif
