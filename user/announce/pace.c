/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/pace.h"

uint64_t pace_next(struct pace *pace)
{
	return pace->sent++ % PACE_BURST || pace->sent == 1 ? 0 : PACE_PAUSE_NS;
}

uint64_t pace_again(struct pace *pace)
{
	return pace->refused++ < PACE_PATIENCE ? PACE_PAUSE_NS : 0;
}
