# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Registering and deregistering on soft-RoCE, in instructions, by size: host memory in small and
# in huge pages, a CMB, a BAR with struct pages. Many regions at once, and what one costs in
# memory. A BAR without struct pages and a dma-buf soft-RoCE does not take.
. /src/tests/rdma/guest.sh
. /src/tests/bench/guest.sh

SIZES=$(by_mode 4K,1M 4K,16K,64K,256K,1M,4M,16M)
REPS=$(by_mode 3 11)

peers_find
peers_up
# The index of an MR lives in a tree that becomes deeper as they are handed out.
! bench_full || reg_mr --dev rxe0 --sizes 4K --reps 4200 >/dev/null
reg_points reg-rxe host --dev rxe0 --sizes "$SIZES" --reps "$REPS"
huge=$(huge_spec $((16 << 20)))
reg_points reg-rxe host-huge --dev rxe0 --spec "$huge" --sizes "$SIZES" --reps "$REPS"
reg_points reg-rxe bar-pages --dev rxe0 --spec "bar:$BAR_A/2" --sizes "$SIZES" --reps "$REPS"
reg_points reg-rxe cmb --dev rxe0 --spec "cmb:$NVME,size=16M" --sizes "$SIZES" --reps "$REPS"

many_points many-rxe host rxe0 host:size=16M
many_points many-rxe bar-pages rxe0 "bar:$BAR_A/2,size=16M"
