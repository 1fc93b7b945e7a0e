# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The mapping of one of our dma-bufs is found as what it is: the same memory, pinned like
# the BAR's own mapping, by pointer or as a dma-buf once more; it keeps the memory as long as it
# is pinned, and goes with the device like everything else.
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

M=1048576
holds_dmabufs() { [ "$(counter live_dmabufs)" -eq "$1" ]; }
cmb_is_free() { [ "$(cat "$PCI/devices/$nic/p2pmem/available")" -eq "$free" ]; }

start() { # spec: exported and mapped; nothing of the buffer itself is left
	exporter a "$1"
	hold a 'ok *' export
	hold a ok map
	hold a ok unmap
}

route_setup

note "the whole, and a part of it, at the BAR's own address"
start "bar:$bar/2,off=64K,size=4M"
hold a 'ok 1 *' pin "$nic"
same_address "$(word 3)" "$bar_base + 65536" || fail "programmed $(word 3)"
hold a ok unpin
hold a 'ok 1 *' pin "$nic" 8192 4096
same_address "$(word 3)" "$bar_base + 65536 + 8192" || fail "programmed $(word 3)"
note "it outlives mapping and descriptor"
hold a ok unmap-map
hold a ok close
[ "$(counter live_dmabufs)" = 1 ] || fail "the dma-buf went under a pin"
hold a ok unpin
wait_for 20 no_dmabufs || fail "left: $(live_counters)"
hold_end a

note "a dma-buf of it is one of the same memory"
start "bar:$bar/2,off=64K,size=1M"
hold a 'ok 1048576 0' export-map
hold a "*peer_mem $bar BAR 2 +0x10000 rw peer_bar;*" info
hold a 'ok 1 *' import pinned "$nic"
same_address "$(word 3)" "$bar_base + 65536" || fail "programmed $(word 3)"
hold a ok release
hold a 'ok 1 *' pin "$nic"
hold a ok unpin

note "one of that one keeps the first, and not those between"
hold a ok unmap-map
hold a ok map
hold a 'ok 1048576 0' export-map
hold a ok unmap-map
hold a ok close 0
hold a ok close 0
wait_for 20 holds_dmabufs 2 || fail "$(counter live_dmabufs) dma-bufs live, should be 2"
hold a ok map
hold a 'ok 1 *' import dynamic "$nic"

note "the device goes: who can be told is told, the pin is waited for"
hold a 'ok 1 *' pin "$nic"
unbind_start "$bar"
unbind_waits
hold a 'ok 1 0' state
hold a ENODEV pin "$nic"
hold a ENODEV export-map
hold a ok unpin
unbind_ends
hold_end a
bind_peer_bar "$bar"

note "read-only, it is not for a NIC that writes"
exporter a "bar:$bar/2,size=64K"
hold a 'ok *' export ro
hold a ok map ro
kmsg_marker
hold a EACCES pin "$nic"
expect_log "may not register .*$bar BAR 2, dma-buf.: the device is to write but the mapping is not writable"
hold_end a

note "the CMB: its pages go back with the last of mapping, pin, dma-buf and importer"
free=$(cat "$PCI/devices/$nic/p2pmem/available")
start "cmb:$nic,size=4M"
hold a 'ok 4194304 0' export-map
hold a 'ok *' pin "$nic"
hold a 'ok *' import lazy "$nic"
hold a ok close
hold a ok close
hold a ok release
[ "$(cat "$PCI/devices/$nic/p2pmem/available")" -eq $((free - 4 * M)) ] ||
	fail "the CMB was given out again under a pin"
exporter_kill a
wait_for 20 cmb_is_free || fail "the CMB is not free again"
