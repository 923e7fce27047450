/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of the ring buffer: each is about one of the agent's pairs, or about none. */
#include "agent/reconcile.c"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair pairs[2] = { { .slot = 0 }, { .slot = 5 } };
	struct agent agent = { .pair_count = 2, .pairs = { &pairs[0], &pairs[1] } };
	size_t step = size ? 1 + data[0] % (2 * sizeof(struct vfsteer_event)) : 1;

	for (size_t at = 1; at < size; at += step) {
		size_t length = size - at < step ? size - at : step;
		void *record = malloc(length);
		bool programs;

		memcpy(record, data + at, length);
		programs = agent_take_event(&agent, record, length);
		FUZZ_EXPECT(!programs || length >= sizeof(struct vfsteer_event));
		free(record);
	}
	FUZZ_EXPECT(pairs[0].slot == 0 && pairs[1].slot == 5 && agent.pair_count == 2);
	return 0;
}
