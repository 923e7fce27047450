/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/qdisc.h"
#include "base/crash_point.h"
#include "netdev/link_requests.h"
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <time.h>

#define QDISC_DRAIN_LOOK_MS 10

struct qdisc_reading {
	struct qdisc_tree tree;
	int ifindex;
};

static int qdisc_take_answer(const struct nlmsghdr *answer, void *context)
{
	struct qdisc_reading *reading = context;

	return qdisc_tree_take(&reading->tree, answer, answer->nlmsg_len, reading->ifindex);
}

/*
 * Dumps all. RTM_GETQDISC for one device would send its answer to all listeners of RTNLGRP_TC,
 * ourselves included, as a notification.
 */
static int qdisc_dump(struct link_requests *requests, int type, uint32_t parent,
		      struct qdisc_reading *reading)
{
	struct tcmsg header = { .tcm_family = AF_UNSPEC,
				.tcm_ifindex = reading->ifindex,
				.tcm_parent = parent };

	return rtnetlink_request(requests->socket,
				 rtnetlink_message(type, NLM_F_DUMP, &header, sizeof(header)),
				 qdisc_take_answer, reading);
}

static int qdisc_dump_filters(struct link_requests *requests, struct qdisc_reading *reading)
{
	size_t count = reading->tree.count;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		const struct qdisc_object *object = &reading->tree.objects[i];

		if (TC_H_MAJ(object->handle) && qdisc_kind_has_filters(object->kind))
			error = qdisc_dump(requests, RTM_GETTFILTER, object->handle, reading);
	}
	return error;
}

static int qdisc_read_once(struct link_requests *requests, struct qdisc_reading *reading)
{
	bool has_classes = false;
	int error = qdisc_dump(requests, RTM_GETQDISC, 0, reading);

	for (size_t i = 0; i < reading->tree.count; i++)
		has_classes |= qdisc_kind_has_classes(reading->tree.objects[i].kind);
	if (!error && has_classes)
		error = qdisc_dump(requests, RTM_GETTCLASS, 0, reading);
	return error ? error : qdisc_dump_filters(requests, reading);
}

int qdisc_read(struct link_requests *requests, int ifindex, struct qdisc_tree *ret)
{
	struct qdisc_reading reading = { .ifindex = ifindex };
	int error = -EINTR;

	for (int attempt = 0; attempt < RTNETLINK_DUMP_ATTEMPTS && error == -EINTR; attempt++) {
		qdisc_tree_free(&reading.tree);
		error = qdisc_read_once(requests, &reading);
	}
	if (error) {
		qdisc_tree_free(&reading.tree);
		return error;
	}
	*ret = reading.tree;
	return 0;
}

static int qdisc_write(struct link_requests *requests, int ifindex,
		       const struct qdisc_object *object)
{
	static const int types[] = { [QDISC_QUEUE] = RTM_NEWQDISC,
				     [QDISC_CLASS] = RTM_NEWTCLASS,
				     [QDISC_FILTER] = RTM_NEWTFILTER };
	struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = object->parent,
		.tcm_handle = object->handle,
		.tcm_info = object->info,
	};
	struct nl_msg *request =
		rtnetlink_message(types[object->type], NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
				  &header, sizeof(header));
	struct nlattr *nest;

	if (!request)
		return -ENOMEM;
	nla_put_string(request, TCA_KIND, object->kind);
	if (object->options_length &&
	    nla_put(request, TCA_OPTIONS, object->options_length, object->options) < 0) {
		nlmsg_free(request);
		return -EMSGSIZE;
	}
	if (object->size_table.overhead || object->size_table.linklayer) {
		nest = nla_nest_start(request, TCA_STAB);
		nla_put(request, TCA_STAB_BASE, sizeof(object->size_table), &object->size_table);
		nla_nest_end(request, nest);
	}
	return rtnetlink_request(requests->socket, request, NULL, NULL);
}

int qdisc_remove(struct link_requests *requests, int ifindex)
{
	struct tcmsg header = { .tcm_family = AF_UNSPEC,
				.tcm_ifindex = ifindex,
				.tcm_parent = TC_H_ROOT };
	int error = rtnetlink_request(
		requests->socket,
		rtnetlink_message(RTM_DELQDISC, NLM_F_ACK, &header, sizeof(header)), NULL, NULL);

	/* ENOENT, EINVAL: there is only the default. */
	return error == -ENOENT || error == -EINVAL || error == -ENODEV ? 0 : error;
}

/* Does the device have this root qdisc? */
static bool qdisc_root_is(struct link_requests *requests, int ifindex, uint32_t handle,
			  uint32_t *ret_queued)
{
	struct qdisc_tree tree = { 0 };
	const struct qdisc_object *root;
	bool is_there;

	if (qdisc_read(requests, ifindex, &tree))
		return false;
	root = qdisc_tree_root(&tree);
	is_there = root && (!handle || root->handle == handle);
	*ret_queued = root ? root->queued : 0;
	qdisc_tree_free(&tree);
	return is_there;
}

void qdisc_drain(struct link_requests *requests, int ifindex, unsigned timeout_ms)
{
	const struct timespec pause = { .tv_nsec = QDISC_DRAIN_LOOK_MS * 1000000L };
	uint32_t queued;

	for (unsigned ms = 0;
	     ms < timeout_ms && qdisc_root_is(requests, ifindex, 0, &queued) && queued;
	     ms += QDISC_DRAIN_LOOK_MS)
		nanosleep(&pause, NULL);
}

int qdisc_take_back(struct link_requests *requests, int ifindex, uint32_t ours)
{
	uint32_t queued;

	return ours && qdisc_root_is(requests, ifindex, ours, &queued)
		       ? qdisc_remove(requests, ifindex)
		       : 0;
}

int qdisc_build(struct link_requests *requests, int ifindex, const struct qdisc_tree *tree,
		const char **ret_kind)
{
	for (size_t i = 0; i < tree->count; i++) {
		int error = qdisc_write(requests, ifindex, &tree->objects[i]);

		crash_point("qdisc-object-made");
		if (error) {
			*ret_kind = tree->objects[i].kind;
			qdisc_remove(requests, ifindex);
			return error;
		}
	}
	return 0;
}

int qdisc_plan_read(struct link_requests *requests, int standby, int primary, uint32_t ours,
		    bool keep, struct qdisc_plan *ret)
{
	struct qdisc_tree of_standby = { 0 }, of_primary = { 0 };
	int error = qdisc_read(requests, standby, &of_standby);

	if (!error && primary)
		error = qdisc_read(requests, primary, &of_primary);
	if (!error)
		error = qdisc_plan_make(&of_standby, &of_primary, ours, keep, ret);
	qdisc_tree_free(&of_standby);
	qdisc_tree_free(&of_primary);
	return error;
}
