// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "flow_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 4096

void die(const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void tally_gap(struct tally *tally, uint64_t now, uint64_t seq, uint64_t gap_min_ns)
{
	uint64_t length = now > tally->last_ns ? now - tally->last_ns : 0;

	if (length > tally->longest.length_ns) {
		tally->longest.length_ns = length;
		tally->longest.start_ns = tally->last_ns;
		tally->longest.before_seq = tally->last_seq;
		tally->longest.after_seq = seq;
	}
	if (length < gap_min_ns)
		return;
	if (tally->gap_count < GAPS_MAX) {
		tally->gaps[tally->gap_count].length_ns = length;
		tally->gaps[tally->gap_count].start_ns = tally->last_ns;
		tally->gaps[tally->gap_count].before_seq = tally->last_seq;
		tally->gaps[tally->gap_count].after_seq = seq;
	}
	tally->gap_count++;
}

void tally_add(struct tally *tally, const struct datagram *datagram, uint64_t now,
	       uint64_t gap_min_ns)
{
	uint64_t seq = datagram->seq;

	if (seq >= tally->capacity) {
		uint64_t capacity = tally->capacity ? tally->capacity : 1 << 16;

		while (capacity <= seq)
			capacity *= 2;
		tally->seen = realloc(tally->seen, capacity);
		if (!tally->seen)
			die("memory");
		memset(tally->seen + tally->capacity, 0, capacity - tally->capacity);
		tally->capacity = capacity;
	}
	if (tally->received)
		tally_gap(tally, now, seq, gap_min_ns);
	else
		tally->first_seq = seq, tally->first_ns = now,
		tally->start_sent_ns = datagram->sent_ns;
	if (tally->seen[seq])
		tally->duplicates++;
	else if (tally->received && seq < tally->highest_seq)
		tally->reordered++;
	if (tally->seen[seq] < UINT8_MAX)
		tally->seen[seq]++;
	if (seq > tally->highest_seq)
		tally->highest_seq = seq;
	tally->last_seq = seq;
	tally->last_ns = now;
	tally->received++;
}

void tally_report(const struct tally *tally, uint64_t expect, FILE *out)
{
	uint64_t end = expect		 ? expect
		       : tally->received ? tally->highest_seq + 1
					 : 0,
		 lost = 0, ranges = 0;

	fprintf(out,
		"{\"received\": %llu, \"duplicates\": %llu, \"reordered\": %llu, \"foreign\": "
		"%llu, ",
		(unsigned long long)tally->received, (unsigned long long)tally->duplicates,
		(unsigned long long)tally->reordered, (unsigned long long)tally->foreign);
	fprintf(out,
		"\"first_seq\": %lld, \"last_seq\": %lld, \"first_unix_ns\": %llu, "
		"\"last_unix_ns\": %llu, ",
		tally->received ? (long long)tally->first_seq : -1,
		tally->received ? (long long)tally->highest_seq : -1,
		(unsigned long long)tally->first_ns, (unsigned long long)tally->last_ns);
	fprintf(out,
		"\"longest_gap_ms\": %.3f, \"longest_gap_at_s\": %.3f, \"longest_gap_seq\": [%llu, "
		"%llu], \"gaps\": [",
		tally->longest.length_ns / 1e6,
		tally->longest.length_ns ? (tally->longest.start_ns - tally->first_ns) / 1e9 : 0,
		(unsigned long long)tally->longest.before_seq,
		(unsigned long long)tally->longest.after_seq);
	for (uint64_t i = 0; i < tally->gap_count && i < GAPS_MAX; i++)
		fprintf(out,
			"%s{\"ms\": %.3f, \"at_s\": %.3f, \"unix_ns\": %llu, \"seq\": [%llu, "
			"%llu]}",
			i ? ", " : "", tally->gaps[i].length_ns / 1e6,
			(tally->gaps[i].start_ns - tally->first_ns) / 1e9,
			(unsigned long long)tally->gaps[i].start_ns,
			(unsigned long long)tally->gaps[i].before_seq,
			(unsigned long long)tally->gaps[i].after_seq);
	fprintf(out, "], \"gap_count\": %llu, \"lost_ranges\": [",
		(unsigned long long)tally->gap_count);
	for (uint64_t seq = 0; seq < end; seq++) {
		uint64_t from = seq;

		while (seq < end && (seq >= tally->capacity || !tally->seen[seq]))
			seq++;
		if (seq == from)
			continue;
		lost += seq - from;
		if (ranges++ < RANGES_MAX)
			fprintf(out, "%s[%llu, %llu]", ranges > 1 ? ", " : "",
				(unsigned long long)from, (unsigned long long)seq - 1);
	}
	fprintf(out, "], \"lost_range_count\": %llu, \"lost\": %llu}\n", (unsigned long long)ranges,
		(unsigned long long)lost);
}
