/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CKernel.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>

int64_t CKernel_filesystem_type(int descriptor) {
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 ? (int64_t)(uint32_t)found.f_type : -1;
}

int32_t CKernel_path_only_directory(void) { return O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC; }

int CKernel_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int CKernel_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

void CKernel_use_one_arena(void) { mallopt(M_ARENA_MAX, 1); }

void CKernel_map_blocks(int bytes) { mallopt(M_MMAP_THRESHOLD, bytes), mallopt(M_TRIM_THRESHOLD, bytes); }

size_t CKernel_heap_bytes(void) { return mallinfo2().uordblks + mallinfo2().hblkhd; }

uint64_t CKernel_raise_open_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return limit.rlim_cur;
}

void CKernel_name_this_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

const char *CKernel_error_name(int number) { return strerrorname_np(number); }

const char *CKernel_optarg(void) { return optarg; }

int CKernel_optind(void) { return optind; }

void CKernel_set_optind(int index) { optind = index; }
