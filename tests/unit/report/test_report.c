/* SPDX-License-Identifier: GPL-2.0-only */
/* The two writers over crafted reports: JSON's keys and values, and the words of the text. */
#include "report/writer.h"

#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct report_pair active_primary = {
	.owner = "eth0",
	.standby = "eth0",
	.primary = "eth1",
	.mac = "52:54:00:12:34:56",
	.state = { PATH_PRIMARY, PRIMARY_READY, ADMIN_AUTO, CAUSE_PRIMARY_READY, 2 },
	.standby_carrier = true,
	.liveness = LIVENESS_KFUNC,
	.attached_by = "tcx",
	.retry_in_ns = -1,
	.last_switch_age_ns = 3400000000,
	.last_switch_unix_ns = 1760000000123456789,
	.counters = { 1, 2, 3, 4, 5, 6, 7, UINT64_MAX, 9, 10, 11, 12, 1, 14, 15, 16 },
};

static const struct report_pair without_primary = {
	.owner = "eth2",
	.standby = "eth2",
	.mac = "52:54:00:00:00:02",
	.state = { PATH_STANDBY, PRIMARY_ABSENT, ADMIN_STANDBY, CAUSE_NONE, 0 },
	.attached_by = "clsact",
	.retry_in_ns = -1,
};

/*
 * In the order of struct vfsteer_counters; written out here so that a key cannot change unnoticed.
 */
static const char *const counter_keys[] = {
	"tx_primary_packets",
	"tx_primary_bytes",
	"tx_standby_packets",
	"tx_standby_bytes",
	"rx_primary_packets",
	"rx_primary_bytes",
	"rx_standby_packets",
	"rx_standby_bytes",
	"tx_primary_refused_packets",
	"tx_primary_rescued_packets",
	"rx_primary_link_local_packets",
	"drop_group_standby_inactive_packets",
	"drop_group_primary_inactive_packets",
	"drop_foreign_inactive_packets",
	"drop_own_echo_packets",
	"drop_backlog_packets",
	"drop_twin_packets",
	"rx_primary_group_packets",
	"tx_lost_packets",
	"drop_twin_standby_packets",
};

/* The caller frees it. */
static char *written(const struct report_writer *writer, const struct report *report)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	assert_int_equal(report_write(report, writer, stream), 0);
	fclose(stream);
	return text;
}

static struct json_object *parsed(const struct report *report)
{
	char *text = written(&report_json, report);
	struct json_object *root = json_tokener_parse(text);

	assert_non_null(root);
	free(text);
	return root;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value))
		fail_msg("no key \"%s\"", key);
	return value;
}

static const char *string(struct json_object *object, const char *key)
{
	return json_object_get_string(member(object, key));
}

static void json_of_no_pairs(void **state)
{
	struct report report = { .agent = true };
	struct json_object *root = parsed(&report);

	(void)state;
	assert_string_equal(string(root, "version"), VFSTEER_VERSION);
	assert_true(json_object_is_type(member(root, "agent"), json_type_boolean));
	assert_true(json_object_get_boolean(member(root, "agent")));
	assert_int_equal(json_object_array_length(member(root, "pairs")), 0);
	json_object_put(root);
}

static void json_of_a_pair(void **state)
{
	struct report_pair pairs[] = { active_primary, without_primary };
	struct report report = { .pair_count = 2, .pairs = pairs };
	struct json_object *root = parsed(&report), *pair, *last_switch, *counters;

	(void)state;
	assert_false(json_object_get_boolean(member(root, "agent")));
	assert_int_equal(json_object_array_length(member(root, "pairs")), 2);
	pair = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_string_equal(string(pair, "standby"), "eth0");
	assert_string_equal(string(pair, "primary"), "eth1");
	assert_string_equal(string(pair, "mac"), "52:54:00:12:34:56");
	assert_string_equal(string(pair, "active"), "primary");
	assert_string_equal(string(pair, "admin"), "auto");
	assert_string_equal(string(pair, "primary_state"), "ready");
	assert_true(json_object_get_boolean(member(pair, "standby_carrier")));
	assert_int_equal(json_object_get_int(member(pair, "switches")), 2);

	assert_int_equal(json_object_get_int(member(pair, "failures")), 0);
	assert_null(member(pair, "retry_in_ms"));

	last_switch = member(pair, "last_switch");
	assert_string_equal(string(last_switch, "to"), "primary");
	assert_string_equal(string(last_switch, "cause"), "primary ready");
	assert_string_equal(string(last_switch, "explanation"), "the primary can carry traffic");
	assert_true(json_object_is_type(member(last_switch, "unix_ns"), json_type_int));
	assert_true(json_object_get_int64(member(last_switch, "unix_ns")) == 1760000000123456789);

	counters = member(pair, "counters");
	assert_int_equal(json_object_object_length(counters),
			 sizeof(counter_keys) / sizeof(counter_keys[0]));
	for (size_t i = 0; i < sizeof(counter_keys) / sizeof(counter_keys[0]); i++)
		assert_true(json_object_get_uint64(member(counters, counter_keys[i])) ==
			    ((const __u64 *)&active_primary.counters)[i]);
	json_object_put(root);
}

static void json_of_what_is_absent(void **state)
{
	struct report_pair pair = without_primary;
	struct report report = { .pair_count = 1, .pairs = &pair };
	struct json_object *root = parsed(&report), *object;

	(void)state;
	object = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_null(member(object, "primary"));
	assert_null(member(object, "last_switch"));
	assert_string_equal(string(object, "primary_state"), "absent");
	assert_string_equal(string(object, "active"), "standby");
	assert_string_equal(string(object, "admin"), "standby");
	assert_int_equal(json_object_get_int(member(object, "switches")), 0);
	json_object_put(root);
}

static void expect_text(const struct report *report, const char *const *expected,
			const char *const *unexpected)
{
	char *text = written(&report_text, report);

	for (; *expected; expected++)
		if (!strstr(text, *expected))
			fail_msg("no \"%s\" in:\n%s", *expected, text);
	for (; *unexpected; unexpected++)
		if (strstr(text, *unexpected))
			fail_msg("\"%s\" in:\n%s", *unexpected, text);
	free(text);
}

#define TEXTS(...) ((const char *[]){ __VA_ARGS__, NULL })

static void text_of_a_pair(void **state)
{
	struct report_pair pair = active_primary;
	struct report report = { .agent = true, .pair_count = 1, .pairs = &pair };

	(void)state;
	expect_text(&report,
		    TEXTS("eth0 <-> eth1   52:54:00:12:34:56   active: primary (eth1)   "
			  "primary: ready   admin: auto\n",
			  "  last switch: to primary, 3 s ago: primary ready (2 switches)\n",
			  "  tx packets", "  rx bytes\n",
			  "  primary                 1                    2                5    "
			  "                6\n",
			  "  standby                 3                    4                7 "
			  "18446744073709551615\n",
			  "  9 packets sent over the standby", "  10 packets sent over the primary",
			  "  11 packets 802.1D link-local",
			  "  12 packets dropped: broadcast or multicast on the standby's wire",
			  "  1 packet dropped: broadcast or multicast on the primary's wire",
			  "  14 packets dropped: for a MAC", "  15 packets dropped: our own"),
		    TEXTS("no agent", "standby: no carrier", "no pairs"));
}

static void text_of_what_is_absent(void **state)
{
	struct report_pair pair = without_primary;
	struct report report = { .pair_count = 1, .pairs = &pair };

	(void)state;
	expect_text(&report,
		    TEXTS("no agent is running: ",
			  "eth2 <-> none   52:54:00:00:00:02   active: standby (eth2)   "
			  "primary: absent   admin: standby   standby: no carrier\n",
			  "  last switch: none yet\n"),
		    TEXTS("dropped", "sent over", "ago"));
	report.pair_count = 0;
	expect_text(&report, TEXTS("no agent is running: ", "no pairs: "), TEXTS("<->"));
}

static void down_and_why(void **state)
{
	struct report_pair pair = active_primary;
	struct report report = { .agent = true, .pair_count = 1, .pairs = &pair };
	struct json_object *root = parsed(&report), *object;

	(void)state;
	assert_null(member(json_object_array_get_idx(member(root, "pairs"), 0), "down_reason"));
	assert_null(
		member(json_object_array_get_idx(member(root, "pairs"), 0), "down_explanation"));
	json_object_put(root);
	pair.state.primary = PRIMARY_DOWN;
	pair.down_reason = DOWN_OTHER_MTU;
	expect_text(&report, TEXTS("primary: down, other MTU than the standby   admin: auto\n"),
		    TEXTS("primary: ready"));
	root = parsed(&report);
	object = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_string_equal(string(object, "down_reason"), "other MTU than the standby");
	assert_string_equal(string(object, "down_explanation"),
			    "the MTU of the primary is not that of the standby");
	json_object_put(root);
}

static void drained(void **state)
{
	struct report_pair pair = active_primary;
	struct report report = { .agent = true, .pair_count = 1, .pairs = &pair };
	struct json_object *root = parsed(&report), *drain;

	(void)state;
	assert_null(member(json_object_array_get_idx(member(root, "pairs"), 0), "drain"));
	json_object_put(root);
	expect_text(&report, TEXTS("admin: auto"), TEXTS("drain"));
	pair.drain = DRAIN_WAITING;
	pair.drain_ends_in_ns = 7900000000;
	expect_text(&report,
		    TEXTS("  draining: something is in flight on the primary; ends in 7 s\n"),
		    TEXTS("drained"));
	pair.drain = DRAIN_DONE;
	root = parsed(&report);
	drain = member(json_object_array_get_idx(member(root, "pairs"), 0), "drain");
	assert_string_equal(string(drain, "state"), "drained");
	assert_true(json_object_get_double(member(drain, "ends_in_s")) == 7.9);
	json_object_put(root);
	pair.drain_ends_in_ns = -1;
	expect_text(&report, TEXTS("  drained: nothing is in flight on the primary\n"),
		    TEXTS("draining", "ends in"));
}

static void held_back(void **state)
{
	struct report_pair pair = without_primary;
	struct report report = { .agent = true, .pair_count = 1, .pairs = &pair };
	struct json_object *root, *object;

	(void)state;
	expect_text(&report, TEXTS("last switch"), TEXTS("held back"));
	pair.failures = 1;
	pair.retry_in_ns = 99999999;
	expect_text(&report, TEXTS("  held back: failed 1 time in a row, tried again in 99 ms\n"),
		    TEXTS("times"));
	pair.failures = 8;
	pair.retry_in_ns = 12345678901;
	expect_text(&report, TEXTS("  held back: failed 8 times in a row, tried again in 12 s\n"),
		    TEXTS("ago"));
	root = parsed(&report);
	object = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_int_equal(json_object_get_int(member(object, "failures")), 8);
	assert_int_equal(json_object_get_int(member(object, "retry_in_ms")), 12345);
	json_object_put(root);
}

static void candidates(void **state)
{
	struct report_pair pair = without_primary;
	struct report report = { .agent = true, .pair_count = 1, .pairs = &pair };
	struct json_object *root = parsed(&report), *object;

	(void)state;
	object = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_int_equal(json_object_array_length(member(object, "not_used")), 0);
	assert_false(json_object_get_boolean(member(object, "primary_named")));
	json_object_put(root);
	expect_text(&report, TEXTS("last switch"), TEXTS("not used"));

	pair.primary_is_named = true;
	pair.candidate_count = REPORT_CANDIDATES_MAX + 2;
	pair.candidates[0] = (struct report_candidate){ "eth5", "0000:05:00.0", "52:54:00:00:00:05",
							CANDIDATE_OTHER_MAC, "because" };
	pair.candidates[1] = (struct report_candidate){ "veth6", "", "", CANDIDATE_SOFTWARE, "so" };
	expect_text(&report,
		    TEXTS("  not used: eth5 (0000:05:00.0): because\n", "  not used: veth6: so\n",
			  "  not used: 2 more\n"),
		    TEXTS("null"));
	root = parsed(&report);
	object = json_object_array_get_idx(member(root, "pairs"), 0);
	assert_true(json_object_get_boolean(member(object, "primary_named")));
	assert_int_equal(json_object_array_length(member(object, "not_used")),
			 REPORT_CANDIDATES_MAX);
	object = member(object, "not_used");
	assert_string_equal(string(json_object_array_get_idx(object, 0), "device"), "eth5");
	assert_string_equal(string(json_object_array_get_idx(object, 0), "pci_address"),
			    "0000:05:00.0");
	assert_string_equal(string(json_object_array_get_idx(object, 0), "permanent_mac"),
			    "52:54:00:00:00:05");
	assert_string_equal(string(json_object_array_get_idx(object, 0), "reason"), "another MAC");
	assert_string_equal(string(json_object_array_get_idx(object, 0), "text"), "because");
	assert_null(member(json_object_array_get_idx(object, 1), "pci_address"));
	assert_null(member(json_object_array_get_idx(object, 1), "permanent_mac"));
	json_object_put(root);
}

static void ages(void **state)
{
	static const struct {
		int64_t age_ns;
		const char *words;
	} cases[] = {
		{ 0, " 0 ms ago:" },
		{ 999999999, " 999 ms ago:" },
		{ 1000000000, " 1 s ago:" },
		{ 119999999999, " 119 s ago:" },
		{ 120000000000, " 2 min ago:" },
		{ 2 * 3600 * 1000000000ll, " 2 h ago:" },
		{ 48 * 3600 * 1000000000ll, " 2 d ago:" },
		{ INT64_MAX, " 106751 d ago:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_pair pair = active_primary;
		struct report report = { .pair_count = 1, .pairs = &pair };

		pair.last_switch_age_ns = cases[i].age_ns;
		expect_text(&report, TEXTS(cases[i].words), TEXTS("none yet"));
	}
}

/* A writer that notes what it is called for. */
static int note_begin(struct report_output *output, const struct report *report)
{
	output->state = output;
	fprintf(output->stream, "begin%s", report ? "" : " ports");
	return 0;
}

static int note_pair(struct report_output *output, const struct report_pair *pair)
{
	fprintf(output->stream, ", pair %s", pair->standby);
	return 0;
}

/* The port "bad" is one that cannot be written. */
static int note_port(struct report_output *output, const struct report_pair *pair,
		     const struct report_port *port)
{
	fprintf(output->stream, ", port %s of %s", port->name, pair ? pair->standby : "any");
	return strcmp(port->name, "bad") ? 0 : -ENOMEM;
}

static int note_pair_end(struct report_output *output, const struct report_pair *pair)
{
	fprintf(output->stream, ", end of %s", pair->standby);
	return 0;
}

static int note_end(struct report_output *output, const struct report *report, int error)
{
	(void)report;
	assert_ptr_equal(output->state, output);
	fprintf(output->stream, ", end %d", error);
	return error;
}

static const struct report_writer noting = { note_begin, note_pair, note_port, note_pair_end,
					     note_end };

static void the_walk(void **state)
{
	static struct report_ports ports = { .count = 3,
					     .ports = { { .name = "p0", .pair = "eth2" },
							{ .name = "p1", .pair = "eth0" },
							{ .name = "p2", .pair = "elsewhere" } } };
	struct report_pair pairs[] = { active_primary, without_primary };
	struct report report = { .pair_count = 2, .pairs = pairs, .ports = &ports };
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(report_write(&report, &noting, stream), 0);
	fputc('\n', stream);
	assert_int_equal(report_write_ports(&ports, &noting, stream), 0);
	fputc('\n', stream);
	/* The first error ends the walk, and the writer frees what it has. */
	strcpy(ports.ports[1].name, "bad");
	assert_int_equal(report_write(&report, &noting, stream), -ENOMEM);
	fclose(stream);
	assert_string_equal(text,
			    "begin, pair eth0, port p1 of eth0, end of eth0, pair eth2, port p0 "
			    "of eth2, end of eth2, end 0\n"
			    "begin ports, port p0 of any, port p1 of any, port p2 of any, end "
			    "0\nbegin, pair eth0, port bad of eth0, end -12");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_of_no_pairs),
		cmocka_unit_test(json_of_a_pair),
		cmocka_unit_test(json_of_what_is_absent),
		cmocka_unit_test(text_of_a_pair),
		cmocka_unit_test(text_of_what_is_absent),
		cmocka_unit_test(down_and_why),
		cmocka_unit_test(drained), cmocka_unit_test(held_back),
		cmocka_unit_test(candidates),
		cmocka_unit_test(ages),
		cmocka_unit_test(the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
