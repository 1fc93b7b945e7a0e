# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Behind one switch without ACS redirection: bus addresses, pages or none.
. /src/tests/vm/route.sh

route_setup
check_raw bus
without_pages bus
