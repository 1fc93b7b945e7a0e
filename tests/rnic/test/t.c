// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "t.h"

uint64_t t_random_state = 1;
