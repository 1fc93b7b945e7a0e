/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two programs of one test find each other by TCP; they may be on two machines.
 */
#ifndef T_MEET_H
#define T_MEET_H

#include <stdbool.h>

/*
 * A connected socket, which the caller closes, or -errno, with the reason said.
 * @where: PORT to listen at (one connection is taken), ADDRESS:PORT (IPv4) to connect
 * to. Each waits for the other, until the usual deadline.
 */
int t_meet(const char *where, bool listening);

#endif /* T_MEET_H */
