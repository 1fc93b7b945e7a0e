# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The vendor's unmodified driver and provider find the NIC model; it survives being taken
# away and given back, by rmmod, by unbind and by function level reset.
. /src/tests/rnic/guest.sh

bdf=$(erdma_bdf)
lspci -s "$bdf" -vv | grep -E 'Elastic RDMA|FLReset|MSI-X|Vendor Specific'
erdma_up
ibv_devinfo -d "$ERDMA_CLIENT" | tee /tmp/devinfo
grep -q 'state:.*PORT_ACTIVE' /tmp/devinfo || fail "the port is not active"
grep -q 'link_layer:.*Ethernet' /tmp/devinfo || fail "not RoCE"

note "the device's own counters"
ls "/sys/class/infiniband/$ERDMA_CLIENT/ports/1/hw_counters/"
[ "$(cat "/sys/class/infiniband/$ERDMA_CLIENT/ports/1/hw_counters/tx_reqs_cnt")" -eq 0 ] ||
	fail "requests were sent already"

moves() {
	erdma_pair /tmp/perftest ib_write_bw -s 4096 -n 20 || fail "no data moves $1"
}

moves "at first"
[ "$(cat "/sys/class/infiniband/$ERDMA_CLIENT/ports/1/hw_counters/tx_reqs_cnt")" -ge 20 ] ||
	fail "requests were not counted"

note "the MTU follows the network interface"
ip link set "$(erdma_netdev "$bdf")" mtu 1400
moves "with another MTU"

note "rmmod and insmod"
erdma_unload
[ ! -e "/sys/class/infiniband/$ERDMA_CLIENT" ] || fail "$ERDMA_CLIENT is still there"
insmod "$ERDMA_KO"
wait_for 10 erdma_ready "$ERDMA_CLIENT" || fail "not ready after insmod"
moves "after insmod"

note "unbind, FLR, bind"
erdma_unbind "$bdf"
grep -q flr "$PCI/devices/$bdf/reset_method" || fail "no function level reset"
before=$(rnic_stat "$bdf" resets)
echo 1 >"$PCI/devices/$bdf/reset"
[ "$(rnic_stat "$bdf" resets)" -gt "$before" ] || fail "the reset did not arrive"
echo "$bdf" >"$PCI/drivers/erdma/bind"
wait_for 10 erdma_ready "$ERDMA_CLIENT" || fail "not ready after FLR"
moves "after FLR"
rnic_healthy
erdma_unload
