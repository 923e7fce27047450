/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words: the enumerators of include/vfsteer.h as users read them ("primary", "leaving", "unplug
 * announced").
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include "vfsteer.h"

/* Each returns a static string, "unknown" for a value that this build does not know. */
const char *words_path(enum vfsteer_path path);
const char *words_primary_state(enum vfsteer_primary_state state);
const char *words_admin(enum vfsteer_admin admin);
const char *words_kind(enum vfsteer_kind kind);
const char *words_liveness(enum vfsteer_liveness liveness);
const char *words_down_reason(enum vfsteer_down_reason reason);
const char *words_reach(enum vfsteer_reach reach);
const char *words_xdp_mirror(enum vfsteer_xdp_mirror mirror);
const char *words_announce(enum vfsteer_announce announce);
const char *words_drain(enum vfsteer_drain drain);
const char *words_cause(enum vfsteer_cause cause);
const char *words_port_driver(enum vfsteer_port_driver driver);
const char *words_port_obstacle(enum vfsteer_port_obstacle obstacle);
const char *words_port_wait(enum vfsteer_port_wait wait);

/* A sentence for each of those whose words are short; static strings, "unknown" likewise. */
const char *words_down_reason_explained(enum vfsteer_down_reason reason);
const char *words_cause_explained(enum vfsteer_cause cause);

#endif
