# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same on the memory of a disk whose driver knows nothing of us: pages of the kernel's
# pool, which the driver's remove() waits for.
# Long: run-scenario --topology erdma2 --timeout 3600 ... CYCLES=4000
. /src/tests/rnic/stress.sh

erdma_up
NICS=$(erdma_bdf)
load_modules
nvme_load
STRESS_CMB=$(nvme_bdf)
stress_run "$ERDMA_CLIENT" "cmb:$STRESS_CMB,size=512K" 300 cmb cmb cmb cmb nic
erdma_unload
