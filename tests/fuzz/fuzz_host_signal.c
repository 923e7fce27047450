/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame that a host receives on a guest's tap. What is taken for a signal is one, and is built
 * again from what was read of it; what is not leaves nothing behind.
 */
#include "announce/host_signal.c"

#include "fuzz.h"

/* Of the fields that a version-1 parser reads. */
static void build_again(const struct host_signal *signal, const uint8_t *source,
			const uint8_t *frame)
{
	static const size_t reserved[] = { offsetof(struct wire, reserved),
					   offsetof(struct wire, reserved_end),
					   offsetof(struct wire, reserved_end) + 1,
					   /* longer than version 1 as known here */
					   offsetof(struct wire, length),
					   offsetof(struct wire, length) + 1 };
	uint8_t built[HOST_SIGNAL_FRAME_SIZE], known[HOST_SIGNAL_FRAME_SIZE];

	FUZZ_EXPECT(host_signal_build(signal, source, built, sizeof(built)) == sizeof(built));
	memcpy(known, frame, sizeof(known));
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		known[reserved[i]] = built[reserved[i]];
	FUZZ_EXPECT(!memcmp(built, known, sizeof(built)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host_signal signal, untouched;
	uint8_t source[ETH_ALEN], again[ETH_ALEN], *frame = malloc(size ? size : 1);
	int error;

	memcpy(frame, data, size);
	memset(&signal, 0x5a, sizeof(signal));
	memset(&untouched, 0x5a, sizeof(untouched));
	error = host_signal_parse(frame, size, &signal, source);
	FUZZ_EXPECT(!error || error == -ENOMSG || error == -EPROTONOSUPPORT || error == -EBADMSG);
	if (error) {
		FUZZ_EXPECT(!memcmp(&signal, &untouched, sizeof(signal)));
	} else {
		FUZZ_EXPECT(size >= HOST_SIGNAL_FRAME_SIZE);
		FUZZ_EXPECT(signal.kind < VFSTEER_KIND_MAX && signal.active < VFSTEER_PATH_MAX &&
			    signal.primary < PRIMARY_STATE_MAX && signal.admin < ADMIN_MAX);
		build_again(&signal, source, frame);
		host_signal_source(signal.mac, again);
		FUZZ_EXPECT(memcmp(again, signal.mac, ETH_ALEN) && !(again[0] & 1));
	}
	free(frame);
	return 0;
}
