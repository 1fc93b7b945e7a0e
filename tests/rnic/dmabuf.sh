# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same copies by memory regions on dma-bufs, which the vendor's driver has only with
# stock/dmabuf-mr.patch. Read by the scenarios dmabuf/mr_*.
. /src/tests/rnic/copies.sh
. /src/tests/rdma/hold.sh

ERDMA_KO=/build/kernel-stock/erdma-dmabuf.ko
COPY_BY=--dmabuf

# owner NAME SPEC: a process (t_hold) that registers SPEC as a dma-buf
owner() {
	hold_start "$1" "$2" --dev "$ERDMA_CLIENT" --dmabuf
	hold "$1" ok map
	hold "$1" ok reg
}
