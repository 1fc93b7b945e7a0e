# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Registering and deregistering by size on soft-RoCE, in instructions: host memory in small and
# in huge pages, a CMB, a BAR with struct pages. Many regions at once, and what one costs in
# memory.
. /src/tests/rdma/guest.sh
. /src/tests/bench/guest.sh

SIZES=4K,16K,64K,256K,1M,4M,16M

peers_find
peers_up
# The index of an MR lives in a tree that becomes deeper as they are handed out.
reg_mr --dev rxe0 --sizes 4K --reps 4200 >/dev/null
reg_points reg-rxe host --dev rxe0 --sizes $SIZES --reps 11
huge=$(huge_spec $((16 << 20)))
reg_points reg-rxe host-huge --dev rxe0 --spec "$huge" --sizes $SIZES --reps 11
reg_points reg-rxe bar-pages --dev rxe0 --spec "bar:$BAR_A/2" --sizes $SIZES --reps 11
reg_points reg-rxe cmb --dev rxe0 --spec "cmb:$NVME,size=16M" --sizes $SIZES --reps 11

# many LINE SPEC
many() {
	local count line=$1
	for count in 1 10 100 1000 10000 100000; do
		many_mr --dev rxe0 --spec "$2" --count $count | tee /tmp/many || fail "$count regions"
		point many "$line" $count "$(awk '{ print $6 }' /tmp/many)"
		point many-dereg "$line" $count "$(awk '{ print $8 }' /tmp/many)"
		[ $count -lt 1000 ] || point many-bytes "$line" $count "$(awk '{ print $10 }' /tmp/many)"
	done
	for count in 1 2 4 8 16; do
		many_mr --dev rxe0 --spec "$2" --count 2000 --threads $count | tee /tmp/many ||
			fail "$count threads"
		point threads "$line" $count "$(awk '{ print $6 }' /tmp/many)"
	done
}

many host host:size=16M
many bar-pages "bar:$BAR_A/2,size=16M"
