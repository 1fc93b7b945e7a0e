# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# dma-buf memory regions behind one switch: bus addresses, no byte through host memory.
. /src/tests/rnic/dmabuf.sh

copies_up
copies bus
cmb_copies bus
[ "$(counter dmabufs)" -ge 8 ] || fail "only $(counter dmabufs) dma-bufs"
copies_down
