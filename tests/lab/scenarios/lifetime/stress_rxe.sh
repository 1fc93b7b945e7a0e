# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Memory regions of soft-RoCE come and go while their memory, the NIC and the modules do:
# each revoke waits for regions and kills who keeps them.
# Long: run-scenario --topology switch-smp --timeout 3600 ... CYCLES=4000
. /src/tests/rdma/stress.sh

NICS=''

nic_unbind() { remove_rxe; }
nic_bind() { make_rxe; }

make_rxe
load_modules
STRESS_BAR=$(ivshmem_bdf 0)
bind_peer_bar "$STRESS_BAR"
stress_run rxe0 "bar:$STRESS_BAR/2" 200 exporter exporter nic modules removal
