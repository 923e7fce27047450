/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/xdp_features.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Of <linux/netdev.h>, which Debian 12 lacks. */
#define FEATURES_FAMILY "netdev"
#define FEATURES_GROUP "mgmt"
#define FEATURES_VERSION 1
#define FEATURES_COMMAND_GET 1
#define FEATURES_ATTRIBUTE_IFINDEX 1
#define FEATURES_ATTRIBUTE_XDP 3
#define FEATURES_ATTRIBUTE_MAX 3

#define FEATURES_READ_SIZE 4096
/* Notifications per call: the rest wakes the caller again. */
#define FEATURES_AT_ONCE 1024

struct xdp_features {
	struct nl_sock *requests, *notifications;
	int family;
};

static struct nl_sock *features_connect(void)
{
	struct nl_sock *socket = nl_socket_alloc();

	if (socket && genl_connect(socket) < 0) {
		nl_socket_free(socket);
		return NULL;
	}
	return socket;
}

int xdp_features_new(struct xdp_features **ret)
{
	struct xdp_features *features = calloc(1, sizeof(*features));
	int group, error = -EIO;

	if (!features)
		return -ENOMEM;
	features->requests = features_connect();
	features->notifications = features_connect();
	if (!features->requests || !features->notifications)
		goto fail;
	error = -EOPNOTSUPP;
	features->family = genl_ctrl_resolve(features->requests, FEATURES_FAMILY);
	group = features->family < 0 ? -1
				     : genl_ctrl_resolve_grp(features->requests, FEATURES_FAMILY,
							     FEATURES_GROUP);
	if (group < 0)
		goto fail;
	error = -EIO;
	if (nl_socket_add_membership(features->notifications, group) < 0 ||
	    nl_socket_set_nonblocking(features->notifications) < 0)
		goto fail;
	*ret = features;
	return 0;
fail:
	xdp_features_free(features);
	return error;
}

void xdp_features_free(struct xdp_features *features)
{
	if (!features)
		return;
	nl_socket_free(features->requests);
	nl_socket_free(features->notifications);
	free(features);
}

int xdp_features_fd(const struct xdp_features *features)
{
	return nl_socket_get_fd(features->notifications);
}

int xdp_features_dispatch(struct xdp_features *features)
{
	char bytes[FEATURES_READ_SIZE];

	for (int i = 0; i < FEATURES_AT_ONCE; i++) {
		/* An overrun (ENOBUFS) is reported once and means the same: look again. */
		if (recv(xdp_features_fd(features), bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 ||
		    errno == ENOBUFS || errno == EINTR)
			continue;
		return errno == EAGAIN ? 0 : -errno;
	}
	return 0;
}

static int features_take(const struct nlmsghdr *answer, void *context)
{
	struct nlattr *values[FEATURES_ATTRIBUTE_MAX + 1];
	uint64_t *features = context;

	if (nlmsg_parse((struct nlmsghdr *)answer, GENL_HDRLEN, values, FEATURES_ATTRIBUTE_MAX,
			NULL) < 0)
		return 0;
	if (values[FEATURES_ATTRIBUTE_XDP] &&
	    nla_len(values[FEATURES_ATTRIBUTE_XDP]) >= (int)sizeof(*features))
		*features = nla_get_u64(values[FEATURES_ATTRIBUTE_XDP]);
	return 0;
}

int xdp_features_get(struct xdp_features *features, int ifindex, uint64_t *ret)
{
	struct nl_msg *request = nlmsg_alloc();
	uint64_t found = 0;
	int error;

	if (!request ||
	    !genlmsg_put(request, NL_AUTO_PORT, NL_AUTO_SEQ, features->family, 0, NLM_F_ACK,
			 FEATURES_COMMAND_GET, FEATURES_VERSION) ||
	    nla_put_u32(request, FEATURES_ATTRIBUTE_IFINDEX, (uint32_t)ifindex) < 0) {
		nlmsg_free(request);
		return -ENOMEM;
	}
	error = rtnetlink_request(features->requests, request, features_take, &found);
	if (!error)
		*ret = found;
	return error;
}
