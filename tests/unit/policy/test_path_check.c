/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A primary that leads nowhere is found, and a good one is not given up: on networks of every
 * delay, and of every loss that both wires share.
 */
#include "policy/path_check.h"
#include "../seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ULL
#define NETWORKS 200000
#define TARGETS 3
#define PROOFS 3
#define ANSWERS_MAX ((3 * PATH_CHECK_ROUNDS + 2 * PROOFS) * TARGETS)

struct network {
	/* by enum vfsteer_path: does a question arrive and an answer come back? */
	bool leads[2];
	bool is_there[TARGETS]; /* a target that answers */
	uint64_t delay_ns[TARGETS];
	uint64_t jitter_ns;    /* up to so much more, each time */
	unsigned loses_one_in; /* questions or answers; 0: none */
};

struct answer {
	unsigned target;
	uint64_t when_ns;
	bool is_read;
};

struct world {
	const struct network *network;
	struct answer answers[ANSWERS_MAX];
	unsigned count, heard_of[TARGETS];
};

static bool chance(unsigned one_in)
{
	return one_in && rand() % one_in == 0;
}

static void ask(struct world *world, enum vfsteer_path wire, uint64_t now_ns)
{
	const struct network *network = world->network;

	for (unsigned i = 0; i < TARGETS; i++) {
		if (!network->leads[wire] || !network->is_there[i] || chance(network->loses_one_in))
			continue;
		world->answers[world->count].target = i;
		world->answers[world->count++].when_ns =
			now_ns + network->delay_ns[i] +
			(network->jitter_ns ? (uint64_t)rand() % network->jitter_ns : 0);
	}
}

static struct path_heard hear(struct world *world, unsigned allowance, uint64_t now_ns)
{
	struct path_heard heard = { 0 };

	for (unsigned i = 0; i < world->count; i++) {
		struct answer *answer = &world->answers[i];

		if (answer->is_read || answer->when_ns > now_ns)
			continue;
		answer->is_read = true;
		heard.answers++;
		heard.has_surplus |= ++world->heard_of[answer->target] > allowance;
	}
	return heard;
}

/* One check, to its end. */
static enum vfsteer_reach check(const struct network *network, unsigned proofs,
				uint64_t *ret_took_ns)
{
	struct world world = { .network = network };
	struct path_check machine;
	uint64_t now_ns = 1000 * MS, began_ns = now_ns, wake_ns;

	ask(&world, PATH_PRIMARY, now_ns);
	wake_ns = path_check_begin(&machine, proofs, now_ns);
	for (;;) {
		struct path_heard heard;
		struct path_step step;

		assert_true(machine.is_running && wake_ns > now_ns);
		/* A busy machine comes late. */
		now_ns = wake_ns + (chance(8) ? (uint64_t)rand() % (20 * MS) : 0);
		heard = hear(&world, machine.allowance, now_ns);
		step = path_check_next(&machine, &heard, now_ns);
		if (step.action == PATH_END) {
			assert_false(machine.is_running);
			*ret_took_ns = now_ns - began_ns;
			return step.reach;
		}
		wake_ns = step.wake_ns;
		if (step.action == PATH_ASK_PRIMARY || step.action == PATH_ASK_AGAIN)
			ask(&world, PATH_PRIMARY, now_ns);
		else if (step.action == PATH_ASK_STANDBY)
			ask(&world, PATH_STANDBY, now_ns);
	}
}

static struct network random_network(bool primary, bool standby)
{
	struct network network = { .leads = {
					   [PATH_PRIMARY] = primary, [PATH_STANDBY] = standby } };
	uint64_t longest_ns = chance(2) ? 2 * MS : 300 * MS;

	network.jitter_ns = chance(2) ? 0 : 10 * MS;
	for (unsigned i = 0; i < TARGETS; i++) {
		network.is_there[i] = !chance(3);
		network.delay_ns[i] = 1 + (uint64_t)rand() % longest_ns;
	}
	return network;
}

static bool is_anybody_there(const struct network *network)
{
	return network->is_there[0] || network->is_there[1] || network->is_there[2];
}

/* Whatever the delay is: it is never REACH_DEAD. */
static void test_good_primary(void **context)
{
	uint64_t took_ns;

	(void)context;
	for (unsigned i = 0; i < NETWORKS; i++) {
		struct network network = random_network(true, !chance(3));
		enum vfsteer_reach reach = check(&network, chance(2) ? 1 : PROOFS, &took_ns);

		assert_int_not_equal(reach, REACH_DEAD);
		if (!is_anybody_there(&network))
			assert_int_equal(reach, REACH_UNKNOWN);
	}
}

static void test_quick_answer(void **context)
{
	const struct network network = { .leads = { true, true },
					 .is_there = { true },
					 .delay_ns = { MS } };
	uint64_t took_ns;

	(void)context;
	assert_int_equal(check(&network, 1, &took_ns), REACH_ANSWERED);
	assert_true(took_ns < 30 * MS);
	assert_int_equal(check(&network, PROOFS, &took_ns), REACH_ANSWERED);
	assert_true(took_ns >= (PROOFS - 1) * PATH_CHECK_PROOF_PAUSE_NS);
}

static void test_primary_that_leads_nowhere(void **context)
{
	uint64_t took_ns;

	(void)context;
	for (unsigned i = 0; i < NETWORKS; i++) {
		struct network network = random_network(false, true);
		bool is_near = chance(2);

		for (unsigned target = 0; target < TARGETS && is_near; target++)
			network.delay_ns[target] = MS;
		/*
		 * A neighbour so far away that its answers come in the wrong turn shows nothing:
		 * the primary then stays what it was.
		 */
		if (!is_near) {
			assert_int_not_equal(check(&network, 1, &took_ns), REACH_CHECKING);
			continue;
		}
		assert_int_equal(check(&network, chance(2) ? 1 : PROOFS, &took_ns),
				 is_anybody_there(&network) ? REACH_DEAD : REACH_UNKNOWN);
		assert_true(took_ns < 800 * MS);
	}
}

/* Neither wire leads anywhere: no answer by the standby speaks against the primary. */
static void test_neither_leads_anywhere(void **context)
{
	const struct network network = { .leads = { false, false },
					 .is_there = { true, true, true } };
	uint64_t took_ns;

	(void)context;
	assert_int_equal(check(&network, 1, &took_ns), REACH_UNKNOWN);
	assert_true(took_ns < 450 * MS);
}

/* A fifth of all questions is lost. */
static void test_losses(void **context)
{
	unsigned given_up = 0;
	uint64_t took_ns;

	(void)context;
	for (unsigned i = 0; i < NETWORKS; i++) {
		struct network network = { .leads = { true, true },
					   .is_there = { true, true, true },
					   .delay_ns = { MS, MS, MS },
					   .loses_one_in = 5 };

		given_up += check(&network, 1, &took_ns) == REACH_DEAD;
	}
	assert_int_equal(given_up, 0);
}

/*
 * It answers every second question, whichever device sent the question: an answer to the primary is
 * one.
 */
static void test_every_second_question(void **context)
{
	struct path_check machine;
	unsigned questions = 0, heard_of = 0;
	uint64_t now_ns = path_check_begin(&machine, 1, MS);
	struct path_step step = { 0 };

	(void)context;
	for (questions = 1; step.action != PATH_END; now_ns = step.wake_ns) {
		unsigned answers = questions / 2 - heard_of;
		struct path_heard heard = { .answers = answers,
					    .has_surplus = questions / 2 > machine.allowance };

		heard_of += answers;
		step = path_check_next(&machine, &heard, now_ns);
		questions += step.action != PATH_WAIT;
	}
	assert_int_equal(step.reach, REACH_ANSWERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_primary),
		cmocka_unit_test(test_quick_answer),
		cmocka_unit_test(test_primary_that_leads_nowhere),
		cmocka_unit_test(test_neither_leads_anywhere),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_every_second_question),
	};

	seed_random();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
