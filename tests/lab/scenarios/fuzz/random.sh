# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Random but structured operations (t_fuzz) on registration, the char devices and the modules'
# parameters: as root and as an ordinary user, on a BAR with struct pages and without, and on
# an NVMe CMB. A million of them on the debug kernel:
#   run-scenario --kernel debug --topology switch-smp --timeout 7200 ... OPS=1000000
. /src/tests/rdma/guest.sh

ops=$(setting OPS 12000)
seed=$(setting SEED $((SRANDOM % 1000000)))
threads=$(setting THREADS 3)

# fuzz PARTS ARGUMENTS...: that many of ten parts of all operations
fuzz() {
	local parts=$1
	shift
	kmsg_marker "t_fuzz $*"
	t_fuzz --dev rxe0 --ops $((ops / 10 * parts)) --seed "$seed" --threads "$threads" "$@" ||
		fail "t_fuzz $* SEED=$seed"
	wait_for 20 nothing_pinned || fail "left: $(live_counters)"
}

peers_find
peers_up
note "to see it again: SEED=$seed OPS=$ops THREADS=$threads"
chmod 666 "$(bar_node "$BAR_A")" "$(nvme_cmb "$NVME")"

fuzz 3 --peer "bar:$BAR_A/2"
fuzz 3 --peer "bar:$BAR_A/2" --user 1000
fuzz 1 --peer "cmb:$NVME,size=512K" --user 1000
fuzz 1 --peer "cmb:$NVME,size=512K"
echo 0 >"/sys/bus/pci/devices/$BAR_A/peer_bar_pages"
chmod 666 "$(bar_node "$BAR_A")"
fuzz 1 --peer "bar:$BAR_A/2" --user 1000
fuzz 1 --peer "bar:$BAR_A/2"
echo 30000 >/sys/module/peer_mem/parameters/revoke_timeout_ms
counters
[ "$(counter dmabufs)" -gt 0 ] || fail "no dma-buf was ever made"
