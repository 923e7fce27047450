/* SPDX-License-Identifier: GPL-2.0-only */
#include "datapath/steer.h"
#include "base/crash_point.h"
#include "base/kernel.h"
#include "datapath/steer_hooks.h"
#include "datapath/variant.h"
#include "maps/pins_make.h"
#include "steer.skel.h"
#include "steer_without_btf.skel.h"
#include "steer_without_cas.skel.h"
#include "steer_without_kfuncs.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

VARIANT_DEFINE_OPEN(steer)

struct steer {
	const struct pins *pins;
	unsigned slot;
	bool watched;			/* see steer_new */
	enum vfsteer_liveness liveness; /* that they are loaded for */
	enum vfsteer_liveness home_by;	/* see bpf/alive.h */
	/* of the standby's egress and ingress, and of the primary's ingress */
	struct hook_moves moves[3];
	/*
	 * Only these: with maps and BTF a pair would need eight descriptors, and many processes are
	 * limited to 1,024.
	 */
	int steer_egress_fd, standby_ingress_fd, primary_ingress_fd;
};

/* Each has fewer features than the one before (Makefile). */
static variant_elf_t steer_choose_variant(enum vfsteer_liveness liveness)
{
	if (!kernel_has_btf())
		return steer_without_btf_bpf__elf_bytes;
	if (!kernel_has_compare_and_swap())
		return steer_without_cas_bpf__elf_bytes;
	return liveness == LIVENESS_KFUNC ? steer_bpf__elf_bytes
					  : steer_without_kfuncs_bpf__elf_bytes;
}

/* The method if no device can be read. */
static enum vfsteer_liveness steer_least_liveness(bool watched)
{
	return watched ? LIVENESS_WORD : LIVENESS_NETLINK;
}

static enum vfsteer_liveness steer_best_liveness(bool watched)
{
	if (!kernel_has_btf())
		return LIVENESS_NETLINK;
	if (kernel_has_function("bpf_rdonly_cast") && kernel_has_function("bpf_cast_to_kern_ctx"))
		return LIVENESS_KFUNC;
	return watched ? LIVENESS_WORD : LIVENESS_PROBE;
}

/* A descriptor that stays open after the object is closed. */
static int steer_keep(const struct bpf_program *program, int *ret_fd)
{
	*ret_fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -errno : 0;
}

static void steer_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void steer_forget(struct steer *steer)
{
	steer_close(&steer->steer_egress_fd);
	steer_close(&steer->standby_ingress_fd);
	steer_close(&steer->primary_ingress_fd);
}

static int steer_load(struct steer *steer, enum vfsteer_liveness liveness,
		      enum vfsteer_liveness home_by)
{
	struct steer_bpf *programs = steer_open(steer_choose_variant(liveness));
	int error;

	if (!programs)
		return -errno;
	programs->rodata->pair_slot = steer->slot;
	programs->rodata->alive_by = liveness;
	programs->rodata->home_by = home_by;
	bpf_program__set_autoload(programs->progs.primary_ingress, !steer->watched);
	bpf_program__set_autoload(programs->progs.primary_ingress_watched, steer->watched);
	error = bpf_map__reuse_fd(programs->maps.pairs, steer->pins->pairs_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.counters, steer->pins->counters_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.events, steer->pins->events_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.twins, steer->pins->twins_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.twins_key, steer->pins->twins_key_fd);
	if (!error)
		error = bpf_map__reuse_fd(programs->maps.own_macs, steer->pins->own_macs_fd);
	if (!error)
		error = steer_bpf__load(programs);
	if (!error)
		error = steer_keep(programs->progs.steer_egress, &steer->steer_egress_fd);
	if (!error)
		error = steer_keep(programs->progs.standby_ingress, &steer->standby_ingress_fd);
	if (!error)
		error = steer_keep(steer->watched ? programs->progs.primary_ingress_watched
						  : programs->progs.primary_ingress,
				   &steer->primary_ingress_fd);
	steer_bpf__destroy(programs);
	if (error) {
		steer_forget(steer);
		return error;
	}
	steer->liveness = liveness;
	steer->home_by = home_by;
	return 0;
}

/* Loads the same programs, which the kernel treats as others. */
static int steer_load_again(struct steer *steer)
{
	struct steer again = *steer;
	int error;

	again.steer_egress_fd = again.standby_ingress_fd = again.primary_ingress_fd = -1;
	error = steer_load(&again, steer->liveness, steer->home_by);
	if (error)
		return error;
	steer_forget(steer);
	*steer = again;
	return 0;
}

/*
 * If watch programs keep the state word, the primary's namespace can still be read, which is rarely
 * needed.
 */
static int steer_load_best(struct steer *steer, enum vfsteer_liveness liveness)
{
	int error;

	if (liveness != LIVENESS_WORD)
		return steer_load(steer, liveness, liveness);
	error = steer_load(steer, liveness, LIVENESS_PROBE);
	return error ? steer_load(steer, liveness, LIVENESS_NETLINK) : 0;
}

int steer_new(const struct pins *pins, unsigned slot, bool watched, struct steer **ret)
{
	enum vfsteer_liveness liveness = steer_best_liveness(watched);
	struct steer *steer = calloc(1, sizeof(*steer));
	int error;

	if (!steer)
		return -ENOMEM;
	steer->pins = pins;
	steer->slot = slot;
	steer->steer_egress_fd = steer->standby_ingress_fd = steer->primary_ingress_fd = -1;
	steer->watched = watched;
	error = steer_load_best(steer, liveness);
	if (error && liveness == LIVENESS_KFUNC)
		error = steer_load_best(steer, liveness = LIVENESS_PROBE);
	if (error && liveness == LIVENESS_PROBE)
		error = steer_load_best(steer, liveness = steer_least_liveness(watched));
	if (error) {
		steer_free(steer);
		return error;
	}
	pins->pairs[slot].liveness = liveness;
	pins->pairs[slot].compares_and_swaps = kernel_has_btf() && kernel_has_compare_and_swap();
	*ret = steer;
	return 0;
}

void steer_free(struct steer *steer)
{
	if (!steer)
		return;
	steer_forget(steer);
	free(steer);
}

static bool steer_is_before_others(const struct steer *steer)
{
	return steer->pins->pairs[steer->slot].egress_is_before;
}

int steer_attach_standby(struct steer *steer, int ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_ingress(steer->pins, ifindex);
	struct hook egress = steer_hook_egress(steer->pins, ifindex, steer_is_before_others(steer));
	int error = hook_check(&egress, steer->steer_egress_fd);

	if (error)
		return error;
	error = hook_attach(&ingress, steer->standby_ingress_fd, &pair->standby_clsact_is_ours);
	crash_point("steer-standby-ingress-attached");
	return error ? error
		     : hook_attach(&egress, steer->steer_egress_fd, &pair->standby_clsact_is_ours);
}

int steer_attach_primary(struct steer *steer, int ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_primary(steer->pins, ifindex);

	return hook_attach(&ingress, steer->primary_ingress_fd, &pair->primary_clsact_is_ours);
}

bool steer_has_primary(const struct pins *pins, int ifindex)
{
	struct hook ingress = steer_hook_primary(pins, ifindex);

	return hook_is_attached(&ingress);
}

static int steer_put_right(struct steer *steer, const struct hook *hook, const int *program_fd,
			   struct hook_moves *moves, __u8 *clsact_is_ours)
{
	int error;

	if (!hook_is_misplaced(hook) ||
	    !hook_may_move(moves, steer->watched ? HOOK_MOVES_MAX : HOOK_MOVES_UNTOLD_MAX))
		return 0;
	error = hook_attach(hook, *program_fd, clsact_is_ours);
	if (error != -EEXIST)
		return error;
	error = steer_load_again(steer);
	crash_point("steer-loaded-again");
	return error ? error : hook_attach(hook, *program_fd, clsact_is_ours);
}

int steer_keep_place(struct steer *steer, int standby_ifindex, int primary_ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_ingress(steer->pins, standby_ifindex);
	struct hook egress =
		steer_hook_egress(steer->pins, standby_ifindex, steer_is_before_others(steer));
	struct hook primary = steer_hook_primary(steer->pins, primary_ifindex);
	int error, step_error;

	/* First the hook where packets are lost if it is not in its place. */
	error = primary_ifindex ? steer_put_right(steer, &primary, &steer->primary_ingress_fd,
						  &steer->moves[2], &pair->primary_clsact_is_ours)
				: 0;
	step_error = steer_put_right(steer, &ingress, &steer->standby_ingress_fd, &steer->moves[1],
				     &pair->standby_clsact_is_ours);
	if (!error)
		error = step_error;
	if (!hook_is_misplaced(&egress))
		return error;
	step_error = hook_check(&egress, steer->steer_egress_fd);
	if (!step_error)
		step_error = steer_put_right(steer, &egress, &steer->steer_egress_fd,
					     &steer->moves[0], &pair->standby_clsact_is_ours);
	return step_error ? step_error : error;
}

/* If it cannot be read, it counts as up. */
static bool steer_is_down(int ifindex)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_ifindex = ifindex };
	bool is_down = fd >= 0 && !ioctl(fd, SIOCGIFNAME, &request) &&
		       !ioctl(fd, SIOCGIFFLAGS, &request) && !(request.ifr_flags & IFF_UP);

	if (fd >= 0)
		close(fd);
	return is_down;
}

int steer_detach_standby(const struct pins *pins, unsigned slot, int ifindex)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	struct hook ingress = steer_hook_ingress(pins, ifindex),
		    egress = steer_hook_egress(pins, ifindex, false);
	bool remove_clsact = pair->standby_clsact_is_ours && steer_is_down(ifindex);
	int error = hook_detach(&egress, remove_clsact), ingress_error;

	crash_point("steer-standby-egress-detached");
	ingress_error = hook_detach(&ingress, remove_clsact);
	crash_point("steer-standby-ingress-detached");

	pair->standby_clsact_is_ours = 0;
	return error ? error : ingress_error;
}

int steer_detach_primary(const struct pins *pins, unsigned slot, int ifindex)
{
	struct vfsteer_pair *pair = &pins->pairs[slot];
	struct hook ingress = steer_hook_primary(pins, ifindex);
	int error = hook_detach(&ingress, pair->primary_clsact_is_ours);

	pair->primary_clsact_is_ours = 0;
	return error;
}
