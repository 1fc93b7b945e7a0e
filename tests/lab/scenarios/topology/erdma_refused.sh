# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host bridge that the kernel does not allow: ibv_reg_mr fails with EREMOTEIO, the line
# names the bridge, and ordinary memory goes on working.
. /src/tests/rnic/copies.sh

erdma_up
load_modules
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
kmsg_marker
must_fail t_copy --dev "$ERDMA_CLIENT" --from "bar:$bar/2,size=2M" --to host:size=2M 2>/tmp/err
grep 'Remote I/O error' /tmp/err || fail "wrong errno: $(cat /tmp/err)"
expect_log "$ERDMA_CLIENT: t_copy.* may not register .*$bar BAR 2.*no P2P route.*host bridge pci0000:00"
t_copy --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M | tail -n 1
rnic_healthy
