/* SPDX-License-Identifier: GPL-2.0-only */
/* pair_signal: what of one pair is reported to the host (announce/host_signals.h). */
#ifndef PAIR_PAIR_SIGNAL_H
#define PAIR_PAIR_SIGNAL_H

#include "pair/pair.h"

/*
 * Brings the pair's signal up to date, and sends it if it is due. A pair whose MAC a passthrough
 * port owns has none: the MAC is not the guest's.
 */
void pair_signal(const struct world *world, const struct pair *pair);

/* The pair is removed: no signal of it any more. */
void pair_signal_end(const struct world *world, const struct pair *pair);

#endif
