# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every allocation fails once: pinning a BAR that is reached through the host bridge without
# an IOMMU.
. /src/tests/vm/sweep.sh

sweep_peers
bind_peer_bar "$BAR"
sweep pin "bar:$BAR/2" "$NIC"
