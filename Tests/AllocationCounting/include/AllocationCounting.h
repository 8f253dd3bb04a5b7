/* SPDX-License-Identifier: Apache-2.0
 *
 * malloc(3) and its kin with a counter for each thread, for tests of code that must not allocate. The program that links
 * this has them in place of the C library's, for all that it loads. */
#ifndef ALLOCATION_COUNTING_H
#define ALLOCATION_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

/* Whether anything is counted: not when a sanitizer has allocation functions of its own. */
bool AllocationCounting_works(void);

/* How often the calling thread has allocated so far; a realloc(3) counts. */
int64_t AllocationCounting_count(void);

/* Usable bytes that the calling thread has allocated and not freed. */
int64_t AllocationCounting_bytes(void);

#endif
