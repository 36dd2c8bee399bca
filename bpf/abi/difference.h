/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map `differences` of an observer: what it would have done with packets otherwise than the generation in force. */
#pragma once

#include "packet.h"

struct difference_key {
	__u32 enforced_rule; /* enum reason, or FIRST_RULE + n of the policy in force */
	__u32 observed_rule; /* the same of the one that is observed */
	__u8 enforced_verdict; /* enum verdict */
	__u8 observed_verdict;
	__u8 egress; /* 0: judged at XDP, 1: at TC egress */
	__u8 pad;
};

_Static_assert(sizeof(struct difference_key) == 12, "struct difference_key crosses the boundary: keep it without holes");

struct difference {
	__u64 packets;
	__u64 bytes; /* of frames */
	struct packet example; /* the latest, as the observer judged it, with time_ns */
};

_Static_assert(sizeof(struct difference) == 112, "struct difference crosses the boundary: keep it without holes");
