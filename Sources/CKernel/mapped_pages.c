/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CKernel.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

static int give_back_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        /* A writable segment has pages of its own, whatever its protection is by now (relro). */
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz + page - 1) & ~(page - 1);
        if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) *(size_t *)context += end - start;
    }
    return 0;
}

size_t CKernel_give_back_pages(void) {
    size_t bytes = 0;
    dl_iterate_phdr(give_back_object, &bytes);
    malloc_trim(0);
    return bytes;
}
