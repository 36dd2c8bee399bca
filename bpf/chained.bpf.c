// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ingress at TC, behind another's XDP program: see docs/decisions/0008. The stages are those of XDP. */
#define CONTEXT struct __sk_buff
#include "lib/incoming.h"
#include "lib/observe.h"
#include "lib/skb.h"

/* The stack has taken the outer VLAN tag out of the frame. For the time of judging it stands there again, as on the
 * wire: an empty tag takes its place beside the frame. 1: it does, and take_tag_out is due; 0: there is none. */
static __always_inline int put_tag_back(struct __sk_buff *skb)
{
	if (!skb->vlan_present)
		return 0;
	return bpf_skb_vlan_push(skb, bpf_htons(ETHERTYPE_VLAN), 0) ? -1 : 1;
}

/* The empty tag goes, and the kernel takes the next one out of the frame by itself. */
static __always_inline int take_tag_out(struct __sk_buff *skb)
{
	return bpf_skb_vlan_pop(skb);
}

static __always_inline enum verdict judge(struct __sk_buff *skb, struct packet *packet)
{
	linearise_headers(skb);
	return judge_incoming(skb, packet);
}

SEC("tc")
int sluice_chained(struct __sk_buff *skb)
{
	enum verdict verdict;
	struct packet *packet;
	int tagged;

	if (is_answer(skb))
		return TC_ACT_UNSPEC;
	tagged = put_tag_back(skb);
	packet = new_packet(skb->ifindex, skb->len);
	if (!packet || tagged < 0)
		return TC_ACT_SHOT;
	verdict = judge(skb, packet);
	conclude(packet, verdict);
	if (verdict == VERDICT_ALLOW) {
		if (tagged && take_tag_out(skb))
			return TC_ACT_SHOT;
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

/* Judges and counts as sluice_chained does, and leaves what is done to the generation in force. */
SEC("tc")
int sluice_chained_observe(struct __sk_buff *skb)
{
	__u32 alone = is_alone(skb->ifindex);
	int tagged, action = TC_ACT_UNSPEC;
	struct packet *packet;

	if (is_answer(skb))
		return TC_ACT_UNSPEC;
	tagged = put_tag_back(skb);
	packet = new_packet(skb->ifindex, skb->len);
	if (packet && tagged >= 0)
		conclude(packet, judge(skb, packet));
	if (tagged > 0 && take_tag_out(skb))
		return TC_ACT_SHOT;
	if (!alone)
		action = call_enforced(skb);
	compare(packet, 0, alone);
	return action;
}

/* Sends the answer to the packet in scratch back to where it came from. */
SEC("tc")
int sluice_chained_reject(struct __sk_buff *skb)
{
	int tagged = skb->vlan_present;

	if (write_answer(skb) || (tagged && take_tag_out(skb)))
		return TC_ACT_SHOT;
	say_answer(skb);
	return bpf_redirect(skb->ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
