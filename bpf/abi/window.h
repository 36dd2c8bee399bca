/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The value of the memory-mapped array `windows`, one entry for each different `when` of the policy: when it opens and
 * closes. All times are nanoseconds of the boot clock, which goes on in suspend and is not set by anybody. */
#pragma once

enum { MAX_SWITCHES = 255 };

/* Open from the first switch to the second, from the third to the fourth … */
struct schedule {
	__s64 end; /* from here on the week before begins again, over and over */
	__s64 switches[MAX_SWITCHES]; /* ascending; the largest number there is where there are no more */
};

/* User space writes the schedule that is not in force, then which one is: nobody reads one that is half written. */
struct window {
	__u64 current;
	struct schedule schedules[2];
};

_Static_assert(sizeof(struct window) == 8 + 2 * 2048, "struct window crosses the boundary: keep it without holes");
