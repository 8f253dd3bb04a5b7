/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "CKernel.h"

#include <fcntl.h>
#include <sys/vfs.h>

int64_t CKernel_filesystem_type(int descriptor) {
    struct statfs found;
    return fstatfs(descriptor, &found) == 0 ? (int64_t)(uint32_t)found.f_type : -1;
}

int32_t CKernel_path_only_directory(void) { return O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC; }
