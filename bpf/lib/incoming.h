/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is decided of an incoming frame, at whichever hook it is seen. */
#pragma once

#include "judge.h"
#include "settle.h"

/* `packet`: as new_packet leaves it. CONTEXT is what the program is given, by who includes this. */
static __always_inline enum verdict judge_incoming(CONTEXT *context, struct packet *packet)
{
	enum verdict verdict = VERDICT_NONE;
	/* Two: what functions are given stands on the stack, where the verifier takes it for one more thing that may differ. */
	struct frame arrived = frame_of(context, packet), frame;
	enum reason reason = parse(&arrived, packet);

	if (reason != REASON_NONE)
		return malformed(packet, reason);
	if (has_prefilter) {
		packet->stage = STAGE_PREFILTER;
		verdict = call_stage(stage_prefilter, context, packet);
	}
	if (verdict == VERDICT_NONE) {
		packet->stage = STAGE_INGRESS;
		verdict = has_tracking ? track_and_judge(context, &frame, packet, HOOK_INGRESS, stage_ingress) :
					 call_stage(stage_ingress, context, packet);
	}
	return verdict;
}
