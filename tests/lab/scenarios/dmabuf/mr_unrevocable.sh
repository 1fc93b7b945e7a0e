# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Regions on dma-bufs that the NIC's driver pinned for good, under a translating IOMMU: the
# BAR is unbound amid their traffic, at once, nobody is killed, and what the NIC still sends
# does not arrive: neither in the BAR, nor in memory that is registered afterwards.
# expect-log: DMAR: .*fault
# expect-log: DMAR:\[DMA
. /src/tests/rnic/dmabuf.sh

ERDMA_PARAMETERS=(unrevocable=1)

moved() { echo $(($(rnic_payload all) - $(rnic_payload ram))); }

copies_up
spec=bar:$bar_a/2,off=12K,size=1M
owner a "$spec"
hold a ok unmap
hold_send a storm
hold_expect a ok storm
fences=$(counter revoke_fences)
unbind_peer_bar "$bar_a"
before=$(moved)
hold_expect a EIO storm
[ "$(counter revoke_fences)" -gt "$fences" ] || fail "nobody was cut off"
[ "$(counter revoke_waits)" = 0 ] || fail "the unbind waited"
[ "$(moved)" -eq "$before" ] || fail "bytes moved after the unbind had returned"

note "its key reaches nothing of what comes after it"
owner b "bar:$bar_b/2,size=1M"
hold b ok fill
before=$(moved)
hold a EIO work
[ "$(moved)" -eq "$before" ] || fail "bytes moved through the old key"
hold b ok check
hold b ok work
hold_end a
hold_end b
wait_for 20 no_dmabufs || fail "left: $(live_counters)"
erdma_unload
