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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

VARIANT_DEFINE_OPEN(steer)

struct steer {
	const struct pins *pins;
	unsigned slot;
	bool watched;			/* see steer_new */
	enum vfsteer_liveness liveness; /* that they are loaded for */
	enum vfsteer_liveness home_by;	/* see bpf/alive.h */
	enum vfsteer_kind kind;
	/* of the owner's egress and ingress, and of redirect_fd's hook */
	struct hook_moves moves[3];
	/*
	 * Only these: with maps and BTF a pair would need eight descriptors, and many processes are
	 * limited to 1,024.
	 */
	int steer_egress_fd, owner_ingress_fd;
	/*
	 * on the ingress of the primary, or of a net_failover pair's standby: see bpf/steer.bpf.c
	 */
	int redirect_fd;
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
	steer_close(&steer->owner_ingress_fd);
	steer_close(&steer->redirect_fd);
}

static void steer_choose_programs(const struct steer *steer, struct steer_bpf *programs,
				  const struct bpf_program **ret_owner_ingress,
				  const struct bpf_program **ret_redirect)
{
	struct bpf_program *primary = steer->watched ? programs->progs.primary_ingress_watched
						     : programs->progs.primary_ingress;
	struct bpf_program *const all[] = { programs->progs.standby_ingress,
					    programs->progs.owner_ingress,
					    programs->progs.primary_ingress,
					    programs->progs.primary_ingress_watched,
					    programs->progs.standby_redirect };

	*ret_owner_ingress = steer->kind == KIND_PLAIN ? programs->progs.standby_ingress
						       : programs->progs.owner_ingress;
	*ret_redirect = steer->kind == KIND_PLAIN ? primary : programs->progs.standby_redirect;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		bpf_program__set_autoload(all[i],
					  all[i] == *ret_owner_ingress || all[i] == *ret_redirect);
}

static int steer_load(struct steer *steer, enum vfsteer_liveness liveness,
		      enum vfsteer_liveness home_by)
{
	struct steer_bpf *programs = steer_open(steer_choose_variant(liveness));
	const struct bpf_program *owner_ingress, *redirect;
	int error;

	if (!programs)
		return -errno;
	programs->rodata->pair_slot = steer->slot;
	programs->rodata->pair_kind = steer->kind;
	programs->rodata->alive_by = liveness;
	programs->rodata->home_by = home_by;
	steer_choose_programs(steer, programs, &owner_ingress, &redirect);
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
		error = steer_keep(owner_ingress, &steer->owner_ingress_fd);
	if (!error)
		error = steer_keep(redirect, &steer->redirect_fd);
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

	again.steer_egress_fd = again.owner_ingress_fd = again.redirect_fd = -1;
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
	steer->kind = pins->pairs[slot].kind;
	steer->steer_egress_fd = steer->owner_ingress_fd = steer->redirect_fd = -1;
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

int steer_attach_owner(struct steer *steer)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_ingress(steer->pins, (int)pair->owner_ifindex);
	struct hook redirect = steer_hook_redirect(steer->pins, (int)pair->standby_ifindex);
	struct hook egress = steer_hook_egress(steer->pins, (int)pair->owner_ifindex,
					       steer_is_before_others(steer));
	int error = hook_check(&egress, steer->steer_egress_fd);

	if (error)
		return error;
	error = hook_attach(&ingress, steer->owner_ingress_fd, &pair->owner_clsact_is_ours);
	crash_point("steer-standby-ingress-attached");
	if (!error && steer->kind != KIND_PLAIN)
		error = hook_attach(&redirect, steer->redirect_fd, &pair->standby_clsact_is_ours);
	crash_point("steer-redirect-attached");
	return error ? error
		     : hook_attach(&egress, steer->steer_egress_fd, &pair->owner_clsact_is_ours);
}

int steer_attach_primary(struct steer *steer, int ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_primary(steer->pins, ifindex);

	if (steer->kind != KIND_PLAIN)
		return 0;
	return hook_attach(&ingress, steer->redirect_fd, &pair->primary_clsact_is_ours);
}

bool steer_has_primary(const struct pins *pins, unsigned slot, int ifindex)
{
	struct hook ingress = steer_hook_primary(pins, ifindex);

	return pins->pairs[slot].kind != KIND_PLAIN || hook_is_attached(&ingress);
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

/* The hook whose frames are redirected. */
static int steer_keep_redirect(struct steer *steer, int primary_ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	bool is_plain = steer->kind == KIND_PLAIN;
	struct hook hook = is_plain ? steer_hook_primary(steer->pins, primary_ifindex)
				    : steer_hook_redirect(steer->pins, (int)pair->standby_ifindex);

	if (is_plain && !primary_ifindex)
		return 0;
	return steer_put_right(steer, &hook, &steer->redirect_fd, &steer->moves[2],
			       is_plain ? &pair->primary_clsact_is_ours
					: &pair->standby_clsact_is_ours);
}

int steer_keep_place(struct steer *steer, int primary_ifindex)
{
	struct vfsteer_pair *pair = &steer->pins->pairs[steer->slot];
	struct hook ingress = steer_hook_ingress(steer->pins, (int)pair->owner_ifindex);
	struct hook egress = steer_hook_egress(steer->pins, (int)pair->owner_ifindex,
					       steer_is_before_others(steer));
	int error, step_error;

	/* First the hook where packets are lost if it is not in its place. */
	error = steer_keep_redirect(steer, primary_ifindex);
	step_error = steer_put_right(steer, &ingress, &steer->owner_ingress_fd, &steer->moves[1],
				     &pair->owner_clsact_is_ours);
	if (!error)
		error = step_error;
	if (!hook_is_misplaced(&egress))
		return error;
	step_error = hook_check(&egress, steer->steer_egress_fd);
	if (!step_error)
		step_error = steer_put_right(steer, &egress, &steer->steer_egress_fd,
					     &steer->moves[0], &pair->owner_clsact_is_ours);
	return step_error ? step_error : error;
}
