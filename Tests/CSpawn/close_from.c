/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cspawn.h"

#include <spawn.h>

int CSpawn_add_close_from(void *actions, int descriptor) {
    return posix_spawn_file_actions_addclosefrom_np(actions, descriptor);
}
