/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints to the processor, which Swift has no words for. */
#ifndef CMEMORY_H
#define CMEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Has these bytes fetched into the caches, without waiting for them; they will be read soon. Nothing else happens, whatever
 * the address: an address is a number here, and nothing is read. One instruction for each 64 bytes, 64 KiB at most. */
static inline void CMemory_prefetch(const void *start, size_t bytes) {
    uintptr_t address = (uintptr_t)start;
    if (bytes > 65536) bytes = 65536;
    for (size_t done = 0; done < bytes; done += 64) __builtin_prefetch((const void *)(address + done));
    /* The last line of what does not begin with a line. */
    if (bytes > 0) __builtin_prefetch((const void *)(address + bytes - 1));
}

#endif
