// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Egress, at TC. stage_egress is generated from the policy; the linker puts it in. */
#include "lib/judge.h"
#include "lib/observe.h"
#include "lib/skb.h"
#include "lib/settle.h"

static __always_inline enum verdict judge(struct __sk_buff *skb, struct packet *packet)
{
	struct frame arrived, frame;
	enum reason reason;

	linearise_headers(skb);
	arrived = frame_of(skb, packet);
	if (skb->vlan_present) {
		packet->vlan = skb->vlan_tci & 0xfff;
		packet->traits |= TRAIT_VLAN;
	}
	reason = parse(&arrived, packet);
	if (reason != REASON_NONE)
		return malformed(packet, reason);
	packet->stage = STAGE_EGRESS;
	return has_tracking ? track_and_judge(skb, &frame, packet, HOOK_EGRESS, stage_egress) :
			      call_stage(stage_egress, skb, packet);
}

SEC("tc")
int sluice_tc(struct __sk_buff *skb)
{
	enum verdict verdict;
	struct packet *packet;

	if (is_answer(skb))
		return TC_ACT_UNSPEC;
	packet = new_packet(skb->ifindex, skb->len);
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
	struct packet *packet;
	__u32 alone = is_alone(skb->ifindex);
	int action = TC_ACT_UNSPEC;

	if (is_answer(skb))
		return TC_ACT_UNSPEC;
	packet = new_packet(skb->ifindex, skb->len);
	if (packet)
		conclude(packet, judge(skb, packet));
	if (!alone)
		action = call_enforced(skb);
	compare(packet, 1, alone);
	return action;
}

/* Sends the answer to the packet in scratch back into the stack that it came from. */
SEC("tc")
int sluice_tc_reject(struct __sk_buff *skb)
{
	if (write_answer(skb))
		return TC_ACT_SHOT;
	if (has_chained)
		say_answer(skb);
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
