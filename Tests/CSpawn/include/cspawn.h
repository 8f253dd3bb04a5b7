/* SPDX-License-Identifier: Apache-2.0
 *
 * What the C library declares for GNU sources only. */
#ifndef CSPAWN_H
#define CSPAWN_H

/* The child is to have none of our descriptors from this one on; glibc 2.34 and later. Returns 0, or an errno.
 *
 * `actions` is a posix_spawn_file_actions_t, whose header would be this module's then. */
int CSpawn_add_close_from(void *actions, int descriptor);

#endif
