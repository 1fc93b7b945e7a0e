# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A user of RDMA in the kernel: NVMe over Fabrics from one port to the other, which
# registers and invalidates memory with work requests. A disk of RAM is written and read
# back, over the wire and as it is.
. /src/tests/rnic/guest.sh

NQN=peer-mem-lab
CONFIG=/sys/kernel/config/nvmet

target_up() { # backing device
	local subsystem=$CONFIG/subsystems/$NQN port=$CONFIG/ports/1
	mkdir "$subsystem"
	echo 1 >"$subsystem/attr_allow_any_host"
	mkdir "$subsystem/namespaces/1"
	echo "$1" >"$subsystem/namespaces/1/device_path"
	echo 1 >"$subsystem/namespaces/1/enable"
	mkdir "$port"
	echo rdma >"$port/addr_trtype"
	echo ipv4 >"$port/addr_adrfam"
	echo 10.9.0.2 >"$port/addr_traddr"
	echo 4420 >"$port/addr_trsvcid"
	ln -s "$subsystem" "$port/subsystems/$NQN"
}

target_down() {
	rm "$CONFIG/ports/1/subsystems/$NQN"
	rmdir "$CONFIG/ports/1"
	echo 0 >"$CONFIG/subsystems/$NQN/namespaces/1/enable"
	rmdir "$CONFIG/subsystems/$NQN/namespaces/1" "$CONFIG/subsystems/$NQN"
}

fabric_disk() {
	local controller
	for controller in /sys/class/nvme/nvme*; do
		grep -qs rdma "$controller/transport" || continue
		find "$controller/" -maxdepth 2 -name 'nvme*n1' -printf '/dev/%f\n' |
			sed 's/nvme\([0-9]*\)c[0-9]*n/nvme\1n/'
	done
}

fabric_disk_there() { [ -b "$(fabric_disk | head -n 1)" ]; }

erdma_up
modprobe -a brd nvmet nvmet-rdma nvme-rdma || skip "this kernel has no NVMe over RDMA"
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
wait_for 5 test -b /dev/ram0 || fail "no RAM disk"
target_up /dev/ram0
rnic_clear
echo "transport=rdma,traddr=10.9.0.2,trsvcid=4420,nqn=$NQN,nr_io_queues=1" >/dev/nvme-fabrics
wait_for 10 fabric_disk_there || fail "no disk over the fabric"
disk=$(fabric_disk | head -n 1)
note "$disk: 4 MiB out and back"
head -c 4194304 /dev/urandom >/tmp/data
dd if=/tmp/data of="$disk" bs=256K oflag=direct status=none
cmp /tmp/data <(head -c 4194304 /dev/ram0) || fail "the disk does not hold what was written"
dd if="$disk" of=/tmp/back bs=256K count=16 iflag=direct status=none
cmp /tmp/data /tmp/back || fail "not what was written came back"
rnic_show
[ "$(rnic_payload ram)" -gt $((4 * 4194304)) ] || fail "too little payload moved"
rnic_healthy
for controller in /sys/class/nvme/nvme*; do
	! grep -qs rdma "$controller/transport" || echo 1 >"$controller/delete_controller"
done
target_down
rmmod nvme-rdma nvmet-rdma
erdma_unload
