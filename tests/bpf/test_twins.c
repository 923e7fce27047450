/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receive rule (bpf/twins.h): whatever the two wires bring, in whatever order, n copies on one
 * and m on the other deliver max(n, m). What GRO has joined: test_twins_joined.c.
 */
#include "twins_stage.h"

#include <pthread.h>

#define FRAMES 12
#define COPIES_MAX 4
#define WINDOW_MS 1000
#define SETTLED_MS 125
#define SWITCHES 20000

/* UDP over IPv4 of @size bytes, numbered. */
static void fill(struct wire_frame *frame, bool is_group, unsigned size, uint32_t number)
{
	static const uint8_t group[] = { 1, 0, 0x5e, 1, 2, 3 }, us[] = { US }, peer[] = { PEER };

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, is_group ? group : us, 6);
	memcpy(frame->bytes + 6, peer, 6);
	frame->bytes[12] = 8;
	frame->bytes[14] = 0x45;
	frame->bytes[16] = (uint8_t)((size - 14) >> 8);
	frame->bytes[17] = (uint8_t)(size - 14);
	frame->bytes[23] = 17;
	memcpy(frame->bytes + size - sizeof(number), &number, sizeof(number));
	frame->size = size;
}

/* Every copy of every frame is on the list once, in a random order. */
static void random_round(bool is_group)
{
	static struct wire_frame sent[FRAMES];
	struct {
		unsigned frame;
		enum vfsteer_path path;
	} order[FRAMES * 2 * COPIES_MAX];
	unsigned copies[FRAMES][2] = { 0 }, delivered[FRAMES] = { 0 }, count = 0;

	set_compared(below(2) ? PATH_PRIMARY : PATH_STANDBY);
	for (unsigned i = 0; i < FRAMES; i++) {
		fill(&sent[i], is_group, 60 + below(below(4) ? 200 : 1400), i);
		for (unsigned path = 0; path < 2; path++) {
			copies[i][path] = below(COPIES_MAX + 1);
			for (unsigned j = 0; j < copies[i][path]; j++) {
				order[count].frame = i;
				order[count++].path = path ? PATH_PRIMARY : PATH_STANDBY;
			}
		}
	}
	for (unsigned i = count; i > 1; i--) {
		unsigned other = below(i);
		typeof(order[0]) kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
	for (unsigned i = 0; i < count; i++)
		delivered[order[i].frame] += is_delivered(&sent[order[i].frame], order[i].path);
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(delivered[i],
				 copies[i][0] > copies[i][1] ? copies[i][0] : copies[i][1]);
}

static void test_random_copies(void **context)
{
	(void)context;
	for (unsigned i = 0; i < ROUNDS; i++)
		random_round(i % 2);
}

/* What differs anywhere is no twin, but for the checksum, which one wire may not have computed. */
static void test_each_byte_counts(void **context)
{
	static struct wire_frame frame, other;
	static const unsigned sizes[] = { 60, 128, 129, 1514, 3300 };

	(void)context;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (unsigned place = sizes[i] > 300 ? sizes[i] - 150 : 26; place < sizes[i];
		     place++) {
			bool is_checksum = place == 40 || place == 41;

			set_compared(PATH_PRIMARY);
			fill(&frame, true, sizes[i], 7);
			other = frame;
			other.bytes[place] ^= (uint8_t)(1 << below(8));
			assert_true(is_delivered(&frame, PATH_STANDBY));
			assert_int_equal(is_delivered(&other, PATH_PRIMARY), !is_checksum);
			assert_int_equal(is_delivered(&frame, PATH_PRIMARY), is_checksum);
		}
}

/* The checksum is left out behind options, too; nothing else is. */
static void test_options(void **context)
{
	static struct wire_frame frame, other;

	(void)context;
	for (unsigned words = 6; words <= 15; words++)
		for (unsigned protocol = 6; protocol <= 17; protocol += 11)
			for (unsigned place = 26; place < 14 + words * 4 + 40; place++) {
				unsigned checksum = 14 + words * 4 + (protocol == 6 ? 16 : 6);
				bool is_checksum = place == checksum || place == checksum + 1;

				set_compared(PATH_PRIMARY);
				fill(&frame, true, 400, 7);
				frame.bytes[14] = (uint8_t)(0x40 | words);
				frame.bytes[23] = (uint8_t)protocol;
				other = frame;
				other.bytes[place] ^= (uint8_t)(1 << below(8));
				assert_true(is_delivered(&frame, PATH_STANDBY));
				assert_int_equal(is_delivered(&other, PATH_PRIMARY), !is_checksum);
				assert_int_equal(is_delivered(&frame, PATH_PRIMARY), is_checksum);
			}
}

static void test_padding(void **context)
{
	static struct wire_frame frame;

	(void)context;
	set_compared(PATH_PRIMARY);
	fill(&frame, true, 50, 7);
	assert_true(is_delivered(&frame, PATH_STANDBY));
	frame.size = 60;
	assert_false(is_delivered(&frame, PATH_PRIMARY));
	frame.size = 61;
	assert_true(is_delivered(&frame, PATH_PRIMARY));
}

static void test_window(void **context)
{
	static struct wire_frame frame;
	struct vfsteer_pair pair;

	(void)context;
	set_compared(PATH_PRIMARY);
	fill(&frame, true, 200, 7);
	assert_true(is_delivered(&frame, PATH_STANDBY));
	usleep(WINDOW_MS * 1200);
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	assert_false(is_delivered(&frame, PATH_STANDBY));
	/* What the old wire alone had brought a while before a switchover has no twins to come. */
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	usleep(20000);
	pair = pair_get(SLOT);
	pair.last_switch_boot_ns = boot_ns();
	pair_put(SLOT, &pair);
	assert_false(is_delivered(&frame, PATH_STANDBY));
	usleep(SETTLED_MS * 1500);
	assert_true(is_delivered(&frame, PATH_STANDBY));
	assert_false(is_delivered(&frame, PATH_PRIMARY));
}

/* Sets all balances of the map to the age of @age_ms. */
static void make_old(uint32_t age_ms)
{
	int fd = bpf_map__fd(world.steer->maps.twins);
	uint32_t since_ms = (uint32_t)(boot_ns() >> 20) - age_ms;
	struct vfsteer_twins twins;

	for (uint32_t bucket = 0; bucket < VFSTEER_TWINS_BUCKETS; bucket++) {
		bool is_used = false;

		assert_int_equal(bpf_map_lookup_elem(fd, &bucket, &twins), 0);
		for (unsigned i = 0; i < VFSTEER_TWINS_IN_BUCKET; i++) {
			is_used |= twins.entries[i].balance;
			twins.entries[i].since_boot_ms = since_ms;
		}
		if (is_used)
			assert_int_equal(bpf_map_update_elem(fd, &bucket, &twins, 0), 0);
	}
}

/* The stamps wrap after 52 days. A balance that nothing has touched for 26 is as old as others. */
static void test_old_balances(void **context)
{
	static const uint32_t ages_ms[] = { 2000, 3600000, INT32_MAX, 1u + INT32_MAX, 3500000000u,
					    UINT32_MAX - 2000 };
	static struct wire_frame frame;

	(void)context;
	for (unsigned i = 0; i < COUNT(ages_ms); i++) {
		set_compared(PATH_STANDBY);
		fill(&frame, true, 60, 3000 + i);
		assert_true(is_delivered(&frame, PATH_PRIMARY));
		make_old(ages_ms[i]);
		assert_true(is_delivered(&frame, PATH_STANDBY));
		assert_false(is_delivered(&frame, PATH_PRIMARY));
	}
}

static void check_flags(unsigned primary, unsigned standby)
{
	assert_int_equal(pair_get(SLOT).rx_compares_primary, primary);
	assert_int_equal(pair_get(SLOT).rx_compares_standby, standby);
}

/*
 * Of a quiet pair no unicast is compared on the active wire; one frame on the other wire changes
 * that, for a second.
 */
static void test_quiet_pair(void **context)
{
	static struct wire_frame frame, copy;
	struct vfsteer_pair pair;

	(void)context;
	set_compared(PATH_PRIMARY);
	pair = pair_get(SLOT);
	pair.last_switch_boot_ns -= 2 * WINDOW_MS * 1000000ULL;
	pair_put(SLOT, &pair);
	fill(&frame, false, 200, 7);
	fill(&copy, false, 200, 8);
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	check_flags(0, 1);
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	assert_true(is_delivered(&copy, PATH_STANDBY));
	check_flags(1, 1);
	assert_false(is_delivered(&copy, PATH_PRIMARY));
	assert_int_equal(counters_get(SLOT).drop_twin_packets, 1);
	usleep(WINDOW_MS * 1200);
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	check_flags(0, 1);
}

/*
 * A primary that joins or leaves, or is ready and not used, may begin to bring what the standby
 * brings at any time, and later than it does.
 */
static void test_twins_may_come(void **context)
{
	static const enum vfsteer_primary_state states[] = { PRIMARY_JOINING, PRIMARY_LEAVING,
							     PRIMARY_READY, PRIMARY_DOWN };
	static struct wire_frame frame, copy;

	(void)context;
	for (size_t i = 0; i < COUNT(states); i++) {
		bool may_come = states[i] != PRIMARY_DOWN;
		struct vfsteer_pair pair;

		set(&(struct setting){ PATH_STANDBY, states[i] });
		pair = pair_get(SLOT);
		pair.rx_compares_primary = pair.rx_compares_standby = 1;
		pair_put(SLOT, &pair);
		fill(&frame, false, 200, 7);
		fill(&copy, false, 200, 8);
		assert_true(is_delivered(&frame, PATH_STANDBY));
		check_flags(1, may_come);
		/* As steer_standby_own, which the first would have reported. */
		assert_true(is_delivered(&copy, PATH_STANDBY));
		assert_int_equal(is_delivered(&copy, PATH_PRIMARY), !may_come);
	}
}

/* A pair whose primary is left is compared at once. */
static void test_switch_compares(void **context)
{
	(void)context;
	set(&(struct setting){ PATH_PRIMARY, .absent = true });
	check_flags(0, 0);
	run(world.steer->progs.steer_egress, UNICAST_V4, "st0");
	check_flags(1, 1);
}

static void *receive_on_primary(void *until)
{
	static struct wire_frame frame;

	fill(&frame, false, 200, 7);
	while (!*(volatile bool *)until)
		is_delivered(&frame, PATH_PRIMARY);
	return NULL;
}

/*
 * A frame that finds the pair quiet, and a switchover at that moment: the primary's wire, now the
 * inactive one, is compared.
 */
static void test_quiet_and_switched(void **context)
{
	unsigned forgotten = 0;
	bool until = false;
	pthread_t thread;

	(void)context;
	assert_int_equal(pthread_create(&thread, NULL, receive_on_primary, &until), 0);
	for (unsigned i = 0; i < SWITCHES; i++) {
		struct vfsteer_pair pair;

		set(&(struct setting){ PATH_PRIMARY, .absent = true });
		pair = pair_get(SLOT);
		pair.rx_compares_primary = pair.rx_compares_standby = 1;
		pair_put(SLOT, &pair);
		run(world.steer->progs.steer_egress, UNICAST_V4, "st0");
		usleep(below(50));
		forgotten += !pair_get(SLOT).rx_compares_primary;
	}
	until = true;
	pthread_join(thread, NULL);
	assert_int_equal(forgotten, 0);
}

/* A macvlan's own broadcast comes back on the inactive wire. */
static void test_own_macs(void **context)
{
	struct vfsteer_own_mac own = { .slot = SLOT, .mac = { 2, 0, 0, 0, 0, 0xcc } };
	static struct wire_frame frame;
	uint8_t one = 1;
	int fd = bpf_map__fd(world.maps->maps.own_macs);

	(void)context;
	set_compared(PATH_PRIMARY);
	fill(&frame, true, 100, 7);
	memcpy(frame.bytes + 6, own.mac, 6);
	assert_int_equal(bpf_map_update_elem(fd, &own, &one, BPF_ANY), 0);
	assert_false(is_delivered(&frame, PATH_STANDBY));
	assert_int_equal(counters_get(SLOT).drop_own_echo_packets, 1);
	assert_true(is_delivered(&frame, PATH_PRIMARY));
	assert_int_equal(bpf_map_delete_elem(fd, &own), 0);
	assert_false(is_delivered(&frame, PATH_STANDBY));
	assert_true(is_delivered(&frame, PATH_STANDBY));
}

/* An answer that says where a neighbour is, as it is given to each question. */
static void fill_neighbour(struct wire_frame *frame, bool is_v4, uint8_t type)
{
	fill(frame, false, is_v4 ? 60 : 86, 0);
	if (is_v4) {
		static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0 };

		memcpy(frame->bytes + 12, arp, sizeof(arp));
		frame->bytes[21] = type;
	} else {
		static const uint8_t ipv6[] = { 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 58, 255 };

		memcpy(frame->bytes + 12, ipv6, sizeof(ipv6));
		frame->bytes[54] = type;
	}
}

/*
 * A guest that asks again after a switchover gets the same answer by the other wire. An answer that
 * is dropped as a twin costs a second, one that comes twice costs nothing.
 */
static void test_neighbours_answer_again(void **context)
{
	static const struct {
		bool is_v4;
		uint8_t type;
		bool is_repeatable;
	} messages[] = { { true, 1, true },    { true, 2, true },     { false, 133, true },
			 { false, 134, true }, { false, 135, true },  { false, 136, true },
			 { false, 137, true }, { false, 132, false }, { false, 138, false },
			 { false, 129, false } };
	static struct wire_frame frame;

	(void)context;
	for (size_t i = 0; i < COUNT(messages); i++) {
		set_compared(PATH_STANDBY);
		fill_neighbour(&frame, messages[i].is_v4, messages[i].type);
		assert_true(is_delivered(&frame, PATH_PRIMARY));
		assert_int_equal(is_delivered(&frame, PATH_STANDBY), messages[i].is_repeatable);
		/* To a group it goes down both wires, and is compared as all that does. */
		set_compared(PATH_STANDBY);
		fill_neighbour(&frame, messages[i].is_v4, messages[i].type);
		frame.bytes[0] = 0x33;
		assert_true(is_delivered(&frame, PATH_PRIMARY));
		assert_false(is_delivered(&frame, PATH_STANDBY));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_copies),
		cmocka_unit_test(test_each_byte_counts),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_old_balances),
		cmocka_unit_test(test_quiet_pair),
		cmocka_unit_test(test_switch_compares),
		cmocka_unit_test(test_quiet_and_switched),
		cmocka_unit_test(test_twins_may_come),
		cmocka_unit_test(test_own_macs),
		cmocka_unit_test(test_neighbours_answer_again),
	};

	return run_twins(tests, COUNT(tests));
}
