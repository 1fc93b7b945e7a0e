# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# reach_is WAY: from the disk to the BAR device and back, by the ioctl and by the command
# (which asks the library), for root and for an ordinary user. Read by lib.reach_*.

declare -A WORD=([bus]=PIX [host]=PHB [iova]=IOMMU [none]=refused)

as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

reach_is() {
	local nvme bar
	module_load peer_mem
	nvme=$(nvme_bdf)
	bar=$(ivshmem_bdf)
	t_ioctl --reach "$nvme" "$bar" "$1" || fail "from the disk to the BAR"
	t_ioctl --reach "$bar" "$nvme" "$1" || fail "from the BAR to the disk"
	as_user t_ioctl --reach "$nvme" "$bar" "$1" || fail "as an ordinary user"
	as_user peer_mem topo --from "$nvme" --to "$bar" | tee /dev/stderr |
		grep -qE "^$nvme +${WORD[$1]}$" || fail "the command does not say ${WORD[$1]}"
	[ "$1" = none ] || return 0
	t_ioctl --reach "$nvme" "$bar" none |
		grep "host bridge pci0000:00 .*not on the kernel's P2P list" || fail "no reason"
}
