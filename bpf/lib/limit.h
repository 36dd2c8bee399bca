/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rate limits as the generic cell rate algorithm (ITU-T I.371): one word a limit, the time at which the bucket would
 * be full again. */
#pragma once

#include "maps.h"

/* 1 where another event may pass: one every `interval` ns, and as many more at once as fit into `burst` ns. A race
 * lost to another CPU counts as over the limit. */
static __always_inline int limit_allows(__u32 limit, __u64 interval, __u64 burst)
{
	__u64 *full_at = bpf_map_lookup_elem(&limits, &limit);
	__u64 now, old, base;

	if (!full_at)
		return 0;
	now = bpf_ktime_get_coarse_ns();
	old = *full_at;
	base = old > now ? old : now;
	if (base > now + burst)
		return 0;
	return __sync_val_compare_and_swap(full_at, old, base + interval) == old;
}
