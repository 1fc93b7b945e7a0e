# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Bandwidth and latency of the NIC model by size, BAR memory and host memory in turn over one
# connection, best of many rounds. Figures of this machine at this moment; nothing fails by them.
. /src/tests/rnic/guest.sh
. /src/tests/bench/guest.sh

SIZES=$(by_mode 8,64K 8,512,4K,32K,64K,256K,1M,8M)
ROUNDS=$(by_mode 2 21)
MS=$(by_mode 0 1500)

erdma_up
load_modules
bar_a=$(ivshmem_bdf 0)
bind_peer_bar "$bar_a"

rdma_speed --rounds "$ROUNDS" --ms "$MS" --sizes "$SIZES" --dev "$ERDMA_CLIENT" \
	--to-dev "$ERDMA_SERVER" --spec "bar:$bar_a/2,size=16M" | tee /tmp/speed
sizes=${SIZES//[^,]/}
[ "$(wc -l </tmp/speed)" -eq $((6 * (${#sizes} + 1))) ] || fail "not all was measured"
while read -r what size _ host _ bar _ ratio; do
	point "$what" host "$size" "$host"
	point "$what" bar "$size" "$bar"
	point against-host "$what" "$size" "$ratio"
done </tmp/speed

unbind_peer_bar "$bar_a"
erdma_unload
unload_modules
