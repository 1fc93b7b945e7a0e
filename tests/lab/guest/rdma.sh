# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Soft-RoCE on the loopback interface: the stock RDMA device that every guest can have.

# make_rxe [NAME]: its GID index 1 is the IPv4 one
make_rxe() {
	local name=${1:-rxe0}
	modprobe rdma_rxe
	modprobe ib_uverbs
	modprobe rdma_ucm
	rdma link add "$name" type rxe netdev lo
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
