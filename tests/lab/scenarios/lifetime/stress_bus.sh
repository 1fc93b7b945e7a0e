# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same on a NIC with DMA of its own that reaches the BAR by bus addresses, so nothing
# can cut it off.
# Long: run-scenario --topology stress --timeout 3600 ... CYCLES=4000
. /src/tests/rnic/stress.sh

stress_on_nic sw0.1
