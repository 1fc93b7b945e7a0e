# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The stress of tests/rdma/stress.sh on the NIC model: no payload reaches the BAR after a revoke
# has returned, says the model. Read by the scenarios lifetime/stress_bus and stress_iova.
. /src/tests/rnic/guest.sh
. /src/tests/rdma/stress.sh

nic_unbind() { erdma_unbind "$NICS"; }

nic_bind() {
	echo "$NICS" >"$PCI/drivers/erdma/bind"
	wait_for 20 erdma_ready "$ERDMA_CLIENT" || fail "the NIC is not ready again"
}

# stress_on_nic PORT: PORT of the topology is where the BAR device is plugged in
stress_on_nic() {
	erdma_up
	NICS=$(erdma_bdf)
	load_modules
	STRESS_BAR=$(ivshmem_bdf 0)
	STRESS_PORT=$1
	shift
	bind_peer_bar "$STRESS_BAR"
	# 7.3's pciehp takes its reset lock inside the rescan lock and the other way round, says
	# lockdep of any unplugging, and says nothing more then
	if [ -e /proc/lockdep ]; then
		note "nothing is unplugged or pulled out: lockdep"
	else
		set -- unplug surprise
	fi
	stress_run "$ERDMA_CLIENT" "bar:$STRESS_BAR/2" 200 exporter exporter nic modules removal "$@"
	erdma_unload
}
