/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A generation that judges and counts beside the one in force, and does nothing to packets. */
#pragma once

#include "../abi/difference.h"
#include "maps.h"

/* The entry of the generation in force; empty where nothing is: packets pass then. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} enforced SEC(".maps");

/* Its record of the packet. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} enforced_scratch SEC(".maps");

/* Interfaces, by number, where the policy in force is not: it is not called there, and packets pass. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, INTERFACE_ROWS);
	__type(key, __u32);
	__type(value, __u32);
} observed_alone SEC(".maps");

static __always_inline __u32 is_alone(__u32 ifindex)
{
	return bpf_map_lookup_elem(&observed_alone, &ifindex) != 0;
}

/* Pairs of rules, which are as many as policies have them: what is over the limit is not counted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct difference_key);
	__type(value, struct difference);
} differences SEC(".maps");

/* Where both come to another verdict, counts for the pair of rules, and keeps the packet. Alone: the other was not asked,
 * and its record is of another packet. */
static __attribute__((noinline)) int compare(const struct packet *observed, __u32 egress, __u32 alone)
{
	__u32 zero = 0;
	const struct packet *other = bpf_map_lookup_elem(&enforced_scratch, &zero);
	struct difference_key key = {};
	struct difference *difference;

	if (!observed || !other)
		return 0;
	key.enforced_verdict = alone || other->verdict == VERDICT_NONE ? VERDICT_ALLOW : other->verdict;
	key.observed_verdict = observed->verdict;
	if (key.enforced_verdict == key.observed_verdict)
		return 0;
	key.enforced_rule = alone ? REASON_NONE : other->rule;
	key.observed_rule = observed->rule;
	key.egress = egress;
	difference = bpf_map_lookup_elem(&differences, &key);
	if (!difference) {
		struct difference none = {};

		bpf_map_update_elem(&differences, &key, &none, BPF_NOEXIST);
		difference = bpf_map_lookup_elem(&differences, &key);
		if (!difference)
			return 0;
	}
	difference->packets++;
	difference->bytes += observed->frame_length;
	difference->example = *observed;
	difference->example.time_ns = bpf_ktime_get_ns();
	return 0;
}
