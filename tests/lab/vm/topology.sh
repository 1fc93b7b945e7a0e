# shellcheck shell=bash disable=SC2054 # QEMU's options have commas
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Topology files -> QEMU arguments. A topology is a list of lines `word name
# key=value...`, one per thing that the machine has; docs/lab.md has the
# vocabulary. Each word is one function topo_<word> below, so a word that has no
# function is an error with its file and line.
#
# Results: TOPO_MACHINE (arguments that must come first), TOPO_DEVICES (the rest),
# TOPO_CMDLINE (for the kernel), TOPO_SMP and TOPO_GUESTS, how many such machines there are.

# topology_load FILE RUNDIR [GUEST]: reads FILE for machine number GUEST (from 0); RUNDIR is
# for its disks and sockets. RNIC_ARGUMENTS grows: the NICs of all machines are of one model,
# which machine 0 starts. So it is the last to be loaded.
RNIC_ARGUMENTS=''
topology_load() {
	local file=$1 line word number=0
	TOPO_RUNDIR=$2 TOPO_GUEST=${3-0} TOPO_GUESTS=1
	# 3G: firmware places 64-bit BARs above 4 GiB only where RAM is there too.
	TOPO_CPU=EPYC TOPO_MEMORY=3G TOPO_SMP=1 TOPO_IOMMU=none TOPO_HOTPLUG=firmware
	TOPO_ACCEL=tcg TOPO_CMDLINE='' TOPO_SLOT=0
	TOPO_RNICS=0 TOPO_NETS=0
	TOPO_DEVICES=()

	[ -r "$file" ] || { echo "no topology $file" >&2; return 1; }
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%%#*}
		read -ra word <<<"$line"
		[ ${#word[@]} -gt 0 ] || continue
		if ! declare -F "topo_${word[0]}" >/dev/null ||
		   ! "topo_${word[0]}" "${word[@]:1}"; then
			echo "$file:$number: cannot read: $line" >&2
			return 1
		fi
	done <"$file"
	topology_machine
}

# The scalars may stand anywhere in a file; QEMU wants their devices first (an
# IOMMU must exist before the devices behind it).
topology_machine() {
	TOPO_MACHINE=(
		-machine q35,sata=off,smbus=off,usb=off,vmport=off,memory-backend=ram
		# Shared memory, so that a device model in another process can reach it.
		-object "memory-backend-memfd,id=ram,size=$TOPO_MEMORY,share=on"
		-m "$TOPO_MEMORY" -cpu "$TOPO_CPU" -smp "$TOPO_SMP"
	)
	# By the ports' own interrupts, as on real machines, instead of by ACPI.
	[ "$TOPO_HOTPLUG" != native ] ||
		TOPO_MACHINE+=(-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off)
	case $TOPO_ACCEL in
	tcg) TOPO_MACHINE+=(-accel tcg,tb-size=512) ;;
	# One guest nanosecond is one instruction: costs repeat to the digit.
	icount) TOPO_MACHINE+=(-accel tcg,thread=single,tb-size=512 -icount shift=0,sleep=off) ;;
	icount-sleep) TOPO_MACHINE+=(-accel tcg,thread=single,tb-size=512 -icount shift=0,sleep=on) ;;
	esac
	case $TOPO_IOMMU in
	intel)
		TOPO_MACHINE+=(-device intel-iommu,caching-mode=on,intremap=off)
		TOPO_CMDLINE+=' intel_iommu=on'
		;;
	esac
}

# option NAME ARGS...: the value of NAME=value among ARGS, or nothing.
option() {
	local name=$1 arg
	shift
	for arg; do
		[ "${arg%%=*}" != "$name" ] || { echo "${arg#*=}"; return; }
	done
}

topo_cpu() { TOPO_CPU=$1; }
topo_memory() { TOPO_MEMORY=$1; }
topo_smp() { TOPO_SMP=$1; }
topo_cmdline() { TOPO_CMDLINE+=" $*"; }

# guests 2: two such machines, run by one scenario in each
topo_guests() {
	[[ $1 == [12] ]] && TOPO_GUESTS=$1
}

topo_iommu() {
	[[ $1 == @(none|intel) ]] && TOPO_IOMMU=$1
}

topo_hotplug() {
	[[ $1 == @(firmware|native) ]] && TOPO_HOTPLUG=$1
}

topo_accel() {
	[[ $1 == @(tcg|icount|icount-sleep) ]] && TOPO_ACCEL=$1
}

# trace EVENT...: QEMU's own trace events, to /out/qemu-trace.log in the guest
topo_trace() {
	local event
	TOPO_DEVICES+=(-D "$TOPO_RUNDIR/qemu-trace.log")
	for event; do TOPO_DEVICES+=(-trace "$event"); done
}

# touch REGION: what the processors read and write of this I/O memory, to /out/touch
topo_touch() {
	[ -n "$1" ] || return 1
	TOPO_DEVICES+=(-plugin "/build/lab/touch.so,region=$1,out=$TOPO_RUNDIR/touch")
}

# hostbridge NAME bus=N: one more host bridge, whose buses are numbered from N on
topo_hostbridge() {
	local bus
	bus=$(option bus "$@")
	[ -n "$bus" ] || return 1
	TOPO_DEVICES+=(-device "pxb-pcie,id=$1,bus=pcie.0,bus_nr=$bus")
}

# rootport NAME [on=HOSTBRIDGE]
topo_rootport() {
	local on
	on=$(option on "$@")
	TOPO_SLOT=$((TOPO_SLOT + 1))
	TOPO_DEVICES+=(-device "pcie-root-port,id=$1,bus=${on:-pcie.0},chassis=$TOPO_SLOT,slot=$TOPO_SLOT")
}

# switch NAME on=PORT ports=N: its downstream ports are NAME.0 to NAME.N-1
topo_switch() {
	local name=$1 on ports port
	on=$(option on "$@") ports=$(option ports "$@")
	[ -n "$on" ] && [ -n "$ports" ] || return 1

	TOPO_DEVICES+=(-device "x3130-upstream,id=$name,bus=$on")
	for ((port = 0; port < ports; port++)); do
		TOPO_SLOT=$((TOPO_SLOT + 1))
		TOPO_DEVICES+=(-device "xio3130-downstream,id=$name.$port,bus=$name,chassis=$TOPO_SLOT,slot=$TOPO_SLOT")
	done
}

# nvme NAME on=PORT cmb=SIZE[M]: an NVMe disk with a controller memory buffer
topo_nvme() {
	local name=$1 on cmb disk
	on=$(option on "$@") cmb=$(option cmb "$@")
	[ -n "$on" ] && [ -n "$cmb" ] || return 1

	disk=$TOPO_RUNDIR/$name.disk
	rm -f "$disk"
	truncate -s 64M "$disk" || return 1
	TOPO_DEVICES+=(
		-drive "if=none,id=$name-disk,format=raw,file=$disk,cache=unsafe"
		-device "nvme,id=$name,serial=$name,drive=$name-disk,bus=$on,cmb_size_mb=${cmb%M}"
	)
}

# slot ARGS...: where a device is plugged in, on=PORT and function=N (several functions of one
# device, 0 among them), as QEMU's properties
slot() {
	local on function
	on=$(option on "$@") function=$(option function "$@")
	[ -n "$on" ] || return 1
	echo "bus=$on${function:+,addr=0.$function,multifunction=on}"
}

# bar NAME on=PORT [function=N] size=SIZE: a device whose BAR 2 is RAM, the stand-in for GPU memory.
# Nothing is reserved: a BAR may be larger than the machine's memory.
topo_bar() {
	local name=$1 slot size
	slot=$(slot "$@") size=$(option size "$@")
	[ -n "$slot" ] && [ -n "$size" ] || return 1

	TOPO_DEVICES+=(
		-object "memory-backend-memfd,id=$name-memory,size=$size,share=on,reserve=off"
		-device "ivshmem-plain,id=$name,memdev=$name-memory,$slot"
	)
}

# erdma NAME on=PORT [function=N]: an RDMA NIC of the model in tests/rnic, and the network interface that
# its driver wants beside it. All of them are ports of one link, those of two machines too;
# then the network interfaces of the same name are wired together. The model runs in front of
# QEMU, so it comes in QEMU's place.
topo_erdma() {
	local name=$1 slot mac socket
	slot=$(slot "$@" | sed -E 's/([^=,]+)=([^,]+)/"\1":"\2"/g; s/:"on"/:true/')
	[ -n "$slot" ] || return 1

	TOPO_RNICS=$((TOPO_RNICS + 1))
	mac=$(printf '52:54:00:65:72:%02x' $((TOPO_GUEST * 16 + TOPO_RNICS)))
	socket=$TOPO_RUNDIR/$name.socket
	RNIC_ARGUMENTS+=" --port $socket,$mac"
	network "$name" "$mac"
	export RNIC_ARGUMENTS RNIC_GUEST=$TOPO_GUEST RNIC_LOG=${RNIC_LOG:-$TOPO_RUNDIR/rnic.log}
	LAB_QEMU=${LAB%/lab}/rnic/lab/qemu-with-rnic
	TOPO_DEVICES+=(
		-device "{\"driver\":\"vfio-user-pci\",\"id\":\"$name\",$slot,\"socket\":{\"type\":\"unix\",\"path\":\"$socket\"}}"
	)
}

# net NAME: a network interface; those of the same name of two machines are wired together.
# Frames that hold the largest packet of soft-RoCE.
topo_net() {
	[ -n "$1" ] || return 1
	TOPO_NETS=$((TOPO_NETS + 1))
	network "$1" "$(printf '52:54:00:6e:65:%02x' $((TOPO_GUEST * 16 + TOPO_NETS)))" host_mtu=9000
}

# network NAME MAC [PROPERTY]: the device of a network interface. A single machine's leads nowhere.
network() {
	local netdev=user,restrict=on,ipv6=off
	[ "$TOPO_GUESTS" -eq 1 ] || netdev=$(wire "$1")
	TOPO_DEVICES+=(
		-netdev "$netdev,id=$1-net"
		-device "virtio-net-pci,netdev=$1-net,mac=$2,romfile=${3:+,$3}"
	)
}

# wire NAME: a -netdev that carries frames to the other machine's NAME. The sockets lie in the
# directory above both machines'.
wire() {
	local here=${TOPO_RUNDIR%/*}/$1.wire
	echo "dgram,local.type=unix,local.path=$here$TOPO_GUEST,remote.type=unix,remote.path=$here$((1 - TOPO_GUEST))"
}
