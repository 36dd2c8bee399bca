// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Stands at every hook while a generation takes the place of another: see docs/decisions/0006. One store to `turn`
 * changes over all hooks at once. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "abi/turn.h"

/* Whether the generation has a program at this hook of this interface. Where it has none, packets pass. */
volatile const __u8 has_before = 0;
volatile const __u8 has_after = 0;

/* One for all hooks. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} turn SEC(".maps");

/* One for each type of program: the entries of both generations. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} sides SEC(".maps");

static __always_inline int is_after(void)
{
	__u32 zero = 0;
	volatile __u64 *value = bpf_map_lookup_elem(&turn, &zero);
	__u64 until = value ? *value : TURN_BEFORE;

	if (until == TURN_BEFORE || until == TURN_AFTER)
		return until == TURN_AFTER;
	return bpf_ktime_get_boot_ns() < until;
}

/* A side that is there and cannot be called ends like a missing part of a generation: the packet is dropped. */
SEC("xdp")
int sluice_xdp_turn(struct xdp_md *context)
{
	if (is_after()) {
		if (!has_after)
			return XDP_PASS;
		bpf_tail_call(context, &sides, SIDE_AFTER);
	} else {
		if (!has_before)
			return XDP_PASS;
		bpf_tail_call(context, &sides, SIDE_BEFORE);
	}
	return XDP_ABORTED;
}

SEC("tc")
int sluice_tc_turn(struct __sk_buff *skb)
{
	if (is_after()) {
		if (!has_after)
			return TC_ACT_UNSPEC;
		bpf_tail_call(skb, &sides, SIDE_AFTER);
	} else {
		if (!has_before)
			return TC_ACT_UNSPEC;
		bpf_tail_call(skb, &sides, SIDE_BEFORE);
	}
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
