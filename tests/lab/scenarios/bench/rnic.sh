# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How fast the NIC model is on host memory, between two ports of one guest. Figures of this
# machine at this moment, for the eye; nothing fails by them.
. /src/tests/rnic/guest.sh

bench() {
	erdma_pair /tmp/perftest "$@" || fail "$*"
	printf '%-34s' "$*"
	grep -A1 '#bytes' /tmp/perftest.client | tail -n 1
}

erdma_up
note "bandwidth: bytes, iterations, peak and average MiB/s, Mpps"
bench ib_write_bw -s 1048576 -n 2000
bench ib_read_bw -s 1048576 -n 2000
bench ib_send_bw -s 1048576 -n 2000
bench ib_write_bw -s 65536 -n 5000
bench ib_write_bw -s 2 -n 20000
note "latency: bytes, iterations, min, max, typical, average us"
bench ib_write_lat -s 8 -n 2000
bench ib_send_lat -s 8 -n 2000
bench ib_read_lat -s 8 -n 2000
bench ib_atomic_lat -n 2000
rmmod erdma
