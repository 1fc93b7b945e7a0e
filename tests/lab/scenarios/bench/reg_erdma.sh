# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What registering costs on a NIC that does DMA, with its vendor's driver: instructions that
# the calling thread executes, without its waiting for the NIC. BAR memory is without struct
# pages. Goals: 16 MiB of a BAR cost at most 2 % of what host memory costs, 64 GiB at most
# twice what 4 KiB do.
. /src/tests/rnic/guest.sh

OUT=/tmp/reg_erdma

erdma_up
load_modules
bar_1g=$(ivshmem_bdf 0)
bar_64g=$(ivshmem_bdf 1)
for bdf in "$bar_1g" "$bar_64g"; do
	bind_peer_bar "$bdf"
	echo 0 >"/sys/bus/pci/devices/$bdf/peer_bar_pages"
done

# measure NAME SPEC SIZES REPS
measure() {
	reg_mr --dev "$ERDMA_CLIENT" --cpu --spec "$2" --sizes "$3" --reps "$4" |
		tee -a "$OUT.$1"
}

value() { # name size
	awk -v s="$2" '$1 == "reg_mr" && $3 == s { print $5 }' "$OUT.$1"
}

note "warm up"
reg_mr --dev "$ERDMA_CLIENT" --sizes 4K --reps 100 >/dev/null
note "host memory"
measure host host:size=16M 4K,64K,1M,16M 31
measure host host:size=1G 1G 3
note "BAR"
measure bar "bar:$bar_1g/2,size=1G" 4K,64K,1M,16M,1G 31
measure bar "bar:$bar_64g/2,size=64G" 64G 31

awk -v bar="$(value bar 16777216)" -v host="$(value host 16777216)" -v four="$(value bar 4096)" \
	-v all="$(value bar 68719476736)" 'BEGIN {
		printf "bench: BAR of 16 MiB %d, host %d: %.2f %%, goal 2 %%\n", bar, host, bar * 100 / host
		printf "bench: BAR of 64 GiB %d, 4 KiB %d: %.2f times, goal 2\n", all, four, all / four
		exit !(bar * 50 <= host && all <= 2 * four)
	}' || fail "a goal is missed"
rmmod erdma
