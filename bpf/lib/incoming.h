/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is decided of an incoming frame, at whichever hook it is seen. */
#pragma once

#include "judge.h"
#include "track.h"

/* `packet`: as new_packet leaves it. `context`: of the program, for generated code. */
static __always_inline enum verdict judge_incoming(void *context, const struct frame *frame, struct packet *packet)
{
	enum verdict verdict = VERDICT_NONE;
	enum reason reason = parse(frame, packet);

	if (reason != REASON_NONE)
		return malformed(packet, reason);
	if (has_prefilter) {
		packet->stage = STAGE_PREFILTER;
		verdict = call_stage(stage_prefilter, context, packet);
	}
	if (verdict == VERDICT_NONE) {
		packet->stage = STAGE_INGRESS;
		verdict = has_tracking ? track_and_judge(context, frame, packet, HOOK_INGRESS, stage_ingress) :
					 call_stage(stage_ingress, context, packet);
	}
	return verdict;
}
