# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An IOMMU that passes through (iommu=pt): CPU addresses.
. /src/tests/rnic/copies.sh

copies_up
copies physical
copies_down
