# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A translating IOMMU: the NIC works by IOVA and never learns the BAR's own address.
. /src/tests/rnic/copies.sh

copies_up
copies iova
raw_addresses no
copies_down
