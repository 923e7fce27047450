/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/qdisc_options.h"
#include "netdev/qdisc_filter.h"

#include <errno.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#define QDISC_TICK_NS 64ULL    /* PSCHED_SHIFT, since Linux 2.6.31 */
#define QDISC_CODEL_NS 1024ULL /* CODEL_SHIFT */
#define QDISC_NS_PER_S 1000000000ULL
#define QDISC_ATM_CELL 53
#define QDISC_ATM_DATA 48
#define QDISC_LINKLAYER_MASK 0xf /* linux/pkt_sched.h: tc_ratespec */

int qdisc_options_append(struct qdisc_object *object, int type, const void *data, size_t size)
{
	size_t length = NLA_ALIGN(object->options_length),
	       total = length + NLA_ALIGN(NLA_HDRLEN + size);
	uint8_t *options = total > UINT16_MAX ? NULL : realloc(object->options, total);
	struct nlattr attribute = { .nla_type = (uint16_t)type,
				    .nla_len = (uint16_t)(NLA_HDRLEN + size) };

	if (!options)
		return -ENOMEM;
	memset(options + object->options_length, 0, total - object->options_length);
	memcpy(options + length, &attribute, NLA_HDRLEN);
	if (size)
		memcpy(options + length + NLA_HDRLEN, data, size);
	object->options = options;
	object->options_length = (uint16_t)total;
	return 0;
}

static int qdisc_copy(struct qdisc_object *object, const void *payload, size_t length)
{
	if (!length)
		return 0;
	object->options = malloc(length);
	if (!object->options)
		return -ENOMEM;
	memcpy(object->options, payload, length);
	object->options_length = (uint16_t)length;
	return 0;
}

/*
 * Bytes of a bucket: the largest size that gives the dumped number of ticks. If a byte takes a tick
 * or more, that is the requested size.
 */
static uint32_t qdisc_bucket_bytes(const struct tc_ratespec *spec, uint64_t rate, uint32_t ticks)
{
	uint64_t bytes =
		(uint64_t)(((unsigned __int128)(((uint64_t)ticks + 1) * QDISC_TICK_NS - 1) * rate) /
			   QDISC_NS_PER_S);

	if ((spec->linklayer & QDISC_LINKLAYER_MASK) == TC_LINKLAYER_ATM)
		bytes = bytes / QDISC_ATM_CELL * QDISC_ATM_DATA;
	bytes = bytes > spec->overhead ? bytes - spec->overhead : 0;
	return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/*
 * A dump has a bucket's size only in ticks of 64 ns, which the kernel rounds down to bytes: a
 * bucket for one full frame would hold none. So it is written in bytes, as tc does.
 */
static int qdisc_take_tbf(struct qdisc_object *object, const void *payload, size_t length)
{
	struct nlattr *values[TCA_TBF_MAX + 1];
	struct tc_tbf_qopt limits;
	uint64_t rate, peak;
	uint32_t bytes;
	int error;

	if (nla_parse(values, TCA_TBF_MAX, (struct nlattr *)payload, (int)length, NULL) < 0 ||
	    !values[TCA_TBF_PARMS] || nla_len(values[TCA_TBF_PARMS]) < (int)sizeof(limits)) {
		object->flaw = "its options cannot be understood";
		return 0;
	}
	memcpy(&limits, nla_data(values[TCA_TBF_PARMS]), sizeof(limits));
	rate = values[TCA_TBF_RATE64] ? nla_get_u64(values[TCA_TBF_RATE64]) : limits.rate.rate;
	peak = values[TCA_TBF_PRATE64] ? nla_get_u64(values[TCA_TBF_PRATE64])
				       : limits.peakrate.rate;
	bytes = qdisc_bucket_bytes(&limits.rate, rate, limits.buffer);
	limits.buffer = 0;
	error = qdisc_options_append(object, TCA_TBF_BURST, &bytes, sizeof(bytes));
	if (!error && peak) {
		bytes = qdisc_bucket_bytes(&limits.peakrate, peak, limits.mtu);
		limits.mtu = 0;
		error = qdisc_options_append(object, TCA_TBF_PBURST, &bytes, sizeof(bytes));
	}
	if (!error)
		error = qdisc_options_append(object, TCA_TBF_PARMS, &limits, sizeof(limits));
	if (!error && rate > UINT32_MAX)
		error = qdisc_options_append(object, TCA_TBF_RATE64, &rate, sizeof(rate));
	if (!error && peak > UINT32_MAX)
		error = qdisc_options_append(object, TCA_TBF_PRATE64, &peak, sizeof(peak));
	return error;
}

/*
 * The dump has the lower half of the version and counts direct_pkts; a request must have neither.
 */
static int qdisc_take_htb(struct qdisc_object *object, const void *payload, size_t length)
{
	struct nlattr *values[TCA_HTB_MAX + 1];
	struct tc_htb_glob global;
	int error;

	if (nla_parse(values, TCA_HTB_MAX, (struct nlattr *)payload, (int)length, NULL) < 0 ||
	    !values[TCA_HTB_INIT] || nla_len(values[TCA_HTB_INIT]) < (int)sizeof(global)) {
		object->flaw = "its options cannot be understood";
		return 0;
	}
	if (values[TCA_HTB_OFFLOAD]) {
		object->flaw = "it is offloaded to the device";
		return 0;
	}
	memcpy(&global, nla_data(values[TCA_HTB_INIT]), sizeof(global));
	global.version >>= 16;
	global.direct_pkts = 0;
	error = qdisc_options_append(object, TCA_HTB_INIT, &global, sizeof(global));
	if (!error && values[TCA_HTB_DIRECT_QLEN])
		error = qdisc_options_append(object, TCA_HTB_DIRECT_QLEN,
					     nla_data(values[TCA_HTB_DIRECT_QLEN]),
					     sizeof(uint32_t));
	return error;
}

/*
 * The kernel keeps these in units of 1,024 ns and rounds down on input and output, so a copied
 * value would shrink each time. This returns the smallest number of us that gives the kernel's
 * value.
 */
static uint32_t qdisc_codel_us(uint32_t dumped_us)
{
	uint64_t kept = ((uint64_t)dumped_us * 1000 + QDISC_CODEL_NS - 1) / QDISC_CODEL_NS;
	uint64_t us = (kept * QDISC_CODEL_NS + 999) / 1000;

	return us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

/* @times: a mask of the attributes that are CoDel times. */
static int qdisc_take_times(struct qdisc_object *object, const void *payload, size_t length,
			    uint32_t times)
{
	const struct nlattr *attribute;
	int left, error = 0;

	nla_for_each_attr(attribute, (struct nlattr *)payload, (int)length, left)
	{
		uint32_t us;

		if (nla_type(attribute) < 32 && times & 1U << nla_type(attribute) &&
		    nla_len(attribute) == sizeof(us)) {
			memcpy(&us, nla_data(attribute), sizeof(us));
			us = qdisc_codel_us(us);
			error = error
					?: qdisc_options_append(object, attribute->nla_type, &us,
								sizeof(us));
		} else {
			error = error
					?: qdisc_options_append(object, attribute->nla_type,
								nla_data(attribute),
								(size_t)nla_len(attribute));
		}
	}
	return error;
}

static int qdisc_take_codel(struct qdisc_object *object, const void *payload, size_t length)
{
	return qdisc_take_times(object, payload, length,
				1 << TCA_CODEL_TARGET | 1 << TCA_CODEL_INTERVAL |
					1 << TCA_CODEL_CE_THRESHOLD);
}

static int qdisc_take_fq_codel(struct qdisc_object *object, const void *payload, size_t length)
{
	return qdisc_take_times(object, payload, length,
				1 << TCA_FQ_CODEL_TARGET | 1 << TCA_FQ_CODEL_INTERVAL |
					1 << TCA_FQ_CODEL_CE_THRESHOLD);
}

/* The second half of its longer form only counts. */
static int qdisc_take_sfq(struct qdisc_object *object, const void *payload, size_t length)
{
	int error = qdisc_copy(object, payload, length);

	if (!error && length >= sizeof(struct tc_sfq_qopt_v1))
		memset(object->options + offsetof(struct tc_sfq_qopt_v1, stats), 0,
		       sizeof(struct tc_sfqred_stats));
	return error;
}

static int qdisc_take_nothing(struct qdisc_object *object, const void *payload, size_t length)
{
	(void)object, (void)payload, (void)length;
	return 0;
}

/*
 * Kinds whose dump the kernel accepts (Linux 5.10 to 6.18), as it is or changed by a function here.
 */
static const struct qdisc_kind {
	const char *name;
	int (*take)(struct qdisc_object *object, const void *payload, size_t length);
	bool has_classes, has_filters, is_divisible;
} qdisc_kinds[] = {
	{ .name = "noqueue", .take = qdisc_take_nothing, .is_divisible = true },
	{ .name = "mq", .take = qdisc_take_nothing },
	{ .name = "pfifo", .take = qdisc_copy, .is_divisible = true },
	{ .name = "bfifo", .take = qdisc_copy, .is_divisible = true },
	{ .name = "pfifo_head_drop", .take = qdisc_copy, .is_divisible = true },
	/* has no options */
	{ .name = "pfifo_fast", .take = qdisc_take_nothing, .is_divisible = true },
	{ .name = "fq", .take = qdisc_copy, .is_divisible = true },
	{ .name = "codel", .take = qdisc_take_codel, .is_divisible = true },
	{ .name = "fq_codel",
	  .take = qdisc_take_fq_codel,
	  .has_filters = true,
	  .is_divisible = true },
	{ .name = "sfq", .take = qdisc_take_sfq, .has_filters = true, .is_divisible = true },
	{ .name = "cake", .take = qdisc_copy, .has_filters = true },
	{ .name = "netem", .take = qdisc_copy },
	{ .name = "tbf", .take = qdisc_take_tbf },
	{ .name = "prio", .take = qdisc_copy, .has_filters = true },
	{ .name = "htb", .take = qdisc_take_htb, .has_classes = true, .has_filters = true },
};

static const struct qdisc_kind *qdisc_find_kind(const char *kind)
{
	for (size_t i = 0; i < sizeof(qdisc_kinds) / sizeof(*qdisc_kinds); i++)
		if (!strcmp(kind, qdisc_kinds[i].name))
			return &qdisc_kinds[i];
	return NULL;
}

bool qdisc_kind_has_classes(const char *kind)
{
	const struct qdisc_kind *found = qdisc_find_kind(kind);

	return found && found->has_classes;
}

bool qdisc_kind_has_filters(const char *kind)
{
	const struct qdisc_kind *found = qdisc_find_kind(kind);

	return found && found->has_filters;
}

bool qdisc_kind_is_divisible(const char *kind)
{
	const struct qdisc_kind *found = qdisc_find_kind(kind);

	return found && found->is_divisible;
}

int qdisc_options_take(struct qdisc_object *object, const void *payload, size_t length)
{
	const struct qdisc_kind *kind = qdisc_find_kind(object->kind);

	if (object->type == QDISC_FILTER)
		return qdisc_filter_take(object, payload, length);
	if (object->size_table.tsize)
		object->flaw = "its size table (stab) cannot be read";
	if (!kind) {
		object->flaw = "qdiscs of this kind cannot be copied";
		return 0;
	}
	return object->type == QDISC_CLASS ? qdisc_copy(object, payload, length)
					   : kind->take(object, payload, length);
}
