/* SPDX-License-Identifier: GPL-2.0-only */
/* The receive rule (bpf/twins.h) for frames that GRO has joined, otherwise on each of the wires. */
#include "twins_stage.h"

#define MSS 100
#define SEGMENTS 60

/* @count segments of a stream from number @first on, as one frame. */
static void fill_segments(struct wire_frame *frame, bool is_v4, unsigned first, unsigned count,
			  unsigned flags)
{
	unsigned transport = is_v4 ? 34 : 54, payload = count * MSS;
	static const uint8_t us[] = { US }, peer[] = { PEER };
	uint32_t sequence = 4294967000u + first * MSS; /* across zero */
	uint8_t *tcp = frame->bytes + transport;

	memset(frame, 0, sizeof(*frame));
	memcpy(frame->bytes, us, 6);
	memcpy(frame->bytes + 6, peer, 6);
	frame->bytes[12] = is_v4 ? 8 : 0x86;
	frame->bytes[13] = is_v4 ? 0 : 0xdd;
	if (is_v4) {
		frame->bytes[14] = 0x45;
		frame->bytes[16] = (uint8_t)((40 + payload) >> 8);
		frame->bytes[17] = (uint8_t)(40 + payload);
		frame->bytes[19] = (uint8_t)first;
		frame->bytes[23] = 6;
	} else {
		frame->bytes[14] = 0x60;
		frame->bytes[18] = (uint8_t)((20 + payload) >> 8);
		frame->bytes[19] = (uint8_t)(20 + payload);
		frame->bytes[20] = 6;
	}
	for (unsigned i = 0; i < 4; i++)
		tcp[4 + i] = (uint8_t)(sequence >> (24 - 8 * i));
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	tcp[15] = (uint8_t)below(256); /* the window is that of the first segment */
	tcp[16] = (uint8_t)below(256);
	frame->size = transport + 20 + payload;
	frame->gso_size = count > 1 ? MSS : 0;
	frame->segments = count;
}

/* @count segments or datagrams from number @first on, as GRO joins them. */
typedef void (*fill_t)(struct wire_frame *frame, bool is_v4, unsigned first, unsigned count);

/*
 * All come twice, joined otherwise on each wire, in order on each. None is ever missing, and with
 * @once what comes of one wire after all of the other is dropped.
 */
static void random_joined(fill_t fill, bool is_v4, bool one_after_the_other, bool once)
{
	unsigned at[2] = { 0 }, seen[SEGMENTS] = { 0 };
	static struct wire_frame frame;

	set_compared(PATH_PRIMARY);
	while (at[0] < SEGMENTS || at[1] < SEGMENTS) {
		unsigned wire = at[0] == SEGMENTS			   ? 1
				: at[1] == SEGMENTS || one_after_the_other ? 0
									   : below(2);
		unsigned count = 1 + below(16);

		if (count > SEGMENTS - at[wire])
			count = SEGMENTS - at[wire];
		fill(&frame, is_v4, at[wire], count);
		if (is_delivered(&frame, wire ? PATH_PRIMARY : PATH_STANDBY))
			for (unsigned i = 0; i < count; i++)
				seen[at[wire] + i]++;
		at[wire] += count;
	}
	for (unsigned i = 0; i < SEGMENTS; i++)
		assert_in_range(seen[i], 1, once ? 1 : 2);
}

/* The last segment of the stream is pushed. */
static void fill_stream(struct wire_frame *frame, bool is_v4, unsigned first, unsigned count)
{
	fill_segments(frame, is_v4, first, count, first + count == SEGMENTS ? 0x18 : 0x10);
}

static void test_streams(void **context)
{
	(void)context;
	for (unsigned i = 0; i < ROUNDS; i++)
		random_joined(fill_stream, i % 2, i % 4 < 2, i % 4 < 2);
}

/* @count datagrams of MSS bytes from number @first on, as GRO joins them. */
static void fill_datagrams(struct wire_frame *frame, bool is_v4, unsigned first, unsigned count)
{
	unsigned transport = is_v4 ? 34 : 54, payload = count * MSS, id = 65500 + first;

	fill_segments(frame, is_v4, 0, count, 0);
	frame->bytes[is_v4 ? 23 : 20] = 17;
	memset(frame->bytes + transport, 0, 20);
	if (is_v4) {
		frame->bytes[16] = (uint8_t)((28 + payload) >> 8);
		frame->bytes[17] = (uint8_t)(28 + payload);
		frame->bytes[18] = (uint8_t)(id >> 8);
		frame->bytes[19] = (uint8_t)id;
		frame->bytes[24] = (uint8_t)below(256);
	} else {
		frame->bytes[18] = (uint8_t)((8 + payload) >> 8);
		frame->bytes[19] = (uint8_t)(8 + payload);
	}
	frame->bytes[transport + 4] = (uint8_t)((8 + payload) >> 8);
	frame->bytes[transport + 5] = (uint8_t)(8 + payload);
	frame->bytes[transport + 6] = (uint8_t)below(256);
	for (unsigned i = 0; i < count; i++)
		memset(frame->bytes + transport + 8 + i * MSS, (int)(first + i), MSS);
	frame->size = transport + 8 + payload;
}

/* The identification passes 0, and a frame that begins with it counts no further. */
static void test_datagrams(void **context)
{
	(void)context;
	for (unsigned i = 0; i < ROUNDS; i++)
		random_joined(fill_datagrams, i % 2, i % 4 < 2, i % 4 < 2 && !(i % 2));
}

/* Acknowledgements carry nothing that GRO joins, and three of one kind mean something. */
static void test_acknowledgements(void **context)
{
	static struct wire_frame frame;

	(void)context;
	set_compared(PATH_PRIMARY);
	fill_segments(&frame, true, 3, 0, 0x10);
	frame.size = 60;
	for (unsigned i = 0; i < 3; i++)
		assert_true(is_delivered(&frame, PATH_PRIMARY));
	for (unsigned i = 0; i < 3; i++)
		assert_false(is_delivered(&frame, PATH_STANDBY));
	assert_true(is_delivered(&frame, PATH_STANDBY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_acknowledgements),
	};

	return run_twins(tests, COUNT(tests));
}
