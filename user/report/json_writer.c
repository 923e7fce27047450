/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/writer.h"

#include "base/json.h"
#include "base/names.h"
#include "report/counters.h"

#include <errno.h>
#include <stdlib.h>

static int add_candidates(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *array;
	int err = json_add_array(to, "not_used", &array);

	for (unsigned i = 0; !err && i < pair->candidate_count && i < REPORT_CANDIDATES_MAX; i++) {
		const struct report_candidate *other = &pair->candidates[i];
		struct json_object *object = json_object_new_object();

		err = json_append(array, object);
		err = err ?: json_add_string(object, "device", other->name);
		err = err ?: json_add_optional(object, "pci_address", other->pci_address);
		err = err ?: json_add_optional(object, "permanent_mac", other->permanent_mac);
		err = err ?: json_add_string(object, "reason", candidates_word(other->verdict));
		err = err ?: json_add_string(object, "text", other->text);
	}
	return err;
}

static int add_qdisc(struct json_object *to, const struct report_qdisc *qdisc)
{
	struct json_object *object;
	int err;

	if (!qdisc->kind[0])
		return json_add_null(to, "qdisc");
	err = json_add_object(to, "qdisc", &object);
	err = err ?: json_add_string(object, "kind", qdisc->kind);
	err = err ?: json_add(object, "mirrored", json_object_new_boolean(qdisc->mirrored));
	err = err ?: json_add_optional(object, "why", qdisc->why);
	return err ?: json_add(object, "queued_packets", json_object_new_uint64(qdisc->queued));
}

static int add_bypasses(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *array, *mirror;
	int err = json_add_object(to, "xdp_mirror", &mirror);

	err = err ?: json_add_string(mirror, "state", words_xdp_mirror(pair->xdp_mirror));
	err = err
		      ?: pair->xdp_program
			 ? json_add(mirror, "program", json_object_new_uint64(pair->xdp_program))
			 : json_add_null(mirror, "program");
	err = err ?: json_add_array(to, "bypassed", &array);
	for (unsigned i = 0; !err && i < pair->bypass_count; i++) {
		struct json_object *object = json_object_new_object();

		err = json_append(array, object);
		err = err ?: json_add_string(object, "what", bypass_word(pair->bypasses[i].kind));
		err = err ?: json_add_string(object, "text", pair->bypasses[i].text);
	}
	return err;
}

static int add_hints(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *array;
	int err = json_add_array(to, "hints", &array);

	for (unsigned i = 0; !err && i < pair->hint_count; i++) {
		struct json_object *object = json_object_new_object();

		err = json_append(array, object);
		err = err
			      ?: json_add(object, "now",
					  json_object_new_boolean(pair->hints[i].is_now));
		err = err ?: json_add_string(object, "what", pair->hints[i].what);
		err = err ?: json_add_string(object, "remedy", pair->hints[i].remedy);
	}
	return err;
}

static int add_drain(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *drain;
	int err;

	if (pair->drain == DRAIN_NONE)
		return json_add_null(to, "drain");
	err = json_add_object(to, "drain", &drain);
	err = err ?: json_add_string(drain, "state", words_drain(pair->drain));
	if (pair->drain_ends_in_ns < 0)
		return err ?: json_add_null(drain, "ends_in_s");
	return err ?: json_add(drain, "ends_in_s",
			       json_object_new_double((double)pair->drain_ends_in_ns / 1e9));
}

static int describe_pair(struct json_object *to, const struct report_pair *pair)
{
	const struct vfsteer_state *state = &pair->state;
	struct json_object *last_switch, *values;
	int err = json_add_string(to, "owner", pair->owner);

	err = err ?: json_add_string(to, "kind", words_kind(pair->kind));
	err = err ?: json_add_string(to, "standby", pair->standby);
	err = err ?: json_add_optional(to, "primary", pair->primary);
	err = err ?: json_add(to, "primary_named", json_object_new_boolean(pair->primary_is_named));
	err = err ?: json_add_string(to, "mac", pair->mac);
	err = err ?: json_add_string(to, "active", words_path(state->active));
	err = err ?: json_add_string(to, "admin", words_admin(state->admin));
	err = err ?: add_drain(to, pair);
	err = err ?: json_add_string(to, "primary_state", words_primary_state(state->primary));
	if (pair->down_reason == DOWN_NOT) {
		err = err ?: json_add_null(to, "down_reason");
		err = err ?: json_add_null(to, "down_explanation");
	} else {
		err = err
			      ?: json_add_string(to, "down_reason",
						 words_down_reason(pair->down_reason));
		err = err
			      ?: json_add_string(to, "down_explanation",
						 words_down_reason_explained(pair->down_reason));
	}
	err = err ?: json_add_string(to, "path_check", words_reach(pair->reach));
	err = err ?: json_add_string(to, "attached_by", pair->attached_by);
	err = err ?: json_add_string(to, "liveness", words_liveness(pair->liveness));
	err = err
		      ?: json_add(to, "compare_and_swap",
				  json_object_new_boolean(pair->compare_and_swap));
	err = err ?: json_add(to, "removals_held", json_object_new_boolean(pair->removals_held));
	err = err ?: json_add_string(to, "announce", words_announce(pair->announce));
	err = err
		      ?: json_add(to, "announce_exceptions",
				  json_object_new_uint64(pair->announce_exceptions));
	err = err
		      ?: json_add(to, "arp_is_filtered",
				  json_object_new_boolean(pair->arp_is_filtered));
	err = err
		      ?: json_add(to, "announced_frames",
				  json_object_new_uint64(pair->announced_frames));
	err = err ?: json_add(to, "unsent_frames", json_object_new_uint64(pair->unsent_frames));
	err = err ?: json_add_string(to, "egress", pair->egress_is_before ? "before" : "after");
	err = err
		      ?: json_add(to, "foreign_egress_filters",
				  json_object_new_uint64(pair->egress_others.programs +
							 pair->egress_others.filters));
	err = err ?: json_add_optional(to, "foreign_egress_first", pair->egress_others.first);
	err = err ?: add_qdisc(to, &pair->qdisc);
	err = err ?: json_add_string(to, "rx", pair->rx_direct ? "direct" : "exact");
	err = err
		      ?: json_add(to, "standby_carrier",
				  json_object_new_boolean(pair->standby_carrier));
	err = err ?: json_add(to, "switches", json_object_new_uint64(state->switches));
	if (state->switches) {
		err = err ?: json_add_object(to, "last_switch", &last_switch);
		err = err ?: json_add_string(last_switch, "to", words_path(state->active));
		err = err ?: json_add_string(last_switch, "cause", words_cause(state->cause));
		err = err
			      ?: json_add(last_switch, "unix_ns",
					  json_object_new_int64(pair->last_switch_unix_ns));
		err = err
			      ?: json_add_string(last_switch, "explanation",
						 words_cause_explained(state->cause));
	} else {
		err = err ?: json_add_null(to, "last_switch");
	}
	err = err ?: json_add(to, "failures", json_object_new_uint64(pair->failures));
	if (pair->retry_in_ns >= 0)
		err = err
			      ?: json_add(to, "retry_in_ms",
					  json_object_new_int64(pair->retry_in_ns / 1000000));
	else
		err = err ?: json_add_null(to, "retry_in_ms");
	err = err ?: json_add_object(to, "counters", &values);
	err = err ?: counters_to_json(counters_of_pair(), &pair->counters, values);
	err = err ?: add_bypasses(to, pair);
	err = err ?: add_hints(to, pair);
	return err ?: add_candidates(to, pair);
}

static int add_port_others(struct json_object *to, const struct report_port *port)
{
	struct json_object *array, *object;
	int err = json_add(to, "foreign_ingress_filters",
			   json_object_new_uint64(port->ingress_others.programs +
						  port->ingress_others.filters));

	err = err ?: json_add_optional(to, "foreign_ingress_first", port->ingress_others.first);
	err = err ?: json_add_array(to, "bypassed", &array);
	if (err || !port->behind[0])
		return err;
	object = json_object_new_object();
	err = json_append(array, object);
	err = err ?: json_add_string(object, "what", "ingress_behind");
	return err ?: json_add_string(object, "text", port->behind);
}

static int describe_port(struct json_object *to, const struct report_port *port)
{
	struct json_object *values;
	int err = json_add_string(to, "name", port->name);

	err = err ?: json_add_string(to, "pair", port->pair);
	err = err ?: json_add_string(to, "mac", port->mac);
	err = err ?: json_add(to, "passthrough", json_object_new_boolean(port->passthrough));
	err = err ?: json_add(to, "configured", json_object_new_boolean(port->configured));
	err = err ?: json_add(to, "present", json_object_new_boolean(port->present));
	err = err ?: json_add_string(to, "takes_by", words_port_driver(port->takes_by));
	err = err ?: json_add_string(to, "delivers_by", words_port_driver(port->delivers_by));
	err = err ?: json_add_string(to, "why", port->why);
	err = err ?: add_port_others(to, port);
	err = err ?: json_add_object(to, "counters", &values);
	return err ?: counters_to_json(counters_of_port(), &port->counters, values);
}

/* Empty: none. */
static const char *why(const struct report_uplink *uplink)
{
	return uplink->why ? words_port_obstacle(uplink->why) : "";
}

static int add_uplinks(struct json_object *to, const struct report_pair *pair)
{
	struct json_object *object;
	int err = json_add_object(to, "xdp", &object);

	err = err
		      ?: json_add_string(object, "standby",
					 words_port_driver(pair->standby_uplink.driver));
	err = err ?: json_add_string(object, "standby_why", why(&pair->standby_uplink));
	err = err
		      ?: json_add_string(object, "primary",
					 words_port_driver(pair->primary_uplink.driver));
	return err ?: json_add_string(object, "primary_why", why(&pair->primary_uplink));
}

static int describe_report(struct json_object *to, const struct report *report)
{
	struct json_object *watched, *silent;
	int err = json_add_string(to, "version", VFSTEER_VERSION);

	err = err ?: json_add(to, "agent", json_object_new_boolean(report->agent));
	err = err ?: json_add(to, "tracing_off", json_object_new_boolean(report->tracing_off));
	err = err
		      ?: json_add(to, "backlog_drops_counted",
				  json_object_new_boolean(report->backlog_counted));
	err = err ?: json_add_array(to, "watched", &watched);
	for (unsigned i = 0; !err && i < report->watched_count; i++)
		err = json_append(watched, json_object_new_string(report->watched[i]));
	err = err ?: json_add_array(to, "silent", &silent);
	for (unsigned i = 0; !err && i < report->silent_count; i++)
		err = json_append(silent, json_object_new_string(report->silent[i]));
	return err;
}

/* The values that are being built. The root owns all. */
struct json_state {
	struct json_object *root; /* or the array of ports only */
	struct json_object *pairs, *pair, *ports;
};

static int begin(struct report_output *output, const struct report *report)
{
	struct json_state *state = calloc(1, sizeof(*state));
	int err;

	output->state = state;
	if (!state)
		return -ENOMEM;
	state->root = report ? json_object_new_object() : json_object_new_array();
	if (!state->root)
		return -ENOMEM;
	state->ports = state->root;
	if (!report)
		return 0;
	err = describe_report(state->root, report);
	return err ?: json_add_array(state->root, "pairs", &state->pairs);
}

static int add_pair(struct report_output *output, const struct report_pair *pair)
{
	struct json_state *state = output->state;
	int err;

	state->pair = json_object_new_object();
	err = json_append(state->pairs, state->pair);
	err = err ?: describe_pair(state->pair, pair);
	return err ?: json_add_array(state->pair, "ports", &state->ports);
}

static int add_port(struct report_output *output, const struct report_pair *pair,
		    const struct report_port *port)
{
	struct json_state *state = output->state;
	struct json_object *object = json_object_new_object();
	int err = json_append(state->ports, object);

	(void)pair;
	return err ?: describe_port(object, port);
}

static int end_pair(struct report_output *output, const struct report_pair *pair)
{
	struct json_state *state = output->state;

	return add_uplinks(state->pair, pair);
}

static int end(struct report_output *output, const struct report *report, int error)
{
	struct json_state *state = output->state;

	(void)report;
	if (!state)
		return error;
	error = error ?: json_write(state->root, output->stream);
	json_object_put(state->root);
	free(state);
	return error;
}

const struct report_writer report_json = { begin, add_pair, add_port, end_pair, end };
