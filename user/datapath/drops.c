/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/drops.h"
#include "base/crash_point.h"
#include "drops.skel.h"
#include "maps/pins_make.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define DROPS_PIN "drops-kfree_skb"
#define DROPS_NEW_PIN "new-" DROPS_PIN /* until it replaces an earlier one */

/*
 * As for watch programs, both are attached for a moment, when a drop may count twice; never none.
 */
static int drops_pin(const struct pins *pins, const struct bpf_program *program)
{
	char path[PINS_PATH_SIZE], new_path[PINS_PATH_SIZE];
	struct bpf_link *link = bpf_program__attach(program);
	int error;

	if (!link)
		return -errno;
	pins_link_path(pins, DROPS_PIN, 0, path, sizeof(path));
	pins_link_path(pins, DROPS_NEW_PIN, 0, new_path, sizeof(new_path));
	unlink(new_path);
	error = bpf_link__pin(link, new_path);
	crash_point("drops-link-pinned");
	if (!error && rename(new_path, path))
		error = -errno;
	crash_point("drops-link-renamed");
	bpf_link__destroy(link);
	return error;
}

int drops_attach(const struct pins *pins)
{
	struct drops_bpf *programs = drops_bpf__open();
	int error;

	if (!programs)
		return -errno;
	error = bpf_map__reuse_fd(programs->maps.pairs, pins->pairs_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.counters, pins->counters_fd);
	if (!error)
		error = bpf_map__set_autocreate(programs->maps.events, false);
	if (!error)
		error = drops_bpf__load(programs);
	if (!error)
		error = drops_pin(pins, programs->progs.drops_kfree_skb);
	drops_bpf__destroy(programs);
	return error;
}

bool drops_are_counted(const struct pins *pins)
{
	char path[PINS_PATH_SIZE];

	pins_link_path(pins, DROPS_PIN, 0, path, sizeof(path));
	return !access(path, F_OK);
}
