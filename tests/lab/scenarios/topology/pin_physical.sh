# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two root ports below a host bridge that the kernel allows, no IOMMU: CPU addresses.
. /src/tests/vm/route.sh

route_setup
check_raw physical
without_pages physical
