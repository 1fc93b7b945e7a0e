# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The device of a dma-buf goes away: importers that can be told unmap and nobody waits
# for anybody's good will; one that cannot is waited for, and its process killed in the
# end. The processor gets SIGBUS. What is left is a shell that serves nobody.
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

TIMEOUT=/sys/module/peer_mem/parameters/revoke_timeout_ms

# a shell: no more importers, no more mappings; exporting the old mapping does not work
expect_shell() { # name
	hold "$1" SIGBUS get 0
	hold "$1" ENODEV map
	hold "$1" ENODEV sync
	hold "$1" ENODEV import dynamic "$nic"
	hold "$1" ENODEV export
}

start() { # kind: one that exports, maps and imports so
	exporter a "bar:$bar/2,size=1M"
	hold a 'ok *' export
	hold a ok map
	hold a 'ok *' put 0 7
	hold a 'ok *' import "$1" "$nic"
	waits=$(counter revoke_waits) kills=$(counter revoke_kills)
}

route_setup

note "an importer that unmaps when told"
start dynamic
unbind_peer_bar "$bar"
hold a "ok 1 0" state
[ "$(counter revoke_waits)" = "$waits" ] || fail "waited for an importer that was told"
expect_shell a
[ "$(counter live_maps)" = 0 ] || fail "still mapped"
# nothing of peer_bar is held by the shell
hold a ok unmap
for module in peer_umem peer_bar; do rmmod $module || fail "$module does not go"; done
[ "$(t_rmmod peer_mem)" = EAGAIN ] || fail "peer_mem goes while a dma-buf lives"
module_load peer_umem && module_load peer_bar
bind_peer_bar "$bar"
hold a ok release
hold a ENODEV import dynamic "$nic"
hold_end a

note "one that unmaps some time later is waited for, and not killed"
start lazy
unbind_start "$bar"
unbind_waits
hold a "ok 1 1" state
expect_shell a
unbind_waits
hold a ok release
unbind_ends
[ "$(counter revoke_kills)" = "$kills" ] || fail "killed"
hold_end a
bind_peer_bar "$bar"

note "several dma-bufs and importers of one region"
start dynamic
hold a 'ok *' export 4096 8192
hold a 'ok *' import pinned "$nic"
hold a ok release
hold a 'ok *' import dynamic "$nic"
exporter b "bar:$bar/2,off=8K,size=64K"
hold b 'ok *' export
hold b 'ok *' import dynamic "$nic"
exporter idle "bar:$bar/2,size=64K"
hold idle 'ok *' export
exporter_kill b
unbind_peer_bar "$bar"
hold a "ok 1 0" state
hold idle ENODEV import dynamic "$nic"
hold_end idle
hold_end a
bind_peer_bar "$bar"

note "a dma-buf of which only the name is open"
exporter a "bar:$bar/2,size=64K"
hold a 'ok *' export
hold a ok path
unbind_peer_bar "$bar"
hold a ok intact
hold_end a
bind_peer_bar "$bar"

note "work of an importer that goes on is waited for, last of all: others are killed in time"
echo 500 >$TIMEOUT
start dynamic
hold a ok busy
exporter b "bar:$bar/2,off=256K,size=64K"
hold b 'ok *' export
hold b ok map
hold b 'ok 1 *' pin "$nic"
unbind_start "$bar"
hold_gone b 137
unbind_waits
hold a "ok 1 0" state
expect_shell a
! unbind_back || fail "the revoke did not wait for the work"
hold a ok idle
unbind_ends
hold_end a
echo 30000 >$TIMEOUT
bind_peer_bar "$bar"

note "a fence on a dma-buf that nobody has imported is nobody's work"
exporter a "bar:$bar/2,size=64K"
hold a 'ok *' export
hold a ok busy
unbind_peer_bar "$bar"
hold a ok idle
hold_end a
bind_peer_bar "$bar"

note "an importer that cannot be told: its process is killed after the time-out"
echo 500 >$TIMEOUT
start pinned
kmsg_marker
unbind_peer_bar "$bar"
expect_log "$bar: peer_mem: BAR 2 is revoked: killing process ${HOLD_PID[a]}, which has 1 registrations"
[ "$(counter revoke_kills)" = $((kills + 1)) ] || fail "not one kill"
hold_gone a 137
bind_peer_bar "$bar"

note "and so is a child that has inherited its file"
start pinned
hold a ok fork
exporter_kill a
kmsg_marker
unbind_peer_bar "$bar"
expect_log "$bar: peer_mem: BAR 2 is revoked: killing process [0-9]*, which has the file"
wait_for 20 nothing_live || fail "left: $(live_counters)"
echo 30000 >$TIMEOUT
bind_peer_bar "$bar"

note "the function is removed altogether, and the exporter dies with all it has"
start dynamic
echo 1 >"/sys/bus/pci/devices/$bar/remove"
hold a "ok 1 0" state
exporter_kill a
wait_for 20 nothing_live || fail "left: $(live_counters)"

note "work on one BAR of a function does not keep the revoke from the others"
make_rxe
other=$(ivshmem_bdf 0)
bind_peer_bar "$other"
bind_peer_bar "$nic"
echo 500 >$TIMEOUT
exporter a "bar:$nic/0,size=4K"
hold a 'ok *' export
hold a 'ok *' import dynamic "$other"
hold a ok busy
hold_start b "bar:$nic/2,size=64K"
hold b ok map
hold b ok reg
unbind_start "$nic"
hold_gone b 137
unbind_waits
hold a "ok 1 0" state
hold a ok idle
unbind_ends
hold_end a
