/* SPDX-License-Identifier: Apache-2.0 */
#include "AllocationCounting.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

static _Thread_local int64_t count, bytes;

int64_t AllocationCounting_count(void) { return count; }
int64_t AllocationCounting_bytes(void) { return bytes; }

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* glibc's own, for programs that replace the others: glibc manual, "Replacing malloc". */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t many, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

bool AllocationCounting_works(void) { return true; }

static void *counted(void *block) {
    count++;
    bytes += (int64_t)malloc_usable_size(block);
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }
void *calloc(size_t many, size_t size) { return counted(__libc_calloc(many, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *realloc(void *block, size_t size) {
    int64_t before = (int64_t)malloc_usable_size(block);
    void *moved = __libc_realloc(block, size);
    /* NULL with a size is a failure, and the block stays. */
    if (moved || size == 0) bytes -= before;
    return counted(moved);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    void *made = memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block) {
    bytes -= (int64_t)malloc_usable_size(block);
    __libc_free(block);
}
#else
bool AllocationCounting_works(void) { return false; }
#endif
