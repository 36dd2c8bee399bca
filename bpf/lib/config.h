/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is constant in a generation. The verifier reads these from the frozen .rodata and removes what they turn off. */
#pragma once

#include <linux/types.h>

volatile const __u8 has_prefilter = 0;
volatile const __u8 has_mark = 0;
volatile const __u8 has_interfaces = 0; /* a rule asks for an interface */
volatile const __u8 has_chained = 0; /* there may be interfaces whose incoming packets are judged at TC */
volatile const __u8 multi_buffer = 0; /* frames may have several buffers: Linux 5.18, XDP frags */
volatile const __u8 rehearse = 0; /* judged by a test run: read and write the map `rehearsal` */
volatile const __u32 counters_per_cpu = 32;
volatile const __u8 malformed_verdict = 2; /* enum verdict */
volatile const __u64 reject_interval_ns = 1000000; /* one answer in so many nanoseconds … */
volatile const __u64 reject_burst_ns = 100000000; /* … after a burst of this over the interval */
