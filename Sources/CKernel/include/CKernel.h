/* SPDX-License-Identifier: Apache-2.0
 *
 * What Swift's Glibc module does not offer: <sys/vfs.h>, and constants behind _GNU_SOURCE. One-line functions only. */
#ifndef CKERNEL_H
#define CKERNEL_H

#include <stdint.h>

/* f_type of fstatfs(2), or -1 with errno set. */
int64_t CKernel_filesystem_type(int descriptor);

/* O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC; the bits differ between architectures. */
int32_t CKernel_path_only_directory(void);

#endif
