/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one value of the memory-mapped array `tracking`, which each generation has for itself: how connections are tracked. */
#pragma once

#include "connection.h"

struct tracking {
	__u32 epoch; /* connections that were judged in another one are judged again: changes with what rules would decide. Not 0 */
	__u32 jiffy_ns; /* of a test run: what it pretends as the time is counted in these */
	__u32 timeouts[PHASE_MAX]; /* jiffies without a packet */
};

_Static_assert(sizeof(struct tracking) == 56, "struct tracking crosses the boundary: keep it without holes");
