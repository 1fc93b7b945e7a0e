# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Several VMAs of one device in one memory region: side by side in any order, split by
# the kernel, moved; with what they become in physical ranges.
. /src/tests/rdma/guest.sh

peers_find
peers_up
echo 1 >/sys/kernel/tracing/events/peer_mem/peer_mem_pin/enable
t_vmas --dev rxe0 --buf "bar:$BAR_A/2,off=8K,size=1M" || fail "VMAs of a BAR"
t_vmas --dev rxe0 --buf "cmb:$NVME,size=1M" || fail "VMAs of the CMB"
