# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# dma-buf memory regions under a translating IOMMU: an IOVA, never the BAR's own address.
. /src/tests/rnic/dmabuf.sh

copies_up
copies iova
raw_addresses no
copies_down
