# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once where an IOMMU translates: pinning a BAR of peer_bar and one
# mapped through sysfs, and a revoke that fences a pin. A revoke may not need memory.
. /src/tests/vm/sweep.sh

sweep_peers

map=/sys/bus/pci/devices/$BAR
echo 1 >"$map/enable"
sweep pin "file:$map/resource2" "$NIC"

bind_peer_bar "$BAR"
sweep pin "bar:$BAR/2" "$NIC"
sweep revoke "bar:$BAR/2" "$NIC" peer_bar
counters
