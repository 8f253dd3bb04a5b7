/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints to the processor, which Swift has no words for. */
#ifndef CMEMORY_H
#define CMEMORY_H

#include <stddef.h>

/* Has these bytes fetched into the caches, without waiting for them; they will be read soon. Nothing else happens, whatever
 * the address. One instruction for each 64 bytes. */
static inline void CMemory_prefetch(const void *start, size_t bytes) {
    const char *at = (const char *)start;
    for (size_t done = 0; done < bytes; done += 64) __builtin_prefetch(at + done);
    /* The last line of what does not begin with a line. */
    if (bytes > 0) __builtin_prefetch(at + bytes - 1);
}

#endif
