# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# One guest = one QEMU process. This file owns its command line: the machine comes
# from a topology, the kernel from the root, the files over 9p, and the kernel log
# goes to console.log and everything else to a second serial port.

# shellcheck source=tests/lab/vm/topology.sh
. "$LAB/vm/topology.sh"

# How many times slower than the stock one the kernel under test is (host/kernel.sh).
: "${LAB_SLOWNESS:=1}"

# What every guest's kernel is told: log everything up to info; a crash ends the VM
# at once instead of hanging it; hangs are reported before the usual deadline, but
# only after longer than a busy two-core host may stall a healthy guest.
# no_timer_check: that test of the timer counts ticks against cycles, and such a stall fails it.
VM_CMDLINE="console=ttyS0 loglevel=7 printk.devkmsg=on log_buf_len=4M
	panic=-1 oops=panic sysrq_always_enabled
	watchdog_thresh=$((LAB_SLOWNESS > 1 ? 60 : 30))
	rcupdate.rcu_cpu_stall_timeout=$((60 * LAB_SLOWNESS))
	sysctl.kernel.hung_task_timeout_secs=$((45 * LAB_SLOWNESS))
	no_timer_check mitigations=off random.trust_cpu=on tsc=reliable audit=0 lab.slowness=$LAB_SLOWNESS"

vm_kernel_release() {
	local dir
	for dir in /lib/modules/*; do echo "${dir##*/}"; done | sort -V | tail -n 1
}

vm_share() { # tag, directory, extra
	VM_COMMAND+=(
		-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap$3"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=lab-$1"
	)
}

# vm_command TOPOLOGY RUNDIR CMDLINE [GUEST]: sets VM_COMMAND for machine number GUEST. The
# caller adds what the second serial port is.
vm_command() {
	local topology=$1 rundir=$2 append release
	release=$(vm_kernel_release)
	topology_load "$LAB/topologies/$topology.topo" "$rundir" "${4-0}" || return 1
	read -rd '' -a append <<<"$VM_CMDLINE $TOPO_CMDLINE $3" || :
	# LAB_QEMU lets the lab's own tests put something else in QEMU's place.
	VM_COMMAND=(
		"${LAB_QEMU:-qemu-system-x86_64}" -nodefaults -no-user-config -no-reboot
		-display none
		"${TOPO_MACHINE[@]}"
		-kernel "/boot/vmlinuz-$release" -initrd /build/lab/initramfs.cpio
		-append "${append[*]}"
		-serial "file:$rundir/console.log"
	)
	vm_share root /guest ,readonly=on
	vm_share src /src ,readonly=on
	vm_share build /build ,readonly=on
	vm_share out "$rundir" ''
	[ "$TOPO_GUESTS" -eq 1 ] || vm_share meet "${rundir%/*}/meet" ''
	VM_COMMAND+=("${TOPO_DEVICES[@]}")
}

# vm_host_path PATH: the same file as the person in front of the machine sees it.
vm_host_path() {
	echo "${LAB_HOST_BUILD:-/build}${1#/build}"
}
