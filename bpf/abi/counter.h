/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The value of the array `counters`, one entry a rule or reason: enum reason, then FIRST_RULE + n; and so for each CPU. */
#pragma once

struct counter {
	__u64 packets;
	__u64 bytes; /* of frames: struct packet.frame_length */
	__u64 last_hit; /* jiffies64; 0: never */
};

_Static_assert(sizeof(struct counter) == 24, "struct counter crosses the boundary: keep it without holes");
