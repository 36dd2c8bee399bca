/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Entries that the data plane keeps for itself at the beginning of maps whose other entries follow from the policy. */
#pragma once

enum {
	PROGRAM_REJECT = 0, /* in `programs`: the hook's reject program; behind it parts of generated functions */
	FIRST_PART = 1,
	LIMIT_REJECT = 0, /* in `limits`: answers to rejected packets; behind it the log rules */
	FIRST_LOG_LIMIT = 1,
};
