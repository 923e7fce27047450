/* SPDX-License-Identifier: GPL-2.0-only */
/* af_xdp: DEVICE: holds an AF_XDP socket that is bound to its first queue, until it is killed. */
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAMES 64
#define FRAME_SIZE 4096

int main(int argc, char **argv)
{
	struct sockaddr_xdp address = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY };
	void *memory = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xdp_umem_reg region = { .addr = (unsigned long)memory,
				       .len = FRAMES * FRAME_SIZE,
				       .chunk_size = FRAME_SIZE };
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING };
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = FRAMES;

	address.sxdp_ifindex = argc == 2 ? if_nametoindex(argv[1]) : 0;
	if (fd < 0 || memory == MAP_FAILED ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &region, sizeof(region)))
		goto fail;
	for (unsigned i = 0; i < sizeof(rings) / sizeof(*rings); i++)
		if (setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)))
			goto fail;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		goto fail;
	puts("bound");
	fflush(stdout);
	pause();
	return 0;
fail:
	perror("af_xdp");
	return 1;
}
