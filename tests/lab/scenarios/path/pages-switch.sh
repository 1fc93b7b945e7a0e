# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Struct pages for a BAR on and off: not while anybody maps or registers it; with them
# soft-RoCE and O_DIRECT of an NVMe disk reach it, without them neither, and each time
# the switch leaves the memory as good as before.
. /src/tests/rdma/guest.sh
. /src/tests/rdma/hold.sh

DISK=/dev/nvme0n1

set_pages() {
	echo "$1" >"$PCI/devices/$BAR_A/peer_bar_pages"
} 2>/dev/null

# Written as asked, and what everybody can read says so.
pages_are() {
	local node
	node=/sys/class/peer_bar/peer_bar!$BAR_A!bar2/pages
	[ "$(cat "$PCI/devices/$BAR_A/peer_bar_pages")" = "$1" ] || fail "the switch is not at $1"
	[ "$(cat "$node")" = "$1" ] || fail "$node is not $1"
	wait_for 5 test -e "$(bar_node "$BAR_A")" || fail "no node"
}

# Somebody in the way: the switch is refused, says EBUSY, and changes nothing.
busy() { # wanted now
	local said
	if said=$({ echo "$1" >"$PCI/devices/$BAR_A/peer_bar_pages"; } 2>&1); then
		fail "peer_bar_pages went to $1"
	fi
	[[ $said == *"resource busy"* ]] || fail "peer_bar_pages: $said"
	pages_are "$2"
}

works_with_pages() {
	hold_start user "$bar"
	hold user ok map
	hold user ok reg
	hold user ok work
	hold_end user
	t_directio --disk $DISK --buf "$bar" || fail "O_DIRECT with $bar"
}

refused_without() {
	hold_start user "$bar"
	hold user ok map
	hold user EOPNOTSUPP reg
	hold user ok touch
	hold_end user
	t_directio --disk $DISK --buf "$bar" --errno EFAULT || fail "O_DIRECT with $bar"
}

peers_find
peers_up
bar=bar:$BAR_A/2,off=1M,size=1M

note "with pages; and the CMB, which has always had some"
pages_are 1
works_with_pages
t_directio --disk $DISK --buf "cmb:$NVME,size=1M" || fail "O_DIRECT with the CMB"

note "not while it is mapped or registered"
hold_start owner "$bar"
hold owner ok map
busy 0 1
hold owner ok reg
busy 0 1
hold owner ok unmap
busy 0 1
hold owner ok work
hold owner ok dereg
set_pages 0 || fail "still busy"
pages_are 0

note "without pages"
refused_without
hold owner ok map
busy 1 0
hold owner ok unmap
hold_end owner

note "to and fro"
for ((i = 0; i < 5; i++)); do
	set_pages 1 || fail "cannot switch on"
	pages_are 1
	set_pages 0 || fail "cannot switch off"
	pages_are 0
done
set_pages 1
works_with_pages
