/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uplinks: what a pair's two devices do for its ports: programs that redirect frames to them, XDP
 * in the drivers, all-multicast. It starts with the first port and ends with the last. XDP starts
 * when the first port needs it, since attaching it disturbs the device, and stays as long as there
 * are ports.
 */
#ifndef PORT_UPLINKS_H
#define PORT_UPLINKS_H

#include "datapath/port_programs.h"
#include "maps/port_pins.h"
#include "netdev/link.h"

struct netdev;
struct pair;
struct world;

struct uplinks {
	bool open; /* there are ports, or one is being added */
	bool with_xdp;
	bool take_fragments; /* both accept XDP frames of several buffers */
	/* ifindex of the primary whose traffic was moved away to attach XDP; 0: none */
	int relieved;
	/*
	 * the primary's XDP must still be changed: uplinks_update is called again when the primary
	 * is empty
	 */
	bool waits;
	struct port_constants loaded;
	struct port_programs programs;
	struct hook_moves moves;
};

/* A pair as its uplinks see it, filled for one call. */
struct uplinks_pair {
	unsigned slot;
	int owner, standby, primary; /* ifindexes; primary 0: none */
	/* a mirrored XDP program must see the primary's frames: ours is not attached */
	bool filtered;
	struct pair *pair; /* identifies the pair, and is passed to step_aside */
	struct uplinks *uplinks;
	/*
	 * Moves the traffic off the primary before XDP disturbs it. False: the primary is not empty
	 * yet. See pair_step_aside.
	 */
	bool (*step_aside)(struct world *world, struct pair *pair, enum vfsteer_cause cause);
};

/*
 * Sets up the pair's devices for its bound ports, and its ports' programs for the devices; removes
 * all if there are no ports. Called after each change of either, through pair_update_uplinks.
 * Returns 0, or -errno with the earlier state kept. *ret_changed: the pair must be aligned and
 * announced again.
 */
int uplinks_update(struct world *world, const struct uplinks_pair *pair, bool *ret_changed);

/* Called before the primary is removed or no longer used. Detaches our XDP program from it. */
void uplinks_part(struct world *world, const struct uplinks_pair *pair);

/*
 * Attaches the owner's programs in their place again, after another program removed them or was
 * attached before them. Returns 0 or -errno; -EEXIST: their place is taken, call uplinks_reload.
 */
int uplinks_keep_place(struct world *world, const struct uplinks_pair *pair);

/*
 * Loads and attaches the programs again; uplinks_update must follow. Returns 0, or -errno with the
 * earlier ones kept.
 */
int uplinks_reload(struct world *world, const struct uplinks_pair *pair);

/* Does one of the ports own the pair's MAC? */
bool uplinks_has_passthrough(const struct uplinks *uplinks);

/* Removes what an agent has left of the ports of the pair in @slot. */
void uplinks_take_away(const struct pins *pins, struct port_pins *port_pins,
		       struct link_requests *requests, unsigned slot);

#endif
