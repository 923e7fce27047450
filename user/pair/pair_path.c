/* SPDX-License-Identifier: GPL-2.0-only */
#include "pair/pair_path.h"
#include "base/log.h"
#include "pair/pair.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <string.h>

/* while packets are sent; else with the pair's other looks, once a second */
#define PAIR_PATH_LOOK_NS 400000000ULL
#define PAIR_PATH_SUSPECT_NS 500000000ULL /* between two checks of an active primary */
#define PAIR_PATH_PROOFS 3		  /* for a primary in REACH_DEAD */
#define PAIR_PATH_ND_NS 5000000000ULL	  /* from the start of a check, if no other follows */
#define PAIR_PATH_PAUSE_MIN_NS 1000000000ULL
#define PAIR_PATH_PAUSE_MAX_NS 30000000000ULL

static void path_stop(struct pair_path *path)
{
	path->check = (struct path_check){ 0 };
	path->wake_ns = 0;
}

static void path_leave_nd(struct world *world, struct pair_path *path)
{
	if (path->wants_nd)
		path_answers_leave_nd(&world->answers);
	path->wants_nd = false;
}

static void path_note(const struct world *world, struct pair *pair, enum vfsteer_reach reach)
{
	pair->path.reach = reach;
	pair_slot(world, pair)->primary_reach = reach;
	pair_slot(world, pair)->reach_retry_boot_ms = (uint32_t)(pair->path.retry_ns >> 20);
}

static void path_forget(struct world *world, struct pair *pair, enum vfsteer_reach reach)
{
	path_leave_nd(world, &pair->path);
	pair->path = (struct pair_path){ 0 };
	path_note(world, pair, reach);
}

/* Returns a primary that can be used, beside a standby that can be asked as well; NULL: none. */
static const struct netdev *path_primary(const struct world *world, const struct pair *pair)
{
	const struct netdev *standby = netdev_by_index(world->table, pair->standby),
			    *primary = netdev_by_index(world->table, pair->primary);

	if (!standby || !primary || !pair->prepared ||
	    pair_slot(world, pair)->primary_is_detached ||
	    pins_state(&world->pins, pair->slot).primary == PRIMARY_LEAVING ||
	    uplinks_has_passthrough(&pair->uplinks))
		return NULL;
	return standby->flags & IFF_UP && standby->carrier && primary->flags & IFF_UP &&
			       primary->carrier
		       ? primary
		       : NULL;
}

/* Returns whether the wire accepted all questions. */
static bool path_send(struct world *world, struct pair *pair, enum vfsteer_path wire)
{
	struct pair_path *path = &pair->path;
	struct announcement questions = { 0 };
	struct announce_frame frame;
	bool is_sent = false;

	for (unsigned i = 0; i < path->targets.count; i++)
		if (!path_ask_build(&path->targets.list[i], &frame))
			announcement_add_frame(&questions, &frame);
	if (questions.count)
		is_sent = announce_send(world->announce_fd,
					wire == PATH_PRIMARY ? pair->primary : pair->standby,
					&questions) == (int)questions.count;
	announcement_free(&questions);
	return is_sent;
}

/* The same. Later answers count for this wire. */
static bool path_ask(struct world *world, struct pair *pair, enum vfsteer_path wire)
{
	path_answers_read(&world->answers, pair_clock_ns());
	pair->path.wire_mark = world->answers.count;
	/* Questions over an inactive wire may lead the network to it. */
	if (wire == PATH_PRIMARY && pins_state(&world->pins, pair->slot).active != wire)
		pins_expect_twins(&world->pins, pair->slot);
	return path_send(world, pair, wire);
}

/* False: no neighbour to ask, or the wire accepts no question. */
static bool path_begin(struct world *world, struct pair *pair, enum vfsteer_reach meanwhile)
{
	const struct netdev *owner = pair_owner(world, pair);
	struct pair_path *path = &pair->path;
	int error;

	path->is_checked = true;
	error = path_targets_find(world->table, world->requests, &pair->bridges, owner,
				  &pair->frames.filter, &pair->path_requested, &pair->own_macs,
				  &path->targets);
	if (error || !path->targets.count)
		return false;
	for (unsigned i = 0; i < path->targets.count; i++)
		if (path->targets.list[i].asker.family == AF_INET6 && !path->wants_nd)
			path->wants_nd = !path_answers_want_nd(&world->answers);
	path->nd_until_ns = pair_clock_ns() + PAIR_PATH_ND_NS;
	if (!path_ask(world, pair, PATH_PRIMARY))
		return false;
	path->begin_mark = path->wire_mark;
	path->wake_ns = path_check_begin(
		&path->check, meanwhile == REACH_DEAD ? PAIR_PATH_PROOFS : 1, pair_clock_ns());
	path_note(world, pair, meanwhile);
	return true;
}

static struct path_heard path_hear(struct world *world, struct pair_path *path)
{
	struct path_heard heard = { 0 };

	path_answers_read(&world->answers, pair_clock_ns());
	for (unsigned i = 0; i < path->targets.count; i++) {
		const struct path_target *target = &path->targets.list[i];

		heard.answers += path_answers_since(&world->answers, path->wire_mark, target);
		heard.has_surplus |= path_answers_since(&world->answers, path->begin_mark, target) >
				     path->check.allowance;
	}
	return heard;
}

static void path_log_dead(const struct world *world, const struct pair *pair)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	const struct path_target *target = &pair->path.targets.list[0];
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(target->asker.family, &target->v6, address, sizeof(address));
	log_warning("%s: %s: it has carrier and no path: %s%s answers over the standby, and not "
		    "over it; not used until it answers (path_check)",
		    slot->owner, slot->primary, address,
		    pair->path.targets.count > 1 ? " or another" : "");
}

static void path_conclude(struct world *world, struct pair *pair, enum vfsteer_reach reach)
{
	struct pair_path *path = &pair->path;
	bool was_dead = path->reach == REACH_DEAD;

	/* The standby's questions have moved the MAC in the network. */
	if (path->check.allowance && reach != REACH_DEAD &&
	    pins_state(&world->pins, pair->slot).active == PATH_PRIMARY)
		path_send(world, pair, PATH_PRIMARY);
	path_stop(path);
	if (was_dead && reach != REACH_ANSWERED)
		reach = REACH_DEAD;
	if (reach == REACH_DEAD) {
		path->pause_ns = path->pause_ns ? 2 * path->pause_ns : PAIR_PATH_PAUSE_MIN_NS;
		if (path->pause_ns > PAIR_PATH_PAUSE_MAX_NS)
			path->pause_ns = PAIR_PATH_PAUSE_MAX_NS;
		path->retry_ns = pair_clock_ns() + path->pause_ns;
		if (!was_dead)
			path_log_dead(world, pair);
	} else {
		if (was_dead)
			log_info("%s: %s: has a path again", pair_slot(world, pair)->owner,
				 pair_slot(world, pair)->primary);
		path->pause_ns = path->retry_ns = 0;
	}
	path->suspect_ns = pair_clock_ns() + PAIR_PATH_SUSPECT_NS;
	path_note(world, pair, reach);
}

static void path_go_on(struct world *world, struct pair *pair)
{
	struct pair_path *path = &pair->path;

	while (path->check.is_running && path->wake_ns <= pair_clock_ns()) {
		const struct path_heard heard = path_hear(world, path);
		const struct path_step step =
			path_check_next(&path->check, &heard, pair_clock_ns());

		path->wake_ns = step.wake_ns;
		if (step.action == PATH_END)
			path_conclude(world, pair, step.reach);
		else if (step.action == PATH_ASK_STANDBY)
			path_ask(world, pair, PATH_STANDBY);
		else if (step.action == PATH_ASK_AGAIN)
			path_send(world, pair, PATH_PRIMARY);
		else if (step.action == PATH_ASK_PRIMARY && !path_ask(world, pair, PATH_PRIMARY))
			/* Its queue is full, which says nothing about the path. */
			path_conclude(world, pair, REACH_UNKNOWN);
	}
}

/* Has the pair sent over the primary since the last look, and received no unicast by it? */
static bool path_is_silent(const struct world *world, struct pair_path *path, unsigned slot,
			   uint64_t now_ns)
{
	struct vfsteer_counters counters;
	bool is_silent;
	uint64_t tx, rx;

	if (pins_counters(&world->pins, slot, &counters))
		return false;
	tx = counters.tx_primary_packets;
	rx = counters.rx_primary_packets - counters.rx_primary_group_packets;
	is_silent = path->look_ns && tx != path->tx_packets && rx == path->rx_unicast_packets;
	path->look_ns = now_ns + PAIR_PATH_LOOK_NS;
	path->tx_packets = tx;
	path->rx_unicast_packets = rx;
	/*
	 * In a net_failover pair unicast is counted only while it is compared (owner_ingress). The
	 * next frame is, and ends that.
	 */
	if (world->pins.pairs[slot].kind == KIND_NET_FAILOVER)
		world->pins.pairs[slot].rx_compares_primary = 1;
	return is_silent;
}

bool pair_path_look(const struct world *world, struct pair *pair)
{
	struct pair_path *path = &pair->path;
	uint64_t now_ns = pair_clock_ns(), tx = path->tx_packets, rx = path->rx_unicast_packets;
	bool is_silent;

	if (!path->primary || path->check.is_running || now_ns < path->look_ns ||
	    pins_state(&world->pins, pair->slot).active != PATH_PRIMARY)
		return false;
	is_silent = path_is_silent(world, path, pair->slot, now_ns);
	path->moves = tx != path->tx_packets || rx != path->rx_unicast_packets;
	path->is_doubted = now_ns >= path->suspect_ns && (is_silent || pair->path_requested.pair);
	return path->is_doubted;
}

uint64_t pair_path_look_ns(const struct pair *pair)
{
	return pair->path.moves && !pair->path.check.is_running ? pair->path.look_ns : 0;
}

/* While the primary is active: is there a reason to check? */
static void path_suspect(struct world *world, struct pair *pair)
{
	struct pair_path *path = &pair->path;

	pair_path_look(world, pair);
	if (path->is_doubted)
		path_begin(world, pair, path->reach);
	path->is_doubted = false;
}

/*
 * Not before the primary could be used: a question has the shared MAC, so the network sends there
 * what its driver may not receive yet. Nor long before it is used: the result would be old by then.
 */
static uint64_t path_begin_ns(const struct world *world, const struct pair *pair,
			      struct vfsteer_state state)
{
	const struct vfsteer_pair *slot = pair_slot(world, pair);
	uint64_t begin_ns = pair->carrier_since_ns + world->limits.up_delay_ns;
	uint64_t retry_ns =
		policy_retry_ns(state, slot->primary_failures, slot->last_switch_boot_ns);

	if (begin_ns < pair->receives_ns)
		begin_ns = pair->receives_ns;
	if (pair->qdisc.is_aside && begin_ns < pair->qdisc.due_ns)
		begin_ns = pair->qdisc.due_ns;
	return begin_ns < retry_ns ? retry_ns : begin_ns;
}

void pair_path_follow(struct world *world, struct pair *pair)
{
	const struct netdev *primary = path_primary(world, pair);
	struct vfsteer_state state = pins_state(&world->pins, pair->slot);
	struct pair_path *path = &pair->path;
	bool is_awaited;

	if (pair->path_requested.is_off || !primary) {
		path_forget(world, pair, pair->path_requested.is_off ? REACH_OFF : REACH_UNKNOWN);
		return;
	}
	if (path->primary != primary->ifindex || path->incarnation != primary->incarnation) {
		path_forget(world, pair, REACH_UNKNOWN);
		path->primary = primary->ifindex;
		path->incarnation = primary->incarnation;
		/*
		 * A primary that an earlier agent left active, or that the operator requests now,
		 * is in use.
		 */
		path->is_checked = state.active == PATH_PRIMARY || pair->operator_asked;
	}
	path_go_on(world, pair);
	is_awaited = path->check.is_running || (!path->is_checked && state.active == PATH_STANDBY &&
						state.admin != ADMIN_STANDBY);
	if (path->reach == REACH_UNKNOWN && is_awaited && state.active == PATH_STANDBY)
		path_note(world, pair, REACH_CHECKING);
	else if (path->reach == REACH_CHECKING && !is_awaited)
		path_note(world, pair, REACH_UNKNOWN);
	path->moves &= state.active == PATH_PRIMARY;
}

uint64_t pair_path_step(struct world *world, struct pair *pair)
{
	struct vfsteer_state state = pins_state(&world->pins, pair->slot);
	struct pair_path *path = &pair->path;
	uint64_t wake_ns = 0, begin_ns = path_begin_ns(world, pair, state);

	if (!path->primary)
		return 0;
	if (path->check.is_running)
		return path->wake_ns;
	if (path->reach == REACH_DEAD && pair_clock_ns() >= path->retry_ns &&
	    !path_begin(world, pair, REACH_DEAD))
		path_conclude(world, pair, REACH_UNKNOWN);
	else if (path->reach == REACH_CHECKING && pair_clock_ns() < begin_ns)
		return begin_ns;
	else if (path->reach == REACH_CHECKING && !path_begin(world, pair, REACH_CHECKING))
		path_note(world, pair, REACH_UNKNOWN);
	else if (state.active == PATH_PRIMARY)
		path_suspect(world, pair);
	if (path->check.is_running)
		return path->wake_ns;
	if (path->wants_nd && pair_clock_ns() >= path->nd_until_ns)
		path_leave_nd(world, path);
	if (path->wants_nd)
		wake_ns = pair_earlier(wake_ns, path->nd_until_ns);
	return pair_earlier(wake_ns, path->reach == REACH_DEAD ? path->retry_ns : 0);
}

void pair_path_end(struct world *world, struct pair *pair)
{
	path_leave_nd(world, &pair->path);
}
