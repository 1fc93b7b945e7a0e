# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The BAR of live dma-buf memory regions is unbound: the NIC's driver stops them at once,
# nobody is waited for or killed, and not a byte moves after the unbind has returned, also
# while a program moves bytes without a pause. Who dies takes everything along.
. /src/tests/rnic/dmabuf.sh

# moved: bytes of payload that touched memory other than the guest's own
moved() { echo $(($(rnic_payload all) - $(rnic_payload ram))); }

unbind_at_once() {
	local waits kills
	waits=$(counter revoke_waits) kills=$(counter revoke_kills)
	unbind_peer_bar "$bar_a"
	[ "$(counter revoke_waits)" = "$waits" ] || fail "the unbind waited"
	[ "$(counter revoke_kills)" = "$kills" ] || fail "the unbind killed"
}

copies_up
spec=bar:$bar_a/2,off=12K,size=1M

note "the region works without its mapping, until the device goes"
owner a "$spec"
hold a ok work
hold a ok unmap
hold a ok work
for module in peer_mem peer_bar; do
	[ "$(t_rmmod $module)" = EAGAIN ] || fail "$module: $(t_rmmod $module)"
done
unbind_at_once
before=$(moved)
hold a EIO work
[ "$(moved)" -eq "$before" ] || fail "bytes moved through a revoked region"
hold a ok dereg
hold_end a
bind_peer_bar "$bar_a"

note "several of them, whole and in part, in two processes, one of which forked"
owner a "$spec"
hold a ok reg read
owner b "bar:$bar_a/2,size=64K"
hold b ok fork
owner other "bar:$bar_b/2,size=64K"
unbind_at_once
hold a EIO work
hold b EIO work
hold other ok work
hold a SIGBUS touch
hold_end a
hold_end b
pkill -KILL -x t_hold_child
hold_end other
bind_peer_bar "$bar_a"

note "in the middle of a storm"
owner a "$spec"
hold a ok unmap
hold_send a storm
hold_expect a ok storm
unbind_at_once
before=$(moved)
hold_expect a EIO storm
[ "$(moved)" -eq "$before" ] || fail "bytes moved after the unbind had returned"
hold_end a
bind_peer_bar "$bar_a"

note "killed with everything in place"
owner a "$spec"
hold a ok unmap
hold_send a storm
hold_expect a ok storm
kill -KILL "${HOLD_PID[a]}"
hold_gone a 137
wait_for 20 no_dmabufs || fail "left: $(live_counters)"

note "the NIC's driver goes and takes the region along"
owner a "$spec"
hold a ok work
erdma_unload
[ "$(counter live_maps)" = 0 ] || fail "$(counter live_maps) mappings without a NIC"
hold_end a
wait_for 20 no_dmabufs || fail "left: $(live_counters)"
