# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A BAR device is pulled out while a NIC has a region on it that nothing can cut off: the kernel's
# removal waits for the region, as an unbind does, or kills who keeps it.
# skip-on-debug: 7.3's pciehp takes its reset lock inside the rescan lock and the other way round; lockdep says so of any unplugging, and then nothing more
. /src/tests/rnic/surprise.sh

surprise_up sw0.1

note "pulled under a live region: its removal waits"
holds owner
pull
wait_for 30 unbind_counted || fail "the removal of $BAR does not wait"
hold owner SIGBUS touch
hold owner ENODEV reg
hold owner ok unmap
hold owner ENODEV map
[ -e "$PCI/devices/$BAR" ] || fail "the removal of $BAR did not wait"
hold owner ok dereg
pulled
hold_end owner
forbid_log 'killing process'
plug_bar "$BAR" "$PORT"
newcomer

note "pulled under a region that its owner keeps: he is killed"
echo 500 >"$TIMEOUT"
holds owner
pull
hold_gone owner 137
pulled
expect_log "$BAR: peer_mem: BAR 2 is revoked: killing process ${HOLD_PID[owner]}"
echo 30000 >"$TIMEOUT"
plug_bar "$BAR" "$PORT"
newcomer

surprise_end
