/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of two generations judges while one takes the other's place. */
#pragma once

/* The one value of the memory-mapped array `turn`: these, or a time of bpf_ktime_get_boot_ns until which the one after
 * judges, and the one before from then on. */
#define TURN_BEFORE 0ULL
#define TURN_AFTER (~0ULL)

/* Entries of the program arrays `sides`. */
enum {
	SIDE_BEFORE = 0,
	SIDE_AFTER = 1,
};
