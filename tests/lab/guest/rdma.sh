# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Soft-RoCE: the stock RDMA device that every guest can have, on the loopback interface, and
# on the wire between two guests.

# make_rxe [NAME [NETDEV]]: its GID index 1 is the IPv4 one
make_rxe() {
	local name=${1:-rxe0}
	modprobe rdma_rxe
	modprobe ib_uverbs
	modprobe rdma_ucm
	rdma link add "$name" type rxe netdev "${2:-lo}"
	wait_for 10 rdma_ready "$name" || fail "$name has no verbs node or no address"
}

rdma_ready() { # name
	local gid="/sys/class/infiniband/$1/ports/1/gids/1"
	[ -e /dev/infiniband/uverbs0 ] && [ -r "$gid" ] &&
		grep -q '[1-9a-f]' "$gid" 2>/dev/null
}

remove_rxe() { # [name]
	rdma link del "${1:-rxe0}"
}

# wire_up: the interface that a line `net` of the topology made gets addresses, 10.9.1.1 and
# fd09::1, in the second guest 10.9.1.2 and fd09::2; sets WIRE to its name
wire_up() {
	local number=$(($(guest_number) + 1)) address
	modprobe virtio_net
	address=$(grep -l '^52:54:00:6e:65:' /sys/class/net/*/address) || skip "this topology has no net"
	WIRE=$(basename "${address%/address}")
	ip addr add "10.9.1.$number/24" dev "$WIRE"
	ip addr add "fd09::$number/64" dev "$WIRE" nodad
	ip link set "$WIRE" up
	meet wire_up
}

# gid_index NAME GID: where in the device's table that address is, as sysfs writes it
gid_index() {
	local file
	file=$(grep -lx "$2" /sys/class/infiniband/"$1"/ports/1/gids/*) || fail "$1 has no GID $2"
	basename "$(head -n 1 <<<"$file")"
}
