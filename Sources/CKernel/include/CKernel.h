/* SPDX-License-Identifier: Apache-2.0
 *
 * What Swift's Glibc module does not offer. One-line functions, but for the walk over the loaded objects. */
#ifndef CKERNEL_H
#define CKERNEL_H

#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* f_type of fstatfs(2), or -1 with errno set. */
int64_t CKernel_filesystem_type(int descriptor);

/* O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC; the bits differ between architectures. */
int32_t CKernel_path_only_directory(void);

/* eventfd(2), close-on-exec and non-blocking; -1 with errno set. */
int CKernel_eventfd(void);

/* signalfd(2) for these signals, close-on-exec and non-blocking; -1 with errno set. */
int CKernel_signalfd(const sigset_t *signals);

/* One malloc arena for all threads: the others would each keep memory of their own. */
void CKernel_use_one_arena(void);

/* Blocks of at least so many bytes, which is more than 0, get a mapping of their own and leave the process when they are
 * freed; as much may stay free at an arena's end. Left alone malloc raises its limit up to 32 MiB with each such block that
 * is freed, and keeps the next ones: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD. */
void CKernel_map_blocks(int bytes);

/* Takes the read-only pages of the program and its libraries out of this process' memory: madvise(2) MADV_DONTNEED. They
 * are the files' own, so what is touched again comes back from the page cache. Then malloc_trim(3). Any thread may call it
 * at any time. Returns how many bytes were mapped there, touched or not. */
size_t CKernel_give_back_pages(void);

/* What malloc has handed out and not got back, of all arenas and of mmap; mallinfo2(3). */
size_t CKernel_heap_bytes(void);

/* Raises the soft limit of files that this process may have open to the hard one, if it can. Returns the soft limit then, 0 when it
 * cannot be told: setrlimit(2), RLIMIT_NOFILE. */
uint64_t CKernel_raise_open_files(void);

/* pthread_setname_np(3) for the calling thread. */
void CKernel_name_this_thread(const char *name);

/* strerrorname_np(3): "ENOENT"; NULL for a number that is none. */
const char *CKernel_error_name(int number);

/* getopt_long(3)'s globals, which Swift 6 does not let through. */
const char *CKernel_optarg(void);
int CKernel_optind(void);
void CKernel_set_optind(int index);

#endif
