# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The library without the hook, on a NIC whose driver takes dma-bufs and whose provider has no
# verb for them: everything by dma-buf.
. /src/tests/rnic/dmabuf.sh

copies_up
made=$(counter dmabufs)
t_ibvx --dev "$ERDMA_CLIENT" --bar "bar:$bar_a/2,off=128K,size=64K" --no-hook --dmabuf ||
	fail "by dma-buf"
[ $(($(counter dmabufs) - made)) -ge 10 ] || fail "only $(($(counter dmabufs) - made)) dma-bufs"
[ "$(counter live_dmabufs)" -eq 0 ] || fail "$(counter live_dmabufs) dma-bufs are left"
copies_down
