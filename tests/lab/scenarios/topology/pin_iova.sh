# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A translating IOMMU, peers on root ports: one IOVA
# range, never the BAR's own address; a revoke fences it without waiting for the owner.
. /src/tests/vm/route.sh

route_setup
pinned -f "$nic" "bar:$bar/2"
expect_route iova
[ "$(segments)" = 1 ] || fail "one IOVA range took $(segments) segments"
! same_address "$(programmed 1)" "$bar_base" || fail "the raw BAR address was programmed"
without_pages iova

note "revoke with a live pin: fenced, not waited for"
mkfifo /tmp/hold
t_pin -h -f "$nic" "bar:$bar/2" </tmp/hold >/tmp/held &
holder=$!
exec 9>/tmp/hold
wait_for 20 grep -q '^pin ' /tmp/held || fail "no pin"
iova=$(sed 's/.*addr=\([^ ]*\).*/\1/' /tmp/held)
unbind_peer_bar "$bar"
[ "$(counter revoke_fences)" = 1 ] || fail "nothing was fenced"
[ "$(counter revoke_waits)" = 0 ] || fail "the revoke waited"
kill -0 $holder || fail "the owner did not survive"

note "the IOVA stays reserved while the owner has it"
bind_peer_bar "$bar"
pinned -f "$nic" "bar:$bar/2"
! same_address "$(programmed 1)" "$iova" || fail "IOVA $iova was given out again"
exec 9>&-
wait $holder
