# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An exporter and importers that keep books, for all the ways in which memory is taken and
# given back; first whether they see mistakes at all.
# expect-log: peer_mem_test: mispaired: made on purpose
. /src/tests/vm/route.sh
. /src/tests/vm/export.sh

OFFER=/sys/module/peer_mem_test/parameters/offer
mispairings() { counter mispairings; }

route_setup
unbind_peer_bar "$bar"
echo 1 >"$PCI/devices/$bar/enable"
spec=file:/dev/peer_mem_test,off=64K,size=1M
must_fail sh -c "echo 0000:00:1f.7/2 >$OFFER" 2>/dev/null
must_fail sh -c "echo nonsense >$OFFER" 2>/dev/null
echo "$bar/2" >$OFFER
must_fail sh -c "echo $bar/2 >$OFFER" 2>/dev/null

note "pins, again and overlapping, whole, in part, and refused half-way"
t_pin -n 20 "$spec"
t_pin -f "$nic" "$spec"
t_pin -f "$nic" -m 65536 "$spec"
t_pin -f "$nic" "file:/dev/peer_mem_test,off=4K,size=200K"
must_fail t_pin -f 0000:00:1f.7 "$spec" 2>/dev/null

note "dma-bufs: every importer, shares, loans, all ends"
exporter a "$spec"
for kind in dynamic lazy pinned; do
	hold a 'ok *' export
	hold a 'ok 1 *' import $kind "$nic"
	hold a ok release
	hold a 'ok 1 *' import $kind "$nic"
done
hold a ok map
hold a 'ok 1 *' pin "$nic" 20480 131072
hold a 'ok *' export-map
hold a 'ok 1 *' import pinned "$nic"
hold a ok unpin
hold a ok close
hold a ok close
exporter b "$spec"
hold b 'ok *' export
hold b 'ok 1 *' import lazy "$nic"
exporter_kill b
hold_end a
wait_for 20 no_dmabufs || fail "left: $(live_counters)"

note "taken back with everything in place"
exporter a "$spec"
hold a 'ok *' export
hold a ok map
hold a 'ok 1 *' import dynamic "$nic"
hold a ok unmap
echo none >$OFFER
hold a 'ok 1 0' state
hold a SIGBUS get 0
hold a ENODEV pin "$nic"
hold_end a
must_fail t_pin "$spec" 2>/dev/null

note "what a pin through a dma-buf's mapping reaches is held until it goes, told or not"
echo "$bar/2" >$OFFER
exporter a "$spec"
hold a 'ok *' export
hold a ok map
hold a 'ok 1 *' pin "$nic"
waits=$(counter revoke_waits)
(hold_let_go; echo none >$OFFER) &
taking_back=$!
is_waiting() { [ "$(counter revoke_waits)" -gt "$waits" ]; }
wait_for 20 is_waiting || fail "nobody waits for the pin"
[ "$(counter live_mock_pages)" = 256 ] || fail "$(counter live_mock_pages) pages held under a pin"
hold a ok unpin
wait $taking_back
hold_end a

note "exports in a hurry while it is taken back and offered again"
for _ in 1 2 3; do
	echo "$bar/2" >$OFFER
	t_export --storm "$spec" >/tmp/storm &
	storm=$!
	wait_for 20 grep -q begins /tmp/storm
	sleep 0.3
	echo none >$OFFER
	wait $storm || fail "the storm: $(cat /tmp/storm)"
	cat /tmp/storm
done
[ "$(mispairings)" = 0 ] || fail "$(mispairings) mispairings"

# mistake NAME LOG: seen, counted, and said
mistake() {
	local before
	before=$(mispairings)
	kmsg_marker
	hold a ok mistake "$1"
	[ "$(mispairings)" -gt "$before" ] || fail "mistake $1 is not counted"
	expect_log "peer_mem_test: mispaired: made on purpose: $2"
}

note "mistakes"
echo "$bar/2" >$OFFER
exporter a "$spec"
hold a 'ok *' export
hold a 'ok 1 *' import dynamic "$nic"
mistake unlocked 'an importer was told without the dma_resv lock'
mistake twice 'an importer was told twice'
mistake late 'mapped what an importer was told is gone'
hold a ok release
mistake put-twice 'page 0 given back twice'
hold a ok mistake keep
kmsg_marker
echo none >$OFFER
expect_log 'made on purpose: the revoke is back and 1 pages are held'
echo "$bar/2" >$OFFER
hold a ok mistake zap
kmsg_marker
echo none >$OFFER
expect_log 'made on purpose: revoked twice'
hold_end a
