# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host bridge that the kernel does not allow: refused, and the line names the bridge.
. /src/tests/vm/route.sh

route_setup
kmsg_marker
must_fail t_pin -f "$nic" "bar:$bar/2" 2>/tmp/err
grep EREMOTEIO /tmp/err || fail "wrong errno: $(cat /tmp/err)"
expect_log "may not register .*$bar BAR 2.*no P2P route.*$nic and $bar .*host bridge pci0000:00 .*not on the kernel's P2P list"
[ -z "$(live_counters | grep -v -e live_regions -e live_bar_nodes)" ] || fail "left: $(live_counters)"
