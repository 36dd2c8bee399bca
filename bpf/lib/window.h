/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Windows of time, which open and close without any process. `sluice_window` is called by generated code. */
#pragma once

#include "clock.h"
#include "maps.h"

#define WEEK_NS (7ULL * 24 * 3600 * 1000000000)

/* Whether window `number` is open now: whether an odd number of its switches lies behind. Without a branch, so that the
 * verifier follows it in a straight line wherever a rule calls it. */
__attribute__((noinline, used)) int sluice_window(struct packet *packet, __u32 number)
{
	struct window *window = bpf_map_lookup_elem(&windows, &number);
	struct schedule *schedule;
	__u64 passed = 0;
	__u32 step;
	__s64 now;

	if (!window)
		return 0;
	schedule = &window->schedules[*(volatile __u64 *)&window->current & 1];
	now = time_of(packet);
	if (now >= schedule->end)
		now -= ((__u64)(now - schedule->end) / WEEK_NS + 1) * WEEK_NS;
#pragma unroll
	for (step = (MAX_SWITCHES + 1) / 2; step; step >>= 1) {
		__u64 next = (passed + step - 1) & MAX_SWITCHES;
		__s64 left;

		if (next >= MAX_SWITCHES)
			return 0; /* never: the verifier wants the bound said */
		left = schedule->switches[next] - now;
		/* All ones where it lies ahead. */
		passed += step & ~((-left) >> 63);
	}
	return passed & 1;
}
