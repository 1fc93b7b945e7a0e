# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The guest's PCI devices, found by what they are, never by where they are.

PCI=/sys/bus/pci

# pci_find CLASS-PREFIX VENDOR DEVICE (empty: any): bus addresses, one per line. No process
# is started per file: each costs 50 ms in an emulated guest.
pci_find() {
	local dev class vendor device
	for dev in "$PCI"/devices/*; do
		read -r class <"$dev/class"
		read -r vendor <"$dev/vendor"
		read -r device <"$dev/device"
		[[ $class == 0x"$1"* && $vendor == 0x"$2"* && $device == 0x"$3"* ]] || continue
		echo "${dev##*/}"
	done
}

nvme_bdfs() { pci_find 0108 '' ''; }
ivshmem_bdfs() { pci_find '' 1af4 1110; }

# nvme_bdf, ivshmem_bdf [N]: the N-th (from 0); skips the scenario if there is none
nvme_bdf() { nth_or_skip "NVMe device" "${1:-0}" "$(nvme_bdfs)"; }
ivshmem_bdf() { nth_or_skip "BAR device" "${1:-0}" "$(ivshmem_bdfs)"; }

nth_or_skip() { # what, n, lines
	local found
	found=$(sed -n "$(($2 + 1))p" <<<"$3")
	[ -n "$found" ] || skip "this topology has no $1 number $2"
	echo "$found"
}

# pci_driver BDF: the bound driver's name, or nothing
pci_driver() {
	local link="$PCI/devices/$1/driver"
	[ ! -e "$link" ] || basename "$(readlink -f "$link")"
}

pci_unbind() { # bdf
	echo "$1" >"$PCI/devices/$1/driver/unbind"
}

# pci_bind BDF DRIVER: by driver_override, as an administrator would
pci_bind() {
	[ -z "$(pci_driver "$1")" ] || pci_unbind "$1"
	echo "$2" >"$PCI/devices/$1/driver_override"
	echo "$1" >"$PCI/drivers_probe"
	[ "$(pci_driver "$1")" = "$2" ] || fail "$2 did not bind to $1"
}

# --- devices that come and go (topologies with `hotplug native`)

# slot_port BDF: the port above BDF, also when nothing is plugged in there
slot_port() {
	local bus=("$PCI"/devices/*/pci_bus/"${1%:*}")
	basename "$(dirname "$(dirname "${bus[0]}")")"
}

# slot_is PORT on|off: power controller and power indicator say so, neither blinking nor on the way.
# (Slot Control in the PCI Express capability, bits 10 and 9:8.) The indicator is the last that
# pciehp turns off. A card that is plugged in before that is found present and turned on; the
# button press that QEMU sends with it comes after that, and turns it off in five seconds.
slot_is() {
	local control
	control=$((0x$(setpci -s "$1" CAP_EXP+18.w) & 0x700))
	case $2 in
	on) [ "$control" -eq $((0x100)) ] ;;
	off) [ "$control" -eq $((0x700)) ] ;;
	esac
}

# pci_pull BDF: as if a hand pulled the card: it is gone when the kernel hears of it (pciehp's
# surprise removal). QEMU lets a device go when its slot is off. Here that happens behind the
# driver's back: with hotplug interrupts (bit 5) off, and the slot is on again when they are.
pci_pull() {
	setpci -s "$(slot_port "$1")" CAP_EXP+18.w=0700:0720 CAP_EXP+18.w=0120:0720
}

# plug_bar BDF PORT: a new BAR device in PORT of the topology, where BDF was. Not with the memory of
# the one before: QEMU 11.1 dies of that when the BAR was not decoded last.
plug_bar() {
	local port
	port=$(slot_port "$1")
	PLUGS=$((${PLUGS-0} + 1))
	wait_for 60 slot_is "$port" off || fail "$port above $1 does not come to rest"
	monitor_ask "object_add memory-backend-memfd,id=plugged-$PLUGS,size=64M,share=on"
	monitor_ask "device_add ivshmem-plain,id=bar0,memdev=plugged-$PLUGS,bus=$2"
	wait_for 60 test -e "$PCI/devices/$1/resource2" || fail "$1 was not plugged in"
	wait_for 60 slot_is "$port" on || fail "$port above $1 does not stay on"
}

# --- NVMe: its controller memory buffer, shared by the kernel's own driver

nvme_load() { # [n]
	local bdf
	bdf=$(nvme_bdf "${1:-0}")
	modprobe nvme
	wait_for 20 test -e "$(nvme_cmb "$bdf")" || fail "nvme offers no CMB on $bdf"
}

# nvme_cmb BDF: the file to mmap for CMB memory
nvme_cmb() {
	echo "$PCI/devices/$1/p2pmem/allocate"
}

# --- BAR devices: our peer_bar on them

bind_peer_bar() { # bdf
	pci_bind "$1" peer_bar
}

unbind_peer_bar() { # bdf
	pci_unbind "$1"
	echo >"$PCI/devices/$1/driver_override"
}

# peer_bar_bound: the devices that peer_bar holds now
peer_bar_bound() {
	local link
	for link in "$PCI"/drivers/peer_bar/*:*; do
		[ ! -e "$link" ] || basename "$link"
	done
}

# bar_node BDF [BAR]: the node to mmap; an ivshmem device's memory is BAR 2
bar_node() {
	echo "/dev/peer_bar/$1/bar${2:-2}"
}
