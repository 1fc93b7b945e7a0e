# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An IOMMU that passes through (iommu=pt): CPU addresses through the host bridge.
. /src/tests/vm/route.sh

route_setup
check_raw physical
