/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/qdisc_filter.h"
#include "netdev/qdisc_options.h"

#include <linux/pkt_cls.h>
#include <netlink/attr.h>
#include <string.h>

#define QDISC_U32_NODE 0xfffU
#define QDISC_U32_ROOT_TABLES 0x80000000U /* smaller numbers are tables that users created */

/* A kind of filter by its attributes; 0: the kind has no such attribute. */
struct qdisc_filter_kind {
	const char *name;
	unsigned char actions, police, flags, table;
	uint32_t counters; /* attributes that only count, a mask */
};

static const struct qdisc_filter_kind qdisc_filter_kinds[] = {
	{ "u32", TCA_U32_ACT, TCA_U32_POLICE, TCA_U32_FLAGS, TCA_U32_LINK,
	  1 << TCA_U32_HASH | 1 << TCA_U32_PCNT | 1 << TCA_U32_PAD },
	{ "bpf", TCA_BPF_ACT, TCA_BPF_POLICE, TCA_BPF_FLAGS_GEN, 0,
	  1 << TCA_BPF_TAG | 1 << TCA_BPF_ID | 1 << TCA_BPF_NAME },
	{ "fw", TCA_FW_ACT, TCA_FW_POLICE, 0, 0, 0 },
	{ "cgroup", TCA_CGROUP_ACT, TCA_CGROUP_POLICE, 0, 0, 0 },
	{ "matchall", TCA_MATCHALL_ACT, 0, TCA_MATCHALL_FLAGS, 0,
	  1 << TCA_MATCHALL_PCNT | 1 << TCA_MATCHALL_PAD },
	{ "flower", TCA_FLOWER_ACT, 0, TCA_FLOWER_FLAGS, 0, 0 },
};

static const struct qdisc_filter_kind *qdisc_find_filter_kind(const char *kind)
{
	for (size_t i = 0; i < sizeof(qdisc_filter_kinds) / sizeof(*qdisc_filter_kinds); i++)
		if (!strcmp(kind, qdisc_filter_kinds[i].name))
			return &qdisc_filter_kinds[i];
	return NULL;
}

static const char *qdisc_filter_flaw(const struct qdisc_filter_kind *kind,
				     const struct nlattr *attribute)
{
	int type = nla_type(attribute);

	if (type && (type == kind->actions || type == kind->police))
		return nla_len(attribute) ? "filters with actions cannot be copied" : NULL;
	if (type && type == kind->table)
		return "u32 filters in hash tables cannot be copied";
	return NULL;
}

int qdisc_filter_take(struct qdisc_object *object, const void *payload, size_t length)
{
	const struct qdisc_filter_kind *kind = qdisc_find_filter_kind(object->kind);
	const struct nlattr *attribute;
	bool has_code = false;
	int left, error = 0;

	if (!kind) {
		object->flaw = "filters of this kind cannot be copied";
		return 0;
	}
	nla_for_each_attr(attribute, (struct nlattr *)payload, (int)length, left)
	{
		int type = nla_type(attribute);
		uint32_t flags;

		object->flaw = object->flaw ?: qdisc_filter_flaw(kind, attribute);
		has_code |= type == TCA_BPF_OPS;
		if ((type < 32 && kind->counters & 1U << type) ||
		    (type && (type == kind->actions || type == kind->police)))
			continue;
		if (!strcmp(kind->name, "flower") && type == TCA_FLOWER_IN_HW_COUNT)
			continue;
		if (type && type == kind->flags && nla_len(attribute) == sizeof(flags)) {
			/* Its offload state is not copied. */
			memcpy(&flags, nla_data(attribute), sizeof(flags));
			flags &= TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_SKIP_SW;
			if (flags)
				error = qdisc_options_append(object, attribute->nla_type, &flags,
							     sizeof(flags));
		} else {
			error = qdisc_options_append(object, attribute->nla_type,
						     nla_data(attribute),
						     (size_t)nla_len(attribute));
		}
		if (error)
			return error;
	}
	if (!strcmp(kind->name, "bpf") && !has_code)
		/* BPF_PROG_GET_FD_BY_ID needs CAP_SYS_ADMIN. */
		object->flaw = object->flaw
				       ?: "eBPF filters cannot be copied without CAP_SYS_ADMIN, "
					  "which the agent gives up";
	if (!strcmp(kind->name, "u32")) {
		if (object->handle < QDISC_U32_ROOT_TABLES)
			object->flaw =
				object->flaw ?: "u32 filters in hash tables cannot be copied";
		object->handle &= QDISC_U32_NODE;
	}
	return 0;
}

bool qdisc_filter_is_placeholder(const struct qdisc_object *object, const void *payload,
				 size_t length)
{
	/* fw without a handle takes the class from the mark; then there is only its head. */
	if (!object->handle)
		return strcmp(object->kind, "fw");
	return !strcmp(object->kind, "u32") && object->handle >= QDISC_U32_ROOT_TABLES &&
	       nla_find((struct nlattr *)payload, (int)length, TCA_U32_DIVISOR);
}
