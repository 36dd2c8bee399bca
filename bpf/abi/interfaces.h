/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The map `interfaces`: which class an interface has for the rules that ask for interfaces. Rows are found by the interface's
 * number: the first of INTERFACE_PROBES rows from it on that holds it. A row is one word of 64 bits, the interface's number
 * below and its class above: user space changes it in one store. Class 0: no question of any rule is true of it. */
#pragma once

enum {
	INTERFACE_ROWS = 8192, /* a power of two */
	INTERFACE_PROBES = 8,
};
