// SPDX-License-Identifier: GPL-2.0-only
/*
 * frame: Ethernet frames of any type, for what sockets of the Internet protocols cannot send.
 *
 *	frame send IFNAME TO ETHERTYPE COUNT [INTERVAL_MS]	numbered frames from IFNAME's own
 *								MAC
 *	frame receive IFNAME ETHERTYPE SECONDS			prints how many came, and how many
 *								of them twice
 *
 * A receiver says "receiving" when it is open. It sees what tc has let in, as a protocol of the
 * stack would.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NUMBERS_MAX 65536

struct frame {
	struct ether_header ethernet;
	uint32_t number;
	uint8_t rest[42];
} __attribute__((packed));

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int frame_socket(const char *name, uint16_t protocol, struct ifreq *ret_mac)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(protocol),
				  .sll_ifindex = (int)if_nametoindex(name) };

	snprintf(ret_mac->ifr_name, sizeof(ret_mac->ifr_name), "%s", name);
	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    ioctl(fd, SIOCGIFHWADDR, ret_mac))
		die(name);
	return fd;
}

static int frame_send(char **argv, int interval_ms)
{
	struct frame frame = { .ethernet.ether_type = htons((uint16_t)strtoul(argv[2], NULL, 16)) };
	struct ifreq mac;
	int fd = frame_socket(argv[0], 0, &mac);
	uint8_t *to = frame.ethernet.ether_dhost;

	if (sscanf(argv[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2, to + 3, to + 4,
		   to + 5) != 6)
		return 2;
	memcpy(frame.ethernet.ether_shost, mac.ifr_hwaddr.sa_data, ETH_ALEN);
	for (int i = 0; i < atoi(argv[3]); i++) {
		frame.number = htonl((uint32_t)i);
		if (send(fd, &frame, sizeof(frame), 0) < 0)
			die("send");
		usleep((useconds_t)interval_ms * 1000);
	}
	return 0;
}

static int frame_receive(char **argv)
{
	static uint8_t seen[NUMBERS_MAX];
	struct ifreq mac;
	int fd = frame_socket(argv[0], (uint16_t)strtoul(argv[1], NULL, 16), &mac), count = 0,
	    twice = 0;
	struct packet_mreq all = { .mr_ifindex = (int)if_nametoindex(argv[0]),
				   .mr_type = PACKET_MR_ALLMULTI };
	struct timeval soon = { .tv_usec = 100000 };
	time_t end = time(NULL) + atoi(argv[2]);
	struct frame frame;

	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	fprintf(stderr, "receiving\n");
	while (time(NULL) < end) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		uint32_t number;

		if (recvfrom(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&from, &size) <
			    (ssize_t)sizeof(frame) ||
		    from.sll_pkttype == PACKET_OUTGOING)
			continue;
		number = ntohl(frame.number) % NUMBERS_MAX;
		twice += seen[number];
		count += !seen[number];
		seen[number] = 1;
	}
	printf("%d %d\n", count, twice);
	return 0;
}

int main(int argc, char **argv)
{
	if ((argc == 6 || argc == 7) && !strcmp(argv[1], "send"))
		return frame_send(argv + 2, argc == 7 ? atoi(argv[6]) : 10);
	if (argc == 5 && !strcmp(argv[1], "receive"))
		return frame_receive(argv + 2);
	fprintf(stderr, "usage: frame send IFNAME TO ETHERTYPE COUNT [INTERVAL_MS] | frame receive "
			"IFNAME ETHERTYPE SECONDS\n");
	return 2;
}
