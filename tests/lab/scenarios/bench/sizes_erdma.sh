# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Registering and deregistering by size on a NIC that does DMA, with its vendor's driver, in
# instructions of the calling thread: host memory in small and in huge pages, a BAR with and
# without struct pages, that one up to 64 GiB.
. /src/tests/rnic/guest.sh
. /src/tests/bench/guest.sh

SIZES=4K,16K,64K,256K,1M,4M,16M

erdma_up
load_modules
bar_1g=$(ivshmem_bdf 0)
bar_64g=$(ivshmem_bdf 1)
echo 0 >/sys/module/peer_bar/parameters/pages
bind_peer_bar "$bar_64g"
echo 1 >/sys/module/peer_bar/parameters/pages
bind_peer_bar "$bar_1g"

# measure LINE SPEC SIZES REPS
measure() {
	reg_points reg-erdma "$1" --dev "$ERDMA_CLIENT" --cpu --spec "$2" --sizes "$3" --reps "$4"
}

reg_mr --dev "$ERDMA_CLIENT" --sizes 4K --reps 100 >/dev/null
measure host host:size=16M $SIZES 11
measure host host:size=256M 64M,256M 3
huge=$(huge_spec $((256 << 20)))
measure host-huge "$huge" $SIZES 11
measure host-huge "$huge" 64M,256M 3
measure bar-pages "bar:$bar_1g/2" $SIZES,64M,256M,1G 11
measure bar "bar:$bar_64g/2" $SIZES,64M,256M,1G,4G,16G,64G 11
rmmod erdma
