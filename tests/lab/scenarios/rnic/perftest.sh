# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Debian's perftest as it is, on host memory, between two ports: bandwidth of every verb,
# sizes, immediate data, inline, many QPs.
. /src/tests/rnic/guest.sh

erdma_up
perftest_run 6553600 ib_write_bw -s 65536 -n 100
perftest_run 20971520 ib_write_bw -s 1048576 -n 20
perftest_run 6553600 ib_read_bw -s 65536 -n 100
perftest_run 6553600 ib_send_bw -s 65536 -n 100
perftest_run 0 ib_atomic_bw -n 100
perftest_run 0 ib_atomic_bw -n 100 -A CMP_AND_SWAP
perftest_run 13107200 ib_write_bw -s 65536 -n 100 -b
perftest_run 13107200 ib_send_bw -s 65536 -n 100 -b
perftest_run 0 ib_write_bw -a -n 10
perftest_run 0 ib_send_bw -a -n 10
perftest_run 0 ib_read_bw -a -n 10
perftest_run 0 ib_write_bw -s 64 -n 100 -I 64
perftest_run 0 ib_write_bw -s 65536 -n 5 -q 256
perftest_run 0 ib_read_bw -s 4096 -n 20 -q 16
if ib_write_bw --help | grep -q write_with_imm; then
	perftest_run 6553600 ib_write_bw -s 65536 -n 100 --write_with_imm
fi
erdma_unload
