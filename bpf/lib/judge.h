/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What both hooks do before and after the generated stages. */
#pragma once

#include "config.h"
#include "interfaces.h"
#include "maps.h"
#include "parse.h"
#include "report.h"
#include "window.h"

/* Calls a generated function: enum verdict. R6 to R9 are its own, too, so that the linker can put its code in place of
 * the call. */
#define call_stage(name, context, record)                                                              \
	({                                                                                             \
		register void *first asm("r1") = (context);                                            \
		register struct packet *second asm("r2") = (record);                                   \
		register enum verdict verdict asm("r0");                                               \
		asm volatile("call " #name                                                             \
			     : "=r"(verdict), "+r"(first), "+r"(second)                                \
			     :                                                                         \
			     : "r3", "r4", "r5", "r6", "r7", "r8", "r9", "memory");                    \
		verdict;                                                                               \
	})

static __always_inline struct packet *new_packet(__u32 ifindex, __u32 frame_length)
{
	__u32 zero = 0;
	struct packet *packet = bpf_map_lookup_elem(&scratch, &zero);

	if (!packet)
		return 0;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->ifindex = ifindex;
	packet->frame_length = frame_length;
	if (rehearse) {
		struct rehearsal *pretended = bpf_map_lookup_elem(&rehearsal, &zero);

		if (pretended) {
			packet->ifindex = pretended->ifindex;
			if (pretended->frame_length)
				packet->frame_length = pretended->frame_length;
			packet->time_ns = pretended->time_ns;
		}
	}
	if (has_interfaces)
		packet->interface_class = interface_class(packet->ifindex);
	return packet;
}

static __always_inline enum verdict malformed(struct packet *packet, enum reason reason)
{
	packet->stage = STAGE_PARSE;
	packet->rule = reason;
	return malformed_verdict;
}

static __always_inline void conclude(struct packet *packet, enum verdict verdict)
{
	packet->verdict = verdict;
	count(packet, packet->rule);
	if (rehearse) {
		__u32 zero = 0;
		struct rehearsal *result = bpf_map_lookup_elem(&rehearsal, &zero);

		if (result)
			result->packet = *packet;
	}
}
