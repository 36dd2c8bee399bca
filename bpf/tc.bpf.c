// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Egress, at TC. stage_egress is generated from the policy; the linker puts it in. */
#include <linux/pkt_cls.h>
#include "lib/judge.h"
#include "lib/observe.h"
#include "lib/reject.h"

enum { HEADERS = 256 }; /* bytes that are made linear where the skb has them elsewhere */

static __always_inline struct frame frame_of(struct __sk_buff *skb)
{
	return (struct frame){
		.data = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
		.length = skb->len,
	};
}

static __always_inline void linearise_headers(struct __sk_buff *skb)
{
	__u32 wanted = skb->len < HEADERS ? skb->len : HEADERS;

	if ((void *)(long)skb->data + wanted > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, wanted);
}

static __always_inline enum verdict judge(struct __sk_buff *skb, struct packet *packet)
{
	struct frame frame;
	enum reason reason;

	linearise_headers(skb);
	frame = frame_of(skb);
	frame.length = packet->frame_length;
	if (skb->vlan_present) {
		packet->vlan = skb->vlan_tci & 0xfff;
		packet->traits |= TRAIT_VLAN;
	}
	reason = parse(&frame, packet);
	if (reason != REASON_NONE)
		return malformed(packet, reason);
	packet->stage = STAGE_EGRESS;
	return call_stage(stage_egress, skb, packet);
}

SEC("tc")
int sluice_tc(struct __sk_buff *skb)
{
	struct packet *packet = new_packet(skb->ifindex, skb->len);
	enum verdict verdict;

	if (!packet)
		return TC_ACT_SHOT;
	verdict = judge(skb, packet);
	conclude(packet, verdict);
	if (verdict == VERDICT_ALLOW) {
		if (has_mark && packet->mark)
			skb->mark = packet->mark;
		return TC_ACT_UNSPEC; /* the next program decides */
	}
	if (verdict == VERDICT_REJECT && !rehearse)
		bpf_tail_call(skb, &programs, PROGRAM_REJECT);
	return TC_ACT_SHOT;
}

/* From a subprogram, so that what is called comes back. Where nothing is in force, packets pass. */
static __attribute__((noinline)) int call_enforced(struct __sk_buff *skb)
{
	int action = TC_ACT_UNSPEC;

	asm volatile("" : "+r"(action));
	bpf_tail_call(skb, &enforced, 0);
	return action;
}

/* Judges and counts as sluice_tc does, and leaves what is done to the generation in force. */
SEC("tc")
int sluice_tc_observe(struct __sk_buff *skb)
{
	struct packet *packet = new_packet(skb->ifindex, skb->len);
	__u32 alone = is_alone(skb->ifindex);
	int action = TC_ACT_UNSPEC;

	if (packet)
		conclude(packet, judge(skb, packet));
	if (!alone)
		action = call_enforced(skb);
	compare(packet, 1, alone);
	return action;
}

/* Makes room for `room` bytes between the Ethernet header (with its tags) and the rest. bpf_skb_adjust_room would do
 * that only where no tag stands in the frame. */
static __always_inline int insert_behind_ethernet(struct __sk_buff *skb, const struct packet *packet, __u32 room)
{
	struct frame frame;

	if (bpf_skb_change_head(skb, room, 0))
		return -1;
	frame = frame_of(skb);
	return move_ethernet(&frame, packet, room);
}

/* Sends the answer to the packet in scratch back into the stack that it came from. */
SEC("tc")
int sluice_tc_reject(struct __sk_buff *skb)
{
	__u32 zero = 0, header, offset;
	struct packet *packet = bpf_map_lookup_elem(&scratch, &zero);
	struct rejected rejected = {};
	struct frame frame;
	int failed;

	if (!packet)
		return TC_ACT_SHOT;
	offset = network_offset(packet);
	header = answer_header_length(packet);
	frame = frame_of(skb);
	if (!offset || !remember(&frame, packet, &rejected))
		return TC_ACT_SHOT;
	if (packet->traits & TRAIT_TCP) {
		if (bpf_skb_change_tail(skb, offset + header + sizeof(struct tcp_header), 0))
			return TC_ACT_SHOT;
		frame = frame_of(skb);
		failed = write_reset(&frame, packet, &rejected);
	} else {
		if (bpf_skb_change_tail(skb, offset + rejected.quote, 0) ||
		    insert_behind_ethernet(skb, packet, header + sizeof(struct icmp_header)))
			return TC_ACT_SHOT;
		frame = frame_of(skb);
		failed = write_unreachable(&frame, packet, &rejected);
	}
	return failed ? TC_ACT_SHOT : bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
