# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# dma-buf memory regions across root ports without an IOMMU: CPU addresses.
. /src/tests/rnic/dmabuf.sh

copies_up
copies physical
copies_down
