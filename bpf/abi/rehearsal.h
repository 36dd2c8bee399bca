/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one value of the memory-mapped array `rehearsal`: what a test run pretends, and what came of it. */
#pragma once

#include "packet.h"

struct rehearsal {
	__u32 ifindex; /* in: the interface the packet arrives on or leaves by */
	__u32 frame_length; /* in: bytes on the wire, where a capture holds fewer; 0: as many as given */
	__u64 time_ns; /* in: of the boot clock; 0: now */
	struct packet packet; /* out: as judged */
};

_Static_assert(sizeof(struct rehearsal) == 112, "struct rehearsal crosses the boundary: keep it without holes");
