/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the pair's programs are attached, and which foreign programs are there. */
#include "datapath/steer_hooks.h"
#include "datapath/filters.h"
#include "datapath/port_programs.h"
#include "datapath/steer.h"
#include "maps/pins_make.h"

#include <string.h>

static struct hook steer_hook(const struct pins *pins, int ifindex, const char *name,
			      enum hook_direction direction, enum hook_place place)
{
	struct hook hook = { .ifindex = ifindex,
			     .direction = direction,
			     .place = place,
			     .handle = FILTERS_OUR_HANDLE };

	pins_link_path(pins, name, ifindex, hook.pin, sizeof(hook.pin));
	return hook;
}

/*
 * Foreign egress filters see packets before ours redirects them, unless `egress = before`. Then
 * ours comes first, after only the ports' program, which delivers local packets.
 */
struct hook steer_hook_egress(const struct pins *pins, int ifindex, bool before_others)
{
	struct hook hook = steer_hook(pins, ifindex, "standby-egress", HOOK_EGRESS,
				      before_others ? HOOK_SECOND : HOOK_LAST);
	struct hook ports = port_programs_standby_egress(pins, ifindex);

	hook.other_handle = ports.handle;
	memcpy(hook.other_pin, ports.pin, sizeof(hook.other_pin));
	return hook;
}

/*
 * Other programs see a multicast frame after it was checked for a second copy. A frame that arrives
 * here twice has lost its mark, and would count as received by the standby.
 */
struct hook steer_hook_ingress(const struct pins *pins, int ifindex)
{
	struct hook hook = steer_hook(pins, ifindex, "standby-ingress", HOOK_INGRESS, HOOK_FIRST);

	hook.runs_once = true;
	return hook;
}

/*
 * If a foreign program passes a frame with TC_ACT_OK before ours has seen it, the frame is lost in
 * the primary's silenced stack.
 */
struct hook steer_hook_primary(const struct pins *pins, int ifindex)
{
	return steer_hook(pins, ifindex, "primary-ingress", HOOK_INGRESS, HOOK_FIRST);
}

/* What is passed finally here net_failover drops as soon as a primary is registered. */
struct hook steer_hook_redirect(const struct pins *pins, int ifindex)
{
	return steer_hook(pins, ifindex, "redirect-ingress", HOOK_INGRESS, HOOK_FIRST);
}

void steer_ingress_pin(const struct pins *pins, int owner_ifindex, char *path, size_t size)
{
	pins_link_path(pins, "standby-ingress", owner_ifindex, path, size);
}

const char *steer_describe(const struct pins *pins, int owner_ifindex)
{
	struct hook egress = steer_hook_egress(pins, owner_ifindex, false);

	return hook_describe(&egress);
}

const char *steer_describe_primary(const struct pins *pins, int primary_ifindex)
{
	struct hook ingress = steer_hook_primary(pins, primary_ifindex);

	return hook_describe(&ingress);
}

static void steer_get_others(const struct hook *hook, struct hook_others *ret)
{
	if (hook_get_others(hook, ret))
		*ret = (struct hook_others){ 0 };
}

void steer_get_egress_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret)
{
	struct hook egress = steer_hook_egress(pins, owner_ifindex, false);

	steer_get_others(&egress, ret);
}

void steer_get_egress_others_behind(const struct pins *pins, int owner_ifindex,
				    struct hook_others *ret)
{
	struct hook egress = steer_hook_egress(pins, owner_ifindex, false);

	if (hook_get_others_behind(&egress, ret))
		*ret = (struct hook_others){ 0 };
}

void steer_get_primary_others(const struct pins *pins, int primary_ifindex, struct hook_others *ret)
{
	struct hook ingress = steer_hook_primary(pins, primary_ifindex);

	steer_get_others(&ingress, ret);
}

void steer_get_redirect_others(const struct pins *pins, int standby_ifindex,
			       struct hook_others *ret)
{
	struct hook ingress = steer_hook_redirect(pins, standby_ifindex);

	steer_get_others(&ingress, ret);
}

void steer_get_owner_others(const struct pins *pins, int owner_ifindex, struct hook_others *ret)
{
	struct hook ingress = steer_hook_ingress(pins, owner_ifindex);
	struct hook ports = port_programs_standby_ingress(pins, owner_ifindex);

	memcpy(ingress.other_pin, ports.pin, sizeof(ingress.other_pin));
	steer_get_others(&ingress, ret);
}
