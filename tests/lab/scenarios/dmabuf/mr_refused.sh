# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host bridge that the kernel does not allow: the dma-buf is made, but the NIC may not
# attach; the line names the bridge, and `peer_mem why` says it again.
. /src/tests/rnic/dmabuf.sh

erdma_up
module_load peer_mem
module_load peer_bar
bar=$(ivshmem_bdf)
bind_peer_bar "$bar"
kmsg_marker
must_fail t_copy --dmabuf --dev "$ERDMA_CLIENT" --from "bar:$bar/2,size=2M" --to host:size=2M 2>/tmp/err
grep 'Remote I/O error' /tmp/err || fail "wrong errno: $(cat /tmp/err)"
expect_log "$(erdma_bdf 0): t_copy.* may not register .*$bar BAR 2.*no P2P route.*host bridge pci0000:00"
peer_mem why | grep "no P2P route.*host bridge pci0000:00.*EREMOTEIO" || fail "$(peer_mem why)"
t_copy --dmabuf --dev "$ERDMA_CLIENT" --from host:size=1M --to host:size=1M | tail -n 1
[ "$(counter live_dmabufs)" = 0 ] || fail "a dma-buf is left"
rnic_healthy
