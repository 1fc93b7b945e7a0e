# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Many regions at once, and many threads, on a NIC that does DMA, with its vendor's driver: in
# instructions of the process, and in kernel memory.
. /src/tests/rnic/guest.sh
. /src/tests/bench/guest.sh

erdma_up
load_modules
bar=$(ivshmem_bdf 1)
echo 0 >/sys/module/peer_bar/parameters/pages
bind_peer_bar "$bar"
many_points many-erdma host "$ERDMA_CLIENT" host:size=16M
many_points many-erdma bar "$ERDMA_CLIENT" "bar:$bar/2,size=16M"
erdma_unload
