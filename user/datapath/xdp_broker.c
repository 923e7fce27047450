/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/xdp_broker.h"
#include "datapath/xdp_broker_sandbox.h"
#include "netdev/netdev_parse.h"

#include <bpf/bpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BROKER_TIMEOUT_S 2 /* for the kernel, which may wait for RTNL */
#define BROKER_ANSWER_TIMEOUT_S 3
#define BROKER_ANSWER_SIZE (32 * 1024) /* of RTM_GETLINK, for one device without statistics */

struct broker_question {
	uint32_t number; /* also in the answer: a late answer is skipped */
	int32_t ifindex;
	uint32_t program;
};

struct broker_answer {
	uint32_t number;
	int32_t error; /* 0: a descriptor comes with it */
};

/* The agent's end; -1: none. */
static int broker_fd = -1;
static pid_t broker_process; /* 0: none started here */

static void broker_limit_waiting(int fd, int seconds)
{
	struct timeval timeout = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static ssize_t broker_receive(int fd, void *bytes, size_t size)
{
	struct iovec vector = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	ssize_t length;

	do
		length = recvmsg(fd, &message, 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : length;
}

static int broker_send(int fd, const void *bytes, size_t size)
{
	struct iovec vector = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Reads the id of the XDP program on the device. Returns 0 or -errno. */
static int broker_look(int netlink_fd, int ifindex, uint32_t *ret_program)
{
	static char answer[BROKER_ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	static uint32_t sequence;
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
		struct rtattr attribute;
		uint32_t mask;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = ++sequence },
		.link = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	struct netdev device;
	ssize_t length;
	int error = broker_send(netlink_fd, &request, sizeof(request));

	/* Skips late answers to earlier questions. */
	do
		length = error ? error : broker_receive(netlink_fd, answer, sizeof(answer));
	while (length >= (ssize_t)sizeof(*header) && header->nlmsg_seq != sequence);
	if (length < 0)
		return length == -EAGAIN ? -ETIMEDOUT : (int)length;
	if (header->nlmsg_type == NLMSG_ERROR && length >= (ssize_t)NLMSG_LENGTH(sizeof(int)))
		return *(const int *)NLMSG_DATA(header) ?: -EBADMSG;
	error = netdev_parse_link(answer, (size_t)length, &device);
	if (error)
		return error;
	*ret_program = device.ifindex == ifindex ? device.xdp_program : 0;
	return 0;
}

/* Returns a descriptor or -errno. */
static int broker_find(int netlink_fd, const struct broker_question *question)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	uint32_t program = 0;
	int fd, error = broker_look(netlink_fd, question->ifindex, &program);

	if (error)
		return error;
	if (!program || program != question->program)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(program);
	if (fd < 0)
		return fd;
	error = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!error && info.type == BPF_PROG_TYPE_XDP)
		return fd;
	close(fd);
	return error ?: -ENOENT;
}

static int broker_answer(int fd, uint32_t number, int program_fd)
{
	struct broker_answer answer = { .number = number,
					.error = program_fd < 0 ? program_fd : 0 };
	struct iovec vector = { .iov_base = &answer, .iov_len = sizeof(answer) };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (program_fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &program_fd, sizeof(program_fd));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Keeps only CAP_SYS_ADMIN, permanently. */
static int broker_drop_privileges(void)
{
	capng_select_t sets;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || capng_get_caps_process())
		return -EPERM;
	sets = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)
		       ? CAPNG_SELECT_ALL
		       : CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	capng_clear(CAPNG_SELECT_ALL);
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_SYS_ADMIN);
	return capng_apply(sets) ? -EPERM : 0;
}

/* Only root is answered: the unit's socket is a file that others can see. */
static bool broker_is_roots(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == 0;
}

int xdp_broker_serve(int fd)
{
	int netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct broker_question question;

	if (netlink_fd < 0 || !broker_is_roots(fd))
		return EXIT_FAILURE;
	broker_limit_waiting(netlink_fd, BROKER_TIMEOUT_S);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (broker_drop_privileges() || xdp_broker_sandbox())
		return EXIT_FAILURE;
	while (broker_receive(fd, &question, sizeof(question)) == sizeof(question)) {
		int program_fd = broker_find(netlink_fd, &question);
		int error = broker_answer(fd, question.number, program_fd);

		if (program_fd >= 0)
			close(program_fd);
		if (error)
			break;
	}
	return EXIT_SUCCESS;
}

/*
 * Closes the agent's descriptors and changes the name. The closed socket ends the broker; signals
 * to the agent do not.
 */
static void broker_detach(int *fd)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "vfsteer-xdp", 0, 0, 0);
	for (int standard = 0; null_fd >= 0 && standard <= STDERR_FILENO; standard++)
		dup2(null_fd, standard);
	*fd = dup2(*fd, STDERR_FILENO + 1);
#ifdef SYS_close_range /* Linux 5.9; otherwise the agent's stdin and others stay open */
	syscall(SYS_close_range, (unsigned)STDERR_FILENO + 2, ~0U, 0);
#endif
}

void xdp_broker_start(void)
{
	int fds[2];
	pid_t child;

	if (capng_get_caps_process() || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return;
	child = fork();
	if (!child) {
		broker_detach(&fds[1]);
		_exit(xdp_broker_serve(fds[1]));
	}
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return;
	}
	broker_limit_waiting(fds[0], BROKER_ANSWER_TIMEOUT_S);
	broker_fd = fds[0];
	broker_process = child;
}

void xdp_broker_stop(void)
{
	if (broker_fd >= 0)
		close(broker_fd);
	broker_fd = -1;
	/* The broker ends when it reads the end of file. */
	if (broker_process > 0)
		waitpid(broker_process, NULL, 0);
	broker_process = 0;
}

/* Connects to the unit's socket. Returns a descriptor or -ENOTCONN. */
static int broker_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = XDP_BROKER_ADDRESS };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -ENOTCONN;
	broker_limit_waiting(fd, BROKER_ANSWER_TIMEOUT_S);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -ENOTCONN;
}

/*
 * Reads one answer. Returns 0 with *ret_program_fd, -1 if it has none; -ETIMEDOUT; or -ENOTCONN:
 * the broker is gone.
 */
static int broker_hear(int fd, struct broker_answer *answer, int *ret_program_fd)
{
	struct iovec vector = { .iov_base = answer, .iov_len = sizeof(*answer) };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *header;
	ssize_t length;

	do
		length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length != sizeof(*answer))
		return length < 0 && errno == EAGAIN ? -ETIMEDOUT : -ENOTCONN;
	header = CMSG_FIRSTHDR(&message);
	*ret_program_fd = -1;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_program_fd, CMSG_DATA(header), sizeof(*ret_program_fd));
	return 0;
}

/* Returns a descriptor or -errno. */
static int broker_exchange(int fd, const struct broker_question *question)
{
	struct broker_answer answer = { 0 };
	int program_fd = -1, error = broker_send(fd, question, sizeof(*question)) ? -ENOTCONN : 0;

	while (!error && answer.number != question->number) {
		if (program_fd >= 0)
			close(program_fd);
		error = broker_hear(fd, &answer, &program_fd);
	}
	if (error)
		return error;
	return program_fd >= 0 ? program_fd : answer.error ?: -EBADMSG;
}

int xdp_broker_ask(int ifindex, uint32_t program)
{
	static uint32_t number;
	const struct broker_question question = { .number = ++number,
						  .ifindex = ifindex,
						  .program = program };
	int result;

	if (broker_fd < 0)
		broker_fd = broker_connect();
	if (broker_fd < 0)
		return -ENOTCONN;
	result = broker_exchange(broker_fd, &question);
	if (result == -ENOTCONN) {
		close(broker_fd);
		broker_fd = -1;
	}
	return result;
}
