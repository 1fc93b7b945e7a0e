# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Under a translating IOMMU an importer that cannot be told is cut off instead of waited for:
# nobody is killed, the mapping object stays until the importer ends it, and its IOVA is
# nobody else's until then. The same for a pin through the dma-buf's mapping.
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

# Several importers: the last one is `state`'s, the others go with the process.
start() { # importer...
	local kind
	exporter a "bar:$bar/2,size=1M"
	hold a 'ok *' export
	hold a ok map
	for kind; do hold a 'ok 1 *' import "$kind" "$nic"; done
	iova=$(word 3)
	! same_address "$iova" "$bar_base" || fail "the BAR's own address was programmed"
	fences=$(counter revoke_fences)
}

unbind_cuts_off() { # how many
	unbind_peer_bar "$bar"
	[ "$(counter revoke_fences)" = $((fences + $1)) ] ||
		fail "$(($(counter revoke_fences) - fences)) cut off, should be $1"
	[ "$(counter revoke_waits)" = 0 ] || fail "the unbind waited"
	[ "$(counter revoke_kills)" = 0 ] || fail "the unbind killed"
}

# another importer of another BAR: where is it put?
elsewhere() {
	exporter b "bar:$other/2,size=1M"
	hold b 'ok *' export
	hold b 'ok 1 *' import pinned "$nic"
	! same_address "$(word 3)" "$iova" || fail "$iova was given out again"
	hold_end b
}

route_setup
other=$(ivshmem_bdf 1)
bind_peer_bar "$other"

note "pinned for good, and one that takes its time: cut off"
start lazy pinned
unbind_cuts_off 2
hold a 'ok 0 1' state
[ "$(counter live_maps)" = 2 ] || fail "$(counter live_maps) mappings"
hold a SIGBUS get 0
hold a ENODEV import pinned "$nic"
elsewhere
hold a ok release
hold_end a
wait_for 20 no_dmabufs || fail "left: $(live_counters)"

note "one that obeys has nothing left to be cut off"
bind_peer_bar "$bar"
start dynamic
unbind_cuts_off 0
hold a 'ok 1 0' state
hold_end a

note "one that takes its time, with work under way: cut off before that is waited for"
is_cut() { [ "$(counter revoke_fences)" = $((fences + 1)) ]; }
bind_peer_bar "$bar"
start lazy
hold a ok busy
unbind_start "$bar"
wait_for 20 is_cut || fail "not cut off while work is under way"
! unbind_back || fail "the unbind did not wait for the work"
hold a ok idle
unbind_ends
hold a ok release
hold_end a

note "a pin through the mapping, and nothing of the dma-buf left but that"
bind_peer_bar "$bar"
start pinned
hold a ok release
hold a 'ok 1 *' pin "$nic"
iova=$(word 3)
hold a ok unmap-map
hold a ok close
unbind_cuts_off 1
elsewhere
hold a ok unpin
hold_end a

note "killed with all of it in place"
bind_peer_bar "$bar"
start pinned
hold a 'ok 1 *' pin "$nic"
unbind_cuts_off 2
exporter_kill a
wait_for 20 no_dmabufs || fail "left: $(live_counters)"
