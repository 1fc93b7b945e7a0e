# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Debian's perftest as it is: latency of every verb, polled, by events, inline.
. /src/tests/rnic/guest.sh

erdma_up
perftest_run 0 ib_write_lat -s 8 -n 50
perftest_run 0 ib_write_lat -s 8 -n 50 -I 0
perftest_run 0 ib_write_lat -s 65536 -n 20
perftest_run 0 ib_read_lat -s 8 -n 50
perftest_run 0 ib_send_lat -s 8 -n 50
perftest_run 0 ib_send_lat -s 8 -n 20 -e
perftest_run 0 ib_atomic_lat -n 50
perftest_run 6553600 ib_send_bw -s 65536 -n 100 -e
perftest_run 6553600 ib_read_bw -s 65536 -n 100 -e
erdma_unload
