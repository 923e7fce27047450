/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/qdisc_tree.h"
#include "netdev/qdisc_filter.h"
#include "netdev/qdisc_options.h"

#include <errno.h>
#include <limits.h>
#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

static int qdisc_type_of(uint16_t message_type, enum qdisc_type *ret)
{
	switch (message_type) {
	case RTM_NEWQDISC:
		*ret = QDISC_QUEUE;
		return 0;
	case RTM_NEWTCLASS:
		*ret = QDISC_CLASS;
		return 0;
	case RTM_NEWTFILTER:
		*ret = QDISC_FILTER;
		return 0;
	default:
		return -EBADMSG;
	}
}

static uint32_t qdisc_read_queued(struct nlattr *statistics)
{
	struct nlattr *queue =
		statistics ? nla_find(nla_data(statistics), nla_len(statistics), TCA_STATS_QUEUE)
			   : NULL;
	struct gnet_stats_queue values = { 0 };

	if (queue && nla_len(queue) >= (int)sizeof(values))
		memcpy(&values, nla_data(queue), sizeof(values));
	return values.qlen;
}

static void qdisc_read_size_table(struct nlattr *attribute, struct tc_sizespec *ret)
{
	struct nlattr *base =
		attribute ? nla_find(nla_data(attribute), nla_len(attribute), TCA_STAB_BASE) : NULL;

	if (base && nla_len(base) >= (int)sizeof(*ret))
		memcpy(ret, nla_data(base), sizeof(*ret));
}

/* Takes ownership of @object's options. */
static int qdisc_tree_put(struct qdisc_tree *tree, const struct qdisc_object *object)
{
	struct qdisc_object *objects = realloc(tree->objects, (tree->count + 1) * sizeof(*objects));

	if (!objects) {
		free(object->options);
		return -ENOMEM;
	}
	tree->objects = objects;
	tree->objects[tree->count++] = *object;
	return 0;
}

int qdisc_tree_add(struct qdisc_tree *tree, const struct qdisc_object *object)
{
	struct qdisc_object copy = *object;

	if (object->options) {
		copy.options = malloc(object->options_length);
		if (!copy.options)
			return -ENOMEM;
		memcpy(copy.options, object->options, object->options_length);
	}
	return qdisc_tree_put(tree, &copy);
}

static bool qdisc_is_left_out(const struct qdisc_object *object, const void *payload, size_t length)
{
	switch (object->type) {
	case QDISC_QUEUE:
		return object->parent == TC_H_INGRESS; /* clsact, too */
	case QDISC_CLASS:
		return !qdisc_kind_has_classes(object->kind);
	default:
		return qdisc_filter_is_placeholder(object, payload, length);
	}
}

int qdisc_tree_take(struct qdisc_tree *tree, const void *message, size_t length, int ifindex)
{
	/* libnl reads through pointers that are not const */
	struct nlmsghdr *header = (struct nlmsghdr *)message;
	struct nlattr *values[TCA_MAX + 1];
	struct qdisc_object object = { 0 };
	const void *payload;
	struct tcmsg *tc;
	size_t size;
	int error;

	if (length > INT_MAX || !nlmsg_ok(header, (int)length) ||
	    qdisc_type_of(header->nlmsg_type, &object.type) ||
	    nlmsg_parse(header, sizeof(*tc), values, TCA_MAX, NULL) < 0)
		return -EBADMSG;
	tc = nlmsg_data(header);
	if (tc->tcm_ifindex != ifindex)
		return 0;
	if (!values[TCA_KIND])
		return -EBADMSG;
	nla_strlcpy(object.kind, values[TCA_KIND], sizeof(object.kind));
	object.parent = tc->tcm_parent;
	object.handle = tc->tcm_handle;
	payload = values[TCA_OPTIONS] ? nla_data(values[TCA_OPTIONS]) : NULL;
	size = values[TCA_OPTIONS] ? (size_t)nla_len(values[TCA_OPTIONS]) : 0;
	if (qdisc_is_left_out(&object, payload, size))
		return 0;
	if (object.type == QDISC_FILTER)
		object.info = tc->tcm_info;
	if (values[TCA_CHAIN] && nla_len(values[TCA_CHAIN]) >= (int)sizeof(uint32_t) &&
	    nla_get_u32(values[TCA_CHAIN]))
		object.flaw = "filter chains cannot be copied";
	object.queued = qdisc_read_queued(values[TCA_STATS2]);
	qdisc_read_size_table(values[TCA_STAB], &object.size_table);
	error = qdisc_options_take(&object, payload, size);
	if (error) {
		free(object.options);
		return error;
	}
	return qdisc_tree_put(tree, &object);
}

const struct qdisc_object *qdisc_tree_root(const struct qdisc_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->objects[i].type == QDISC_QUEUE && tree->objects[i].parent == TC_H_ROOT)
			return &tree->objects[i];
	return NULL;
}

/* The object that must exist before this one. NULL: none, or it is missing (*ret_missing). */
static const struct qdisc_object *qdisc_tree_above(const struct qdisc_tree *tree,
						   const struct qdisc_object *object,
						   bool *ret_missing)
{
	const struct qdisc_object *qdisc = NULL;
	uint32_t major = TC_H_MAJ(object->parent == TC_H_ROOT ? object->handle : object->parent);

	*ret_missing = false;
	if (object->type == QDISC_QUEUE && object->parent == TC_H_ROOT)
		return NULL;
	for (size_t i = 0; i < tree->count; i++) {
		const struct qdisc_object *other = &tree->objects[i];

		if (other == object)
			continue;
		if (other->type == QDISC_CLASS && other->handle == object->parent)
			return other;
		if (other->type == QDISC_QUEUE && other->handle == major)
			qdisc = other;
	}
	*ret_missing = !qdisc;
	return qdisc;
}

/*
 * The number of objects above it. More than there are objects: an ancestor is missing, or there is
 * a circle.
 */
static size_t qdisc_tree_depth(const struct qdisc_tree *tree, const struct qdisc_object *object)
{
	size_t depth = 0;
	bool is_missing;

	do {
		object = qdisc_tree_above(tree, object, &is_missing);
		depth++;
	} while (object && depth <= tree->count);
	return is_missing ? tree->count + 1 : depth;
}

static int qdisc_compare_places(const struct qdisc_object *a, const struct qdisc_object *b)
{
	/* Filters name classes. */
	if ((a->type == QDISC_FILTER) != (b->type == QDISC_FILTER))
		return a->type == QDISC_FILTER ? 1 : -1;
	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->info != b->info)
		return a->info < b->info ? -1 : 1;
	if (a->handle != b->handle)
		return a->handle < b->handle ? -1 : 1;
	return 0;
}

struct qdisc_place {
	size_t depth;
	struct qdisc_object object;
};

static int qdisc_compare_order(const void *a, const void *b)
{
	const struct qdisc_place *one = a, *other = b;
	bool filters = one->object.type == QDISC_FILTER && other->object.type == QDISC_FILTER;

	if ((one->object.type == QDISC_FILTER) == (other->object.type == QDISC_FILTER) &&
	    !filters && one->depth != other->depth)
		return one->depth < other->depth ? -1 : 1;
	return qdisc_compare_places(&one->object, &other->object);
}

bool qdisc_tree_sort(struct qdisc_tree *tree)
{
	struct qdisc_place *places = calloc(tree->count ? tree->count : 1, sizeof(*places));
	bool is_whole = places;

	for (size_t i = 0; places && i < tree->count; i++) {
		places[i] = (struct qdisc_place){ qdisc_tree_depth(tree, &tree->objects[i]),
						  tree->objects[i] };
		is_whole = is_whole && places[i].depth <= tree->count;
	}
	if (places)
		qsort(places, tree->count, sizeof(*places), qdisc_compare_order);
	for (size_t i = 0; places && i < tree->count; i++)
		tree->objects[i] = places[i].object;
	free(places);
	return is_whole;
}

static bool qdisc_object_is_equal(const struct qdisc_object *a, const struct qdisc_object *b)
{
	return !qdisc_compare_places(a, b) && !strcmp(a->kind, b->kind) &&
	       !memcmp(&a->size_table, &b->size_table, sizeof(a->size_table)) &&
	       a->options_length == b->options_length &&
	       (!a->options_length || !memcmp(a->options, b->options, a->options_length));
}

bool qdisc_tree_is_equal(const struct qdisc_tree *a, const struct qdisc_tree *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!qdisc_object_is_equal(&a->objects[i], &b->objects[i]))
			return false;
	return true;
}

static uint64_t qdisc_hash_number(uint64_t hash, uint32_t number)
{
	return (hash ^ number) * 0x100000001b3ULL; /* FNV-1a */
}

static uint64_t qdisc_hash(uint64_t hash, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = qdisc_hash_number(hash, ((const uint8_t *)bytes)[i]);
	return hash;
}

uint64_t qdisc_tree_hash(const struct qdisc_tree *tree)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < tree->count; i++) {
		const struct qdisc_object *object = &tree->objects[i];

		hash = qdisc_hash_number(hash, object->type);
		hash = qdisc_hash_number(hash, object->parent);
		hash = qdisc_hash_number(hash, object->handle);
		hash = qdisc_hash_number(hash, object->info);
		hash = qdisc_hash(hash, object->kind, strlen(object->kind));
		hash = qdisc_hash(hash, &object->size_table, sizeof(object->size_table));
		hash = qdisc_hash(hash, object->options, object->options_length);
	}
	return hash ?: 1;
}

const struct qdisc_object *qdisc_tree_flaw(const struct qdisc_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->objects[i].flaw)
			return &tree->objects[i];
	return NULL;
}

void qdisc_tree_free(struct qdisc_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->objects[i].options);
	free(tree->objects);
	*tree = (struct qdisc_tree){ 0 };
}
