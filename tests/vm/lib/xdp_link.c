/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_link IFACE PIN: attaches a pinned XDP program by a link, says so, and holds the link until it
 * is killed. netlink does not report it.
 */
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	union bpf_attr attributes;
	int program, link;

	if (argc != 3)
		return 2;
	memset(&attributes, 0, sizeof(attributes));
	attributes.pathname = (unsigned long)argv[2];
	program = (int)syscall(__NR_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes));
	memset(&attributes, 0, sizeof(attributes));
	attributes.link_create.prog_fd = (unsigned)program;
	attributes.link_create.target_ifindex = if_nametoindex(argv[1]);
	attributes.link_create.attach_type = BPF_XDP;
	link = program < 0
		       ? -1
		       : (int)syscall(__NR_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));
	if (link < 0) {
		perror("xdp_link");
		return 1;
	}
	puts("linked");
	fflush(stdout);
	pause();
	return 0;
}
