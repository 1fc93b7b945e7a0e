# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Root ports below an allowed host bridge, no IOMMU: CPU addresses.
. /src/tests/rnic/copies.sh

copies_up
copies physical
cmb_copies physical
copies_down
