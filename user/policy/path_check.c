/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/path_check.h"

/* Answers are read that often: after 2 ms, then in steps as long as the time that has passed. */
#define PATH_CHECK_LOOK_NS 2000000ULL

/* For the primary, in each round. */
static const uint64_t path_check_patience_ns[PATH_CHECK_ROUNDS] = { 50000000, 100000000,
								    250000000 };

/* When the time of the wire that was last asked ends. */
static uint64_t path_check_end_ns(const struct path_check *check)
{
	if (check->heard_ns)
		return check->heard_ns + (check->asked == PATH_PRIMARY ? PATH_CHECK_PROOF_PAUSE_NS
								       : PATH_CHECK_PAUSE_NS);
	return check->asked_ns + (check->asked == PATH_STANDBY
					  ? PATH_CHECK_STANDBY_PATIENCE_NS
					  : path_check_patience_ns[check->round]);
}

/* When the primary is asked again; never for the standby. */
static uint64_t path_check_twice_ns(const struct path_check *check)
{
	return check->asked == PATH_PRIMARY && !check->heard_ns && !check->is_asked_twice
		       ? check->asked_ns + path_check_patience_ns[check->round] / 2
		       : UINT64_MAX;
}

static uint64_t path_check_wake_ns(const struct path_check *check, uint64_t now_ns)
{
	uint64_t end_ns = path_check_end_ns(check), waited_ns = now_ns - check->asked_ns;
	uint64_t next_ns =
		now_ns + (waited_ns > PATH_CHECK_LOOK_NS ? waited_ns : PATH_CHECK_LOOK_NS);
	uint64_t twice_ns = path_check_twice_ns(check);

	if (next_ns > end_ns)
		next_ns = end_ns;
	return next_ns < twice_ns ? next_ns : twice_ns;
}

static struct path_step path_check_ask(struct path_check *check, enum vfsteer_path path,
				       uint64_t now_ns)
{
	check->allowance += path == PATH_STANDBY;
	check->asked = path;
	check->asked_ns = now_ns;
	check->heard_ns = 0;
	check->is_asked_twice = false;
	return (struct path_step){ .action = path == PATH_PRIMARY ? PATH_ASK_PRIMARY
								  : PATH_ASK_STANDBY,
				   .wake_ns = path_check_wake_ns(check, now_ns) };
}

static struct path_step path_check_end(struct path_check *check, enum vfsteer_reach reach)
{
	check->is_running = false;
	return (struct path_step){ .action = PATH_END, .reach = reach };
}

uint64_t path_check_begin(struct path_check *check, unsigned proofs, uint64_t now_ns)
{
	*check = (struct path_check){ .is_running = true, .proofs = proofs };
	return path_check_ask(check, PATH_PRIMARY, now_ns).wake_ns;
}

struct path_step path_check_next(struct path_check *check, const struct path_heard *heard,
				 uint64_t now_ns)
{
	if (heard->has_surplus) {
		if (!--check->proofs)
			return path_check_end(check, REACH_ANSWERED);
		check->allowance++;
		check->asked = PATH_PRIMARY;
		check->heard_ns = now_ns;
	} else if (check->asked == PATH_STANDBY && heard->answers && !check->heard_ns) {
		check->heard_ns = now_ns;
	}
	if (now_ns >= path_check_twice_ns(check)) {
		check->is_asked_twice = true;
		return (struct path_step){ .action = PATH_ASK_AGAIN,
					   .wake_ns = path_check_wake_ns(check, now_ns) };
	}
	if (now_ns < path_check_end_ns(check))
		return (struct path_step){ .action = PATH_WAIT,
					   .wake_ns = path_check_wake_ns(check, now_ns) };
	/* The next proof. */
	if (check->asked == PATH_PRIMARY && check->heard_ns)
		return path_check_ask(check, PATH_PRIMARY, now_ns);
	if (check->asked == PATH_PRIMARY)
		return path_check_ask(check, PATH_STANDBY, now_ns);
	if (!check->heard_ns)
		return path_check_end(check, REACH_UNKNOWN);
	if (++check->round == PATH_CHECK_ROUNDS)
		return path_check_end(check, REACH_DEAD);
	return path_check_ask(check, PATH_PRIMARY, now_ns);
}
