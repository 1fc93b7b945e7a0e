# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A BAR of a real vfio-pci device, registered by its VFIO user: cut off when VFIO resets the
# device or turns its memory off, and when the driver is unbound.
. /src/tests/vm/route.sh

module_load peer_mem
module_load peer_mem_test
nvme_load
nic=$(nvme_bdf)
bar=$(ivshmem_bdf)
# the emulated IOMMU remaps no interrupts
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
pci_bind "$bar" vfio-pci
group=$(basename "$(readlink "/sys/bus/pci/devices/$bar/iommu_group")")
bar_base=$(bar_address "$bar" 2)

# user ACTION: a VFIO user that holds its pin until end_user
user() {
	rm -f /tmp/hold
	mkfifo /tmp/hold
	t_vfio -g "$group" -d "$bar" -b 2 -f "$nic" "$1" </tmp/hold >/tmp/user &
	vfio_user=$!
	exec 9>/tmp/hold
	wait_for 20 grep -q "^done $1" /tmp/user || fail "$1: $(cat /tmp/user)"
	note "$(cat /tmp/user)"
}

end_user() {
	exec 9>&-
	wait $vfio_user
	nothing_live || fail "left: $(live_counters)"
}

fences=0
for action in nothing memoff reset; do
	note "action: $action"
	user $action
	! same_address "$(grep -o 'addr=[^ ]*' /tmp/user | cut -d= -f2)" "$bar_base" ||
		fail "the raw BAR address was programmed"
	[ $action = nothing ] || fences=$((fences + 1))
	[ "$(counter revoke_fences)" = $fences ] ||
		fail "$action: $(counter revoke_fences) fences, should be $fences"
	end_user
	[ $action != nothing ] || fences=$(counter revoke_fences)	# its exit unmapped it
done
