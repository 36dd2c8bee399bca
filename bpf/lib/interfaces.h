/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rules that ask for interfaces know of one: see abi/interfaces.h. */
#pragma once

#include "maps.h"

static __always_inline __u32 interface_class(__u32 ifindex)
{
	for (__u32 i = 0; i < INTERFACE_PROBES; i++) {
		__u32 slot = (ifindex + i) & (INTERFACE_ROWS - 1);
		__u64 *row = bpf_map_lookup_elem(&interfaces, &slot);

		if (row && (__u32)*row == ifindex)
			return *row >> 32;
	}
	return 0;
}
