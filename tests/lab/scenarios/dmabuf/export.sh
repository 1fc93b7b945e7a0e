# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A range as a dma-buf, without any NIC: what is exported and what is refused and why, what
# the descriptor tells, the processor's access to it, who keeps what alive.
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

# the regions of peer_bar's nodes live as long as it is bound
nothing_live_but_regions() { ! live_counters | grep -qv '^live_regions\|^live_bar_nodes'; }
cmb_is_free() { [ "$(cat "$PCI/devices/$nvme/p2pmem/available")" -eq "$free" ]; }

route_setup
M=1048576
spec="bar:$bar/2,off=64K,size=4M"

note "whole, a part, an odd part, twice"
exporter a "$spec"
hold a "ok $((4 * M)) 0" export
hold a "ok 8192 0" export 4096 8192
hold a "ok 8192 100" export 8292 5000
hold a "ok $((4 * M)) 0" export ro
[ "$(counter live_dmabufs)" = 4 ] || fail "$(counter live_dmabufs) dma-bufs"
hold a "*peer_mem $bar BAR 2 +0x10000 ro peer_bar;*name:?$bar/2;" info
for _ in 1 2 3; do hold a ok close; done
hold a EFAULT unwritable
[ "$(counter live_dmabufs)" = 1 ] || fail "$(counter live_dmabufs) dma-bufs after closing three"

note "importers of every kind: the address is the BAR's, and an offset's"
for kind in dynamic lazy pinned; do
	hold a "ok 1 *" import "$kind" "$nic"
	same_address "$(word 3)" "$bar_base + 65536" || fail "programmed $(word 3)"
	same_address "$(word 4)" "4 * $M" || fail "length $(word 4)"
	hold a "ok 0 1" state
	hold a ok release
done
kmsg_marker
hold a EOPNOTSUPP import static "$nic"
expect_log "$nic: t_export.*$bar BAR 2.*importer of the dma-buf does not support peer-to-peer"
peer_mem why -n 1 | grep 'does not support peer-to-peer .*EOPNOTSUPP.*to change it: use a device' || fail "why"
hold a "ok *" export ro
hold a "ok 1 *" import dynamic "$nic" ro
hold a ok release
kmsg_marker
hold a EACCES import dynamic "$nic"
expect_log "importer is to write but the dma-buf was exported for reading"
peer_mem why -n 1 | grep 'exported for reading .*EACCES.*PEER_MEM_EXPORT_WRITE' || fail "why"
hold a ok close

note "the processor sees the same bytes by both mappings, the kernel gets none"
hold a ok map
hold a "ok 0x1234" put 4096 0x1234
hold a "ok 0x1234" get-buf 4096
hold a ok sync
hold a "ok 0xabcd" put-buf $((4 * M - 8)) 0xabcd
hold a "ok 0xabcd" get $((4 * M - 8))
hold a EINVAL import vmap
hold a "ok *" export ro
hold a EACCES map
hold a ok map ro
hold a "ok 0x1234" get 4096
hold a ok close

note "it outlives the mapping it was made from"
hold a ok unmap
hold a "ok 1 *" import dynamic "$nic"
hold a "ok 0x1234" get 4096
for module in peer_mem peer_bar; do
	[ "$(t_rmmod $module)" = EAGAIN ] || fail "$module: $(t_rmmod $module)"
done
exporter_kill a
wait_for 20 nothing_live_but_regions || fail "left: $(live_counters)"

note "the CMB, whose pages the allocator gets back"
nvme=$(nvme_bdf)
free=$(cat "$PCI/devices/$nvme/p2pmem/available")
exporter c "cmb:$nvme,size=256K"
hold c "ok 262144 0" export
hold c "ok *" import pinned "$nvme"
hold c ok unmap
hold c ok release
[ "$(cat "$PCI/devices/$nvme/p2pmem/available")" -eq $((free - 262144)) ] ||
	fail "the CMB was given out again under a dma-buf"
hold c ok close
wait_for 5 cmb_is_free || fail "the CMB is not free again"
hold_end c
