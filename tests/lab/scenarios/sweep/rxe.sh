# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: mapping, registering on soft-RoCE, binding, and pinning for a
# device behind the same switch (bus addresses).
. /src/tests/vm/sweep.sh

sweep_peers
make_rxe
bind_peer_bar "$BAR"

sweep map "bar:$BAR/2"
sweep map "cmb:$NIC"
sweep reg host:size=1M rxe0
sweep reg "bar:$BAR/2,size=4M" rxe0
sweep reg "cmb:$NIC,size=4M" rxe0
sweep pin "bar:$BAR/2" "$NIC"
sweep pin "cmb:$NIC,size=4M" "$NIC"
counters
