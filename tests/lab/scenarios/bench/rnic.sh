# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How fast the NIC model is on host memory, between two ports of one guest. Figures of this
# machine at this moment; nothing fails by them.
. /src/tests/rnic/guest.sh
. /src/tests/bench/guest.sh

N=$(by_mode 200 2000)

# bench FIGURE COLUMN TOOL ARGUMENTS...: the average, in that column of perftest's result
bench() {
	local figure=$1 column=$2 result
	shift 2
	erdma_pair /tmp/perftest "$@" || fail "$*"
	result=$(grep -A1 '#bytes' /tmp/perftest.client | tail -n 1)
	printf '%-34s%s\n' "$*" "$result"
	point "$figure" "$1" "$(awk '{ print $1 }' <<<"$result")" \
		"$(awk -v c="$column" '{ print $c }' <<<"$result")"
}

erdma_up
note "bandwidth: bytes, iterations, peak and average MiB/s, Mpps"
for tool in $(by_mode ib_write_bw 'ib_write_bw ib_read_bw ib_send_bw'); do
	bench perftest-bw 4 $tool -s 1048576 -n "$N"
	bench perftest-bw 4 $tool -s 65536 -n $((5 * N / 2))
done
! bench_full || bench perftest-bw 4 ib_write_bw -s 2 -n $((10 * N))
note "latency: bytes, iterations, min, max, typical, average us"
for tool in $(by_mode ib_write_lat 'ib_write_lat ib_send_lat ib_read_lat'); do
	bench perftest-lat 5 $tool -s 8 -n "$N"
done
! bench_full || bench perftest-lat 5 ib_atomic_lat -n "$N"
erdma_unload
