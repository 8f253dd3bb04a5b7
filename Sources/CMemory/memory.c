/* SPDX-License-Identifier: Apache-2.0
 *
 * All of this module is in its header: a call would cost more than what it is for. */
#include "CMemory.h"
