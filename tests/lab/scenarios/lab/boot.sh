# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The guest is what the topology says: one NVMe disk with a CMB that the kernel offers as
# peer memory, two BAR devices with their BAR above 4 GiB, and soft-RoCE comes up.

[ "$(nvme_bdfs | wc -l)" -eq 1 ] || fail "not one NVMe device"
[ "$(ivshmem_bdfs | wc -l)" -eq 2 ] || fail "not two BAR devices"

# bar_start BDF N: the address of BAR N
bar_start() {
	awk -v n="$2" 'NR == n + 1 { print $1 }' "$PCI/devices/$1/resource"
}

above_4g() {
	[ $(($1 >> 32)) -ne 0 ]
}

for bdf in $(ivshmem_bdfs); do
	above_4g "$(bar_start "$bdf" 2)" || fail "$bdf: BAR below 4 GiB"
done

bdf=$(nvme_bdf)
nvme_load
note "NVMe $bdf: CMB of $(cat "$PCI/devices/$bdf/p2pmem/size") bytes, $(cat "$PCI/devices/$bdf/p2pmem/available") available"
head -c 4096 /dev/nvme0n1 | wc -c | grep -qx 4096 || fail "cannot read the NVMe disk"

make_rxe
ibv_devinfo -d rxe0 | grep -q PORT_ACTIVE || fail "rxe0 is not active"
